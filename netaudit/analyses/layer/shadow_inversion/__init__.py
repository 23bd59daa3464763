"""H4: the layer can be run in reverse."""

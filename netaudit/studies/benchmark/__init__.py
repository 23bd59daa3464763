"""Time and memory of an audit, and whether a GPU gives the figures that the CPU gives."""

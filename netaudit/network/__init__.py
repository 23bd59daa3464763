"""An opened model: its layers, its graph, and how to read one layer at a time."""

"""What to audit in a model: from names and shapes, from a module, from a recorded forward pass."""

"""Training: the recipes of the bundled networks, the loop that follows them, and what it leaves behind."""

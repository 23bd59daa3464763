"""Two or more networks side by side: what is the same, what changed, and what a change of that size means."""

"""The page of a comparison, from its numbers alone."""

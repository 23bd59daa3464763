"""Whether a report still says what its audit found, about the weights that a reader has."""

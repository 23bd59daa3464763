"""From how many rows an input is a Gaussian layer injective? Beside the thresholds of the literature."""

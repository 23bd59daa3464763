"""H1: the entries of a layer look like draws from a Gaussian."""

"""Laws and nulls of random matrices, in NumPy and SciPy alone."""

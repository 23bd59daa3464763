"""Laws and nulls of random matrices, in NumPy and SciPy alone.

Matrices are ``[m, n]`` with p = min(m, n), N = max(m, n) and q = p / N; see :mod:`netaudit.numerics`.
"""

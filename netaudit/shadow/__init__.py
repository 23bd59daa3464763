"""The shadow distribution of a fully connected layer: draw from it, invert it, and predict the error of the inversion.

A layer is a matrix A ``[m, n]`` = ``[out, in]``, as everywhere in this package (see :mod:`netaudit.numerics`). It sends
a vector h of its outputs down to a shadow x of its inputs, and x up again to z = A x, which is compared with h. In
batches each vector is a row: h and z are ``[draws, m]``, x is ``[draws, n]``. :func:`invert` does it for a layer of
yours.

Symbols: k is the number of non-zeros of h, rho the keep probability of the dropout on x, sigma the standard deviation
of A's entries, r the ReLU, and s the standard deviation of z off the support of h.

Source: S. Arora, Y. Liang and T. Ma, Why are deep nets reversible, arXiv:1511.05653; their W is A^T here.
"""

from netaudit.shadow.reverse import invert, reverse_pass

__all__ = ["invert", "reverse_pass"]

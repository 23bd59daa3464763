"""Devices, memory, spectra and the laws of random matrices: what the other rooms compute with.

One convention holds for every matrix of this package. A layer's weight is A ``[m, n]`` = ``[out, in]``, so that it maps
x ``[n]`` to A x ``[m]``. Its smaller side is p = min(m, n), its larger side N = max(m, n), and q = p / N. The mean and
the standard deviation of A are those of its m n entries. The *centred* matrix is A - mean(A), and the *uncentred* one
is A as it is stored. Singular values are ascending, and there are p of them.
"""

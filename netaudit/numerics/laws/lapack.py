"""Eigenvalues of a symmetric tridiagonal matrix, without the lock of the interpreter.

SciPy's ``eigvalsh_tridiagonal`` holds the lock all along: a quarter of a second at 4096, in which no other thread
draws, sorts or multiplies. The same routine is also in ``scipy.linalg.cython_lapack``, as an address that ctypes
calls unlocked. Where SciPy offers it otherwise, its own function is called.
"""

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cython_lapack, eigvalsh_tridiagonal

Floats = NDArray[np.float64]

_DOUBLES = b"__pyx_t_5scipy_6linalg_13cython_lapack_d *"
_SIGNATURE = b"void (int *, " + _DOUBLES + b", " + _DOUBLES + b", int *)"  # n, diagonal, off-diagonal, info


def tridiagonal_eigenvalues(diagonal: Floats, beside: Floats) -> Floats:
    """Eigenvalues ``[p]``, ascending, of the matrix with ``diagonal [p]`` and ``beside [p - 1]`` next to it; O(p^2).

    Raises:
        LinAlgError: the iteration did not converge.

    >>> tridiagonal_eigenvalues(np.array([2.0, 2.0]), np.array([1.0]))
    array([1., 3.])
    """
    sterf = _sterf()
    if sterf is None:
        return np.asarray(eigvalsh_tridiagonal(diagonal, beside, lapack_driver="sterf"), dtype=np.float64)
    values, others = (np.array(part, dtype=np.float64) for part in (diagonal, beside))  # both are overwritten
    size, info = ctypes.c_int(len(values)), ctypes.c_int()
    sterf(ctypes.byref(size), values.ctypes.data, others.ctypes.data, ctypes.byref(info))
    if info.value:
        raise LinAlgError(f"sterf: {info.value} of {len(values)} values were not found")
    return values


@cache
def _sterf() -> Callable[..., None] | None:
    """LAPACK's dsterf, if it is there with the arguments that are known."""
    capsule = getattr(cython_lapack, "__pyx_capi__", {}).get("dsterf")
    name, pointer = (
        ctypes.PYFUNCTYPE(kind, ctypes.py_object, *more)((api, ctypes.pythonapi))
        for api, kind, more in (
            ("PyCapsule_GetName", ctypes.c_char_p, ()),
            ("PyCapsule_GetPointer", ctypes.c_void_p, (ctypes.c_char_p,)),
        )
    )
    if capsule is None or name(capsule) != _SIGNATURE:
        return None
    of_int, of_double = ctypes.POINTER(ctypes.c_int), ctypes.c_void_p
    return ctypes.CFUNCTYPE(None, of_int, of_double, of_double, of_int)(pointer(capsule, _SIGNATURE))

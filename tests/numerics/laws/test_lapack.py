import numpy as np
import pytest
from scipy.linalg import LinAlgError, cython_lapack, eigvalsh_tridiagonal

from netaudit.numerics.laws import lapack


@pytest.fixture
def search(monkeypatch):
    """Looks the routine up anew, before and after."""
    lapack._sterf.cache_clear()
    yield monkeypatch
    lapack._sterf.cache_clear()


def matrix(size):
    generator = np.random.default_rng(size)
    return generator.standard_normal(size), generator.standard_normal(size - 1)


@pytest.mark.parametrize("size", [1, 2, 3, 50, 500])
def test_the_same_values_as_scipy_s_own_function(size):
    diagonal, beside = matrix(size)
    kept = diagonal.copy(), beside.copy()
    assert lapack._sterf() is not None  # the newest SciPy that the project is tested with offers it
    found = lapack.tridiagonal_eigenvalues(diagonal, beside)
    assert np.array_equal(found, eigvalsh_tridiagonal(diagonal, beside, lapack_driver="sterf"))
    assert np.array_equal(diagonal, kept[0])
    assert np.array_equal(beside, kept[1])


@pytest.mark.parametrize("offered", [{}, {"dsterf": cython_lapack.__pyx_capi__["dsteqr"]}])
def test_another_interface_is_never_called(search, offered):
    search.setattr(cython_lapack, "__pyx_capi__", offered)
    assert lapack._sterf() is None
    assert lapack.tridiagonal_eigenvalues(*matrix(20)) == pytest.approx(np.linalg.eigvalsh(dense(*matrix(20))))


def dense(diagonal, beside):
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


def test_what_does_not_converge_is_an_error():
    with pytest.raises(LinAlgError, match="were not found"):
        lapack.tridiagonal_eigenvalues(np.array([np.nan, 1.0, 2.0]), np.array([1.0, 1.0]))

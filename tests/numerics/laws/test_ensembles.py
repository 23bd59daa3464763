import numpy as np
import pytest
from scipy.stats import ks_2samp

from netaudit.numerics.laws.ensembles import _tridiagonal, gaussian_singular_values


@pytest.mark.parametrize("shape", [(6, 6), (6, 15), (15, 6), (1, 9)])
def test_same_law_as_a_dense_gaussian_matrix(shape):
    fast, dense = np.random.default_rng(0), np.random.default_rng(1)
    drawn = np.array([gaussian_singular_values(*shape, fast) for _ in range(1500)])
    true = np.array([np.linalg.svd(dense.standard_normal(shape), compute_uv=False)[::-1] for _ in range(1500)])
    assert drawn.shape == true.shape == (1500, min(shape))
    for index in (0, -1):  # the smallest and the largest
        assert ks_2samp(drawn[:, index], true[:, index]).pvalue > 1e-4
    assert np.mean(drawn**2) * min(shape) == pytest.approx(np.prod(shape), rel=0.03)


def test_the_seed_decides():
    first = gaussian_singular_values(30, 40, np.random.default_rng(5))
    assert np.array_equal(first, gaussian_singular_values(30, 40, np.random.default_rng(5)))
    assert not np.array_equal(first, gaussian_singular_values(30, 40, np.random.default_rng(6)))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (60, 50)])
def test_the_values_are_those_of_the_bidiagonal_matrix(shape):
    values = gaussian_singular_values(*shape, np.random.default_rng(2))
    diagonal, beside = _tridiagonal(*shape, np.random.default_rng(2))
    dense = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    assert values == pytest.approx(np.sqrt(np.linalg.eigvalsh(dense)), abs=1e-7)

"""The tabulated distance of Gaussian samples, against fresh draws."""

import numpy as np
import pytest
from scipy.special import ndtr

from netaudit.numerics.laws.distances import ks
from netaudit.numerics.laws.lilliefors import quantile


@pytest.mark.parametrize(("n", "draws"), [(40, 20_000), (1024, 4000)])
def test_fresh_gaussian_samples_have_these_quantiles(n, draws):
    x = np.sort(np.random.default_rng(7).standard_normal((draws, n)), axis=1)
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    distances = np.array([ks(row) for row in ndtr(x)])
    for p in (0.01, 0.5, 0.99):
        beyond = int((distances > quantile(p, n)).sum())
        assert abs(beyond - (1 - p) * draws) < 4 * np.sqrt(p * (1 - p) * draws)


def test_it_goes_on_as_the_inverse_root_beyond_the_table():
    assert quantile(0.99, 4_000_000) == pytest.approx(1.0578 / 2000, rel=1e-4)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from netaudit.numerics.laws.distances import ks, midpoints, wasserstein


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=50))
def test_ks_agrees_with_scipy(sample):
    ordered = np.sort(np.array(sample))
    assert ks(stats.norm.cdf(ordered)) == pytest.approx(stats.kstest(ordered, "norm").statistic)


def test_wasserstein_of_a_shift_is_the_shift():
    quantiles = stats.norm.ppf(midpoints(1000))
    assert wasserstein(quantiles + 0.25, quantiles) == pytest.approx(0.25)

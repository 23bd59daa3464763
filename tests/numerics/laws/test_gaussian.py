import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from netaudit.numerics.laws.gaussian import expected_largest, normal_pdf, relu_moments


@given(st.floats(-5, 5), st.floats(0.1, 5))
def test_relu_moments_against_quadrature(mu, s):
    first, second = relu_moments(mu, s)
    for power, value in ((1, first), (2, second)):
        low = max(0.0, mu - 12 * s)
        integral, _ = quad(lambda z, p=power: z**p * normal_pdf((z - mu) / s) / s, low, max(low, mu + 12 * s))
        assert float(value) == pytest.approx(integral, rel=1e-6, abs=1e-9)


def test_relu_moments_broadcast():
    first, second = relu_moments(np.zeros((2, 3)), 1.0)
    assert first.shape == second.shape == (2, 3)


@pytest.mark.parametrize("m", [1, 7, 300])
def test_the_expected_largest_against_draws(m):
    drawn = np.abs(np.random.default_rng(m).standard_normal((20_000, m))).max(axis=1)
    assert expected_largest(m) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(20_000))
    assert expected_largest(m) < np.sqrt(2 * np.log(2 * m))

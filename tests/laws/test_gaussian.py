import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from netaudit.laws.gaussian import normal_pdf, relu_moments


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

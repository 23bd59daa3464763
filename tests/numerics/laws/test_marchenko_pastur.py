import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from netaudit.numerics.laws import marchenko_pastur as mp

ASPECTS = [0.1, 0.244, 0.5, 0.999, 1.0]


@pytest.mark.parametrize("q", ASPECTS)
@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_mass_is_one_at_any_sigma(q, sigma):
    low, high = mp.support(q)
    mass, _ = quad(lambda s: float(mp.pdf(s / sigma, q)) / sigma, low * sigma, high * sigma)
    assert mass == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("q", ASPECTS)
def test_cdf_is_the_integral_of_the_pdf(q):
    low, high = mp.support(q)
    for u in np.linspace(low, high, 7)[1:-1]:
        area, _ = quad(lambda x: float(mp.pdf(x, q)), low, u)
        assert float(mp.cdf(u, q)) == pytest.approx(area, abs=1e-6)
    assert mp.cdf([low - 1, high + 1], q).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("q", ASPECTS)
def test_moments(q):
    low, high = mp.support(q)
    second, fourth = (quad(lambda u, p=p: u**p * float(mp.pdf(u, q)), low, high)[0] for p in (2, 4))
    assert second == pytest.approx(1, abs=1e-6)
    assert fourth == pytest.approx(1 + q, abs=1e-6)


def test_the_square_case_is_the_quarter_circle():
    u = np.linspace(0, 2, 101)
    assert mp.pdf(u, 1.0) == pytest.approx(np.sqrt(4 - u**2) / np.pi)
    mean, _ = quad(lambda x: x * float(mp.pdf(x, 1.0)), 0, 2)
    assert mean == pytest.approx(8 / (3 * np.pi))
    assert float(mp.quantile(0.5, 1.0)) == pytest.approx(0.80794, abs=1e-4)


@given(st.floats(0.01, 1), st.floats(0.001, 0.999))
def test_quantile_inverts_the_cdf(q, p):
    assert float(mp.cdf(mp.quantile(p, q), q)) == pytest.approx(p, abs=1e-6)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_aspect_does_not_see_a_transpose(m, n):
    assert mp.aspect(m, n) == mp.aspect(n, m) <= 1

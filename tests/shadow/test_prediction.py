import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netaudit.shadow.prediction import on_support_factor, predict, soft_error


def simulate(h, m, n, rho, estimate, draws=4000):
    """Monte Carlo of the assumed model itself: independent Gaussians on and off the support."""
    generator = np.random.default_rng(0)
    norm = np.linalg.norm(h)
    s = norm * np.sqrt(2 / (rho * n))
    on = h + s * np.sqrt(1 + (2 - rho / 2) * h**2 / norm**2) * generator.standard_normal((draws, h.size))
    off = s * generator.standard_normal((draws, m - h.size))
    return (((estimate(on, s) - h) ** 2).sum(1) + (estimate(off, s) ** 2).sum(1)).mean() / norm**2


def test_closed_forms_against_simulation():
    h, m, n, rho = np.linspace(0.5, 1, 20), 500, 2000, 0.5
    prediction = predict(h[None], m, n, rho)
    t = prediction.offset
    soft = simulate(h, m, n, rho, lambda z, s: np.maximum(z - t * s, 0))
    none = simulate(h, m, n, rho, lambda z, s: np.maximum(z, 0))
    hard = simulate(h, m, n, rho, lambda z, s: np.where(z > prediction.threshold * s, z, 0))
    assert prediction.relative_error == pytest.approx(soft, rel=0.02)
    assert prediction.relative_error_none == pytest.approx(none, rel=0.02)
    assert prediction.relative_error_hard == pytest.approx(hard, rel=0.03)


@given(st.integers(1, 30), st.integers(100, 3000), st.integers(100, 3000), st.floats(0.1, 1))
def test_the_best_offset_is_best(k, m, n, rho):
    prediction = predict(np.random.default_rng(k).uniform(0.5, 1, (4, k)), m, n, rho)
    assert 0 < prediction.relative_error <= prediction.relative_error_none
    assert 0.5 <= prediction.support_auc <= 1
    assert 0 <= prediction.support_recall <= 1


def test_without_an_offset_the_error_is_about_m_plus_k_over_rho_n():
    prediction = predict(np.full((1, 20), 0.7), 1000, 4096, 0.5)
    assert prediction.relative_error_none == pytest.approx(1020 / 2048, rel=0.05)


def test_the_best_offset_s_error_is_the_error_at_that_offset():
    h = np.random.default_rng(0).uniform(0.5, 1, (8, 12))
    prediction = predict(h, 500, 2000, 0.5)
    assert soft_error(h, 500, 2000, 0.5, prediction.offset) == prediction.relative_error
    assert soft_error(h, 500, 2000, 0.5, 0.0) == prediction.relative_error_none


@pytest.mark.parametrize(("name", "kurtosis"), [("sign", 1.0), ("uniform", 1.8), ("Gaussian", 3.0), ("sparse", 12.0)])
@pytest.mark.parametrize("rho", [1.0, 0.3])
def test_on_the_support_only_the_kurtosis_enters(name, kurtosis, rho):
    """Sums of many independent columns, for entries of four laws: the second moment of z_i - h_i to 6 %."""
    generator, n, draws = np.random.default_rng(1), 200, 12_000
    h = np.array([1.0, 0.6])
    shape = (draws, n, 2)
    A = {
        "sign": lambda: generator.choice([-1.0, 1.0], shape),
        "uniform": lambda: generator.uniform(-np.sqrt(3), np.sqrt(3), shape),
        "Gaussian": lambda: generator.standard_normal(shape),
        "sparse": lambda: generator.standard_normal(shape) * (generator.random(shape) < 0.25) * 2,
    }[name]()
    x = 2 / (rho * n) * np.maximum(A @ h, 0) * (generator.random((draws, n)) < rho)
    z = np.einsum("dj,dji->di", x, A)
    s2 = 2 * (h @ h) / (rho * n)
    assert z.mean(0) == pytest.approx(h, rel=0.02)
    assert ((z - h) ** 2).mean(0) / s2 == pytest.approx(on_support_factor(h**2 / (h @ h), rho, kurtosis), rel=0.06)

"""The lines beside the points, against simulation."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import ndtr

from netaudit.numerics.laws import marchenko_pastur, spikes
from netaudit.numerics.laws.distances import ks
from netaudit.studies.calibration import asymptotics, scenarios


@pytest.mark.parametrize("degrees", [3, 5, 30])
def test_student_t_distance(degrees):
    x = np.sort(stats.t.rvs(degrees, size=400_000, random_state=1)) * ((degrees - 2) / degrees) ** 0.5
    assert asymptotics.student_t_distance(degrees) == pytest.approx(ks(ndtr(x)), abs=0.003)


@pytest.mark.parametrize("coefficient", [0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("shape", [(400, 400), (200, 800)])
def test_the_limit_of_correlated_rows(coefficient, shape):
    m, n = shape
    rows = scenarios.correlated(shape, coefficient, torch.Generator().manual_seed(1)).double().numpy()
    s = np.linalg.svd(rows, compute_uv=False)[::-1]
    measured = ks(marchenko_pastur.cdf(s / n**0.5, m / n))
    found = spikes.find(s, m, n)
    outside = np.sum(s[s.size - found.count :] ** 2) / np.sum(s**2)
    assert asymptotics.correlated_outside(coefficient, m, n) == pytest.approx(outside, abs=0.03)
    assert asymptotics.correlated_distance(coefficient, m, n) == pytest.approx(measured, abs=3.5 / m)
    assert asymptotics.correlated_distance(coefficient, m, n) < measured + 1 / m


def test_with_hardly_a_correlation_there_is_no_effect():
    assert asymptotics.correlated_distance(1e-3, 10, 20) < 1e-3
    assert asymptotics.correlated_outside(1e-3, 10, 20) == 0


@pytest.mark.parametrize(
    ("shape", "strength", "rho", "draws"),
    [
        ((300, 500), 6.0, 1.0, 300),
        ((300, 500), 6.0, 0.5, 300),
        ((300, 500), 20.0, 1.0, 300),
    ],
)
def test_the_inflation_of_a_spike(shape, strength, rho, draws):
    """Averaged over layers whose u . h is at its root mean square: left to chance it would vary far more."""
    (m, n), k = shape, 8
    generator = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        h = np.zeros(m)
        support = generator.choice(m, k, replace=False)
        h[support] = generator.uniform(0.5, 1, k)
        u, v = generator.standard_normal(m) / m**0.5, generator.standard_normal(n) / n**0.5
        u += ((h @ h / m) ** 0.5 - u @ h) / (h @ h) * h
        A = generator.standard_normal((m, n)) + strength * (m * n) ** 0.25 * np.outer(u, v)
        A = (A - A.mean()) / A.std()
        x = 2 / (rho * n) * np.maximum(A.T @ h, 0) * (generator.random(n) < rho)
        off = np.delete(A @ x, support)
        found.append(np.mean(off**2) / (2 * (h @ h) / (rho * n)))
    error = np.std(found) / draws**0.5
    assert np.mean(found) == pytest.approx(asymptotics.spike_inflation(strength, m, n, rho), abs=4 * error, rel=0.02)
    assert error < 0.05 * np.mean(found)


def test_no_spike_no_inflation():
    assert asymptotics.spike_inflation(0.0, 300, 500, 1.0) == 1


def test_reached_and_crossing():
    assert asymptotics.reached(lambda x: 1 / x, 0.1, 1.0, 100.0) == pytest.approx(10)
    assert asymptotics.reached(lambda x: x, 5.0, 0.0, 1.0) is None
    assert asymptotics.crossing([1, 2, 3], [1.0, 0.8, 0.2]) == 2.5
    assert asymptotics.crossing([1, 2], [0.0, 0.2]) is None
    assert asymptotics.crossing([1, 2, 3], [0.5, 0.5, 1.0]) == 2.0
    assert asymptotics.crossing([], []) is None

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netaudit.numerics.laws import spikes, tracy_widom
from netaudit.numerics.laws.ensembles import gaussian_singular_values


def planted(m, n, strengths, seed=0):
    """Singular values of a Gaussian matrix with signals of these strengths."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((m, n))
    left, right = (np.linalg.qr(rng.standard_normal((side, len(strengths))))[0] for side in (m, n))
    matrix += (left * (np.array(strengths) * (m * n) ** 0.25)) @ right.T
    return np.sort(np.linalg.svd(matrix, compute_uv=False))


@pytest.mark.parametrize("strengths", [[], [3.0], [2.5, 4, 6], [30.0] * 12])
def test_planted_signals_are_counted_and_measured(strengths):
    m, n = 300, 500
    s = planted(m, n, strengths) if strengths else gaussian_singular_values(m, n, np.random.default_rng(0))
    found = spikes.find(s, m, n)
    assert found.count == len(strengths)
    assert found.sigma == pytest.approx(1, abs=0.01)
    measured = spikes.strength(s[::-1][: found.count], found.sigma, m, n)
    assert np.sort(measured) == pytest.approx(np.sort(strengths), rel=0.1)


def test_a_strong_spike_does_not_hide_a_weak_one():
    """Sigma from all entries would be doubled by the strong one, and the weak one would lie below its edge."""
    m = n = 200
    s = planted(m, n, [2.0, 25.0])
    everything = float(np.sqrt(np.sum(s**2) / (m * n)))
    assert s[-2] < tracy_widom.edge(everything, m, n)
    assert spikes.find(s, m, n).count == 2


@pytest.mark.parametrize(("m", "n"), [(64, 64), (64, 400), (400, 64)])
def test_false_alarms_come_at_the_level_s_rate(m, n):
    rng = np.random.default_rng(1)
    alarms = sum(spikes.find(gaussian_singular_values(m, n, rng), m, n, level=0.95).count > 0 for _ in range(1000))
    assert 25 <= alarms <= 80


def test_equal_values_have_no_spike():
    assert spikes.find(np.ones(50), 50, 80).count == 0


def test_a_matrix_of_low_rank_is_all_spikes():
    s = np.concatenate([np.zeros(47), [1.0, 2.0, 3.0]])
    found = spikes.find(s, 50, 60)
    assert found.count == 3
    assert found.sigma == 0


@given(st.floats(1.0, 50.0), st.floats(0.1, 10), st.integers(20, 400), st.integers(20, 400))
def test_strength_is_the_inverse_of_landing(strength, sigma, m, n):
    landed = spikes.landing(strength, sigma, m, n)
    assert float(spikes.strength(landed, sigma, m, n)) == pytest.approx(strength, rel=1e-4, abs=1e-3)
    assert float(spikes.strength(landed, sigma, n, m)) == pytest.approx(strength, rel=1e-4, abs=1e-3)


def test_at_the_threshold_the_landing_is_the_edge_of_the_bulk():
    assert spikes.landing(1.0, 1.0, 100, 400) == pytest.approx(np.sqrt(400) + np.sqrt(100))


def test_a_single_entry_at_the_limit_is_a_signal_at_the_threshold():
    assert spikes.entry_limit(81, 16) == pytest.approx(6)

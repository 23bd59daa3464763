"""The law of a variance profile: known cases, brute force, and what scales leave of it."""

import numpy as np
import pytest

from netaudit.numerics.laws import marchenko_pastur
from netaudit.numerics.laws.variance_profile import distance, largest_place, law, places


def blocks(values, rows, columns):
    """The profile with these variances in blocks of these sizes."""
    W = np.repeat(np.eye(len(rows)), rows, axis=0)
    return W, np.repeat(np.array(values, dtype=float), columns, axis=1)


@pytest.mark.parametrize(("m", "n"), [(60, 60), (40, 120), (120, 40)])
def test_one_variance_has_the_marchenko_pastur_law(m, n):
    q = marchenko_pastur.aspect(m, n)
    u = np.linspace(0.01, 2.1, 60)
    found = law(3 * u, np.full((m, 1), 9.0), np.ones((1, n)), height=1e-8)
    assert found.solved
    assert np.abs(found.cdf - marchenko_pastur.cdf(u, q)).max() < 1e-6
    assert np.abs(3 * found.pdf - marchenko_pastur.pdf(u, q)).max() < 1e-5


def test_a_profile_with_unit_rows_and_columns_has_it_too():
    w, h = np.linspace(-0.95, 0.95, 50), np.linspace(-0.95, 0.95, 80)
    W, H = np.stack([1 + w, 1 - w], 1), np.stack([1 + h, 1 - h]) / 2
    assert (W @ H).max() > 15 * (W @ H).min()
    u = np.linspace(0.05, 2, 50)
    assert np.abs(law(u, W, H).cdf - marchenko_pastur.cdf(u, 5 / 8)).max() < 1e-5


@pytest.mark.parametrize(
    ("values", "rows", "columns"),
    [
        ([[1, 9], [4, 0.25]], (50, 150), (100, 200)),
        ([[1, 0], [0, 1]], (50, 150), (225, 75)),  # three eighths of the values are zero
        ([[1, 1], [0, 1]], (100, 100), (150, 150)),
        ([[0.01, 0], [0, 25]], (50, 150), (100, 200)),  # a gap
    ],
)
def test_blocks_follow_it(values, rows, columns):
    rng = np.random.default_rng(0)
    W, H = blocks(values, rows, columns)
    spread, found = np.sqrt(W @ H), []
    for _ in range(4):
        drawn = np.linalg.svd(spread * rng.standard_normal(spread.shape), compute_uv=False)
        found.append(drawn[::-1] / np.sqrt(300))
    values = np.sort(np.concatenate(found))
    u = places(values, W, H)
    for profile in ((W, H), (H.T, W.T)):
        own = law(u, *profile)
        assert own.solved
        assert own.cdf[-1] == pytest.approx(1, abs=1e-5)
        assert distance(values, u, own) < 0.012
    assert marchenko_pastur_distance(values, W @ H) > 0.05


def marchenko_pastur_distance(values, S):
    u = values / np.sqrt(S.mean())
    steps = np.arange(1, u.size + 1) / u.size
    return np.abs(steps - marchenko_pastur.cdf(u, 2 / 3)).max()


def test_a_share_of_zeros_is_part_of_the_law():
    W, H = blocks([[1, 0], [0, 1]], (30, 90), (120, 30))
    u = np.array([1e-3])
    assert law(u, W, H).cdf[0] == pytest.approx(0.5, abs=1e-3)  # 30 + 30 of 120 are not zero


def test_nothing_lies_beyond_the_largest_place():
    W, H = blocks([[1, 30], [2, 3]], (20, 60), (30, 70))
    assert law(np.array([largest_place(W, H)]), W, H).cdf[0] == pytest.approx(1, abs=1e-5)


def test_equations_that_are_not_solved_are_said_to_be(monkeypatch):
    monkeypatch.setattr("netaudit.numerics.laws.variance_profile._NEWTON", 0)
    W, H = blocks([[1, 9], [4, 0.25]], (50, 150), (100, 200))
    assert not law(np.linspace(0.1, 3, 20), W, H).solved

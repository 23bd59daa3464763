"""Scales and directions by turns: planted directions are counted, and nothing depends on scale, order or side."""

import numpy as np
import pytest
import torch

from netaudit.numerics import leading as leading_module
from netaudit.numerics.directions import RandomPart, bulk_vectors, random_part
from netaudit.numerics.laws.spikes import find
from netaudit.numerics.scales import NoUnitScales

CPU = torch.device("cpu")
PLANTED = {
    "one_strong_ten_weak": ([30.0] + [1.8] * 10, 11),
    "three_strong_ten_weak": ([12.0] * 3 + [2.0] * 10, 13),
    "ten_and_ten": ([5.0] * 10 + [2.0] * 10, 20),
}


def planted(rng: np.random.Generator, strengths, m: int = 250, n: int = 400, spread: float = 0.0):
    """Gaussian noise with rank-one signals in units of the detection threshold, rows and columns scaled."""
    A = rng.standard_normal((m, n))
    for strength in strengths:
        u, v = rng.standard_normal(m), rng.standard_normal(n)
        A += strength * (m * n) ** 0.25 * np.outer(u / np.linalg.norm(u), v / np.linalg.norm(v))
    return A * np.exp(spread * rng.standard_normal((m, 1))) * np.exp(spread * rng.standard_normal(n))


def split(A) -> RandomPart:
    return random_part(torch.from_numpy(np.ascontiguousarray(A)), CPU)


@pytest.mark.parametrize("spread", [0.0, 0.5])
@pytest.mark.parametrize("case", PLANTED)
def test_planted_directions_are_counted(case, spread):
    strengths, number = PLANTED[case]
    rng = np.random.default_rng([len(case), int(10 * spread)])
    for _ in range(2):
        found = split(planted(rng, strengths, spread=spread))
        assert found.count == number
        assert found.settled
        assert found.sigma == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("shape", [(32, 32), (40, 200), (64, 64)])
def test_noise_has_no_directions_whatever_its_scales(shape):
    rng = np.random.default_rng(shape)
    counts = [split(planted(rng, [], *shape, spread=0.5 * (draw % 2))).count for draw in range(40)]
    assert not any(counts)


def test_it_does_not_depend_on_scales_order_or_side():
    rng = np.random.default_rng(5)
    A = planted(rng, [8.0, 3.0, 2.5], 90, 160)
    own = split(A)
    rows, columns = np.exp(rng.standard_normal((90, 1))), np.exp(rng.standard_normal(160))
    order = rng.permutation(90)
    for other in (rows * A * columns, A[order], A.T, 1e-12 * A):
        found = split(other)
        assert found.count == own.count == 3
        assert found.share_without(3) == pytest.approx(own.share_without(3), rel=1e-6)
        assert np.allclose(found.values, own.values, rtol=1e-6)


def test_the_mean_is_one_of_the_directions():
    rng = np.random.default_rng(6)
    found = split(rng.standard_normal((120, 150)) + 0.3)
    assert found.count == 1
    assert abs(found.directions.left.sum()) / np.sqrt(120) > 0.95


def test_block_krylov_finds_what_a_whole_decomposition_finds(monkeypatch):
    A = planted(np.random.default_rng(7), [9.0, 6.0, 4.0, 3.0, 2.2, 2.0], 500, 700, spread=0.4)
    whole = split(A)
    monkeypatch.setattr(leading_module, "LARGEST_WHOLE", 0)
    quick = split(A)
    assert quick.count == whole.count == 6
    assert np.allclose(quick.values, whole.values, rtol=1e-4)
    overlap = np.abs(np.sum(quick.directions.left * whole.directions.left, axis=0))
    assert (overlap > 0.999).all()


def test_a_large_matrix_is_estimated_by_lanczos_within_its_bound(monkeypatch):
    from netaudit.numerics import directions

    A = planted(np.random.default_rng(8), [9.0, 6.0], 300, 400)
    exact = split(A)
    monkeypatch.setattr(leading_module, "LARGEST_WHOLE", 0)
    monkeypatch.setattr(directions, "LARGEST_EXACT", 0)
    estimated = split(A)
    assert estimated.count == exact.count == 2
    assert estimated.error > 0
    at = np.linspace(exact.values[0], exact.values[-3], 50)
    own, other = (np.searchsorted(values, at, side="right") / 300 for values in (exact.values, estimated.values))
    assert np.abs(own - other).max() <= estimated.error


def test_many_weak_signals_do_not_hide_each_other():
    rng = np.random.default_rng(9)
    s = np.linalg.svd(planted(rng, [1.5] * 30, 100, 400), compute_uv=False)[::-1]
    assert find(s, 100, 400).count >= 12  # from the largest value down, the level of all: 7
    small = [np.linalg.svd(planted(rng, [2.0] * 20, 32, 32), compute_uv=False)[::-1] for _ in range(20)]
    assert np.mean([find(each, 32, 32).count for each in small]) >= 3  # 5 by the median first, 1 by the sum alone


def test_the_vectors_of_the_bulk_are_singular_vectors():
    A = planted(np.random.default_rng(10), [6.0], 150, 200)
    part = split(A)
    vectors = bulk_vectors(torch.from_numpy(A), part, CPU, 0)
    B = part.scales.rows[:, None] * A * part.scales.columns
    assert vectors.shape == (150, 64)
    images = B @ (B.T @ vectors)
    values = np.sum(images * vectors, axis=0)
    assert np.allclose(images, vectors * values, atol=1e-8 * values.max())
    assert values.max() < part.bulk[-1] ** 2 * (1 + 1e-9)


def test_what_has_no_scales_says_so():
    with pytest.raises(NoUnitScales, match="zero"):
        split(np.zeros((40, 40)))

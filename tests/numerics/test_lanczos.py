"""The estimate against spectra that are known, and its bound against the truth at every point."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import netaudit
from netaudit.numerics import lanczos, spectrum
from netaudit.numerics.device import generator

CPU = torch.device("cpu")


def gaussian(m, n, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def both(weight, **options):
    mean, std = float(weight.double().mean()), float(weight.double().std(correction=0))
    return tuple(spectrum.singular_values(weight, mean, std, CPU, method, **options) for method in ("exact", "lanczos"))


def largest_gap(one, other):
    """Largest difference of two empirical distribution functions."""
    grid = np.concatenate([one, other])
    found = [np.searchsorted(np.sort(values), grid, side="right") / values.size for values in (one, other)]
    return float(np.max(np.abs(found[0] - found[1])))


@pytest.mark.parametrize(
    ("shape", "steps"), [((500, 1200), 100), ((1200, 500), 100), ((500, 500), 100), ((300, 400), lanczos.STEPS)]
)
def test_the_distribution_is_known_up_to_the_bound(monkeypatch, shape, steps):
    monkeypatch.setattr(lanczos, "STEPS", steps)
    exact, estimated = both(gaussian(*shape))
    assert estimated.centred.shape == exact.centred.shape
    assert (np.diff(estimated.centred) >= 0).all()
    gap = largest_gap(exact.centred, estimated.centred)
    assert gap < estimated.error + 0.5 / min(shape)
    assert estimated.error < 0.06
    assert (exact.error, exact.known) == (0.0, min(shape))
    assert 0 < estimated.known < min(shape)
    known = slice(-estimated.known, None)
    left_in = 4e-4 * exact.centred[-1]  # by a mean below NO_MEAN, which Lanczos removes all the same
    assert estimated.centred[known] == pytest.approx(exact.centred[known], abs=left_in)


@pytest.mark.parametrize("steps", [8, 20, 60])
def test_the_bracket_holds_for_each_probe_and_shrinks_with_the_steps(steps):
    """Without chance: the weighted distribution of one start, from the eigenvectors, lies between the bounds."""
    A = gaussian(80, 120).double()
    gram = A @ A.T
    eigenvalues, vectors = torch.linalg.eigh(gram)
    start = torch.randn(2, 80, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    alpha, beta = lanczos.tridiagonal(lambda rows: rows @ gram, start, steps)
    T = torch.diag_embed(alpha) + lanczos._off_diagonal(beta[:, :-1])
    nodes, parts = torch.linalg.eigh(T)
    weights = parts[:, 0].square().numpy()
    grid = np.sort(np.concatenate([nodes.flatten().numpy(), eigenvalues.numpy()]))
    low, _, _, high = lanczos._curves(nodes.numpy(), weights, np.array([False, False]), grid)
    own = (start / start.norm(dim=1, keepdim=True)) @ vectors
    for probe in range(2):
        sums = np.concatenate([[0.0], np.cumsum(own[probe].square().numpy())])
        true = sums[np.searchsorted(eigenvalues.numpy(), grid * (1 + 1e-12), side="right")]
        assert (low[probe] <= true + 1e-9).all()
        assert (true <= high[probe] + 1e-9).all()
    assert np.max(high - low) < 12 / steps


def test_spikes_are_found_with_their_values(monkeypatch):
    monkeypatch.setattr(lanczos, "STEPS", 80)
    weight = gaussian(300, 450)
    for strength in (3.0, 6.0, 12.0):
        u, v = torch.randn(300, generator=torch.Generator().manual_seed(int(strength))), torch.ones(450)
        v[::2] = -1
        weight += strength * (300 * 450) ** 0.25 * torch.outer(u / u.norm(), v / v.norm())
    exact, estimated = both(weight)
    assert estimated.centred[-3:] == pytest.approx(exact.centred[-3:], rel=1e-5)
    mean = gaussian(300, 450, 7) + 0.4
    exact, estimated = both(mean)
    assert estimated.uncentred[-1] == pytest.approx(exact.uncentred[-1], rel=1e-5)
    assert estimated.uncentred[-1] > 3 * estimated.centred[-1]


def test_a_point_mass_a_zero_matrix_and_a_tiny_one():
    orthogonal = torch.linalg.qr(gaussian(120, 120).double())[0]
    estimate = lanczos.estimate(lambda rows: rows @ orthogonal @ orthogonal.T, 120, generator(0), CPU)
    assert estimate.values == pytest.approx(np.ones(120))
    assert estimate.error < 0.05
    zero = lanczos.estimate(lambda rows: 0 * rows, 50, generator(0), CPU)
    assert not zero.values.any()
    A = gaussian(40, 60).double()
    tiny = lanczos.estimate(lambda rows: rows @ A @ A.T, 40, generator(0), CPU)
    assert tiny.known == 40
    assert tiny.values == pytest.approx(np.linalg.svd(A.numpy(), compute_uv=False)[::-1] ** 2, rel=1e-6)


def test_the_seed_decides(monkeypatch):
    monkeypatch.setattr(lanczos, "STEPS", 20)
    weight = gaussian(300, 400)
    one, again, other = (
        spectrum.singular_values(weight, 0.0, 1.0, CPU, "lanczos", seed=seed).centred for seed in (0, 0, 1)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_auto_is_exact_up_to_a_size(monkeypatch):
    weight = gaussian(100, 120)
    monkeypatch.setattr(spectrum, "LARGEST_EXACT", 100)
    assert spectrum.singular_values(weight, 0.0, 1.0, CPU, "auto").gram is not None
    monkeypatch.setattr(spectrum, "LARGEST_EXACT", 99)
    assert spectrum.singular_values(weight, 0.0, 1.0, CPU, "auto").gram is None


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="spectrum must be one of auto, exact, lanczos"):
        netaudit.audit({"fc.weight": gaussian(40, 50)}, spectrum="fast")


def test_vectors_without_a_gram_matrix():
    weight = gaussian(300, 400)
    weight += 5 * (300 * 400) ** 0.25 * torch.outer(torch.eye(300)[3], torch.ones(400) / 20)
    for A in (weight, weight.T.contiguous()):
        mean, std = float(A.mean()), float(A.std())
        exact = spectrum.singular_values(A, mean, std, CPU)
        without = replace(exact, gram=None)  # as Lanczos gives it
        one, other = (spectrum.output_vectors(found, A, mean, std, 1) for found in (exact, without))
        assert abs(float(one[:, 0] @ other[:, 0])) == pytest.approx(1, abs=1e-6)

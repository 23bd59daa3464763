import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.numerics import arpack, spectrum
from netaudit.numerics import device as devices
from netaudit.numerics.spectrum import singular_values

CPU = torch.device("cpu")


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.floats(-3, 3), st.integers(0, 99))
def test_agrees_with_an_svd(m, n, mean, seed):
    weight = torch.randn(m, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean
    own = float(weight.mean())
    found_values = singular_values(weight, own, 2.5, CPU)
    A = weight.numpy()
    centred = A - own if abs(own / 2.5) * (m * n) ** 0.25 >= spectrum.NO_MEAN else A
    for found, matrix in ((found_values.uncentred, A), (found_values.centred, centred)):
        true = np.linalg.svd(matrix, compute_uv=False)[::-1]
        assert found * 2.5 == pytest.approx(true, rel=1e-7, abs=1e-6 * max(1.0, true[-1]))
        assert found.dtype == np.float64


@pytest.mark.parametrize("shape", [(300, 900), (512, 512)])
def test_a_mean_that_is_left_in_moves_nothing(shape):
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(shape, generator=generator, dtype=torch.float64)
    weight += 0.999 * spectrum.NO_MEAN / (shape[0] * shape[1]) ** 0.25 - weight.mean()
    own = float(weight.mean())
    found = singular_values(weight, own, 1.0, CPU)
    assert np.array_equal(found.uncentred, found.centred)
    true, without = (np.linalg.svd(A, compute_uv=False)[::-1] for A in (weight.numpy(), weight.numpy() - own))
    assert found.uncentred == pytest.approx(true, rel=1e-9)
    assert np.abs(found.centred - without).max() < 4e-4 * without[-1]
    weight += 0.01 * spectrum.NO_MEAN / (shape[0] * shape[1]) ** 0.25
    above = singular_values(weight, float(weight.mean()), 1.0, CPU)
    assert not np.array_equal(above.uncentred, above.centred)


def spiked(rows, mean):
    """Gaussian entries, rows of very different sizes, or fifteen spikes, more than are looked for; with a mean."""
    generator = torch.Generator().manual_seed(rows)
    A = torch.randn(rows, 300, generator=generator, dtype=torch.float64)
    if rows == 200:
        A *= torch.exp(torch.randn(rows, 1, generator=generator, dtype=torch.float64))
    if rows == 400:
        left, right = torch.randn(rows, 15, generator=generator), torch.randn(15, 300, generator=generator)
        A += (left * torch.linspace(0.1, 0.5, 15)) @ right
    return A - A.mean() + mean


@pytest.mark.parametrize("rows", [100, 200, 400])
@pytest.mark.parametrize("mean", [0.05, -0.3, 3.0])
def test_one_decomposition_has_the_other_spectrum_within_two_ranks(rows, mean, monkeypatch):
    monkeypatch.setattr(spectrum, "LARGEST_BOTH", 0)
    weight = spiked(rows, mean)
    std = float(weight.std(correction=0))
    both, once = (singular_values(weight, mean, std, CPU, method) for method in ("exact", "auto"))
    assert np.array_equal(once.uncentred, both.uncentred)
    assert once.decomposed
    p, slack = len(both.uncentred), 1e-6
    assert (both.error, once.error) == (0, 2 / p)
    assert once.centred[-8:] == pytest.approx(both.centred[-8:], rel=1e-10)
    assert np.sum(once.centred**2) == pytest.approx(np.sum(both.centred**2), rel=1e-12)
    assert not np.array_equal(once.centred, both.centred)
    assert (np.diff(once.centred) >= 0).all()
    for true, at in ((both.centred, once.centred), (once.centred, both.centred)):  # two ranks at most, either way
        upto, below = (np.searchsorted(true, at + side, where) for side, where in ((slack, "right"), (-slack, "left")))
        ranks = np.arange(p)
        assert (upto >= ranks - 1).all()
        assert (below <= ranks + 2).all()


@pytest.mark.parametrize(("total", "expected"), [(18.5, [1, 2, 3]), (20.0, [1.5, 2.5, 3.5]), (17.5, [1, 1.5, 2.5])])
def test_the_others_stay_below_the_largest_and_have_the_sum(total, expected):
    found = spectrum._between(np.array([1.0, 2, 3, 8, 9]), np.array([4.0, 8.5]), total)
    assert found == pytest.approx(expected)
    beyond = spectrum._between(np.array([1.0, 2, 3, 8, 9]), np.array([4.0, 8.5]), 100.0)
    assert beyond == pytest.approx([2, 3, 4])


def test_values_that_cannot_be_told_apart_are_decomposed(monkeypatch):
    monkeypatch.setattr(spectrum, "LARGEST_BOTH", 0)
    monkeypatch.setattr(spectrum, "_RESTARTS", 2)
    weight = spiked(100, 0.1)
    both, once = (singular_values(weight, 0.1, 1.0, CPU, method) for method in ("exact", "auto"))
    assert once.error == 0
    assert np.array_equal(once.centred, both.centred)


def test_the_vectors_of_the_largest_are_found_once(monkeypatch):
    monkeypatch.setattr(spectrum, "LARGEST_BOTH", 0)
    weight = spiked(400, 0.2)
    std = float(weight.std(correction=0))
    for A in (weight, weight.T.contiguous()):
        both, once = (singular_values(A, 0.2, std, CPU, method) for method in ("exact", "auto"))
        expected = spectrum.output_vectors(both, A, 0.2, std, 3)
        with monkeypatch.context() as patched:
            patched.delattr(arpack, "leading")
            found = spectrum.output_vectors(once, A, 0.2, std, 3)
        assert np.abs((expected * found).sum(0)) == pytest.approx(1, abs=1e-9)
        assert spectrum.output_vectors(once, A, 0.2, std, 12).shape == (A.shape[0], 12)


@pytest.mark.parametrize("shape", [(30, 50), (50, 30), (40, 40)])
def test_the_vectors_are_over_the_outputs(shape):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight[3] *= 20  # one output
    vectors = spectrum.output_vectors(singular_values(weight, 0.0, 1.0, CPU), weight, 0.0, 1.0, 1)
    assert vectors.shape == (shape[0], 1)
    assert vectors[3, 0] ** 2 > 0.9


def test_a_value_of_0_has_no_vector_over_the_outputs():
    weight = torch.cat([torch.ones(20, 30), -torch.ones(20, 30)])
    vectors = spectrum.output_vectors(singular_values(weight, 0.0, 1.0, CPU), weight, 0.0, 1.0, 5)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("shape", [(3000, 40), (40, 3000)])
def test_more_than_one_block(shape):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    true = np.linalg.svd(weight.double().numpy(), compute_uv=False)[::-1]
    assert singular_values(weight, 0.0, 1.0, CPU).uncentred == pytest.approx(true, rel=1e-10)


def test_low_precision_weights_are_read_exactly():
    weight = torch.randn(50, 60, generator=torch.Generator().manual_seed(0)).bfloat16()
    true = np.linalg.svd(weight.double().numpy(), compute_uv=False)[::-1]
    assert singular_values(weight, 0.0, 1.0, CPU).uncentred == pytest.approx(true, rel=1e-9)


def test_a_device_without_room_hands_over_to_the_cpu(monkeypatch):
    weight = torch.randn(30, 20, generator=torch.Generator().manual_seed(0))
    expected, real, seen = singular_values(weight, 0.0, 1.0, CPU), spectrum.gram_matrix, []

    def gram(weight, mean, std, device):
        seen.append(device.type)
        if device.type != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(weight, mean, std, device)

    monkeypatch.setattr(spectrum, "gram_matrix", gram)
    with devices.fallbacks() as events:
        assert np.array_equal(singular_values(weight, 0.0, 1.0, torch.device("cuda")).uncentred, expected.uncentred)
    assert seen == ["cuda", "cpu"]
    assert events == ["Out of memory on cuda: the spectrum was computed on the CPU."]


def factors(m, n, r, mean):
    generator = torch.Generator().manual_seed(m + n)
    left = torch.randn(m, r, generator=generator, dtype=torch.float64) + mean
    return left, torch.randn(r, n, generator=generator, dtype=torch.float64) + mean


@pytest.mark.parametrize(("m", "n", "r"), [(60, 40, 5), (40, 60, 5), (50, 50, 1), (9, 9, 7)])
@pytest.mark.parametrize("mean", [0.0, 0.4])
def test_a_product_of_thin_factors_has_the_values_of_the_dense_way(m, n, r, mean, monkeypatch):
    thin = factors(m, n, r, mean)
    A = thin[0] @ thin[1]
    own, std = float(A.mean()), float(A.std())
    with monkeypatch.context() as patched:
        patched.delattr(spectrum, "gram_matrix")  # nothing of the product's own size is formed
        found = singular_values(A.float(), own, std, CPU, "auto", factors=thin)
    assert found.decomposed
    assert (found.gram, found.error, found.known) == (None, 0.0, min(m, n))
    for values, matrix, rank in ((found.uncentred, A, r), (found.centred, A - own, r + 1)):
        true = np.linalg.svd(matrix.numpy() / std, compute_uv=False)[::-1]
        assert np.abs(values - true).max() < 1e-13 * true[-1] * min(m, n)
        assert not values[:-rank].any()
        assert (np.diff(values) >= 0).all()
    vectors = spectrum.output_vectors(found, A, own, std, r)
    left, s, _ = np.linalg.svd((A - own).numpy())
    assert np.abs((vectors * left[:, :r]).sum(0)) == pytest.approx(1, abs=1e-9 * s[0] / s[r - 1])


def test_factors_are_used_only_where_they_are_thin_and_lanczos_was_not_asked_for():
    left, right = factors(20, 30, 19, 0.0)
    weight = left @ right
    dense = singular_values(weight, 0.0, 1.0, CPU)
    assert np.array_equal(singular_values(weight, 0.0, 1.0, CPU, factors=(left, right)).uncentred, dense.uncentred)
    assert singular_values(weight, 0.0, 1.0, CPU, "lanczos", factors=factors(20, 30, 2, 0.0)).gram is None
    assert not singular_values(weight, 0.0, 1.0, CPU, "lanczos", factors=factors(20, 30, 2, 0.0)).factored

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netaudit.numerics import entries


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 400), st.integers(0, 99), st.sampled_from([0.0, 5.0, -100.0]))
def test_moments_agree_with_scipy(count, seed, mean):
    sample = np.random.default_rng(seed).standard_normal(count) ** 3 + mean
    described = entries.describe(torch.from_numpy(sample))
    assert described.mean == pytest.approx(sample.mean())
    assert described.std == pytest.approx(sample.std())
    assert described.skewness == pytest.approx(stats.skew(sample), rel=1e-6, abs=1e-9)
    assert described.excess_kurtosis == pytest.approx(stats.kurtosis(sample), rel=1e-6, abs=1e-9)
    beyond = np.abs(sample - sample.mean()) > 4 * sample.std()
    assert described.share_beyond_4std == pytest.approx(beyond.mean())


def test_the_halves_and_chunks_of_the_sums_are_all_of_the_values(monkeypatch):
    monkeypatch.setattr(entries, "_CHUNK", 7)
    monkeypatch.setattr(entries, "_HALVED", 10)
    sample = np.random.default_rng(0).gamma(2.0, size=101) + 3  # its median is not its mean
    described = entries.describe(torch.from_numpy(sample))
    assert (described.mean, described.std) == pytest.approx((sample.mean(), sample.std()), rel=1e-12)
    assert described.skewness == pytest.approx(stats.skew(sample), rel=1e-9)
    assert described.excess_kurtosis == pytest.approx(stats.kurtosis(sample), rel=1e-9)


def test_chunks_and_thinning_change_nothing_that_matters(monkeypatch):
    weight = torch.randn(300, 400, generator=torch.Generator().manual_seed(0))
    whole = entries.describe(weight)
    monkeypatch.setattr(entries, "_CHUNK", 1000)
    monkeypatch.setattr(entries, "_HALVED", 1000)
    monkeypatch.setattr(entries, "_KEPT", 5000)
    thinned = entries.describe(weight)
    assert (thinned.mean, thinned.std) == pytest.approx((whole.mean, whole.std))
    assert 4000 < thinned.z.size <= 5001
    assert thinned.z == pytest.approx(np.interp(thinned.probability, whole.probability, whole.z), abs=1e-9)


@pytest.mark.parametrize(
    ("weight", "why"),
    [
        (torch.full((3, 4), 0.02), "constant 0.02"),
        (torch.zeros(3, 4, dtype=torch.bfloat16), "constant 0"),
        (torch.tensor([[1.0, 2.0], [3.0, float("nan")]]), "NaN or infinite"),
        (torch.tensor([[1.0, 2.0], [3.0, -float("inf")]]), "NaN or infinite"),
        (torch.zeros(0, 4), "empty"),
    ],
)
def test_what_cannot_be_described_says_why(weight, why):
    assert why in entries.describe(weight)


@pytest.mark.parametrize("odd", [0.0, float("nan"), float("inf"), -1e30])
def test_halves_that_are_sorted_apart_are_in_order(monkeypatch, odd):
    monkeypatch.setattr(entries, "_HALVED", 100)
    values = np.random.default_rng(0).standard_normal(1001).round(1).astype(np.float32)
    values[[3, 500, 900]] = odd
    assert np.array_equal(entries._ascending(values), np.sort(values), equal_nan=True)


@pytest.mark.parametrize("scale", [1e300, 5e307, 1e-300, 1e-320])
def test_extreme_float64_entries_are_described(scale):
    described = entries.describe(torch.tensor([[1.0, 3.0], [-1.0, -3.0]], dtype=torch.float64) * scale)
    assert described.std == pytest.approx(5**0.5 * scale, rel=1e-2)
    assert described.z.tolist() == pytest.approx([-(1.8**0.5), -(0.2**0.5), 0.2**0.5, 1.8**0.5], rel=1e-2)

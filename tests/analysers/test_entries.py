import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netaudit.analysers import entries


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


def test_chunks_and_thinning_change_nothing_that_matters(monkeypatch):
    weight = torch.randn(300, 400, generator=torch.Generator().manual_seed(0))
    whole = entries.describe(weight)
    monkeypatch.setattr(entries, "_CHUNK", 1000)
    monkeypatch.setattr(entries, "_KEPT", 5000)
    thinned = entries.describe(weight)
    assert (thinned.mean, thinned.std) == pytest.approx((whole.mean, whole.std))
    assert thinned.z.size == 5000
    assert thinned.z == pytest.approx(np.interp(thinned.probability, whole.probability, whole.z), abs=1e-9)


def test_equal_entries_are_none():
    assert entries.describe(torch.full((3, 4), 0.02)) is None
    assert entries.describe(torch.zeros(3, 4, dtype=torch.bfloat16)) is None


def test_finite_sees_the_last_entry(monkeypatch):
    monkeypatch.setattr(entries, "_CHUNK", 7)
    weight = torch.zeros(5, 5)
    assert entries.finite(weight)
    weight[-1, -1] = float("inf")
    assert not entries.finite(weight)
    assert entries.finite(torch.full((2, 2), 1e200, dtype=torch.float64))

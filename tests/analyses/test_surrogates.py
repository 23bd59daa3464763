"""The layer's own entries with structure destroyed: what stays, what goes, and what a verdict owes to it (nothing)."""

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from synthetic.judged import judge

from netaudit.analyses import surrogates as room
from netaudit.analyses.surrogates import standardise, surrogates
from netaudit.vocabulary import SET_ASIDE


def gaussian(m, n, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def drawn(finding, kind, statistic):
    [null] = [null for null in finding.nulls if (null.kind, null.statistic) == (kind, statistic)]
    return null


def test_a_permutation_keeps_the_entries_and_signs_keep_their_sizes():
    matrix = standardise(gaussian(40, 50) ** 3)
    found = surrogates(matrix, "full", 0, "layer")
    permuted, signed = next(found.of("permuted")), next(found.of("signs"))
    assert torch.equal(permuted.flatten().sort().values, matrix.flatten().sort().values)
    assert not torch.equal(permuted, matrix)
    ratio = (signed / matrix).abs()  # standardised again: the signs shift the mean a little
    assert ratio.median() == pytest.approx(1, abs=0.01)
    assert (torch.sign(signed) == torch.sign(matrix)).float().mean() == pytest.approx(0.5, abs=0.05)


def test_draws_are_the_same_each_time_and_differ_from_each_other():
    found = surrogates(standardise(gaussian(30, 30)), "full", 0, "layer")
    once, twice = list(found.of("permuted")), list(found.of("permuted"))
    assert len(once) == 10
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))
    assert not torch.equal(once[0], once[1])


def test_a_large_layer_is_drawn_from_a_part_of_it(monkeypatch):
    monkeypatch.setattr(room, "SIDE", 60)
    found = surrogates(standardise(gaussian(100, 40)), "quick", 0, "layer")
    assert found.shape == (60, 40) == tuple(found.matrix.shape)
    assert float(found.matrix.mean()) == pytest.approx(0, abs=1e-6)
    assert surrogates(standardise(gaussian(100, 40)), "full", 0, "layer").shape is None
    assert surrogates(standardise(gaussian(60, 40)), "quick", 0, "layer").shape is None
    assert surrogates(standardise(gaussian(60, 40)), "none", 0, "layer") is None


def test_the_part_s_own_value_stands_beside_it(monkeypatch):
    monkeypatch.setattr(room, "SIDE", 128)
    law = judge(gaussian(200, 300), nulls="quick")["singular_law"]
    null = drawn(law, "permuted", "ks_marchenko_pastur")
    assert null.shape == (128, 128)
    assert null.draws == 1
    assert null.own == pytest.approx(3 / 128, rel=0.6)  # a Gaussian matrix of the part's size, not of the layer's
    assert drawn(law, "gaussian", "ks_marchenko_pastur").own is None


def test_correlated_rows_owe_their_distance_to_structure_and_heavy_tails_to_their_entries():
    noise = np.random.default_rng(0).standard_normal((400, 500))
    rows = torch.from_numpy(lfilter([1], [1, -0.5], noise, axis=1)[:, 100:].copy())
    law = judge(rows, nulls="quick")["singular_law"]
    assert law.value > 0.08
    assert drawn(law, "permuted", "ks_marchenko_pastur").median < 0.02
    heavy = torch.from_numpy(np.random.default_rng(0).standard_t(2.0, (400, 400)))
    law = judge(heavy, nulls="quick")["singular_law"]
    assert law.metrics["spikes"] > 3
    assert drawn(law, "permuted", "spikes").median > 3
    assert SET_ASIDE in law.warnings


def test_signs_keep_a_variance_profile_that_permuting_destroys():
    profile = torch.linspace(0.2, 2.0, 300, dtype=torch.float64)[:, None]
    law = judge(gaussian(300, 400).double() * profile, nulls="quick")["singular_law"]
    own, permuted, signs = law.value, *(drawn(law, k, "ks_marchenko_pastur").median for k in ("permuted", "signs"))
    assert own > 0.1
    assert signs == pytest.approx(own, abs=0.02)
    assert permuted < 0.03


def test_a_mean_makes_no_spike_in_the_permuted_layer():
    law = judge(gaussian(300, 300) + 0.2, nulls="quick")["singular_law"]
    assert law.metrics["spikes_uncentred"] == 1
    assert drawn(law, "permuted", "spikes").median == 0


def test_no_verdict_depends_on_the_draws():
    weight = gaussian(100, 150) + 3 * 150**0.5 * gaussian(100, 1, 1) @ gaussian(1, 150, 2) / 100
    without, quick, full = (judge(weight, nulls=level) for level in ("none", "quick", "full"))
    for claim, finding in without.items():
        for other in (quick[claim], full[claim]):
            assert (other.verdict, other.conditions, other.metrics) == (
                finding.verdict,
                finding.conditions,
                finding.metrics,
            )
    assert drawn(full["shadow_inversion"], "signs", "cross_talk_inflation").draws == 10
    assert not [null for finding in without.values() for null in finding.nulls if null.kind in ("permuted", "signs")]


def test_the_negative_control_is_named():
    finding = judge(gaussian(200, 300), nulls="none")["shadow_inversion"]
    control = drawn(finding, "independent", "support_auc")
    assert control.median == finding.metrics["control_support_auc"] == pytest.approx(0.5, abs=0.05)

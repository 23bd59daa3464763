"""Layers whose truth is known: each claim must say what is so, at 512 x 512."""

import msgspec
import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from synthetic.judged import CLAIMS, explained, judge

from netaudit.analyses.layer.singular_law.measure import law_metrics

M = N = 512


def verdicts(weight, bias=None):
    return {claim: finding.verdict for claim, finding in judge(weight, bias).items()}


def gaussian(m=M, n=N, seed=1):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def spiked(strength, m=M, n=N):
    """A Gaussian layer with a rank-one spike of ``strength`` sigma (mn)^(1/4)."""
    u, v = gaussian(m, 1, seed=2), gaussian(n, 1, seed=3)
    return gaussian(m, n) + strength * (m * n) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T


def student_t(degrees=3.0):
    return torch.from_numpy(np.random.default_rng(0).standard_t(degrees, (M, N)))


def test_a_gaussian_layer_with_constant_biases_holds_everywhere():
    found = judge(gaussian() * 0.02, torch.full((M,), 0.1))
    assert {finding.verdict for finding in found.values()} == {"holds"}
    metrics = found["shadow_inversion"].metrics
    for name in ("cross_talk_inflation", "gain", "relative_error_ratio"):
        assert metrics[name] == pytest.approx(1, abs=0.1)
    assert metrics["control_support_auc"] == pytest.approx(0.5, abs=0.05)
    assert found["singular_law"].metrics["sigma"] == pytest.approx(0.02, rel=0.01)
    assert found["singular_law"].metrics["spikes"] == 0


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (torch.rand(M, N, generator=torch.Generator().manual_seed(0)) - 0.5, ("fails", "holds", "holds")),
        (torch.from_numpy(np.random.default_rng(0).laplace(size=(M, N))), ("fails", "holds", "holds")),
        (torch.sign(gaussian()), ("fails", "holds", "holds")),
        (torch.linalg.qr(gaussian()).Q.contiguous(), ("holds", "fails", "holds")),  # better than random is no failure
        (spiked(3), ("holds", "holds", "holds")),
        (spiked(4), ("holds", "holds", "holds")),  # cross-talk about 1.15, below the tolerance
        (spiked(20), ("undecided", "fails", "fails")),  # heavy tails blur the KS distance, .018 for at most .02
    ],
    ids=["uniform", "laplace", "signs", "orthogonal", "spike 3", "spike 4", "spike 20"],
)
def test_verdicts(weight, expected):
    found = verdicts(weight)
    assert (found["gaussian_weights"], found["singular_law"], found["shadow_inversion"]) == expected


def test_rows_that_are_correlated_are_gaussian_but_not_random_like():
    noise = np.random.default_rng(0).standard_normal((M, N + 100))
    rows = torch.from_numpy(lfilter([1], [1, -0.5], noise, axis=1)[:, 100:].copy())
    found = verdicts(rows)
    assert (found["gaussian_weights"], found["singular_law"], found["shadow_inversion"]) == ("holds", "fails", "fails")
    permuted = rows.reshape(-1)[torch.randperm(M * N, generator=torch.Generator().manual_seed(0))].reshape(M, N)
    assert set(verdicts(permuted).values()) == {"holds", "not_applicable"}


def test_heavy_tails_fail_h1_and_permuting_them_changes_nothing():
    weight = student_t()
    assert verdicts(weight)["gaussian_weights"] == "fails"
    permuted = weight.reshape(-1)[torch.randperm(M * N, generator=torch.Generator().manual_seed(0))].reshape(M, N)
    own, shuffled = judge(weight), judge(permuted)
    for claim in ("gaussian_weights", "shadow_inversion"):
        assert own[claim].verdict == shuffled[claim].verdict
    distances = [found["singular_law"].metrics["ks_marchenko_pastur"] for found in (own, shuffled)]
    assert distances[0] == pytest.approx(distances[1], abs=0.005)


@pytest.mark.parametrize(("strength", "spikes"), [(0.7, 0), (2, 1), (4, 1), (20, 1)])
def test_spikes_are_counted(strength, spikes):
    assert judge(spiked(strength))["singular_law"].metrics["spikes"] == spikes


def test_a_mean_does_not_change_a_verdict_but_is_seen_in_the_layer_as_stored():
    plain, shifted = judge(gaussian(1024, 1024)), judge(gaussian(1024, 1024) + 0.05)
    assert {claim: f.verdict for claim, f in plain.items()} == {claim: f.verdict for claim, f in shifted.items()}
    assert shifted["gaussian_weights"].metrics["mean"] == pytest.approx(0.05, abs=0.005)
    law, shadow = shifted["singular_law"].metrics, shifted["shadow_inversion"].metrics
    assert (law["spikes"], law["spikes_uncentred"]) == (0, 1)
    assert law["largest_over_edge"] < 1 < law["largest_over_edge_uncentred"]
    assert shadow["cross_talk_inflation"] == pytest.approx(1, abs=0.1)
    assert shadow["cross_talk_inflation_as_stored"] > 1.5
    assert "mean" in explained("singular_law", shifted["singular_law"])


def test_a_transpose_has_the_same_entries_and_spectrum():
    weight = spiked(3, 300, 700)
    one, other = judge(weight), judge(weight.T.contiguous())
    assert one["gaussian_weights"].metrics == pytest.approx(other["gaussian_weights"].metrics)
    assert one["singular_law"].metrics == pytest.approx(other["singular_law"].metrics, rel=1e-9)


def test_scaling_a_layer_changes_only_what_carries_units():
    one, other = judge(gaussian(300, 200)), judge(gaussian(300, 200) * 1000)
    for claim in CLAIMS:
        assert one[claim].verdict == other[claim].verdict
    units = {"mean", "std"}
    for claim in ("gaussian_weights", "singular_law", "shadow_inversion"):
        for metric, value in one[claim].metrics.items():
            if value is None:
                assert other[claim].metrics[metric] is None
                continue
            scale = 1000 if metric in units or metric.startswith("sigma") else 1
            assert other[claim].metrics[metric] == pytest.approx(value * scale, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(64, 64), (40, 200), (10, 1000), (200, 100)])
def test_small_gaussian_layers_do_not_fail(shape, seed):
    assert "fails" not in verdicts(gaussian(*shape, seed=seed + 10), torch.zeros(shape[0])).values()


def test_every_finding_has_the_metrics_of_its_claim_and_can_be_read_back():
    for claim, finding in judge(gaussian(100, 200), gaussian(100, 1)[:, 0]).items():
        assert set(finding.metrics) == set(CLAIMS[claim].claim.metrics)
        assert finding.value == finding.metrics[finding.statistic]
        assert finding.statistic in CLAIMS[claim].claim.tolerances
        assert set(finding.reasons) == {name for name, value in finding.metrics.items() if value is None}
        assert msgspec.json.decode(msgspec.json.encode(finding), type=CLAIMS[claim].payload) == finding


def test_the_interval_holds_the_value():
    for finding in judge(gaussian(100, 200), gaussian(100, 1)[:, 0] + 5).values():
        low, high = finding.interval
        assert low <= finding.value <= high


@pytest.mark.parametrize(
    ("side", "strength", "draws", "rate"), [(64, 2.0, 60, 0.95), (64, 0.7, 60, 0.0), (512, 1.5, 20, 0.95)]
)
def test_how_often_a_spike_is_found(side, strength, draws, rate):
    found = 0
    for seed in range(draws):
        generator = torch.Generator().manual_seed(seed)
        u, v = (torch.randn(side, 1, generator=generator, dtype=torch.float64) for _ in range(2))
        noise = torch.randn(side, side, generator=generator, dtype=torch.float64)
        matrix = noise + strength * side**0.5 * (u / u.norm()) @ (v / v.norm()).T
        s = np.linalg.svd((matrix - matrix.mean()) / matrix.std(correction=0), compute_uv=False)[::-1]
        found += law_metrics(s, 1.0, side, side)["spikes"] > 0
    assert found >= rate * draws if rate else found <= 0.05 * draws

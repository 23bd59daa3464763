"""AlexNet with known weights under torchvision's own file name in TORCH_HOME: real shapes, known truth.

A run takes half a minute or more on two cores, so each run judges a different truth in fc6 (classifier.1, 4096 x 9216)
and in fc7 (classifier.4, 4096 x 4096), and two of the three runs are slow by their mark.
"""

import numpy as np
import pytest
import torch
import torchvision

import netaudit

FILE = "alexnet-owt-7be5be79.pth"
CLAIMS = ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion")
LAYERS = {"classifier.1": (4096, 9216), "classifier.4": (4096, 4096), "classifier.6": (1000, 4096)}


def gaussian(m, n, seed=0):
    return 0.01 * torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def uniform(m, n):
    bound = n**-0.5
    return torch.empty(m, n).uniform_(-bound, bound, generator=torch.Generator().manual_seed(0))


def student_t(m, n):
    return torch.from_numpy(np.random.default_rng(0).standard_t(3, (m, n)).astype(np.float32)) * 0.01


def with_mean(m, n):
    return gaussian(m, n) + 0.05 * 0.01


def spiked(strength):
    def build(m, n):
        u, v = gaussian(m, 1, seed=1), gaussian(n, 1, seed=2)
        return gaussian(m, n) + 0.01 * strength * (m * n) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T

    return build


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """Audit the layers of AlexNet with the given fc6 and fc7; every bias is .1."""

    def run(fc6, fc7):
        with torch.device("meta"):
            shapes = torchvision.models.alexnet().state_dict()
        state = {name: torch.full(tensor.shape, 0.1) for name, tensor in shapes.items()}
        for name, build in zip(LAYERS, (fc6, fc7, gaussian), strict=True):
            state[f"{name}.weight"] = build(*LAYERS[name])
        folder = tmp_path / "hub" / "checkpoints"
        folder.mkdir(parents=True)
        torch.save(state, folder / FILE)
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        del state
        return netaudit.audit("alexnet", analyses=CLAIMS)

    return run


def verdicts(report, name):
    layer = next(layer for layer in report.layers if layer.name == name)
    return {claim: finding.verdict for claim, finding in layer.findings.items()}


def metrics(report, name, claim):
    return next(layer for layer in report.layers if layer.name == name).finding(claim).metrics


ALL_HOLD = dict.fromkeys(CLAIMS, "holds")


def test_gaussian_weights_hold_everywhere_and_a_mean_changes_only_what_is_judged_as_stored(audited):
    report = audited(with_mean, gaussian)
    assert [layer.name for layer in report.layers] == list(LAYERS)
    assert report.model.kind == "torchvision"
    assert report.provenance.hash_matches_name is False  # our weights, torchvision's name
    assert report.head.layers == tuple(LAYERS)
    assert not report.head.inferred
    for name in ("classifier.1", "classifier.4"):
        assert verdicts(report, name) == ALL_HOLD
        figures = metrics(report, name, "shadow_inversion")
        for figure in ("cross_talk_inflation", "gain", "relative_error_ratio"):
            assert 0.9 < figures[figure] < 1.1
        assert metrics(report, name, "singular_law")["spikes"] == 0
        assert metrics(report, name, "singular_law")["sigma"] == pytest.approx(0.01, rel=1e-3)
    assert metrics(report, "classifier.1", "gaussian_weights")["mean"] == pytest.approx(0.0005, rel=0.02)
    law, shadow = (metrics(report, "classifier.1", claim) for claim in ("singular_law", "shadow_inversion"))
    assert (law["spikes"], law["spikes_uncentred"]) == (0, 1)
    assert shadow["cross_talk_inflation_as_stored"] > 10 * shadow["cross_talk_inflation"]


@pytest.mark.slow
def test_uniform_entries_fail_only_h1_and_a_spike_of_4_is_found(audited):
    report = audited(uniform, spiked(4))
    assert verdicts(report, "classifier.1") == ALL_HOLD | {"gaussian_weights": "fails"}
    assert metrics(report, "classifier.4", "singular_law")["spikes"] == 1
    assert verdicts(report, "classifier.4") == ALL_HOLD


@pytest.mark.slow
def test_heavy_tails_fail_h1_and_a_spike_of_20_cannot_be_inverted(audited):
    report = audited(student_t, spiked(20))
    assert verdicts(report, "classifier.1")["gaussian_weights"] == "fails"
    assert metrics(report, "classifier.4", "singular_law")["spikes"] == 1
    assert verdicts(report, "classifier.4")["shadow_inversion"] == "fails"

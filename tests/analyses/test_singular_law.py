"""H3 on layers whose truth is known: the law, the spikes and what is stored of each."""

import msgspec
import numpy as np
import pytest
import torch
from synthetic.places import place

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.singular_law.measure import measure
from netaudit.analyses.layer.singular_law.payload import (
    EDGE_LEVEL,
    EVEN_SHARE,
    METRICS,
    NO_RANK,
    SINGLE_WEIGHTS,
    SMALLEST_P,
    TOP_ROWS,
    UNEQUAL_UNITS,
    SingularLaw,
)
from netaudit.analyses.layer.singular_law.present import method, note, present
from netaudit.network.layers import FCLayer
from netaudit.numerics import lanczos
from netaudit.numerics import spectrum as spectra
from netaudit.numerics.laws import tracy_widom
from netaudit.vocabulary import SET_ASIDE


def judge(weight, **context):
    return measure(LayerContext(FCLayer("layer", weight), seed=0, device=torch.device("cpu"), **context))


def gaussian(m, n, seed=1):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


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
    [spike] = finding.spikes
    assert spike.strength == pytest.approx(4, rel=0.06)
    assert spike.p == 1e-12
    assert spike.variance_share == pytest.approx(1 - finding.metrics["bulk_variance_share"], rel=1e-4)
    assert spike.top_rows_share == pytest.approx(0.085, abs=0.05)


@pytest.mark.parametrize("shape", [(300, 500), (500, 300)])
def test_a_spike_that_lives_in_a_few_outputs_is_seen_to(shape):
    [spike] = judge(planted(*shape, 6.0, 3)).spikes
    assert spike.top_rows_share > 0.8


def test_sigma_of_the_bulk_is_not_moved_by_a_spike():
    metrics = judge(planted(300, 500, 20.0, 300)).metrics
    assert metrics["sigma"] > 1.25
    assert metrics["sigma_bulk"] == pytest.approx(1, abs=0.02)
    assert metrics["sigma_bulk_low"] < 1 < metrics["sigma_bulk_high"]


def test_the_vectors_are_those_of_a_full_decomposition():
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
    assert finding.warnings == (NO_RANK,)
    assert judge(noise).warnings == ()


def test_spikes_that_unequal_units_make_are_warned_of():
    scales = torch.exp(0.6 * gaussian(200, 1, seed=3))
    finding = judge(scales * gaussian(200, 300), nulls="quick")
    assert finding.metrics["spikes"] > 5
    assert UNEQUAL_UNITS in finding.warnings
    assert UNEQUAL_UNITS not in judge(planted(200, 300, 6, rows=200), nulls="quick").warnings


def test_a_single_weight_beyond_the_limit_is_warned_of():
    weight = gaussian(100, 100)
    weight[3] *= 6.0  # in a large row it is beyond the limit, and not heavy beside the others there
    finding = judge(weight)
    assert finding.metrics["largest_entry_over_limit"] > 1.1
    assert finding.warnings == (SINGLE_WEIGHTS,)


def special(kind):
    """A Gaussian layer with a tenth of its rows or columns, or one weight, made special; and what is Gaussian of it."""
    weight = gaussian(200, 300)
    if kind == "dead rows":
        weight[180:] = 0
        return weight, weight[:180]
    if kind == "dead columns":
        weight[:, 270:] = 0
        return weight, weight[:, :270]
    if kind == "constant rows":
        weight[180:] = 3.0
        return weight, weight[:180]
    if kind == "duplicate rows":
        weight[180:] = weight[:20]
        return weight, weight[:180]
    left = weight.clone()
    weight[3, 4], left[3, 4] = 50.0, 0.0
    return weight, left


@pytest.mark.parametrize("kind", ["dead rows", "dead columns", "constant rows", "duplicate rows", "one huge weight"])
@pytest.mark.parametrize("unit", [1.0, 2.0**-90])
def test_the_law_is_judged_on_what_is_left_of_special_weights(kind, unit):
    weight, left = special(kind)
    finding, alone = judge(weight.double() * unit), judge(left.double() * unit)
    assert (finding.verdict, finding.metrics["spikes"]) == ("holds", 0)
    assert finding.warnings == (SET_ASIDE,)
    assert finding.metrics["share_judged"] == (59_999 if kind == "one huge weight" else left.numel()) / 60_000
    same = ("ks_marchenko_pastur", "bulk_variance_share", "sigma", "largest_over_edge")
    assert [finding.metrics[name] for name in same] == pytest.approx([alone.metrics[name] for name in same])
    assert finding.metrics["sigma_uncentred"] == pytest.approx(float((weight.double() * unit).square().mean() ** 0.5))
    assert "Special weights are set aside first" in note(finding)
    assert present(finding, place()).warnings == ()  # the note and the analysis of special weights say it
    assert method().exceptions(finding) == ["special weights were set aside first"]
    assert (alone.warnings, method().exceptions(alone)) == ((), [])
    assert alone.metrics["share_judged"] == 1


@pytest.mark.parametrize("left", [0, 20])
def test_of_too_little_that_is_left_no_law_is_judged(left):
    one_row = torch.arange(300.0).repeat(100, 1)
    finding = judge(torch.cat([gaussian(left, 300), one_row]))
    because = "The smaller side of what is left without special weights is below 32."
    assert (finding.verdict, finding.note) == ("not_applicable", because)


def test_every_spike_of_the_figure_lies_beyond_the_drawn_edge():
    """The edge is that of the noise: with a spike of strength 20 the entries' own sigma is a third too large."""
    weight = planted(300, 500, 20.0, 300)
    weight += 2.0 * (300 * 500) ** 0.25 * torch.outer(torch.ones(300) / 300**0.5, torch.ones(500) / 500**0.5)
    weight[::2] *= -1  # the mean of the second signal is gone
    curve = judge(weight).curve
    assert len(curve.spikes) == 2
    assert min(curve.spikes) > curve.tracy_widom_edge > curve.edges[-2]


def test_a_mean_is_seen_in_the_metrics_of_the_matrix_as_stored_alone():
    metrics = judge(gaussian(512, 512) + 0.1).metrics
    assert (metrics["spikes"], metrics["spikes_uncentred"]) == (0, 1)
    assert metrics["largest_over_edge"] < 1 < metrics["largest_over_edge_uncentred"]


def test_every_metric_is_there_in_the_agreed_order():
    finding = judge(gaussian(100, 200), nulls="quick")
    assert set(finding.metrics) == set(METRICS)
    assert set(judge(gaussian(31, 200)).metrics) == set(METRICS)
    assert finding.statistic == "ks_marchenko_pastur"
    assert finding.value == finding.metrics["ks_marchenko_pastur"]
    assert {null.kind for null in finding.nulls} == {"gaussian", "permuted", "signs"}


@pytest.mark.parametrize(
    ("weight", "verdict"),
    [
        (gaussian(256, 256), "holds"),
        (torch.linalg.qr(gaussian(256, 256)).Q.contiguous(), "fails"),
        (planted(256, 256, 20.0, 256), "fails"),
        (gaussian(31, 500), "not_applicable"),
    ],
    ids=["gaussian", "orthogonal", "spike of strength 20", "smaller side below 32"],
)
def test_verdicts(weight, verdict):
    finding = judge(weight)
    assert finding.verdict == verdict
    assert bool(finding.note) is (verdict == "not_applicable")


@pytest.mark.parametrize(("shape", "widened"), [((40, 40), True), ((400, 400), False)])
def test_a_small_layer_widens_the_tolerance_and_says_so(shape, widened):
    finding = judge(gaussian(*shape))
    far, least = finding.conditions[0].limits[1], finding.conditions[1].limits[0]
    assert (far > 0.05 or least < 0.95) is widened
    assert finding.rule.widened is widened
    assert finding.rule.tolerances == {"ks_marchenko_pastur": 0.05, "bulk_variance_share": 0.05}


def width(finding):
    """From the distance to the upper end of its interval, which is never cut off."""
    return finding.conditions[0].interval[1] - finding.metrics["ks_marchenko_pastur"]


def test_the_verdict_allows_for_the_bound_of_an_estimated_spectrum_and_keeps_how_it_was_had(monkeypatch):
    monkeypatch.setattr(lanczos, "STEPS", 192)
    weight = gaussian(500, 700, seed=0) / 30
    exact, estimated = (judge(weight, method=method) for method in ("exact", "lanczos"))
    assert (exact.spectrum.method, exact.spectrum.error, exact.spectrum.known) == ("exact", 0, 500)
    used = estimated.spectrum
    assert (used.method, used.probes, used.steps) == ("lanczos", 64, 192)
    assert 0 < used.known < 500
    assert estimated.metrics["spikes"] == exact.metrics["spikes"] == 0
    assert estimated.verdict == exact.verdict == "holds"
    assert width(estimated) == pytest.approx(width(exact) + used.error)
    assert used.error > 0.01
    monkeypatch.setattr(lanczos, "STEPS", 8)  # a bound far beyond the tolerance
    assert judge(weight, method="lanczos").verdict == "undecided"


def test_the_verdict_allows_for_the_two_ranks_of_one_decomposition(monkeypatch):
    monkeypatch.setattr(spectra, "LARGEST_BOTH", 100)
    weight = gaussian(200, 300) / 30 + 0.01
    exact, once = (judge(weight, method=method) for method in ("exact", "auto"))
    assert (once.spectrum.method, once.spectrum.error, once.spectrum.known) == ("one_decomposition", 2 / 200, 8)
    assert once.verdict == exact.verdict == "holds"
    assert once.metrics["ks_marchenko_pastur"] == pytest.approx(exact.metrics["ks_marchenko_pastur"], abs=2 / 200)
    assert once.metrics["tracy_widom_p"] == pytest.approx(exact.metrics["tracy_widom_p"], rel=1e-6)
    assert width(once) == pytest.approx(width(exact) + 2 / 200)
    uncentred = [name for name in exact.metrics if name.endswith("_uncentred")]
    assert len(uncentred) == 10
    assert [once.metrics[name] for name in uncentred] == [exact.metrics[name] for name in uncentred]


@pytest.mark.parametrize("weight", [gaussian(40, 60), planted(300, 500, 4.0, 300), torch.ones(40, 60).tril()])
def test_what_is_measured_passes_the_strict_reader(weight):
    finding = judge(weight, nulls="quick")
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(finding)), SingularLaw) == finding


def test_a_matrix_of_exactly_low_rank_leaves_no_noise_and_its_spikes_no_strength():
    finding = judge(torch.outer(torch.arange(1.0, 41), torch.arange(1.0, 41)))
    assert finding.metrics["ks_bulk"] is None
    assert {spike.strength for spike in finding.spikes} == {None}
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(finding)), SingularLaw) == finding


def test_constants_of_the_report_are_those_of_the_laws():
    assert (EDGE_LEVEL, SMALLEST_P) == (tracy_widom.LEVEL, tracy_widom.SMALLEST)
    squares = np.sort(np.random.default_rng(0).standard_normal(1_000_000) ** 2)
    assert squares[-round(TOP_ROWS * squares.size) :].sum() / squares.sum() == pytest.approx(EVEN_SHARE, abs=0.001)

"""H1: what is measured of layers whose truth is known, and what the report says of it."""

import msgspec
import numpy as np
import pytest
import torch
from scipy import stats
from synthetic.drawing import svg
from synthetic.gaussian_weights import example
from synthetic.places import place

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.gaussian_weights import ANALYSIS
from netaudit.analyses.layer.gaussian_weights.measure import distance_of, interval
from netaudit.analyses.layer.gaussian_weights.payload import (
    METRICS,
    MIDDLE_OF_STEPS,
    TOLERANCE,
    GaussianCurve,
    GaussianWeights,
    Quantiles,
)
from netaudit.analyses.layer.gaussian_weights.present import present
from netaudit.analyses.needs import missing_of_layer
from netaudit.network.layers import FCLayer
from netaudit.numerics.entries import describe
from netaudit.vocabulary import SET_ASIDE

RANDOM = np.random.default_rng(0)
GAUSSIAN = torch.randn(300, 300, generator=torch.Generator().manual_seed(1))


def measure(weight):
    return ANALYSIS.measure(LayerContext(FCLayer("fc", weight), 0, torch.device("cpu")))


def words(finding):
    return "".join(span.text for item in present(finding, place()).explanation for span in item)


def read(payload):
    return msgspec.json.decode(msgspec.json.encode(payload), type=GaussianWeights)


@pytest.mark.parametrize(
    ("weight", "verdict", "family"),
    [
        (GAUSSIAN, "holds", "gaussian"),
        (torch.from_numpy(RANDOM.uniform(-1, 1, (300, 300))), "fails", "uniform"),
        (torch.from_numpy(RANDOM.laplace(size=(300, 300))), "fails", "laplace"),
        (torch.from_numpy(RANDOM.standard_t(3, (300, 300))), "fails", "student_t"),
    ],
    ids=["gaussian", "uniform", "laplace", "student t"],
)
def test_verdict_and_best_family_of_known_distributions(weight, verdict, family):
    finding = measure(weight)
    assert finding.verdict == verdict
    assert finding.alternatives[0].name == family
    assert set(finding.metrics) == set(METRICS)
    assert finding.value == finding.metrics["ks_gaussian"]
    low, high = finding.interval
    assert low <= finding.value <= high
    assert finding.reasons == {}
    assert read(finding) == finding


def test_degrees_of_freedom_and_units_of_the_fit():
    finding = measure(torch.from_numpy(RANDOM.standard_t(4, (300, 300))) * 0.01 + 3)
    best = finding.alternatives[0]
    assert (best.location, best.scale) == pytest.approx((3, 0.01), rel=0.02)
    assert best.degrees == pytest.approx(4, rel=0.1)
    assert best.gain == pytest.approx(finding.metrics["gain_over_gaussian"], rel=1e-5)


@pytest.mark.parametrize(("shape", "widened"), [((10, 10), True), ((200, 200), False)])
def test_the_tolerance_widens_for_small_layers_and_says_so(shape, widened):
    finding = measure(torch.randn(shape, generator=torch.Generator().manual_seed(1)))
    [condition], [null] = finding.conditions, finding.nulls
    assert (condition.limits[1] == 2 * null.q99 > TOLERANCE) is widened
    assert finding.rule.widened is widened
    assert ("widened to twice the range" in words(finding)) is widened
    assert f"interval is at most {condition.limits[1]:.3g};" in words(finding)


@pytest.mark.parametrize(
    ("weight", "why"),
    [
        (torch.zeros(40, 50), "constant 0"),
        (torch.full((40, 50), 0.02), "constant 0.02"),
        (torch.full((40, 50), float("nan")), "NaN"),
        (torch.full((40, 50), float("inf")), "NaN or infinite"),
        (torch.zeros(0, 50), "empty"),
    ],
)
def test_weights_that_cannot_be_judged_say_why(weight, why):
    context = LayerContext(FCLayer("fc", weight), 0, torch.device("cpu"))
    finding = ANALYSIS.not_applicable(missing_of_layer(ANALYSIS.needs, context))
    assert finding.verdict == "not_applicable"
    assert why in finding.note
    assert finding.metrics == dict.fromkeys(METRICS)
    assert all(why in reason for reason in finding.reasons.values())


def test_too_few_weights():
    finding = measure(GAUSSIAN[:3, :10].contiguous())
    assert words(finding) == "Gaussian weights – not applicable. Fewer than 32 weights."
    presented = present(finding, place())
    assert presented.figures == presented.tables == ()


def test_a_pruned_layer_is_judged_on_its_other_weights():
    finding = measure(GAUSSIAN * (torch.rand(300, 300, generator=torch.Generator().manual_seed(2)) > 0.25))
    assert finding.verdict == "holds"
    assert finding.warnings == (SET_ASIDE,)
    assert finding.metrics["share_zero"] == pytest.approx(0.25, abs=0.01)
    assert finding.metrics["share_judged"] == 1 - finding.metrics["share_zero"]
    assert finding.metrics["ks_gaussian_as_stored"] == pytest.approx(0.125, abs=0.01)  # half of the zeros
    assert finding.alternatives[0].name == "gaussian"
    assert "set aside first: this is of the 7" in words(finding)
    assert "set aside" not in words(measure(GAUSSIAN))


def test_zeros_of_a_lattice_are_left_out_of_the_fits():
    finding = measure((GAUSSIAN * 20).round() / 20)
    assert MIDDLE_OF_STEPS in finding.warnings
    assert SET_ASIDE not in finding.warnings
    assert "of the weights are exactly 0; the fits are of the others." in words(finding)


@pytest.mark.parametrize(("levels", "verdict"), [(15, "holds"), (31, "holds"), (255, "holds"), (2, "fails")])
def test_quantised_weights_are_judged_at_the_middle_of_their_steps(levels, verdict):
    step = GAUSSIAN.abs().max() / (levels // 2)
    finding = measure(GAUSSIAN.sign() if levels == 2 else (GAUSSIAN / step).round() * step)
    assert finding.verdict == verdict
    assert bool(finding.alternatives) == (levels >= 16)
    jump = float(step) / 2 * 0.3989
    if levels != 2:
        assert finding.metrics["ks_gaussian_as_stored"] == pytest.approx(jump, rel=0.1, abs=0.002)
        assert finding.metrics["ks_gaussian"] < 0.013
    assert "the middle of each step" in words(finding)
    assert finding.decisive.level == 0.99


def test_a_layer_with_nothing_left_says_so():
    weight = torch.zeros(40, 50)
    weight[3, 4] = 2.0
    finding = measure(weight)
    assert finding.verdict == "not_applicable"
    assert "set aside" in finding.note


def test_the_largest_float64_weights_can_be_read_back():
    finding = measure(GAUSSIAN.double().clip(-3, 3) * 5e307)
    assert finding.verdict == "holds"
    assert finding.alternatives[0].scale == pytest.approx(5e307, rel=0.01)
    assert read(finding) == finding
    [table] = present(finding, place()).tables
    assert table.rows[0][2].text.endswith("× 10³⁰⁷")


def test_what_the_report_says():
    finding = example("fails")
    text = words(finding)
    tails = finding.metrics["share_beyond_4std"] / finding.metrics["gaussian_share_beyond_4std"]
    for piece in (
        "Gaussian weights × fails. The weights' distribution function differs from a Gaussian's by at most 0.043; ",
        f"excess kurtosis {finding.metrics['excess_kurtosis']:.3g}, ",
        f" {tails:.0f} times a Gaussian's share beyond 4 standard deviations. ",
        "A Student-t distribution with 6.5 degrees of freedom fits better, by 0.012 nats a weight.",
        "Rule “equivalence with a Gaussian”: holds if KS distance to the Gaussian with its interval is at most 0.02; "
        "fails if all of the interval lies above; undecided otherwise.",
        "Origin of the tolerance: netaudit convention: 2 percentage points of probability.",
        "Gaussian null: 40 draws (Gaussian sample of that size, mean and variance fitted, tabulated), median 0.0013.",
    ):
        assert piece in text
    assert "No simple alternative fits better." in words(example("holds"))


def test_what_is_beyond_a_hundred_is_written_in_full():
    metrics = dict(example("fails").metrics) | {"excess_kurtosis": 1234.5, "share_beyond_4std": 0.006796}
    text = words(example("fails", metrics=metrics))
    assert "excess kurtosis 1,234, 107 times a Gaussian's share" in text


def test_a_metric_that_is_missing_is_no_zero():
    text = words(example("fails", metrics=dict(example("fails").metrics) | {"ks_gaussian": None, "share_zero": None}))
    assert "differs from a Gaussian's by at most –;" in text
    assert "exactly 0" not in text


def test_figure_and_table():
    finding = example("fails")
    presented = present(finding, place("<fc>"))
    [figure], [table] = presented.figures, presented.tables
    assert figure.stem == "weights"
    assert figure.caption.startswith("Weights of layer <fc>. Left: histogram and the fitted Gaussian. Right: quantiles")
    assert figure.caption.endswith("% of the weights lie outside the range shown.")
    assert figure.alt.startswith(figure.caption)
    assert "The histogram peaks at a density of 0." in figure.alt
    assert " the Gaussian at 0.398. The outermost quantiles are −" in figure.alt
    assert figure.alt.endswith("; the Gaussian's are −2.81 and 2.81.")
    assert "Distributions fitted to the non-zero weights of layer <fc>, best first." in table.caption
    assert [span.text for span in table.rows[0]] == ["Student-t, 6.5 degrees", "0", "0.04", "0.012"]
    assert [span.text for span in table.rows[2]] == ["uniform", "0", "0.2", "−0.8"]


def test_the_figure_has_both_panels_or_the_histogram_alone():
    finding = example("holds")
    [figure] = present(finding, place()).figures
    assert 10_000 < len(svg(figure)) < 100_000
    one_bin = GaussianCurve((0.0, 1.0), (0.0,), (0.0,), (0.0, 0.0), Quantiles((), ()))
    [alone] = present(example("holds", curve=one_bin), place()).figures
    assert "outermost" not in alone.alt
    assert "outside the range" not in alone.caption
    assert len(svg(alone)) < len(svg(figure))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["curve"].pop("density"),
        lambda p: p["curve"].pop("clipped"),
        lambda p: p["curve"]["qq"].pop("sample"),
        lambda p: p["curve"].update(edges=[0, 1]),
        lambda p: p["curve"].update(edges=[0], density=[], gaussian=[]),
        lambda p: p["curve"].update(edges=list(range(80, -1, -1))),
        lambda p: p["curve"].update(density=[1e101] * 80),
        lambda p: p["curve"].update(density=["0.1"] * 80),
        lambda p: p["curve"].update(clipped=[0, 2]),
        lambda p: p["curve"]["qq"].update(theoretical=[0.0] * 601, sample=[0.0] * 601),
        lambda p: p["curve"].update(other=1),
        lambda p: p["alternatives"][0].update(name="<b>"),
        lambda p: p["alternatives"][0].pop("scale"),
        lambda p: p["alternatives"][0].update(gain=None),
        lambda p: p.update(alternatives=p["alternatives"] * 50),
        lambda p: p["metrics"].update(share_beyond_4std=10**400),
    ],
)
def test_what_does_not_fit_is_refused(change):
    fields = msgspec.to_builtins(example("fails"))
    assert msgspec.convert(fields, type=GaussianWeights) == example("fails")
    change(fields)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, type=GaussianWeights)


def test_a_finding_with_nothing_in_it_is_presented():
    bare = GaussianWeights(verdict="fails", metrics={})
    assert "differs from a Gaussian's by at most –" in words(read(bare))


@pytest.mark.parametrize(
    ("law", "std", "n", "draws"),
    [
        (stats.norm(), 1.0, 1024, 300),
        (stats.uniform(-1, 2), 3**-0.5, 1024, 300),
        (stats.t(5), (5 / 3) ** 0.5, 1024, 300),
        (stats.t(3), 3**0.5, 1024, 300),
        (stats.t(3), 3**0.5, 65_536, 60),
    ],
)
def test_the_interval_covers_the_distance_of_the_law_as_often_as_it_says(law, std, n, draws):
    """At 99 % nominal: with the noise of Gaussian samples alone it is 89 % and 65 % for t(3)."""
    z = np.linspace(-8, 8, 200_001)
    truth = np.abs(law.cdf(z * std) - stats.norm.cdf(z)).max()
    covered = 0
    for seed in range(draws):
        x = law.rvs(n, random_state=np.random.default_rng([11, seed]))
        finding = describe(torch.from_numpy(x))
        low, high = interval(distance_of(finding), finding)
        covered += low <= truth <= high
    assert covered / draws >= 0.96

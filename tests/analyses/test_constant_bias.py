"""H2: what is measured of biases whose truth is known, and what the report says of it."""

import msgspec
import pytest
import torch
from synthetic.constant_bias import example
from synthetic.drawing import svg
from synthetic.places import place

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.constant_bias import ANALYSIS
from netaudit.analyses.layer.constant_bias.payload import METRICS, TOLERANCE, BiasCurve, ConstantBias
from netaudit.analyses.layer.constant_bias.present import method, present
from netaudit.analyses.needs import missing_of_layer
from netaudit.network.layers import FCLayer
from netaudit.report.document.formulas import formulas

WEIGHT = torch.randn(400, 100, generator=torch.Generator().manual_seed(0)) * 0.1


def context(bias, scale=None, weight=WEIGHT):
    return LayerContext(FCLayer("b", weight, bias), 0, torch.device("cpu"), preactivation_scale=scale)


def measure(bias, scale=None, weight=WEIGHT):
    return ANALYSIS.measure(context(bias, scale, weight))


def noise(std):
    return torch.randn(400, generator=torch.Generator().manual_seed(1)) * std


def words(finding):
    return "".join(span.text for item in present(finding, place()).explanation for span in item)


def read(payload):
    return msgspec.json.decode(msgspec.json.encode(payload), type=ConstantBias)


@pytest.mark.parametrize(
    ("bias", "scale", "verdict"),
    [
        (torch.zeros(400), None, "holds"),
        (torch.full((400,), 0.1), None, "holds"),
        (noise(0.05) + 1, None, "holds"),
        (noise(0.5) + 1, None, "undecided"),
        (noise(0.01), None, "undecided"),  # near 0: only real inputs can tell
        (noise(0.05), 1.0, "holds"),
        (noise(1) / noise(1).std(correction=0) * 0.0999, 1.0, "holds"),  # known exactly: no interval
        (noise(1) / noise(1).std(correction=0) * 0.1001, 1.0, "fails"),
        (noise(0.5), 1.0, "fails"),
        (noise(0.5) + 100, 1.0, "fails"),  # constant against its median, not against what it shifts
    ],
)
def test_verdicts(bias, scale, verdict):
    finding = measure(bias, scale)
    assert finding.verdict == verdict
    assert finding.interval == (finding.value, finding.value)
    assert finding.value == finding.metrics[finding.statistic]
    assert finding.decisive.level is None
    assert set(finding.metrics) == set(METRICS)
    assert set(finding.reasons) == {name for name, value in finding.metrics.items() if value is None}
    assert read(finding) == finding


@pytest.mark.parametrize(
    ("bias", "why"),
    [
        (torch.full((400,), float("nan")), "The bias holds NaN or infinite values."),
        (torch.full((400,), float("inf")), "The bias holds NaN or infinite values."),
        (torch.full((400,), 1e101, dtype=torch.float64), "The bias holds values beyond 1e+100."),
    ],
)
def test_a_bias_that_cannot_be_judged_says_why(bias, why):
    finding = measure(bias)
    assert finding.metrics == dict.fromkeys(METRICS)
    assert words(finding) == f"Constant bias – not applicable. {why}"
    assert present(finding, place()).figures == ()


def test_no_bias_and_a_single_one():
    assert missing_of_layer(ANALYSIS.needs, context(None)) == "the layer has no bias"
    assert missing_of_layer(ANALYSIS.needs, context(noise(1))) is None
    assert measure(None).note == "The layer has no bias."
    assert measure(torch.ones(1), weight=WEIGHT[:1]).note == "The layer has a single bias."


def test_metrics_with_real_inputs():
    finding = measure(noise(0.1), 2.0)
    metrics = finding.metrics
    assert finding.statistic == "std_over_preactivation_scale"
    assert metrics["std_over_preactivation_scale"] == pytest.approx(0.05, rel=0.1)
    assert metrics["share_within_10pct_of_scale"] == pytest.approx(0.954, abs=0.03)
    assert metrics["share_negative"] == pytest.approx(0.5, abs=0.08)
    assert metrics["mad"] == pytest.approx(0.6745 * 0.1, rel=0.15)
    low, high = finding.curve.band
    assert high - low == pytest.approx(2 * TOLERANCE * 2, rel=0.05)
    assert list(finding.curve.bias) == sorted(finding.curve.bias)


@pytest.mark.parametrize("scale", [None, 0.0, float("inf")])
def test_without_a_scale_the_reason_is_given(scale):
    """The scale takes real inputs, and weights that make something of them."""
    finding = measure(noise(0.05), scale)
    assert finding.verdict == "undecided"
    assert finding.metrics["std_over_preactivation_scale"] is None
    reason = finding.reasons["std_over_preactivation_scale"]
    assert reason == finding.reasons["share_within_10pct_of_scale"] == "needs_data"
    assert ANALYSIS.labels[reason] == "needs real inputs to the layer (--data)"
    assert "real inputs to the layer (--data)" in words(finding)


def test_a_median_of_zero_leaves_nothing_to_judge_by():
    finding = measure(torch.tensor([-1.0, 0.0, 0.0, 1.0] * 100))
    assert (finding.verdict, finding.conditions) == ("undecided", ())
    reason = finding.reasons["std_over_abs_median"]
    assert ANALYSIS.labels[reason] == "the median is 0"
    assert "without real inputs to the layer its scale is unknown (median 0); 25% are negative." in words(finding)
    assert "Rule “constant against its own median”" in words(finding)


def test_what_the_report_says_with_real_inputs():
    text = words(measure(noise(0.5), 1.0))
    for piece in (
        "Constant bias × fails. The biases have standard deviation 0.51, 0.51 of the pre-activation scale; ",
        "% are negative. Rule “constant against the pre-activation scale”: holds if std(b) is at most 0.1 of "
        "the root mean square of A x, without the bias, over the units and real inputs; fails otherwise. ",
        "Origin of the tolerance: netaudit convention: 10% of the scale.",
    ):
        assert piece in text


def test_what_the_report_says_without():
    text = words(example("undecided"))
    assert ", without real inputs to the layer its scale is unknown (median 0.0" in text
    assert "holds if std(b) is at most 0.1 |median(b)|; undecided otherwise: that takes real inputs to" in text
    assert "Every bias is 0.1." in words(measure(torch.full((400,), 0.1)))


def test_figure():
    finding = example("holds", data=True)
    [figure] = present(finding, place("<fc>")).figures
    curve = finding.curve
    assert figure.stem == "biases"
    assert figure.caption == (
        f"Biases of layer <fc>, sorted, with their median {curve.median:.4g} and the band {curve.band[0]:.4g} to "
        f"{curve.band[1]:.4g} that counts as constant."
    ).replace("-", "−")
    assert figure.alt == f"{figure.caption} They run from {curve.bias[0]:.4g} to {curve.bias[-1]:.4g}."
    assert svg(figure).startswith("<svg")


@pytest.mark.parametrize(
    "curve",
    [
        BiasCurve((0.5,), (0.0,), 0.0, (0.0, 0.0)),
        BiasCurve((0.2, 0.8), (1e-30, 1e90), 1.0, (0.9, 1.1)),
        BiasCurve((0.5,), (0.1,), 0.1, (0.1, 0.1)),
    ],
)
def test_odd_curves_are_drawn(curve):
    [figure] = present(example("holds", curve=curve), place()).figures
    assert svg(figure).startswith("<svg")


def test_a_band_too_wide_to_draw_is_left_out():
    finding = measure(torch.ones(400) * torch.arange(400), 1e200)
    assert (finding.verdict, finding.curve) == ("holds", None)
    assert read(finding) == finding
    assert present(finding, place()).figures == ()
    assert words(finding).endswith(" No figure: the band that counts as constant is too wide to draw.")


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["curve"].pop("median"),
        lambda p: p["curve"].update(bias="0123"),
        lambda p: p["curve"].update(bias=[0.0]),
        lambda p: p["curve"].update(probability=[], bias=[]),
        lambda p: p["curve"].update(probability=[0.0] * 601, bias=[0.0] * 601),
        lambda p: p["curve"].update(median=None),
        lambda p: p["curve"].update(median=True),
        lambda p: p["curve"].update(median=float("nan")),
        lambda p: p["curve"].update(median=10**400),
        lambda p: p["curve"].update(band=[0, 1, 2]),
        lambda p: p["curve"].update(band=[0, 1e101]),
        lambda p: p.update(verdict="perhaps"),
        lambda p: p.update(other=1),
    ],
)
def test_what_does_not_fit_is_refused(change):
    fields = msgspec.to_builtins(example("undecided"))
    assert msgspec.convert(fields, type=ConstantBias) == example("undecided")
    change(fields)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, type=ConstantBias)


def test_a_finding_with_nothing_in_it_is_presented():
    assert "The biases have standard deviation –" in words(read(ConstantBias(verdict="fails", metrics={})))


def test_the_formula_of_the_method_has_the_tolerance():
    assert "{bias_rule}" in "".join(block for block in method().blocks if isinstance(block, str))
    assert f" {TOLERANCE} " in formulas()["bias_rule"].typst

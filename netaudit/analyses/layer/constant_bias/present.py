"""H2 in words and a figure."""

from __future__ import annotations

from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.constant_bias.figure import draw
from netaudit.analyses.layer.constant_bias.payload import (
    AGAINST_PREACTIVATIONS,
    TOLERANCE,
    BiasCurve,
    ConstantBias,
)
from netaudit.analyses.presenting import RuleWords, explain
from netaudit.report.document.model import Figure, Method, Presentation, Span
from netaudit.text import number, percent


def present(finding: ConstantBias, place: Place) -> Presentation:
    """What the report says of H2 about one layer."""
    words = explain("Constant bias", finding, note(finding), _rule(finding))
    if finding.curve is not None:
        return Presentation(explanation=(words,), figures=(_figure(finding.curve, place),))
    if finding.verdict != "not_applicable":
        words += (Span(" No figure: the band that counts as constant is too wide to draw.", "soft"),)
    return Presentation(explanation=(words,))


def note(finding: ConstantBias) -> str:
    """What was found, in sentences; empty where nothing was judged."""
    if finding.verdict == "not_applicable":
        return ""
    metrics = finding.metrics
    if metrics.get("std") == 0:
        return f"Every bias is {number(metrics.get('median'), 6)}."
    against = (
        f"{number(metrics.get('std_over_preactivation_scale'), 2)} of the pre-activation scale"
        if _has_data(finding)
        else f"without real inputs to the layer its scale is unknown (median {number(metrics.get('median'), 2)})"
    )
    return (
        f"The biases have standard deviation {number(metrics.get('std'), 2)}, {against}; "
        f"{percent(metrics.get('share_negative'))} are negative."
    )


def _has_data(finding: ConstantBias) -> bool:
    return finding.rule is not None and finding.rule.name == AGAINST_PREACTIVATIONS


def _rule(finding: ConstantBias) -> RuleWords | None:
    if finding.rule is None:
        return None
    origin = f"netaudit convention: {percent(TOLERANCE)} of the scale"
    if _has_data(finding):
        return RuleWords(
            "constant against the pre-activation scale",
            f"holds if std(b) is at most {number(TOLERANCE)} of the root mean square of A x, without the bias, over "
            "the units and real inputs; fails otherwise",
            origin,
        )
    return RuleWords(
        "constant against its own median",
        f"holds if std(b) is at most {number(TOLERANCE)} |median(b)|; undecided otherwise: "
        "that takes real inputs to the layer (--data), which gates of cells do not get",
        origin,
    )


def _figure(curve: BiasCurve, place: Place) -> Figure:
    caption = (
        f"Biases of {place.name}, sorted, with their median {number(curve.median)} and the band "
        f"{number(curve.band[0])} to {number(curve.band[1])} that counts as constant."
    )
    alt = f"They run from {number(min(curve.bias))} to {number(max(curve.bias))}."
    return Figure("biases", caption, f"{caption} {alt}", partial(draw, curve))


def method() -> Method:
    """H2's part of the method."""
    return Method(
        (
            "The biases of the gates are essentially constant: {bias_rule}. With real inputs their spread is compared "
            "with the scale of the pre-activations that they shift, {preactivation}, the root mean square of {A} times "
            "the input over the units and inputs, without the bias. Without inputs, biases near zero cannot be told "
            "from constant ones, and the verdict is undecided. The biases are all that there are, so that their spread "
            "is known exactly and has no interval.",
        ),
        sentence=(
            "Whether the biases are essentially constant (H2) was judged by their spread relative to the scale of the "
            "pre-activations, where real inputs were given, and to their median."
        ),
    )

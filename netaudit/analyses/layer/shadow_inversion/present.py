"""H4 in words, a table and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.shadow_inversion.figure import draw
from netaudit.analyses.layer.shadow_inversion.labels import LABELS
from netaudit.analyses.layer.shadow_inversion.payload import (
    LARGEST_ERROR,
    TOLERANCE,
    InversionCurve,
    Recovered,
    ShadowInversion,
    Start,
)
from netaudit.analyses.presenting import WIDENED, RuleWords, explain
from netaudit.report.document.model import Column, Equation, Figure, Method, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import NONE, count, number

STARTS: dict[Start, str] = {
    "real": "real, through the layer",
    "synthetic": "synthetic, through the layer",
    "gaussian": "real, through a Gaussian matrix",
}


def present(finding: ShadowInversion, place: Place) -> Presentation:
    """What the report says of H4 about one layer."""
    words = explain("Shadow inversion", finding, note(finding), _rule(finding), "Gaussian layer, same grid")
    drawn = finding.curve is not None and bool(finding.curve.drawn)
    if not drawn and finding.verdict != "not_applicable":
        words += (Span(" No figure: no cell of the grid has both a measured and a predicted error.", "soft"),)
    return Presentation(
        explanation=(words,),
        figures=(_figure(finding.curve, place),) if finding.curve is not None and drawn else (),
        blocks=(_activations(finding.recovered, place),) if finding.recovered else (),
    )


def note(finding: ShadowInversion) -> str:
    """What was found, in sentences; empty where nothing was judged."""
    if finding.verdict == "not_applicable":
        return ""
    metrics = finding.metrics
    text = (
        f"Off the support the layer returns {number(metrics.get('cross_talk_inflation'), 3)} times the cross-talk of a "
        f"random-like layer, the gain is {number(metrics.get('gain'), 3)}, and the error is "
        f"{number(metrics.get('relative_error_ratio'), 3)} times the prediction; the support is recovered with AUC "
        f"{number(metrics.get('support_auc'), 3)} (independent matrix: "
        f"{number(metrics.get('control_support_auc'), 3)})."
    )
    cosine = {row.kind: number(row.cosine, 2) for row in finding.recovered if row.rho == 1}
    if not cosine:
        return text
    return (
        f"{text} Real activations come back with cosine {cosine.get('real', NONE)}, through a Gaussian matrix with "
        f"{cosine.get('gaussian', NONE)}; synthetic ones as sparse with {cosine.get('synthetic', NONE)}."
    )


def _rule(finding: ShadowInversion) -> RuleWords | None:
    if finding.rule is None:
        return None
    limits = ", ".join(
        f"{LABELS.get(condition.statistic, condition.statistic)} {number(condition.limits[1], 3)}"
        for condition in finding.conditions
    )
    return RuleWords(
        "equivalence with a random-like layer",
        f"holds if each, with its interval, is within this factor of 1: {limits}; fails if all of one interval lies "
        "beyond; undecided otherwise",
        f"netaudit convention: a factor of {number(TOLERANCE)}" + (WIDENED if finding.rule.widened else ""),
    )


def _figure(curve: InversionCurve, place: Place) -> Figure:
    caption = (
        f"Shadow error of {place.name}: measured (points) and predicted for a Gaussian matrix (lines), over the "
        "sparsity k and the keep probability ρ."
        + ("" if all(cell.used for cell in curve.drawn) else " Hollow points are left out of the medians.")
    )
    cells = "; ".join(
        f"k = {number(cell.k)}, ρ = {number(cell.rho)}: {number(round(cell.relative_error, 4))} measured, "
        f"{number(round(cell.predicted_relative_error, 4))} predicted"
        for cell in curve.drawn
    )
    return Figure("shadow_error", caption, f"{caption} {cells}.", partial(draw, curve))


def _activations(rows: Sequence[Recovered], place: Place) -> Table:
    """How the layer's real activations come back, beside synthetic ones and a Gaussian matrix."""
    titles = ("ρ", "Non-zeros", "Cosine", "Relative error", "Support AUC")
    return table(
        f"Real activations of {place.name} sent down and back ({count(rows[0].n, 'input')}), the layer as stored. "
        "Relative error after one gain for all.",
        [Column("h", wide=True), *(Column(title, numeric=True) for title in titles)],
        [
            (
                Span(STARTS[row.kind]),
                Span(number(row.rho)),
                *(Span(number(value, 3)) for value in (row.k, row.cosine, row.relative_error, row.support_auc)),
            )
            for row in rows
        ],
    )


def method() -> Method:
    """H4's part of the method."""
    return Method(
        (
            "The layer can be inverted on sparse outputs. Vectors {h} with {k} non-zeros, uniform on [½, 1] on a "
            "random support {S}, are sent down as shadows, with dropout that keeps each coordinate with probability "
            "{rho},",
            Equation("shadow"),
            "and forward again, {back}. The 2 is there because the ReLU keeps half of the mass. For a Gaussian {A} the "
            "cross-talk off the support is {off}, and on it {on}, with",
            Equation("cross_talk"),
            "These constants are sharp, so that measured figures can be set beside predicted ones. The *cross-talk "
            "inflation* is {inflation} and the *gain* is {gain}; both are 1 for a Gaussian matrix. The *relative "
            "error* is {relative}, at the constant offset {t} that minimises its prediction",
            Equation("error"),
            "which has a closed form, since for {normal_v}",
            Equation("moments"),
            "*Support recovery* compares {found} with {S}: area under the ROC curve, precision and recall. The "
            "*control* sends the shadow through an independent matrix, where recovery must drop to chance (an area of "
            "½). A metric is the median over the cells of the grid with {sparse}, {enough} and a predicted error of at "
            f"most {number(LARGEST_ERROR)}, beyond which every matrix does equally badly. With real inputs the layer's "
            "real activations are sent down and back too, through the layer as stored, beside synthetic ones with as "
            "many non-zeros and beside a Gaussian matrix; no verdict rests on that.",
        )
    )

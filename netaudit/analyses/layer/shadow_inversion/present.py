"""H4 in words, a table and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.shadow_inversion.figure import draw
from netaudit.analyses.layer.shadow_inversion.labels import LABELS
from netaudit.analyses.layer.shadow_inversion.payload import (
    FEWEST_INPUTS,
    LARGEST_ERROR,
    LEVEL,
    REAL,
    TOLERANCE,
    InversionCurve,
    Recovered,
    ShadowInversion,
    Start,
)
from netaudit.analyses.layer.shadow_inversion.words import line, note
from netaudit.analyses.presenting import WIDENED, RuleWords, explain
from netaudit.report.document.model import Column, Equation, Figure, Method, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, number, percent

STARTS: dict[Start, str] = {
    "stored": "real, the layer as stored",
    "own_bias": "real, as stored with its own bias",
    "gauge": "real, in the fixed gauge",
    "permuted": "entries permuted, in the fixed gauge",
    "corrected": "real, corrected reverse pass",
    "gaussian": "real, through Gaussian matrices",
}


def present(finding: ShadowInversion, place: Place) -> Presentation:
    """What the report says of H4 about one layer."""
    words = explain("Shadow inversion", finding, note(finding), _rule(finding), _drawn(finding))
    drawn = finding.curve is not None and bool(finding.curve.drawn)
    if not drawn and finding.verdict != "not_applicable":
        words += (Span(" No figure: no cell of the grid has both a measured and a predicted error.", "soft"),)
    return Presentation(
        line=line(finding),
        explanation=(words,),
        figures=(_figure(finding.curve, place),) if finding.curve is not None and drawn else (),
        blocks=(_activations(finding.recovered, place),) if finding.recovered else (),
    )


def _drawn(finding: ShadowInversion) -> str:
    return "Gaussian layers, the same activations" if finding.statistic == REAL else "Gaussian layers, the same cell"


def _rule(finding: ShadowInversion) -> RuleWords | None:
    if finding.rule is None:
        return None
    limits = ", ".join(
        f"{LABELS.get(condition.statistic, condition.statistic)} {number(condition.limits[1], 3)}"
        for condition in finding.conditions
    )
    draws = next((null.draws for null in finding.nulls if null.kind == "gaussian"), 0)
    spread = "1 % to 99 % quantiles" if draws >= 100 else "range"
    return RuleWords(
        "no worse than a random layer",
        f"holds if each, with its interval, is at most: {limits}; fails if all of one interval lies beyond; "
        f"undecided otherwise. Better than a random layer is no failure. An interval is a {percent(LEVEL)} bootstrap "
        f"over what was sent, or the {spread} of {count(draws, 'Gaussian layer')} where that is wider",
        f"netaudit convention: a factor of {number(TOLERANCE)}" + (WIDENED if finding.rule.widened else ""),
    )


def _figure(curve: InversionCurve, place: Place) -> Figure:
    caption = (
        f"Shadow error of {place.name} in the fixed gauge, at its own best offset: measured (points) and predicted "
        "for a Gaussian matrix (lines), over the sparsity k and the keep probability ρ."
        + ("" if all(cell.used for cell in curve.drawn) else " Hollow points: beyond what the theory speaks of.")
    )
    cells = "; ".join(
        f"k = {number(cell.k)}, ρ = {number(cell.rho)}: {number(round(cell.relative_error, 4))} measured, "
        f"{number(round(cell.predicted_relative_error, 4))} predicted"
        for cell in curve.drawn
    )
    return Figure("shadow_error", caption, f"{caption} {cells}.", partial(draw, curve))


def _activations(rows: Sequence[Recovered], place: Place) -> Table:
    """How the layer's real activations come back, beside their controls."""
    titles = ("ρ", "Cosine", "Centred", "Another's h", "Mean h", "Own nearest", "Relative error", "Support AUC")
    return table(
        f"Real activations of {place.name} sent down and back ({count(rows[0].n, 'input')}): the cosine of what comes "
        "back with what was sent, about the means over the inputs, and with another input's; the cosine of the mean "
        "activation with each. Relative error after one gain for all, of the corrected pass after a scale for each.",
        [Column("h", wide=True), *(Column(title, numeric=True) for title in titles)],
        [
            (
                Span(STARTS[row.kind]),
                Span(number(row.rho)),
                *(Span(number(v, 3)) for v in (row.cosine, row.centred_cosine, row.other_cosine, row.mean_cosine)),
                Span(percent(row.retrieval)),
                *(Span(number(v, 3)) for v in (row.relative_error, row.support_auc)),
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
            "inflation* is {inflation} and the *gain* is {gain}; both are 1 for a Gaussian matrix. Since the "
            "cross-talk goes as one over the number of inputs, one over the inflation is the share of its inputs with "
            "which a random layer would do the same. The *relative error* is {relative} at a constant offset {t}. The "
            "theorem says that there is such an offset: the layer's own is found on half of the vectors, and the error "
            "measured on the other half. The prediction is",
            Equation("error"),
            "at the offset that makes it smallest. It has a closed form, since for {normal_v}",
            Equation("moments"),
            "*Support recovery* compares {found} with {S}: area under the ROC curve, precision and recall. The "
            "*control* sends the shadow through an independent matrix, where recovery must drop to chance (an area of "
            "½).",
            "Multiplying a ReLU unit's incoming weights by a factor and dividing its outgoing ones by it changes no "
            "output of a network. So the layer is judged in the *fixed gauge*, its rows and columns scaled to equal "
            "norms (Sinkhorn and Knopp 1967). The *common mode*, the means of the columns, is taken out down to what "
            "independent entries have, and reported: for them the squares of the means add up to 1 in units of the "
            "variance over the number of rows. The *coherence* is the mean square cosine of two rows, times the number "
            "of inputs: 1 for independent entries. The figures are those of the largest {k} up to 2 % of the outputs "
            f"whose predicted error is at most {number(LARGEST_ERROR)}, without dropout; those of the layer as stored "
            "stand beside. Of the grid, the theory speaks of the cells with {sparse}, {enough} and such an error: "
            "beyond, every matrix does equally badly.",
            f"With {number(FEWEST_INPUTS)} real activations and more the verdict rests on these instead: on the part "
            "of each, about their mean, that does not come back, over the same part for Gaussian layers that are fed "
            "the same activations. The same activations with their entries permuted, another input's, the mean "
            "activation alone and how often the own one is nearest say what a high cosine is worth. The *corrected* "
            "reverse pass works in the fixed gauge without the common mode, and lets each singular value beyond the "
            "edge of the noise count only as much as the edge.",
        ),
        references=(
            "R. Sinkhorn and P. Knopp (1967). Concerning nonnegative matrices and doubly stochastic matrices. Pacific "
            "Journal of Mathematics 21, 343–348.",
        ),
        sentence=(
            "Whether a layer can be run in reverse (H4) was judged by sending sparse outputs down through the "
            "transposed weights and forward again [@arora2015], in the gauge in which rows and columns have equal "
            "norms [@sinkhorn1967], and by comparing the error with the one that a Gaussian layer of that shape would "
            "have."
        ),
        exceptions=_exceptions,
    )


def _exceptions(finding: ShadowInversion) -> list[str]:
    return ["no fixed gauge exists, and H4 was judged as stored"] if "no_unit_scales" in finding.warnings else []

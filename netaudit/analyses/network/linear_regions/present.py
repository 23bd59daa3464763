"""The head along segments in words, two tables and figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from statistics import median

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.linear_regions.figure import draw_flips, draw_plane, draw_segment
from netaudit.analyses.network.linear_regions.payload import (
    ERRORS,
    WORK,
    Ends,
    LinearRegions,
    PlanePicture,
    Segment,
    WholeNetwork,
)
from netaudit.report.document.model import Column, Figure, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, number, percent, shown_name
from netaudit.vocabulary import VERDICT_WORDS, VERDICTS, Verdict

ENDS: dict[Ends, str] = {
    "same_class": "inputs of one class",
    "other_class": "inputs of two classes",
    "inputs": "real inputs",
    "shadow": "an input and its shadow",
    "random": "random directions",
}
_LINE: dict[Ends, str] = {
    "other_class": "Between real inputs of two classes",
    "inputs": "Between real inputs",
    "same_class": "Between real inputs of one class",
    "shadow": "From real inputs to their shadows",
    "random": "From real inputs in random directions",
}
_JUDGED = "Neurons flip as in a random layer"
_ON_PAGE_ONE = 0.01
"""The sup-error of page one: what a printed curve shows."""


def present(found: LinearRegions, place: Place) -> Presentation:
    """What the report says of the pieces and of the neurons that are crossed."""
    tables = (_pieces(found),) if found.segments else ()
    return Presentation(
        line=line(found),
        facts=facts(found),
        figures=(*_figures(found),),
        blocks=(  # tables too wide to stand side by side
            Paragraph((Span(statement(found)),)),
            *((_behaviour(found),) if found.behaviour else ()),
            *tables,
            *((_flips(found),) if found.flips else ()),
        ),
    )


def line(found: LinearRegions) -> str:
    """How many pieces there are on the way between inputs, and how few would do."""
    kind = next((kind for kind in _LINE if _of(found, kind)), None)
    if kind is None:
        return ""
    pieces = [segment.pieces for segment in _of(found, kind)]
    few = _fewest(_of(found, kind), ERRORS.index(_ON_PAGE_ONE))
    some = number(min(pieces)) if min(pieces) == max(pieces) else f"{number(min(pieces))} to {number(max(pieces))}"
    return (
        f"{_LINE[kind]} {_what(found)} is a function of {some} linear pieces ({count(len(pieces), 'segment')}); "
        f"{number(few)} pieces would follow it to within {percent(_ON_PAGE_ONE)} of its range, in the median."
    )


def facts(found: LinearRegions) -> tuple[tuple[str, str], ...]:
    """The same in one row of a table."""
    rows = [kind for kind in _LINE if _of(found, kind)][:1]
    judged = ((_JUDGED, counted(found)),) if found.behaviour else ()
    return judged + tuple(
        (
            f"Linear pieces, {ENDS[kind]}",
            f"{number(median(segment.pieces for segment in _of(found, kind)))}, the median of "
            f"{count(len(_of(found, kind)), 'segment')}",
        )
        for kind in rows
    )


def statement(found: LinearRegions) -> str:
    """What was walked, and how near the first layer's boundaries are, in sentences."""
    what = _what(found)
    sentences = [
        f"{count(found.inputs, 'real input')} were used, which lie {number(found.apart, 3)} apart in the median at the "
        f"input of {what}."
    ]
    if not found.layers:
        sentences.insert(0, "The head has no hidden layers that could be walked, so that the whole network was.")
    if found.nearest is not None:
        low, middle, high = (number(value, 3) for value in found.nearest)
        sentences.append(
            f"The nearest boundary of the first layer is {middle} away from a real input in the median (5% to 95%: "
            f"{low} to {high})."
        )
    if found.behaviour:
        sentences.append(f"{_JUDGED}: {counted(found)}.")
    if not found.segments:
        sentences.append(_not_walked(found))
    if found.whole is not None:
        sentences.append(_whole(found.whole))
    return " ".join(sentences)


def _what(found: LinearRegions) -> str:
    """What was walked."""
    return "the head" if found.layers else "the whole network"


def _not_walked(found: LinearRegions) -> str:
    if found.layers:
        return "The head is too large to be walked exactly by default, so that its pieces are not counted."
    return (
        f"One segment of each kind from end to end would take more than the {number(WORK)} multiplications, about two "
        "seconds on one core, that an audit spends on them by default."
    )


def counted(found: LinearRegions) -> str:
    """How many hidden layers have each verdict."""
    verdicts: list[Verdict] = [row.verdict for row in found.behaviour]
    told = [verdict for verdict in VERDICTS if verdict in verdicts]
    return ", ".join(
        f"{VERDICT_WORDS[verdict]} in {number(n) if at else count(n, 'hidden layer')}"
        for at, verdict in enumerate(told)
        if (n := verdicts.count(verdict))
    )


def _of(found: LinearRegions, kind: Ends) -> list[Segment]:
    return [segment for segment in found.segments if segment.ends == kind]


def _fewest(segments: Iterable[Segment], error: int) -> float:
    return median(segment.fewest[error] for segment in segments)


def _figures(found: LinearRegions) -> list[Figure]:
    figures = []
    for drawn in sorted(found.drawn, key=lambda one: list(_LINE).index(one.ends))[:1]:
        caption = (
            f"The head along one segment between {ENDS[drawn.ends]}: the logit of the first end's class, and below it "
            "where neurons of each hidden layer change their state, which are its knots."
        )
        knots = ", ".join(f"layer {i + 1}: {number(sum(bins))}" for i, bins in enumerate(drawn.knots))
        alt = f"{caption} Knots by layer: {knots}."
        figures.append(Figure("linear_regions_segment", caption, alt, partial(draw_segment, drawn)))
    if found.plane is not None:
        figures.append(_plane(found.plane, len(found.layers)))
    if not found.flips:
        return figures
    caption = (
        "Share of the neurons of each hidden layer that are on at one end of a segment and off at the other, the mean "
        "over segments; and what a layer of Gaussian weights gives on the same inputs."
    )
    rows = "; ".join(
        f"layer {found.layers.index(row.layer) + 1}, {ENDS[row.ends]}: {percent(row.flipped)}, random layer "
        f"{percent(row.expected)}"
        for row in found.flips
    )
    return [*figures, Figure("linear_regions_flips", caption, f"{caption} {rows}.", partial(draw_flips, found, ENDS))]


def _plane(plane: PlanePicture, layers: int) -> Figure:
    caption = (
        f"The {count(plane.regions, 'linear region')} of the head on the triangle between three real inputs, "
        f"{percent(plane.share)} of each side from the first input on, counted exactly. Each edge has the colour of "
        "the hidden layer whose neuron changes its state there."
    )
    edges = "; ".join(f"layer {layer + 1}: {number(plane.edge_layer.count(layer))}" for layer in range(layers))
    return Figure(
        "linear_regions_plane", caption, f"{caption} Edges by layer: {edges}.", partial(draw_plane, plane, layers)
    )


def _whole(whole: WholeNetwork) -> str:
    """What was found of the whole network, in a sentence; why not, else."""
    if whole.pieces is None or whole.share is None:
        return whole.note
    return (
        f"The whole network, with {number(whole.neurons)} neurons and windows of max pooling in "
        f"{count(whole.layers, 'layer')}, has {count(whole.pieces, 'linear piece')} on the first "
        f"{percent(whole.share)} of the way between two real inputs, exactly: {number(whole.pieces / whole.share, 2)} "
        "on the whole way at this density."
    )


def _pieces(found: LinearRegions) -> Table:
    rows = [_row(kind, _of(found, kind)) for kind in ENDS if _of(found, kind)]
    titles = ("Segments", "Pieces", *(f"K at {number(error)}" for error in ERRORS), "Pieces / K", "First boundary")
    columns = [Column("Ends", wide=True), *(Column(title, numeric=True) for title in titles)]
    caption = (
        "Linear pieces along exact segments. Pieces: median, lowest and highest. K: the fewest pieces that follow the "
        "logit of the first end's class with a sup-error of that share of its range, the median. Pieces / K: at "
        f"{percent(_ON_PAGE_ONE)}, the median. First boundary: its distance from the first end, the median."
    )
    return table(caption, columns, rows)


def _behaviour(found: LinearRegions) -> Table:
    titles = ("Dispersion", "Random layers", "Excess", "Resolved")
    columns = [Column("Layer", wide=True), Column("Verdict"), *(Column(title, numeric=True) for title in titles)]
    rows = [
        (
            Span(shown_name(row.layer), "name"),
            Span(VERDICT_WORDS[row.verdict], row.verdict),
            Span(number(row.dispersion, 3)),
            Span(number(row.largest_drawn, 3)),
            Span(percent(row.excess)),
            Span(percent(row.resolved)),
        )
        for row in found.behaviour
    ]
    first = found.behaviour[0]
    caption = (
        f"Do the neurons flip as those of a random layer? Dispersion over {number(first.segments)} segments of all "
        f"kinds; random layers: the largest of {number(first.draws)} with Gaussian weights on the same inputs. Excess: "
        "how far the flips are from those expected, beyond the noise of independent neurons, in the flips expected; "
        f"{percent(first.tolerance)} is tolerated. Resolved: what the noise of a random layer can amount to."
    )
    return table(caption, columns, rows)


def _row(kind: Ends, segments: Sequence[Segment]) -> tuple[Span, ...]:
    pieces = [segment.pieces for segment in segments]
    ratios = [segment.pieces / segment.fewest[ERRORS.index(_ON_PAGE_ONE)] for segment in segments]
    first = [segment.first_boundary for segment in segments if segment.first_boundary is not None]
    return (
        Span(ENDS[kind]),
        Span(number(len(segments))),
        Span(f"{number(median(pieces))} ({number(min(pieces))} to {number(max(pieces))})"),
        *(Span(number(_fewest(segments, error))) for error in range(len(ERRORS))),
        Span(number(median(ratios), 3)),
        Span(number(median(first) if first else None, 3)),
    )


def _flips(found: LinearRegions) -> Table:
    titles = ("Flip", "Random layer", "Shuffled", "Dispersion", "… shuffled", "Crossed")
    rows = [
        (
            Span(shown_name(row.layer), "name"),
            Span(ENDS[row.ends]),
            *(Span(percent(share)) for share in (row.flipped, row.expected, row.shuffled)),
            *(Span(number(value, 3)) for value in (row.dispersion, row.shuffled_dispersion)),
            Span(percent(row.crossed)),
        )
        for row in found.flips
    ]
    columns = [Column("Layer", wide=True), Column("Ends"), *(Column(title, numeric=True) for title in titles)]
    caption = (
        "Neurons whose state differs at the two ends of a segment. Random layer: what Gaussian weights give with the "
        "same inputs and biases. Shuffled: the layer's own weights in random places. Dispersion: the squared "
        "difference of the flips from a random layer's, in the variance of independent neurons; 1 for a random layer. "
        "Crossed: the neurons that change their state at least once on the way, on the exact segments alone, which are "
        "fewer, so that it may lie below the flips. A shadow comes out of the layer's own weights, so that a random "
        "layer is no null for it."
    )
    return table(caption, columns, rows)

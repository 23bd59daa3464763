"""The fixed points of recurrent cells in words, tables and figures."""

from __future__ import annotations

from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.rnn_fixed_points.figure import draw_constants, draw_eigenvalues, draw_speed, draw_states
from netaudit.analyses.network.rnn_fixed_points.payload import CellPoints, HeldInput, Interval95, RnnFixedPoints
from netaudit.analyses.network.rnn_fixed_points.words import HELD, KINDS, NULLS, SOURCES, UNUSED, VERDICTS, against
from netaudit.report.document.model import Block, Column, Figure, Items, Pair, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import capital, count, names, number, sentence, shown_name

SHORT = 60
DRAWN = 2
"""Cells with figures."""
_SHOWN = 5
"""Fixed points of a cell and input in the table."""


def present(found: RnnFixedPoints, place: Place) -> Presentation:
    """What was looked at, the verdicts, the tables and the figures."""
    blocks: list[Block] = []
    if found.cells:
        blocks.append(Items(tuple((Span(words(cell)),) for cell in found.cells)))
        blocks += [_figures(cell, at) for at, cell in enumerate(found.cells[:DRAWN], start=1)]
        blocks += [_evidence(found), _directions(found), _nulls(found)]
        if any(held.points for cell in found.cells for held in cell.held):
            blocks.append(_points(found))
    for cell in found.left_out:
        blocks.append(Paragraph((Span(sentence(f"{shown_name(cell.name)} was not looked at: {cell.why}")),)))
    return Presentation(line=line(found), blocks=tuple(blocks))


def line(found: RnnFixedPoints) -> str:
    """The verdict of each cell, for page one."""
    said = [f"{shown_name(cell.name, SHORT)} {VERDICTS[held.verdict]}" for cell, held in _judged(found)]
    if not said:
        return "" if not found.left_out else f"No recurrent cell was looked at: {found.left_out[0].why}."
    return f"Recurrent cells ({_driven(found)}; the input then held at zero): {'; '.join(said)}."


def _driven(found: RnnFixedPoints) -> str:
    """By what the cells were driven, and why not by the real inputs that were given."""
    noise = [cell for cell in found.cells if cell.inputs == "noise"]
    if not noise:
        return "on real sequences"
    why = UNUSED[noise[0].unused] if noise[0].unused != "no_data" else ""
    if len(noise) < len(found.cells):
        return f"on real sequences, but {names([shown_name(cell.name, SHORT) for cell in noise])} on noise{why}"
    return f"driven by noise, not by real sequences{why}"


def _judged(found: RnnFixedPoints) -> list[tuple[CellPoints, HeldInput]]:
    return [(cell, held) for cell in found.cells for held in cell.held if held.verdict is not None]


def words(cell: CellPoints) -> str:
    """One cell in sentences: what it is, what drove it, and what stands against a line attractor."""
    sentences = [
        f"{shown_name(cell.name)}, {KINDS[cell.kind]} of {count(cell.units, 'unit')}, was driven by "
        f"{count(cell.sequences, 'sequence')} of {count(cell.length, 'step')} of {SOURCES[cell.inputs]}"
        f"{UNUSED[cell.unused]}."
    ]
    for held in cell.held:
        if held.verdict is None:
            continue
        points = f"{count(held.fixed, 'fixed point')} ({number(held.stable)} stable)"
        sentences.append(
            f"With the input held at {HELD[held.held]}, it {VERDICTS[held.verdict]}: {count(held.slow, 'slow point')} "
            f"and {points} were found from {count(held.starts, 'start')}.{_outside(held)}"
        )
        if held.against:
            sentences.append(f"Against a line attractor: {against(held.against)}.")
    if cell.readout is not None:
        sentences.append(f"The readout is that of {shown_name(cell.readout)}.")
    return " ".join(sentences)


def _outside(held: HeldInput) -> str:
    """What was dropped, since the states on the way are nowhere near."""
    if not held.outside:
        return ""
    return (
        f" {number(held.outside)} more {'end' if held.outside == 1 else 'ends'} of the search lay far from all states "
        f"of the sequences, and {'was' if held.outside == 1 else 'were'} dropped."
    )


def _figures(cell: CellPoints, at: int) -> Pair:
    held = cell.held[0]
    drawn, name = held.drawn, shown_name(cell.name, SHORT)
    colour = ", coloured by the readout" if drawn.readout else ""
    states = (
        f"States of {name} along the sequences{colour}, and its slow and fixed points with the input held at "
        f"{HELD[held.held]}, on the first two principal axes of the states. A stroke is the direction of the slowest "
        "mode."
    )
    found = f"{number(held.slow)} slow, {number(held.fixed)} fixed points; share of the first axis {_value(held.share)}"
    figures = [Figure(f"rnn_states_{at:03}", states, f"{states} {capital(found)}.", partial(draw_states, drawn))]
    if drawn.constants:
        where = "the fixed point with the most starts" if held.fixed else "the slowest point"
        plane = f"Eigenvalues of the Jacobian of {name} at {where}, and the unit circle, on which a mode never fades."
        shown = ", ".join(number(one, 3) for one in drawn.constants[:3])
        text = f"Time constants of {name} at {where}, descending, beside the length of a sequence."
        alt = f"The longest: {shown} steps; a sequence has {number(cell.length)}."
        constants = partial(draw_constants, drawn, cell.length)
        figures += [
            Figure(f"rnn_eigenvalues_{at:03}", plane, f"{plane} {alt}", partial(draw_eigenvalues, drawn)),
            Figure(f"rnn_constants_{at:03}", text, f"{text} {alt}", constants),
        ]
    speed = f"The speed q of {name} after each step of the inputs, if the input were held from there on; the median."
    ends = f"From {number(drawn.q[0], 2)} at the first step to {number(drawn.q[-1], 2)} at the last." if drawn.q else ""
    figures.append(Figure(f"rnn_speed_{at:03}", speed, f"{speed} {ends}", partial(draw_speed, drawn, cell.length)))
    return Pair(tuple(figures))


def _evidence(found: RnnFixedPoints) -> Table:
    titles = ("Slow", "Fixed", "Stable", "Share", "Slowest", "Gap", "Next")
    columns = [Column("Cell", wide=True), Column("Held"), Column("Verdict")]
    columns += [Column(title, numeric=True) for title in titles]
    caption = (
        "Slow and fixed points, and what the verdict rests on, with 95% intervals. Slow, fixed: distinct points with q "
        "of at most 1e-6 and 1e-12. Share: of the variance of the slow points on their first axis. Slowest: the "
        "slowest time constant in steps, the median. Gap: how many times as slow it is as the next. Next: the time "
        "constant of the next mode, in steps."
    )
    rows = [
        (
            *_place(cell, held),
            Span("not judged" if held.verdict is None else held.verdict.replace("_", " ")),
            *(Span(number(one)) for one in (held.slow, held.fixed, held.stable)),
            *(Span(_value(one)) for one in (held.share, held.slowest, held.gap, held.second)),
        )
        for cell in found.cells
        for held in cell.held
    ]
    return table(caption, columns, rows)


def _directions(found: RnnFixedPoints) -> Table:
    titles = ("Dimension", "Slow modes", "Tangent", "Readout")
    columns = [Column("Cell", wide=True), Column("Held"), *(Column(title, numeric=True) for title in titles)]
    caption = (
        "Where the slow points lie. Dimension: axes that they fill. Slow modes: modes that outlast a sequence. "
        "Tangent, readout: cosine of the slowest mode with the line of the points, and with the readout."
    )
    rows = [
        (
            *_place(cell, held),
            *(
                Span(number(one, 3))
                for one in (held.dimension, held.slow_modes, held.along_tangent, held.along_readout)
            ),
        )
        for cell in found.cells
        for held in cell.held
    ]
    return table(caption, columns, rows)


def _place(cell: CellPoints, held: HeldInput) -> tuple[Span, Span]:
    token = "" if held.token is None else f", {number(held.token)}"
    return Span(shown_name(cell.name), "name"), Span(f"{HELD[held.held]}{token}")


def _value(figure: Interval95 | None) -> str:
    if figure is None or figure.value is None:
        return number(None)
    return f"{number(figure.value, 3)} ({number(figure.low, 3)} to {number(figure.high, 3)})"


def _nulls(found: RnnFixedPoints) -> Table:
    titles = ("Draws", "Without points", "Share", "Slowest", "Gap")
    columns = [Column("Cell", wide=True), Column("Null"), *(Column(title, numeric=True) for title in titles)]
    rows = [
        (
            Span(shown_name(cell.name), "name"),
            Span(NULLS[null.kind]),
            *(Span(number(one)) for one in (null.draws, null.without_points)),
            *(Span(number(one, 3)) for one in (null.share, null.slowest, null.gap)),
        )
        for cell, held in _judged(found)
        for null in held.nulls
    ]
    caption = (
        "The same figures of cells that have not learned, with the input held at zero: the largest of the draws. "
        "Without points: draws that have no slow point, or diverge."
    )
    return table(caption, columns, rows)


def _points(found: RnnFixedPoints) -> Table:
    titles = ("Starts", "q", "Unstable modes", "Time constants", "Non-normality")
    columns = [Column("Cell", wide=True), Column("Held"), *(Column(title, numeric=True) for title in titles)]
    rows = [
        (
            *_place(cell, held),
            Span(number(point.starts)),
            Span(number(point.q, 2)),
            Span(number(point.unstable)),
            Span(", ".join(number(one, 3) for one in point.time_constants)),
            Span(number(point.non_normality, 3)),
        )
        for cell in found.cells
        for held in cell.held
        for point in held.points[:_SHOWN]
    ]
    caption = (
        "Fixed points, those with the most starts first, five of a cell and input at most. Unstable modes: eigenvalues "
        "outside the unit circle; 0 for a stable point. Time constants: the longest, in steps. Non-normality: of the "
        "slowest mode; 1 where an input moves the state along it by its own projection."
    )
    return table(caption, columns, rows)

"""The section on the line: the slow points, those of the nulls, and what else is called slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any, Literal

from netaudit.report.document.model import Block, Column, Pair, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.recurrent.charts import constants, groups, places, sources_of
from netaudit.studies.recurrent.words import KINDS, NULLS, SOURCES, Json, Networks, shares, spread, verdicts
from netaudit.text import number, percent

Held = Literal["zero", "mean"]
Get = Callable[[Json], float | None]


def section(networks: Networks) -> Section:
    """Lay the section out."""
    words = (
        "The state moves by itself while the input is held. A line attractor is a line of states at which it stands "
        "nearly still. The rule asks for all of: 90% of the variance of the slow points on one axis, a slowest mode "
        "that takes half a text to fade by a factor of e, and a next mode that is twice as fast and takes less than "
        "half a text, each with its whole interval; and the first three figures are above what networks reach that "
        "have not learned. It does not ask that the line is filled: a chain of stable and unstable points passes as "
        "well, and the longest hole between neighbours tells the two apart. Intervals here are over seeds."
    )
    blocks: tuple[Block, ...] = (
        Paragraph((Span(words),)),
        _evidence(networks, "zero", "The slow points while the input is held at zeros."),
        _evidence(networks, "mean", "The slow points while the input is held at the mean of all words."),
        _loose(networks),
        _nulls(networks),
        *_pairs([chart_figure(places(networks, source)) for source in sources_of(networks)]),
        *_pairs([chart_figure(constants(networks, source)) for source in sources_of(networks)]),
    )
    return Section("line", 1, "Is there a line attractor?", blocks)


def _evidence(networks: Networks, held: Held, caption: str) -> Table:
    def of(name: str) -> Get:
        return lambda one: one[held]["evidence"][name][0] if one[held]["evidence"] else None

    columns = (
        Column("Network", wide=True),
        Column("On one axis", numeric=True),
        Column("Slowest mode, in texts", numeric=True),
        Column("Next is faster by", numeric=True),
        Column("Next mode, in texts", numeric=True),
        Column("Longest hole", numeric=True),
        Column("Fixed points (stable)"),
        Column("Verdicts", wide=True),
    )
    cells: tuple[Callable[[Networks], str], ...] = (
        lambda own: shares(map(of("share"), own)),
        lambda own: spread(map(of("slowest"), own), (0, inf)),
        lambda own: spread(map(of("gap"), own), (1, inf)),
        lambda own: spread(map(of("second"), own), (0, inf)),
        lambda own: shares(map(of_point(held, "largest_hole"), own)),
        lambda own: ", ".join(_fixed(one[held]) for one in own),
        lambda own: verdicts([one[held]["verdict"] for one in own]),
    )
    return table(caption, columns, rows_of(networks, cells))


def _fixed(one: Json) -> str:
    found = one["evidence"]
    return f"{number(found['fixed'])} ({number(found['stable'])})" if found else "0 (0)"


def _loose(networks: Networks) -> Table:
    def of(name: str) -> Get:
        return lambda one: one["loose"]["evidence"][name][0] if one["loose"]["evidence"] else None

    def hole(one: Json) -> float | None:
        return one["loose"]["points"]["largest_hole"] if one["loose"]["points"] else None

    columns = (
        Column("Network", wide=True),
        Column("On one axis", numeric=True),
        Column("Slowest mode, in texts", numeric=True),
        Column("Next is faster by", numeric=True),
        Column("Longest hole", numeric=True),
    )
    cells: tuple[Callable[[Networks], str], ...] = (
        lambda own: shares(map(of("share"), own)),
        lambda own: spread(map(of("slowest"), own), (0, inf)),
        lambda own: spread(map(of("gap"), own), (1, inf)),
        lambda own: shares(map(hole, own)),
    )
    caption = (
        "The same at zeros, with points that count as slow up to q = 5 × 10⁻⁵, where the example of renn ends its "
        "search, in place of 10⁻⁶. No verdict rests on it."
    )
    return table(caption, columns, rows_of(networks, cells))


def of_point(held: Held, name: str) -> Get:
    """A figure of the slow points while an input is held."""
    return lambda one: one[held]["points"][name] if one[held]["points"] else None


def _nulls(networks: Networks) -> Table:
    def largest(own: Networks, null: str, name: str) -> float | None:
        """The mean over networks of the largest over draws."""
        drawn = [[draw[name] for draw in one["zero"]["nulls"][null] if draw and draw[name] is not None] for one in own]
        known = [max(values) for values in drawn if values]
        return sum(known) / len(known) if known else None

    def cell(null: str) -> Callable[[Networks], str]:
        return lambda own: (
            f"{percent(largest(own, null, 'share'))}, {number(largest(own, null, 'slowest'), 2)}, "
            f"{number(largest(own, null, 'gap'), 2)}"
        )

    columns = (Column("Network", wide=True), *(Column(told, numeric=True) for told in NULLS.values()))
    caption = (
        "The same figures of cells that have not learned, the largest of the draws, as means over networks: on one "
        "axis, slowest mode in texts, next is faster by."
    )
    return table(caption, columns, rows_of(networks, [cell(null) for null in NULLS]))


def rows_of(networks: Networks, cells: Sequence[Callable[[Networks], str]]) -> list[tuple[Span, ...]]:
    """A row a source and kind, a cell from its networks each."""
    return [
        (Span(f"{KINDS[kind]}, {SOURCES[source]}"), *(Span(cell(own)) for cell in cells))
        for source, kind, own in groups(networks)
    ]


def _pairs(figures: Sequence[Any]) -> Iterator[Block]:
    for start in range(0, len(figures), 2):
        both = tuple(figures[start : start + 2])
        yield Pair(both) if len(both) == 2 else both[0]

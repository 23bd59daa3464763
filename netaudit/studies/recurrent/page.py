"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from netaudit.report.document.model import Block, Column, Items, Pair, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.studies.recurrent.charts import constants, groups, places, sources_of
from netaudit.studies.recurrent.words import (
    KINDS,
    NULLS,
    SOURCES,
    Json,
    Networks,
    conclusion,
    expected,
    shares,
    spread,
    verdicts,
)
from netaudit.text import count, flat, number, percent, printable

Held = Literal["zero", "mean"]
Get = Callable[[Json], float | None]

_TASKS = {
    "flip_flop": ("flip-flop of three bits", "8 stable points"),
    "integrator": ("sum of the values of words", "a line attractor"),
    "two_integrators": ("two sums at once", "no line: a plane"),
    "last_word": ("value of the last word", "no line: nothing is kept"),
}


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out."""
    return StudyPage(
        stem="recurrent",
        title="How do recurrent networks add up what they read?",
        subtitle="Line attractors in networks that read film reviews, after Maheswaranathan et al. (arXiv:1906.10720)",
        description="Fixed points, slow modes and readouts of recurrent networks trained on sentiment, beside nulls.",
        sections=(
            Section("summary", 1, "Summary", (Items(tuple((Span(text),) for text in conclusion(data))),)),
            *([_accuracies(data), _lines(data["networks"]), _readouts(data["networks"])] if data["networks"] else []),
            *([_known(data["tasks"])] if data["tasks"] else []),
            _how(data),
        ),
        data=data,
    )


def _rows(networks: Networks, cells: Sequence[Callable[[Networks], str]]) -> list[tuple[Span, ...]]:
    return [
        (Span(f"{KINDS[kind]}, {SOURCES[source]}"), *(Span(cell(own)) for cell in cells))
        for source, kind, own in groups(networks)
    ]


def _accuracies(data: Json) -> Section:
    networks, bags = data["networks"], data["bags"]

    def bag(name: str) -> Callable[[Networks], str]:
        return lambda own: percent(bags[own[0]["source"]][name]) if own[0]["source"] in bags else percent(None)

    columns = (
        Column("Network", wide=True),
        Column("Networks", numeric=True),
        Column("Epochs", numeric=True),
        Column("Accuracy", numeric=True),
        Column("Words in random order", numeric=True),
        Column("Bag of words", numeric=True),
        Column("Larger class", numeric=True),
    )
    rows = _rows(
        networks,
        (
            lambda own: number(len(own)),
            lambda own: number(own[0]["epochs"]),
            lambda own: shares(one["accuracy"] for one in own),
            lambda own: shares(one["shuffled"]["accuracy"] for one in own),
            bag("accuracy"),
            bag("larger_class"),
        ),
    )
    words = (
        "A recurrent layer of 64 units reads a text word by word, and a linear readout tells from its last state "
        "whether the review is good. The bag of words is a logistic regression on how often each word comes: it cannot "
        "know their order. Accuracies are those of texts that were held out, as means over networks that differ in their "
        "seed, with 95% intervals."
    )
    caption = "How often the networks are right, beside a bag of words and the larger of the two classes."
    return Section(
        "accuracy", 1, "What the networks learned", (Paragraph((Span(words),)), table(caption, columns, rows))
    )


def _lines(networks: Networks) -> Section:
    words = (
        "The state moves by itself while the input is held. A line attractor is a line of states at which it stands "
        "nearly still. The rule asks for all of: 90% of the variance of the slow points on one axis, a slowest mode "
        "that takes half a text to fade by a factor of e, and a next mode that is twice as fast, each with its whole "
        "interval, and each above what networks reach that have not learned. It does not ask that the line is filled: "
        "a chain of stable and unstable points passes as well, and the longest hole between neighbours tells the two "
        "apart. Intervals here are over seeds."
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
        Column("Longest hole", numeric=True),
        Column("Fixed points (stable)"),
        Column("Verdicts", wide=True),
    )
    cells: tuple[Callable[[Networks], str], ...] = (
        lambda own: shares(map(of("share"), own)),
        lambda own: spread(map(of("slowest"), own)),
        lambda own: spread(map(of("gap"), own)),
        lambda own: shares(map(_point(held, "largest_hole"), own)),
        lambda own: ", ".join(_fixed(one[held]) for one in own),
        lambda own: verdicts([one[held]["verdict"] for one in own]),
    )
    return table(caption, columns, _rows(networks, cells))


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
        lambda own: spread(map(of("slowest"), own)),
        lambda own: spread(map(of("gap"), own)),
        lambda own: shares(map(hole, own)),
    )
    caption = (
        "The same at zeros, with points that count as slow up to q = 5 × 10⁻⁵, where the example of renn ends its "
        "search, in place of 10⁻⁶. No verdict rests on it."
    )
    return table(caption, columns, _rows(networks, cells))


def _point(held: Held, name: str) -> Get:
    return lambda one: one[held]["points"][name] if one[held]["points"] else None


def _nulls(networks: Networks) -> Table:
    def largest(null: str, name: str) -> Get:
        def of(one: Json) -> float | None:
            known = [draw[name] for draw in one["zero"]["nulls"][null] if draw and draw[name] is not None]
            return max(known) if known else None

        return of

    columns = [Column("Network", wide=True)]
    cells: list[Callable[[Networks], str]] = []
    for null, told in NULLS.items():
        for name, title in (("share", "axis"), ("slowest", "slowest"), ("gap", "next")):
            columns.append(Column(f"{told}: {title}", numeric=True))
            cells.append(_mean_of(largest(null, name)))
    caption = (
        "The same figures of cells that have not learned, the largest of the draws, as means over networks: share on "
        "one axis, slowest mode in texts, and how much faster the next is."
    )
    return table(caption, columns, _rows(networks, cells))


def _mean_of(get: Get) -> Callable[[Networks], str]:
    """The mean over the networks in which it is known, in words."""

    def shown(own: Networks) -> str:
        known = [value for value in map(get, own) if value is not None]
        return number(sum(known) / len(known) if known else None, 2)

    return shown


def _readouts(networks: Networks) -> Section:
    def alone(name: str, part: str = "zero") -> Get:
        return lambda one: one[part]["linear"][name] if one[part]["linear"] else None

    columns = (
        Column("Network", wide=True),
        Column("|cos|, readout and slow direction", numeric=True),
        Column("|cos|, tangent and slow direction", numeric=True),
        Column("Rank correlation with the bag of words", numeric=True),
        Column("before training", numeric=True),
        Column("R² of the sum", numeric=True),
        Column("before training", numeric=True),
    )
    cells: tuple[Callable[[Networks], str], ...] = (
        lambda own: spread(map(_point("zero", "readout_alignment"), own)),
        lambda own: spread(map(_point("zero", "tangent_alignment"), own)),
        lambda own: spread(map(alone("selectivity"), own)),
        lambda own: spread(map(alone("selectivity", "untrained"), own)),
        lambda own: spread(map(alone("integration"), own)),
        lambda own: spread(map(alone("integration", "untrained"), own)),
    )
    words = (
        "Near a slow point a word x moves the state along the slowest mode by l B (x − x*): l is the left vector of "
        "the mode, B the derivative by the input, and x* the input that is held. The moves of the 1,000 most frequent "
        "words are ranked and compared with the ranks of their coefficients in the bag of words; and the moves of the "
        "words of a text are added up and compared with the network's answer."
    )
    caption = "Does the slow mode add up valence, and does the readout look at it?"
    return Section(
        "readout", 1, "Valence", (Paragraph((Span(words),)), table(caption, columns, _rows(networks, cells)))
    )


def _known(tasks: Networks) -> Section:
    rows = []
    for name, (told, must) in _TASKS.items():
        own = [task for task in tasks if task["task"] == name]
        if own:
            stable = [task["evidence"]["stable"] if task["evidence"] else 0 for task in own]
            rows.append(
                (
                    Span(told),
                    Span(must),
                    Span(f"{number(sum(map(expected, own)))} of {number(len(own))}"),
                    Span(verdicts([task["verdict"] for task in own])),
                    Span(", ".join(map(number, stable))),
                    Span(spread(_slow_modes(task) for task in own)),
                    Span(spread(task["r2"] for task in own)),
                )
            )
    columns = (
        Column("Task", wide=True),
        Column("Must have", wide=True),
        Column("Has it"),
        Column("Verdicts", wide=True),
        Column("Stable points", numeric=True),
        Column("Slow modes", numeric=True),
        Column("R²", numeric=True),
    )
    caption = "GRUs of 32 units on tasks whose answer is known, in sequences of 30 steps."
    return Section("known", 1, "Tasks with known answers", (table(caption, columns, rows),))


def _slow_modes(task: Json) -> float | None:
    return task["points"]["slow_modes"] if task["points"] else None


def _how(data: Json) -> Section:
    pairs = [(f"Texts: {SOURCES[source]}", printable(bag["data"], 300)) for source, bag in data["bags"].items()]
    pairs += [("Networks that read texts", count(len(data["networks"]), "network"))]
    pairs += flat({"versions": data["versions"], "effort": data["effort"]})
    pairs += [pair for place, run in enumerate(data["runs"], 1) for pair in flat(run, f"run {place}.")]
    return Section("how", 1, "How it was run", (facts(pairs),))


def _pairs(figures: Sequence[Any]) -> Iterator[Block]:
    for start in range(0, len(figures), 2):
        both = tuple(figures[start : start + 2])
        yield Pair(both) if len(both) == 2 else both[0]

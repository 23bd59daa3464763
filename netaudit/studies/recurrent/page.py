"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netaudit.report.document.model import Column, Items, Paragraph, Section, Span
from netaudit.report.document.numbering import facts, table
from netaudit.studies.harness.page import StudyPage
from netaudit.studies.recurrent.lines import Get, of_point, rows_of, section
from netaudit.studies.recurrent.words import (
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

_COSINE = (0.0, 1.0)
"""Where |cos| and R² lie."""

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
            *([_accuracies(data), section(data["networks"]), _readouts(data["networks"])] if data["networks"] else []),
            *([_known(data["tasks"])] if data["tasks"] else []),
            _how(data),
        ),
        data=data,
    )


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
    rows = rows_of(
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
        "know their order. Accuracies are those of texts that were held out, as means over networks that differ in "
        "their seed, with 95% intervals."
    )
    caption = "How often the networks are right, beside a bag of words and the larger of the two classes."
    return Section(
        "accuracy", 1, "What the networks learned", (Paragraph((Span(words),)), table(caption, columns, rows))
    )


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
        lambda own: spread(map(of_point("zero", "readout_alignment"), own), _COSINE),
        lambda own: spread(map(of_point("zero", "tangent_alignment"), own), _COSINE),
        lambda own: spread(map(alone("selectivity"), own), (-1, 1)),
        lambda own: spread(map(alone("selectivity", "untrained"), own), (-1, 1)),
        lambda own: spread(map(alone("integration"), own), _COSINE),
        lambda own: spread(map(alone("integration", "untrained"), own), _COSINE),
    )
    words = (
        "Near a slow point a word x moves the state along the slowest mode by l B (x − x*): l is the left vector of "
        "the mode, B the derivative by the input, and x* the input that is held. The moves of the 1,000 most frequent "
        "words are ranked and compared with the ranks of their coefficients in the bag of words; and the moves of the "
        "words of a text are added up and compared with the network's answer."
    )
    caption = "Does the slow mode add up valence, and does the readout look at it?"
    return Section(
        "readout", 1, "Valence", (Paragraph((Span(words),)), table(caption, columns, rows_of(networks, cells)))
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
                    Span(", ".join(number(_slow_modes(task)) for task in own)),
                    Span(spread((task["r2"] for task in own), (-1, 1))),
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

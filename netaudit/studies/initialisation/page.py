"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.analyses.layer.initialisation.words import in_words
from netaudit.report.document.model import Column, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.studies.harness.page import StudyPage
from netaudit.text import count, flat, number, percent, size

_SIGNS = {"noticed": "With biases", "weights_noticed": "Weights alone", "trained": "Called trained"}


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out."""
    return StudyPage(
        stem="initialisation",
        title="Trained, or still at its initialisation?",
        subtitle="How often is a start not recognised, and from which step is training seen?",
        description="False alarms and power of netaudit's test of the initialisation.",
        sections=(_summary(data), _false_alarms(data["draws"]), _power(data["training"]), _how(data)),
        data=data,
    )


def _summary(data: Mapping[str, Any]) -> Section:
    layers, alarms = _totals(data["draws"])
    words = (
        f"{number(layers)} layers were drawn by every start on the list, in six shapes and four types of numbers, and "
        f"not trained. {count(alarms, 'layer')} of them ({percent(alarms / layers)}) failed the test; at most 1% may."
    )
    return Section("summary", 1, "Summary", (Paragraph((Span(words, "strong"),)),))


def _totals(draws: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    return sum(cell["layers"] for cell in draws), sum(len(cell["alarms"]) for cell in draws)


def _false_alarms(draws: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (
            Span(size(cell["shape"])),
            Span(cell["dtype"]),
            Span(number(cell["layers"])),
            Span(number(len(cell["alarms"]))),
            Span(number(len(cell["unnamed"]))),
        )
        for cell in draws
    ]
    titles = ("Layers", "False alarms", "Own start not named")
    columns = [Column("Shape"), Column("Stored as"), *(Column(title, numeric=True) for title in titles)]
    caption = "Layers as drawn, which no start should be refused: each family of that shape, several times."
    return Section("false-alarms", 1, "False alarms", (table(caption, columns, rows),))


def _power(training: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (
            Span(in_words(cell["start"])),
            Span(cell["optimiser"]),
            Span(percent(_accuracy(cell["runs"], 100))),
            *(Span(_first(cell["runs"], sign)) for sign in _SIGNS),
        )
        for cell in training
    ]
    words = (
        "A network of 784-128-128-10 is trained on 400 digits in batches of 50, and looked at after 0, 1, 3, 10, 30, "
        "100, 300 and 1,000 steps. Given is the first of these steps at which a layer is no longer as drawn, in the "
        "first and in the last of the runs: with the biases, by the weights alone, and where the weights alone show "
        "structure as well, so that the verdict is “trained”. Biases begin at 0, except with PyTorch's default: a bias "
        "that is no longer one number shows the first step."
    )
    columns = [Column("Start", wide=True), Column("Optimiser"), Column("Accuracy at 100 steps", numeric=True)]
    columns += [Column(title) for title in _SIGNS.values()]
    return Section(
        "power", 1, "From which step training is seen", (Paragraph((Span(words),)), _table(columns, rows, training))
    )


def _table(columns: Sequence[Column], rows: Sequence[tuple[Span, ...]], training: Sequence[Mapping[str, Any]]) -> Table:
    runs = max((len(cell["runs"]) for cell in training), default=0)
    return table(f"The first step at which training is seen, in {count(runs, 'run')} each.", columns, rows)


def _first(runs: Sequence[Sequence[Mapping[str, Any]]], sign: str) -> str:
    """The earliest and the latest first step over the runs."""
    found = [next((look["step"] for look in run if look[sign]), None) for run in runs]
    seen = sorted(step for step in found if step is not None)
    if not seen:
        return "never"
    last = "never" if None in found else number(seen[-1])
    return number(seen[0]) if last == number(seen[0]) else f"{number(seen[0])} to {last}"


def _accuracy(runs: Sequence[Sequence[Mapping[str, Any]]], step: int) -> float | None:
    found = [look["accuracy"] for run in runs for look in run if look["step"] == step]
    return sum(found) / len(found) if found else None


def _how(data: Mapping[str, Any]) -> Section:
    pairs = flat({"versions": data["versions"]}) + [
        pair for place, run in enumerate(data["runs"], 1) for pair in flat(run, f"run {place}.")
    ]
    return Section("how", 1, "How it was run", (facts(pairs),))

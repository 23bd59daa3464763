"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.report.document.model import Block, Column, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.studies.harness.page import StudyPage
from netaudit.text import count, flat, number, percent

ABOUT: Mapping[str, tuple[str, str]] = {
    "linear_regions": (
        "Linear regions",
        "Layers are judged on inputs that come out of a random ReLU layer, 20 segments of each of three kinds. "
        "Noticed: the verdict “fails”.",
    ),
    "injectivity": (
        "Injectivity",
        "Each answer is a proof, so that a false one would be a fault of the program and not of chance. Noticed: the "
        "answer “no”, with two inputs that collide, checked again in rational arithmetic apart from the analysis; or, "
        "where a line says so, “yes”.",
    ),
    "identifiability": (
        "Identifiability",
        "Each hidden cause is a proof about the stored numbers. Noticed: the verdict “partly hidden”, or where a line "
        "says so any but “identifiable”.",
    ),
    "depth_limit": (
        "Depth limit",
        "Square layers, each drawn alone. Noticed: the verdict that the line names.",
    ),
    "rnn_fixed_points": (
        "Line attractors",
        "Recurrent cells on 20 sequences of 40 steps of Gaussian noise, with 30 starts of the search; with a plant "
        "one draw of each null. Noticed: the verdict “line attractor” at zero input.",
    ),
    "circular_law": (
        "Eigenvalues of recurrent matrices",
        "Square matrices of n rows. Noticed: the word that the line names.",
    ),
}
"""Title and explanation of each analysis' section."""
_KINDS = {
    "false_alarm": "at most {}",
    "power": "at least {}",
    "rate": "{} by the law",
}


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out."""
    names = list(dict.fromkeys(line["analysis"] for line in data["lines"]))
    return StudyPage(
        stem="geometry-claims",
        title="Geometry of a network: false alarms and power",
        subtitle="How often is a random layer refused, and from which strength is a plant noticed?",
        description="False alarms and power of netaudit's verdicts on the geometry of a network.",
        sections=(_summary(data["lines"]), *(_analysis(name, data["lines"]) for name in names), _how(data)),
        data=data,
    )


def _summary(lines: Sequence[Mapping[str, Any]]) -> Section:
    held = [line for line in lines if line["met"] is not None]
    good = sum(line["met"] for line in held)
    words = f"{number(good)} of {count(len(held), 'bar')} are met, over {number(sum(x['draws'] for x in lines))} draws."
    rest = "Without a plant at most 1% of the draws may be noticed; from the stated strength on, at least 95% must be. "
    rest += "A rate that an exact law gives must lie in the 99.9% interval."
    return Section("summary", 1, "Summary", (Paragraph((Span(words, "strong"), Span(f" {rest}"))),))


def _analysis(name: str, lines: Sequence[Mapping[str, Any]]) -> Section:
    title, words = ABOUT.get(name, (name, ""))
    blocks: tuple[Block, ...] = (Paragraph((Span(words),)),) if words else ()
    return Section(
        name.replace("_", "-"), 1, title, (*blocks, _table(title, [x for x in lines if x["analysis"] == name]))
    )


def _table(title: str, lines: Sequence[Mapping[str, Any]]) -> Table:
    columns = [Column("Drawn", wide=True), Column("Strength")]
    columns += [Column(name, numeric=True) for name in ("Draws", "Noticed", "95% interval")]
    columns += [Column("Bar"), Column("Met")]
    return table(f"{title}: draws that were noticed, with Wilson's interval.", columns, [_row(line) for line in lines])


def _row(line: Mapping[str, Any]) -> tuple[Span, ...]:
    low, high = line["interval"]
    bar = _KINDS[line["kind"]].format(percent(line["bar"])) if line["kind"] in _KINDS else "none"
    met = {True: Span("● met", "holds"), False: Span("× missed", "fails"), None: Span("–")}[line["met"]]
    return (
        Span(line["planted"]),
        Span(line["strength"] or "–"),
        Span(number(line["draws"])),
        Span(percent(line["rate"])),
        Span(f"{percent(low)} to {percent(high)}"),
        Span(bar),
        met,
    )


def _how(data: Mapping[str, Any]) -> Section:
    pairs = flat({"versions": data["versions"]}) + [
        pair for place, run in enumerate(data["runs"], 1) for pair in flat(run, f"run {place}.")
    ]
    return Section("how", 1, "How it was run", (facts(pairs),))

"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.report.document.model import Block, Column, Items, Paragraph, Section, Span
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.studies.shadow_training.comparisons import BASES, Comparison, comparisons, distinct
from netaudit.studies.shadow_training.questions import QUESTIONS, Part
from netaudit.studies.shadow_training.words import (
    cautions,
    findings,
    rates_at_the_end,
    stem,
    style,
    verdict,
    wide_seeds,
    with_interval,
)
from netaudit.text import NONE, count, number, percent

STEM = "shadow-training"
_ARMS = {
    "plain": "cross-entropy on the labelled points",
    "shadow": "and on their shadows: from the softmax output, ρ = 0.8, norms matched",
    "shadow signed": "the same, without the ReLU at the input, whose pixels are centred",
    "random": "control: shadows drawn through an independent Gaussian matrix",
    "repeat": "control: the same real points again, a larger step",
    "noise": "control: Gaussian noise of the norm of each input",
    "mixup": "control: convex combinations of two points and of their labels",
    "shadow+noise": "shadows and noise",
    "shadow+mixup": "shadows and mixup",
}
_REFERENCES = (
    "S. Arora, Y. Liang and T. Ma (2015). Why are deep nets reversible: a simple theory, with implications for "
    "training. arXiv:1511.05653.",
    "H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz (2018). Mixup: beyond empirical risk minimization. "
    "arXiv:1710.09412.",
)

Data = Mapping[str, Any]


def document(data: Data) -> StudyPage:
    """Lay the study out: the answer, a section a setting, and what was asked beside it."""
    parts = [_summary(data)]
    parts += [_setting(setting) for setting in data["settings"]]
    parts += [part for make in QUESTIONS for part in make(data)]
    parts.append(_how(data))
    sections = [Section(f"part-{place}", 1, title, tuple(blocks)) for place, (title, blocks) in enumerate(parts, 1)]
    references = Items(tuple((Span(text),) for text in _REFERENCES))
    sections.append(Section("references", 1, "References", (references,), numbered=False))
    return StudyPage(
        stem=STEM,
        title="Does shadow training help?",
        subtitle="The training method of the theory of reversible nets, beside controls with a tuned step size",
        description=verdict(data),
        sections=tuple(sections),
        data=data,
    )


def _summary(data: Data) -> Part:
    rows, p_values, clear = [], [], comparisons(data)
    for setting in data["settings"]:
        found = {(entry["arm"], entry["base"]): entry for entry in setting["against"]}
        pairs = [(found.get(("shadow", base)), clear.get((setting["name"], base))) for base in _HEADLINE]
        rows.append(
            (
                Span(setting["name"]),
                Span(percent(setting["arms"]["plain"]["mean"])),
                *(
                    Span(NONE if cell is None else with_interval(cell), style(None if entry is None else entry.sign))
                    for cell, entry in pairs
                ),
            )
        )
        p_values.append((Span(setting["name"]), *(_p_value(entry) for _, entry in pairs)))
    columns = (
        Column("Setting", wide=True),
        Column("Plain, error", numeric=True),
        *(Column(title, numeric=True) for title in _HEADLINE.values()),
    )
    caption = (
        "Paired differences in test error, in percentage points with 95% intervals over seeds; below 0 the first one "
        "is better. Coloured where the difference is clear after correction; the intervals are not corrected."
    )
    corrected = (
        f"P-values of the paired t test, corrected by Holm's method over all {count(distinct(clear), 'comparison')} of "
        "this table that count. Runs that are bit for bit those of another control are no comparison of their own."
    )
    blocks: list[Block] = [
        Paragraph((Span(verdict(data), "strong"),)),
        table(caption, columns, rows),
        table(corrected, (columns[0], *columns[2:]), p_values),
        Items(tuple((Span(text),) for text in (*findings(data), *cautions(data)))),
    ]
    if data["missing"]:
        blocks.append(
            Paragraph((Span(f"Not run yet: {'; '.join(data['missing'])}. The same command goes on with them."),), True)
        )
    return "Summary", blocks


def _p_value(entry: Comparison | None) -> Span:
    if entry is None:
        return Span(NONE)
    text = f"as {entry.same_as}" if entry.same_as else number(entry.adjusted, 2)
    return Span(text, style(entry.sign))


_HEADLINE = {base: f"Shadow − {base}" for base in BASES}


def _setting(setting: Data) -> Part:
    against = {entry["arm"]: entry for entry in setting["against"] if entry["base"] == "plain"}
    rows = [
        (
            Span(arm),
            Span(_ARMS[arm]),
            Span(number(found["rate"])),
            Span(percent(found["mean"])),
            Span(with_interval(against[arm]) if arm in against else NONE),
        )
        for arm, found in setting["arms"].items()
    ]
    columns = (
        Column("Arm"),
        Column("Loss", wide=True),
        Column("Rate", numeric=True),
        Column("Test error", numeric=True),
        Column("From plain, points", numeric=True),
    )
    trunk = f", above the frozen convolutions of {setting['trunk']}" if setting["trunk"] else ""
    words = (
        f"{setting['title']}{trunk}: {number(setting['labels'])} labelled points, {number(setting['epochs'])} epochs "
        f"of batches of {number(setting['batch'])} ({count(setting['steps'], 'step')}), "
        f"{count(setting['seeds'], 'seed')} as pairs; products in {setting['precision']}; learning rates from "
        f"{', '.join(map(number, setting['rates']))}."
    )
    apart, ends = wide_seeds(setting["arms"]), rates_at_the_end(setting)
    blocks: list[Block] = [
        Paragraph((Span(words),)),
        *([Paragraph((Span(setting["note"]),), warning=True)] if setting["note"] else []),
        table(f"Test errors: {setting['name']}.", columns, rows),
        *([Paragraph((Span(apart),), warning=True)] if apart else []),
        *([Paragraph((Span(ends),), warning=True)] if ends else []),
    ]
    shown = [(place, arm) for place, arm in enumerate(a for a in setting["arms"] if a in against)]
    if len(shown) > 1:
        chart = Chart(
            stem=f"differences_{stem(setting['name'])}",
            caption=f"Paired differences from plain training: {setting['name']}.",
            alt="; ".join(f"{arm} {with_interval(against[arm])}" for _, arm in shown) + ".",
            x=Axis(
                "",
                low=-0.5,
                high=len(shown) - 0.5,
                ticks=tuple((place, _tick(arm)) for place, arm in shown),
            ),
            y=Axis("difference in test error, points"),
            series=(
                series(
                    "",
                    [(place, *(100 * against[arm][key] for key in ("mean", "low", "high"))) for place, arm in shown],
                    "points",
                ),
            ),
            marks=(Mark(0.0, "plain training", vertical=False),),
        )
        blocks.append(chart_figure(chart))
    return setting["name"], blocks


def _how(data: Data) -> Part:
    run = data["runs"][-1] if data["runs"] else {}
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    seeds = sorted({setting["seeds"] for setting in data["settings"]})
    pairs = [
        ("Command", run.get("command", NONE)),
        ("Dates", ", ".join(dict.fromkeys(entry["date"] for entry in data["runs"])) or NONE),
        ("Versions", versions),
        ("Seeds a setting", ", ".join(map(str, seeds))),
        (
            "Learning rates",
            f"each arm's is the best of the setting's list on {number(data['held_out'])} held-out training images, "
            "with other seeds than those reported; one at which a run diverges is out",
        ),
        ("Optimiser", "SGD, momentum 0.9, cosine schedule; the recipes' weight decay and augmentation"),
        (
            "Pairs",
            "runs of one seed share the labelled points, the initial weights and the order of the batches; all added "
            "terms have weight 1",
        ),
    ]
    return "How it was run", [facts(pairs)]


def _tick(arm: str) -> str:
    """An arm in the room that an axis has.

    >>> _tick("shadow+noise"), _tick("shadow signed"), _tick("shadow")
    ('+noise', 'signed', 'shadow')
    """
    return arm.removeprefix("shadow").strip() or arm

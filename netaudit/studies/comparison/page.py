"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.comparing.rules import in_words
from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.report.document.model import Column, Paragraph, Section, Span
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.text import NONE, flat, interval, number, percent, size

Rate = Mapping[str, Any]


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out."""
    return StudyPage(
        stem="comparison",
        title="What became of a network: how often is the word right?",
        subtitle="False alarms and power of netaudit compare on changes that were planted",
        description="False alarms and power of the words of netaudit compare.",
        sections=(_summary(data), _trained(data["trained"]), _roundings(data["roundings"]), _spikes(data["spikes"]),
                  _how(data)),
        data=data,
    )  # fmt: skip


def shown(rate: Rate) -> str:
    """A rate with its interval.

    >>> shown({"count": 3, "total": 30, "rate": 0.1, "low": 0.035, "high": 0.256})
    '10% [3.5%, 25.6%]'
    """
    return f"{percent(rate['rate'])} [{percent(rate['low'])}, {percent(rate['high'])}]"


def _summary(data: Mapping[str, Any]) -> Section:
    trained, rounded = data["trained"], data["roundings"]
    wrong = [each for each in trained if each["rate"]["count"] < each["rate"]["total"]]
    total = sum(each["rate"]["total"] for each in trained)
    right = sum(each["rate"]["count"] for each in trained)
    planted = [each for each in rounded if each["what"] == "rounded"]
    false = [each for each in rounded if each["what"] == "noise"]
    alarms, noisy = (sum(each["words"].get("requantised", 0) for each in false),
                     sum(each["rate"]["total"] for each in false))  # fmt: skip
    spikes = [each for each in data["spikes"] if each["strength"] == 0]
    words = (
        f"Of {number(total)} networks that were made of trained ones, {number(right)} ({percent(right / total)}) got "
        f"the right word. Of {number(sum(each['rate']['total'] for each in planted))} layers that were rounded, "
        f"{number(sum(each['rate']['count'] for each in planted))} were seen to be; of {number(noisy)} with noise of "
        f"the same size, {number(alarms)} were taken for rounded."
    )
    more = "The wrong ones: " + "; ".join(f"{each['name']}, {_words(each['words'])}" for each in wrong) + "."
    parts = [Paragraph((Span(words, "strong"),)), Paragraph((Span(more if wrong else "No word was wrong."),))]
    if spikes:
        said = ", ".join(f"{shown(each['seen'])} at {size(each['shape'])}" for each in spikes)
        parts.append(Paragraph((Span(f"Noise alone has a spike in {said}; at most 0.1% is meant."),)))
    return Section("summary", 1, "Summary", tuple(parts))


def _words(words: Mapping[str, int]) -> str:
    return ", ".join(f"{number(count)} {in_words(word)}" for word, count in words.items())  # type: ignore[arg-type]


def _trained(found: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (
            Span(each["name"]),
            Span(each["says"]),
            Span(in_words(each["right"])),
            Span(shown(each["rate"])),
            Span(_words(each["words"])),
            Span(", ".join(NONE if None in ends else interval(tuple(ends)) for ends in each["cosines"])),
        )
        for each in found
    ]
    columns = (
        Column("What was made"), Column("That is", wide=True), Column("Right word"), Column("Rate", numeric=True),
        Column("Words given"), Column("Cosines of the three layers"),
    )  # fmt: skip
    words = (
        "Networks of 784-64-64-10 with PyTorch's start are trained for 300 steps on 400 digits in batches of 50, by "
        "gradient descent at a rate of 0.1. Each is compared with what was made of it. The cosines are given from the "
        "smallest to the largest over all networks; the limits are 0.1 and 0.9. The word is of the size of the change: "
        "two networks that a short training took apart from one start are fine-tuned, one beside the other, and no "
        "weights alone could tell. By Adam they go further, and are told."
    )
    intro = Paragraph((Span(words),))
    return Section("trained", 1, "Trained networks", (intro, table("The words for whole networks.", columns, rows)))


def _roundings(found: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (
            Span(each["scheme"]),
            Span("rounded" if each["what"] == "rounded" else "noise of that size"),
            Span(in_words(each["right"])),
            Span(shown(each["rate"])),
            Span(shown(each["scheme_named"]) if each["what"] == "rounded" else NONE),
            Span(_words(each["words"])),
        )
        for each in found
    ]
    columns = (
        Column("Format"), Column("What was done"), Column("Right word"), Column("Rate", numeric=True),
        Column("Format named", numeric=True), Column("Words given"),
    )  # fmt: skip
    words = (
        "Layers of 64 x 96 and 128 x 512 with Gaussian, uniform and Laplace weights are rounded, or have Gaussian "
        "noise added that has the size of the rounding's error."
    )
    caption = "Rounding, and noise that is not."
    return Section("roundings", 1, "Rounding", (Paragraph((Span(words),)), table(caption, columns, rows)))


def _spikes(found: Sequence[Mapping[str, Any]]) -> Section:
    by_shape: dict[str, list[Mapping[str, Any]]] = {}
    for each in found:
        by_shape.setdefault(size(each["shape"]), []).append(each)
    lines = tuple(
        series(
            shape,
            [(e["strength"], e["seen"]["rate"], e["seen"]["low"], e["seen"]["high"]) for e in cells],
        )
        for shape, cells in by_shape.items()
    )
    chart = Chart(
        stem="rank_one",
        caption="Share of rank-one updates in noise that have a spike, by their strength.",
        alt="; ".join(f"{size(e['shape'])} at {number(e['strength'])}: {percent(e['seen']['rate'])}" for e in found),
        x=Axis("strength of the update, in thresholds"),
        y=Axis("share with a spike", percent=True, low=0.0, high=1.0),
        series=lines,
        marks=(Mark(1.0, "threshold"),),
    )
    rows = [(Span(size(e["shape"])), Span(number(e["strength"])), Span(shown(e["seen"]))) for e in found]
    columns = (Column("Shape"), Column("Strength", numeric=True), Column("With a spike", numeric=True))
    words = (
        "The change of a layer is noise and one direction. Below the threshold of 1 no test of the singular values can "
        "see it in a large matrix (F. Benaych-Georges and R. R. Nadakuditi, J. Multivariate Anal. 111 (2012) 120)."
    )
    parts = (Paragraph((Span(words),)), chart_figure(chart), table("The same in numbers.", columns, rows))
    return Section("rank-one", 1, "One direction in noise", parts)


def _how(data: Mapping[str, Any]) -> Section:
    pairs = flat({"thresholds": data["thresholds"], "versions": data["versions"]}) + [
        pair for place, run in enumerate(data["runs"], 1) for pair in flat(run, f"run {place}.")
    ]
    return Section("how", 1, "How it was run", (facts(pairs),))

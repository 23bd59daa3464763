"""The study's tables of what was added to it: rungs, starts, structured layers, and how often intervals hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scipy.special import betaincinv

from netaudit.report.document.model import Column, Span, Table
from netaudit.report.document.numbering import table
from netaudit.studies.calibration.claims import title
from netaudit.studies.calibration.words import answer, layers, met, share
from netaudit.text import NONE, count, number, percent, size

Json = Mapping[str, Any]
Cells = Mapping[str, Json]

_SHOWN = 3  # answers of a cell that its row names
_GRANTED = 0.95


def pooled(cells: Sequence[Json], claim: str) -> str:
    """The false alarms of a claim over all shapes, and the upper end of their one-sided 95 % interval.

    The bound of one shape is that of a few hundred layers: none of 120 leaves 3 %.
    """
    counts = [
        (cell["claims"][claim]["verdicts"]["fails"]["count"], cell["seeds"])
        for cell in cells
        if claim in cell["claims"]
    ]
    failed, total = (sum(each) for each in zip(*counts, strict=True)) if counts else (0, 0)
    return (
        f"{title(claim)}, all shapes together: {number(failed)} of {number(total)} Gaussian layers fail, so that at "
        f"most {percent(_bound(failed, total))} do (one-sided 95% bound)."
    )


def _bound(found: int, total: int) -> float:
    """Upper end of the one-sided 95 % interval of a share."""
    return 1.0 if found == total else float(betaincinv(found + 1, total - found, 0.95))


def together(bars: Sequence[Json]) -> Iterator[str]:
    """The wrong answers to each thing that is asked, over all shapes, with the bound of their share."""
    for requirement in dict.fromkeys(bar["requirement"] for bar in bars):
        own = [bar for bar in bars if bar["requirement"] == requirement and bar["measure"] == "otherwise"]
        wrong, total = (sum(bar[name] for bar in own) for name in ("count", "seeds"))
        words = f"{requirement[0].upper()}{requirement[1:]}, all together"
        yield (
            f"{words}: {number(wrong)} of {count(total, 'layer')} got a wrong answer, so that at most "
            f"{percent(_bound(wrong, total))} do (one-sided 95% bound)."
        )


def answers(bars: Sequence[Json], cells: Cells, caption: str) -> Table:
    """What layers of a known answer were told, a row a kind and shape."""
    rows = []
    for wrong in (bar for bar in bars if bar["measure"] == "otherwise"):
        cell = cells[wrong["cell"]]
        found = cell["answers"][wrong["claim"]]["answers"]
        told = [f"{answer(word)} {percent(each['rate'])}" for word, each in list(found.items())[:_SHOWN]]
        own = [bar for bar in bars if bar["cell"] == wrong["cell"]]
        rows.append(
            (
                Span(layers(cell)),
                Span(size(cell["shape"])),
                Span(number(wrong["seeds"])),
                Span("; ".join(told)),
                Span(share({"rate": wrong["value"], "interval": wrong["interval"]})),
                met(all(bar["met"] for bar in own)),
            )
        )
    columns = (
        Column("Layers", wide=True),
        Column("[out, in]"),
        Column("Seeds", numeric=True),
        Column("Answers", wide=True),
        Column("Wrong"),
        Column("Bars"),
    )
    return table(caption, columns, rows)


def wishes(found: Sequence[Json], cells: Cells) -> Table:
    """Structured layers: what theory wishes for, and how many layers got it."""
    names = list(dict.fromkeys(name for wish in found for name in wish["wished"]))
    rows = []
    for wish in found:
        cell = cells[wish["cell"]]
        rows.append(
            (
                Span(layers(cell)),
                Span(size(cell["shape"])),
                *(_wished(wish["wished"].get(name), name, cell) for name in names),
            )
        )
    columns = (Column("Layers", wide=True), Column("[out, in]"), *(Column(title(n), wide=True) for n in names))
    caption = "What theory wishes for, with the share of layers that got it. In brackets: the answer of most layers."
    return table(caption, columns, rows)


def _wished(found: Json | None, name: str, cell: Json) -> Span:
    words = cell["claims"][name]["verdicts"] if name in cell["claims"] else cell["answers"][name]["answers"]
    most = max(words, key=lambda word: float(words[word]["rate"]))
    if found is None:
        return Span(f"({answer(most)} {percent(words[most]['rate'])})")
    wanted = " or ".join(map(answer, found["wanted"]))
    other = "" if found["rate"] >= 0.5 else f" ({answer(most)} {percent(words[most]['rate'])})"
    return Span(f"{wanted}: {percent(found['rate'])}{other}", "plain" if found["rate"] >= _GRANTED else "strong")


def granted(found: Sequence[Json], cells: Cells) -> str:
    """In how many wishes 95 % of the layers agree, and which are the others."""
    each = [(wish["cell"], name, wished) for wish in found for name, wished in wish["wished"].items()]
    others = [(key, name, wished) for key, name, wished in each if wished["rate"] < _GRANTED]
    text = f"Of {number(len(each))} wishes at least 95% of the layers agree with {number(len(each) - len(others))}."
    if not others:
        return text
    named = "; ".join(f"{title(name)}: {layers(cells[key])} ({percent(w['rate'])})" for key, name, w in others)
    return f"{text} The others are {named}."


def held(cell: Json) -> Iterator[tuple[str, str, Json]]:
    """Analysis, statistic and coverage of each interval of a cell."""
    for name, found in (*cell["claims"].items(), *cell.get("answers", {}).items()):
        for statistic, coverage_of in found.get("coverage", {}).items():
            yield name, statistic, coverage_of


def coverage(cells: Sequence[Json]) -> Table:
    """How often each interval holds the mean of its statistic over layers of the same law."""
    known: dict[tuple[str, str], list[tuple[Json, Json]]] = {}
    for cell in cells:
        for name, statistic, found in held(cell):
            known.setdefault((name, statistic), []).append((cell, found))
    rows = []
    for (name, statistic), each in known.items():
        gaussian = [found for cell, found in each if cell["scenario"] == "gaussian"]
        holds, of = (sum(found[part] for found in gaussian) for part in ("count", "seeds"))
        levels = {found["level"] for _, found in each} - {None}
        cell, worst = min(each, key=lambda pair: float(pair[1]["rate"]))
        rows.append(
            (
                Span(title(name)),
                Span(statistic.replace("_", " ")),
                Span(NONE if not levels else percent(min(levels))),
                Span(NONE if not of else f"{percent(holds / of)} of {number(of)}"),
                Span(f"{percent(worst['rate'])} of {number(worst['seeds'])}: {layers(cell)}, {size(cell['shape'])}"),
            )
        )
    columns = (
        Column("Analysis"),
        Column("Statistic", wide=True),
        Column("Nominal level", numeric=True),
        Column("Gaussian layers"),
        Column("Lowest, and where", wide=True),
    )
    caption = (
        "How often the interval of a layer holds the mean of the statistic over all layers of its kind. An interval "
        "without a nominal level is a range of a few draws, or what one singular value changes."
    )
    return table(caption, columns, rows)

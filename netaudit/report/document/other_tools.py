"""What other tools report of a layer, under their names, beside what Gaussian matrices of its shape give."""

from __future__ import annotations

from collections.abc import Mapping

from netaudit.report.document import labels
from netaudit.report.document.model import Block, Column, Pair, Paragraph, Run, Table
from netaudit.report.document.numbering import Numbering
from netaudit.results import LayerResult, Null, SpectralFigures
from netaudit.text import capital, count, interval, number, printable, sentence

_BESIDE = {-1: "smaller than theirs", 0: "like theirs", 1: "larger than theirs"}
_TAIL = {-1: "closer to a power law than", 0: "no closer to a power law than", 1: "farther from a power law than"}


def other_tools(layer: LayerResult, name: str, numbering: Numbering) -> list[Block]:
    """A paragraph and two tables; nothing where the weights cannot be judged, which the claims say already."""
    figures = layer.figures
    if figures is None or figures.stable_rank is None:
        return []
    words = Paragraph((Run("What other tools report. ", "strong"), Run(" ".join(_sentences(figures)))))
    tables = [_table(f"Norms and ranks of {name}.", labels.NORMS, figures, numbering)]
    if figures.alpha is not None:
        tables.append(_table(f"Power law fitted to the eigenvalues of {name}.", labels.POWER_LAW, figures, numbering))
    return [words, Pair(tuple(tables))]


def _sentences(figures: SpectralFigures) -> list[str]:
    start = "Under WeightWatcher's names, of the eigenvalues of A as stored; no verdict rests on them."
    if figures.alpha is None or figures.D is None:
        return [start, sentence(capital(printable(figures.reasons.get("alpha", "no power law is fitted"), 500)))]
    spread = f" (95% interval {interval(figures.alpha_interval)})" if figures.alpha_interval else ""
    fitted = (
        f"A power law fits the {count(figures.num_pl_spikes or 0, 'largest eigenvalue')} best, with the exponent "
        f"alpha = {number(figures.alpha)}{spread} and at the distance D = {number(figures.D)}."
    )
    alpha, D = _ends(figures.alpha_null), _ends(figures.D_null)
    if alpha is None or D is None or figures.alpha_null is None:
        return [start, fitted]
    draws = figures.alpha_null.draws
    gaussian = (
        f"Gaussian matrices of this shape have an alpha in {interval(alpha)} and a D in {interval(D)} "
        f"({'1% to 99%' if draws >= 100 else 'the range'} of {count(draws, 'draw')})."
    )
    place = _place(figures.D, D)
    beside = (
        f"Here alpha is {_BESIDE[_place(figures.alpha, alpha)]} and D is {_BESIDE[place]}: the tail is {_TAIL[place]} "
        "that of a Gaussian matrix."
    )
    return [start, fitted, gaussian, beside]


def _ends(null: Null | None) -> tuple[float, float] | None:
    return None if null is None or null.q01 is None or null.q99 is None else (null.q01, null.q99)


def _place(value: float, ends: tuple[float, float]) -> int:
    """-1 below, 0 within, 1 above."""
    return (value > ends[1]) - (value < ends[0])


def _table(caption: str, names: Mapping[str, str], figures: SpectralFigures, numbering: Numbering) -> Table:
    numbers = figures.numbers

    def label(name: str) -> Run:
        why = figures.reasons.get(name) if numbers[name] is None else None
        return Run(f"{name}, {names[name]}" + (f": {printable(why)}" if why else ""))

    rows = [(label(name), Run(number(numbers[name]))) for name in names]
    return numbering.table(caption, (Column("Figure"), Column("Value", numeric=True)), rows)

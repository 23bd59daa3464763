"""Hidden units: whether their weights look trained, and which are idle; the words of the section and its figures."""

from __future__ import annotations

from netaudit.report.document.captions import SHORT
from netaudit.report.document.first_page import ON_PAPER
from netaudit.report.document.labels import in_words
from netaudit.report.document.model import Block, Column, Items, Pair, Paragraph, Run, Runs, Section, Table
from netaudit.report.document.numbering import Numbering
from netaudit.report.plan import Plan, PlannedUnits
from netaudit.results import AuditReport, HiddenUnits, Training
from netaudit.text import count, interval, number, printable, sentence, shown_name

TRAINING: dict[Training, str] = {
    "trained": "trained",
    "as_at_initialisation": "as at initialisation",
    "opposed": "opposed",
    "undecided": "undecided",
    "not_applicable": "– not applicable",
}

_WHAT = (
    "Between two consecutive layers each hidden unit has incoming weights, a row of the lower layer, and outgoing "
    "weights, a column of the upper. Where gradient descent has shaped both, their norms tend to go together: r is "
    "their correlation. A low r does not mean that a network is untrained, nor a high one that it is good (section "
    "5.6)."
)


def hidden_units(report: AuditReport, plan: Plan, numbering: Numbering) -> Section:
    """One row and one sentence a pair of consecutive layers, and figures of the first pairs."""
    if not report.units:
        words = "There are no two consecutive layers in a stack, so there are no hidden units to look at."
        return _section(Paragraph((Run(words),)))
    blocks: list[Block] = [Paragraph((Run(_WHAT),)), _table(report, numbering)]
    blocks.append(Items(tuple(_why(pair) for pair in report.units)))
    for rule in dict.fromkeys(pair.rule for pair in report.units if pair.rule):
        words = sentence(f"Rule “{rule.name}”: {in_words(rule.statement)}")
        words += " " + sentence(f"Origin of the tolerance: {rule.origin}")
        blocks.append(Paragraph((Run(words, "soft"),)))
    if plan.units:
        blocks.append(Pair(tuple(numbering.figure(each.stem, caption(each), alt(each)) for each in plan.units)))
    return _section(*blocks)


def caption(planned: PlannedUnits) -> str:
    """The caption of the figure of one pair, without its number."""
    pair, drawn = planned.pair, len(planned.curve.log_in)
    part = f"; {number(drawn)} of {count(pair.n, 'unit')} drawn" if drawn < pair.n else ""
    return (
        f"Hidden units between layers {_names(pair)}: squared norms of the incoming weights with the bias, and of the "
        f"outgoing weights, natural logarithms. r = {number(pair.r, 3)}{part}."
    )


def alt(planned: PlannedUnits) -> str:
    """The caption, followed by where the points lie."""
    ends = [
        f"from {number(float(values.min()), 3)} to {number(float(values.max()), 3)}"
        for values in (planned.curve.log_in, planned.curve.log_out)
    ]
    return f"{caption(planned)} The incoming ones run {ends[0]}, the outgoing ones {ends[1]}."


def _section(*blocks: Block) -> Section:
    return Section("hidden-units", 2, "3.1 Hidden units", blocks)


def _names(pair: HiddenUnits) -> str:
    return f"{shown_name(pair.lower, SHORT)} and {shown_name(pair.upper, SHORT)}"


def _table(report: AuditReport, numbering: Numbering) -> Table:
    columns = [
        Column("Outputs of layer", wide=True),
        *(Column(title, numeric=True) for title in ("Units", "Dead", "Unused", "Duplicate", "r", "95% of r")),
        Column("Reads as"),
    ]
    rows = [
        (
            Run(shown_name(pair.lower), "name"),
            *(Run(number(n)) for n in (pair.units, pair.dead, pair.unused, pair.duplicates)),
            Run(number(pair.r, 3)),
            Run(interval(pair.interval)),
            _verdict(pair),
        )
        for pair in report.units
    ]
    left = len(rows) - ON_PAPER
    printed = range(ON_PAPER) if left > 0 else None
    note = f"The first {ON_PAPER} of {number(len(rows))}; all are in audit.html and in the attached audit.json."
    return numbering.table("Hidden units between consecutive layers.", columns, rows, printed, note if printed else "")


def _verdict(pair: HiddenUnits) -> Run:
    return Run(TRAINING[pair.verdict], "not_applicable" if pair.verdict == "not_applicable" else "strong")


def _why(pair: HiddenUnits) -> Runs:
    runs = [
        Run(f"{_names(pair)} ", "strong"),
        Run(f"({printable(pair.activation, SHORT)}): "),
        Run(TRAINING[pair.verdict]),
    ]
    if pair.spearman is not None:
        runs.append(Run(f"; Spearman's correlation {number(pair.spearman, 3)}"))
    if pair.note:
        runs.append(Run(f". {sentence(pair.note)}"))
    return tuple(runs)

r"""Every number of an audit as a LaTeX macro, so that no number in the text of a paper goes stale.

``\NALayerBGaussianWeightsKsGaussian`` is the metric ``ks_gaussian`` of the second layer. Names are made of letters
only, in the order of the report; where two would be the same, the later one gets a letter more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.kinds import sorts
from netaudit.report.latex import escape
from netaudit.results.fingerprint import FIELD
from netaudit.results.long_form import Row, layer_rows, network_rows
from netaudit.results.report import Report
from netaudit.text import number, percent, printable, shown_name
from netaudit.vocabulary import VERDICTS

PREFIX = "NA"
_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


Entry = tuple[Sequence[str], str, str | None, str]
"""The parts of a macro's name, its text, its LaTeX where the text is no number, and the comment before it."""


@dataclass(frozen=True)
class Macro:
    """One macro."""

    name: str
    """Letters, without the backslash."""
    text: str
    """What it stands for, as the report prints it."""
    latex: str
    says: str = ""
    """A comment before it, where a part of the file begins."""


def macros(report: Report, analyses: Sequence[Analysis]) -> tuple[Macro, ...]:
    """All macros of a report: of the whole, of each claim, over the layers, of each layer, and of the network."""
    return named(_entries(report, analyses), PREFIX)


def named(entries: Iterable[Entry], prefix: str) -> tuple[Macro, ...]:
    """A macro for each entry, with a name that no other has; names of what two documents have begin otherwise."""
    names: set[str] = set()

    def made(parts: Sequence[str], text: str, latex: str | None = None, says: str = "") -> Macro:
        name = prefix + "".join(map(letters, parts))
        while name in names:
            name += "X"
        names.add(name)
        return Macro(name, text, escape.number(text) if latex is None else latex, says)

    return tuple(made(*entry) for entry in entries)


def macros_tex(found: Iterable[Macro], called: str = "audit") -> str:
    """The file that defines them; ``called`` is what they are of."""
    lines = [f"% Every number of this {called}. Made by netaudit: a new {called} replaces this file."]
    for macro in found:
        if macro.says:
            lines.append(f"% {escape.comment(macro.says)}")
        lines.append(f"\\newcommand{{\\{macro.name}}}{{{macro.latex}}}")
    return "\n".join(lines) + "\n"


def letters(part: str) -> str:
    """A part of a macro's name: words with capitals, digits spelt out, nothing but letters.

    >>> letters("share_beyond_4std"), letters("layer B"), letters("层"), letters("N")
    ('ShareBeyondFourStd', 'LayerB', 'X', 'N')
    """
    spelt = re.sub(r"[0-9]", lambda digit: f" {_DIGITS[int(digit[0])]} ", part)
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z]+", spelt)) or "X"


def in_letters(place: int) -> str:
    """The number of a layer, from 0 on, in letters.

    >>> [in_letters(place) for place in (0, 25, 26, 701, 702)]
    ['A', 'Z', 'AA', 'ZZ', 'AAA']
    """
    made, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        made = chr(ord("A") + rest) + made
    return made


def _entries(report: Report, analyses: Sequence[Analysis]) -> Iterator[Entry]:
    yield from _whole(report)
    yield from _claims(report, analyses)
    yield from _over_layers(report)
    for place, layer in enumerate(report.layers):
        says = f"layer {shown_name(layer.name, 200)}"
        yield from _rows(f"layer {in_letters(place)}", layer_rows(report, [layer]), says)
    yield from _rows("network", network_rows(report), "the network as a whole")


def _whole(report: Report) -> Iterator[Entry]:
    coverage, provenance = report.coverage, report.provenance
    mark = report.to_dict()[FIELD]
    yield ("model",), (text := printable(report.model.name, 80)), escape.name(text), "the audit as a whole"
    for name, text in (
        ("version", printable(provenance.versions.get("netaudit", ""), 40)),
        ("fingerprint", mark[:12]),
        ("weights", provenance.weights_sha256[:12]),
        ("seed", str(provenance.seed)),
        ("device", printable(provenance.device, 40)),
        ("arithmetic", printable(provenance.dtype, 200)),
    ):
        yield (name,), text, escape.escaped(text), ""
    yield ("layers",), number(len(report.layers)), None, ""
    of_sorts = sorts(report.layers)
    for sort in of_sorts if len(of_sorts) > 1 else ():
        yield (sort.macro,), number(sort.how_many), None, ""
    yield ("skipped",), number(len(report.skipped)), None, ""
    yield ("parameters audited",), number(coverage.parameters_audited), None, ""
    yield ("parameters total",), number(coverage.parameters_total), None, ""
    yield ("share audited",), (text := percent(coverage.share)), escape.escaped(text), ""
    if report.data is not None:
        yield ("real inputs",), number(report.data.n), None, ""


def _claims(report: Report, analyses: Sequence[Analysis]) -> Iterator[Entry]:
    for analysis in analyses:
        counts = report.summary.claims.get(analysis.name)
        if analysis.claim is None or counts is None:
            continue
        says = f"layers by verdict: {analysis.full_title}"
        for verdict in VERDICTS:
            yield (analysis.name, verdict), number(counts.get(verdict, 0)), None, says
            says = ""
        for statistic, tolerance in analysis.claim.tolerances.items():
            yield (analysis.name, statistic, "tolerance"), number(tolerance), None, ""


def _over_layers(report: Report) -> Iterator[Entry]:
    """Median and extremes of each number over the layers that have it."""
    values: dict[tuple[str, str], list[float]] = {}
    for row in layer_rows(report):
        if row.value is not None:
            values.setdefault((row.analysis, row.metric), []).append(row.value)
    says = "over the layers"
    for (analysis, metric), found in values.items():
        for word, value in (("median", median(found)), ("smallest", min(found)), ("largest", max(found))):
            yield (analysis, metric, word), number(value), None, says
            says = ""


def _rows(start: str, rows: Iterable[Row], says: str) -> Iterator[Entry]:
    for row in rows:
        parts = (start, row.analysis, row.metric)
        if row.value is None and row.verdict:
            text = printable(row.verdict.replace("_", " "), 80)
            yield parts, text, escape.escaped(text), says
        else:
            yield parts, number(row.value), None, says
            if row.verdict:
                yield (*parts, "verdict"), (text := row.verdict.replace("_", " ")), escape.escaped(text), ""
        says = ""
        for end, value in (("low", row.low), ("high", row.high)):
            if value is not None:
                yield (*parts, end), number(value), None, ""

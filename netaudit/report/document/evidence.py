"""What a layer's verdicts stand on: equivalence tests, the nulls beside them, the spikes and the fitted families."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.report.details import Alternative, Spike, read_alternatives, read_recovered, read_spikes
from netaudit.report.document import labels
from netaudit.report.document.model import Block, Column, Pair, Paragraph, Run, Table
from netaudit.report.document.numbering import Numbering
from netaudit.results import Condition, LayerResult, Null, NullKind
from netaudit.text import NONE, count, interval, number, percent, printable, sentence, size

_SPIKES_SHOWN = 8


def judged(layer: LayerResult, name: str, numbering: Numbering) -> Table:
    """One row an equivalence test."""
    columns = [
        Column("Claim"),
        Column("Verdict"),
        Column("Statistic", wide=True),
        Column("Value", numeric=True),
        Column("Interval", numeric=True),
        Column("Tolerated", numeric=True),
    ]
    rows = []
    for finding in layer.findings:
        claim = Run(labels.claim(finding.claim).full)
        if not finding.conditions:
            rows.append((claim, labels.verdict(finding.verdict), *(Run(NONE) for _ in range(4))))
        rows += [(claim, *_tested(condition)) for condition in finding.conditions]
    return numbering.table(f"Equivalence tests on {name}.", columns, rows)


def nulls(layer: LayerResult, name: str, numbering: Numbering) -> list[Table]:
    """Each statistic beside what it is on matrices without structure."""
    found = [(finding, null) for finding in layer.findings for null in finding.nulls]
    own_entries = [null for _, null in found if null.kind in ("permuted", "signs")]
    part = next((null.shape for null in own_entries if null.shape is not None), None)
    columns = [Column("Statistic"), Column("Layer", numeric=True), Column("Gaussian, 1% to 99%", numeric=True)]
    if part is not None:
        columns.append(Column("Part", numeric=True))
    if own_entries:
        columns += [Column("Permuted", numeric=True), Column("Random signs", numeric=True)]
    if any(null.kind == "independent" for _, null in found):
        columns.append(Column("Independent", numeric=True))
    rows = []
    for finding in layer.findings:
        for statistic in dict.fromkeys(null.statistic for null in finding.nulls):
            of: dict[NullKind, Null] = {null.kind: null for null in finding.nulls if null.statistic == statistic}
            cells = {
                "Statistic": Run(labels.metric(statistic)),
                "Layer": Run(number(finding.metrics.get(statistic))),
                "Gaussian, 1% to 99%": Run(_range(of.get("gaussian"))),
                "Part": Run(number(next((null.own for null in of.values() if null.own is not None), None))),
                "Permuted": Run(_range(of.get("permuted"))),
                "Random signs": Run(_range(of.get("signs"))),
                "Independent": Run(_range(of.get("independent"))),
            }
            rows.append(tuple(cells[column.title] for column in columns))
    if not rows:
        return []
    return [numbering.table(f"Nulls beside {name}.{_legend(found_kinds(found), own_entries, part)}", columns, rows)]


def found_kinds(found: Sequence[tuple[object, Null]]) -> set[NullKind]:
    """The kinds of nulls there are."""
    return {null.kind for _, null in found}


def tables(layer: LayerResult, name: str, numbering: Numbering) -> list[Block]:
    """The families fitted to the weights and the strongest spikes, side by side."""
    blocks: list[Table] = []
    notes: list[Block] = []
    for finding in layer.findings:
        families, spikes, recovered = read_alternatives(finding), read_spikes(finding), read_recovered(finding)
        if isinstance(families, str) or isinstance(spikes, str) or isinstance(recovered, str):
            reason = next(rows for rows in (families, spikes, recovered) if isinstance(rows, str))
            notes.append(
                Paragraph((Run(sentence(f"{labels.claim(finding.claim).title}: {printable(str(reason))}"), "soft"),))
            )
            continue
        if families:
            blocks.append(_families(families, name, numbering))
        if spikes:
            total = finding.metrics.get("spikes")
            blocks.append(_spikes(spikes, len(spikes) if total is None else int(total), name, numbering))
    return [Pair(tuple(blocks)), *notes] if blocks else notes


def activations(layer: LayerResult, name: str, numbering: Numbering) -> list[Table]:
    """How the layer's real activations come back, beside synthetic ones and a Gaussian layer."""
    rows = [row for finding in layer.findings if not isinstance(found := read_recovered(finding), str) for row in found]
    if not rows:
        return []
    cells = [
        (
            Run(labels.start(row.kind)),
            Run(number(row.rho)),
            Run(number(row.k, 3)),
            Run(number(row.cosine, 3)),
            Run(number(row.relative_error, 3)),
            Run(number(row.support_auc, 3)),
        )
        for row in rows
    ]
    titles = ("ρ", "Non-zeros", "Cosine", "Relative error", "Support AUC")
    caption = (
        f"Real activations of {name} sent down and back ({count(rows[0].n, 'input')}), the layer as stored. Relative "
        "error after one gain for all."
    )
    return [numbering.table(caption, [Column("h", wide=True), *(Column(t, numeric=True) for t in titles)], cells)]


def _tested(condition: Condition) -> tuple[Run, ...]:
    low, high = condition.limits
    if low is None or high is None:
        tolerated = f"≥ {number(low, 3)}" if low is not None else f"≤ {number(high, 3)}" if high is not None else NONE
    else:
        tolerated = f"{number(low, 3)} to {number(high, 3)}"
    return (
        labels.verdict(condition.verdict),
        Run(labels.metric(condition.statistic)),
        Run(number(condition.value)),
        Run(interval(condition.interval)),
        Run(tolerated),
    )


def _range(null: Null | None) -> str:
    if null is None or null.q01 is None or null.q99 is None:
        return NONE
    if null.q01 == null.q99:
        return number(null.q01)
    return f"{number(null.q01, 3)} to {number(null.q99, 3)}"


def _legend(kinds: set[NullKind], own_entries: Sequence[Null], part: tuple[int, int] | None) -> str:
    said = []
    if "gaussian" in kinds:
        said.append("Gaussian: matrices of the same shape with independent entries")
    if own_entries:
        draws = max(null.draws for null in own_entries)
        said.append(
            "Permuted, random signs: the layer's own entries, mean removed "
            f"({count(draws, 'draw')}{'' if part is None else f', on a random {size(part)} part of the layer'})"
        )
    if "independent" in kinds:
        said.append("Independent: the shadow sent through another matrix")
    return "".join(f" {text}." for text in said)


def _families(families: Sequence[Alternative], name: str, numbering: Numbering) -> Table:
    def row(fitted: Alternative) -> tuple[Run, ...]:
        degrees = "" if fitted.degrees is None else f", {number(fitted.degrees, 3)} degrees"
        return (
            Run(labels.family(fitted.name) + degrees),
            Run(number(fitted.location, 3)),
            Run(number(fitted.scale, 3)),
            Run(number(fitted.gain, 3)),
        )

    columns = [Column("Family"), *(Column(title, numeric=True) for title in ("Location", "Scale", "Gain"))]
    caption = (
        f"Distributions fitted to the non-zero weights of {name}, best first. Gain over the Gaussian: penalised "
        "log-likelihood, in nats a weight."
    )
    return numbering.table(caption, columns, [row(fitted) for fitted in families])


def _spikes(spikes: Sequence[Spike], total: int, name: str, numbering: Numbering) -> Table:
    shown = spikes[:_SPIKES_SHOWN]
    rows = [
        (
            Run(number(place)),
            Run(number(spike.u, 3)),
            Run(number(spike.strength, 3)),
            Run(f"≤ {number(spike.p, 1)}" if spike.p <= 1e-12 else number(spike.p, 2)),
            Run(percent(spike.variance_share)),
            Run(percent(spike.top_rows_share)),
        )
        for place, spike in enumerate(shown, start=1)
    ]
    titles = ("Spike", "u", "Strength", "p", "Variance", "Top 1%")
    of = f" ({len(shown)} of {number(total)})" if len(shown) < total else ""
    caption = (
        f"Spikes of {name}{of}: place u, strength of the signal in detection thresholds, Tracy-Widom p, share of the "
        "variance, and share of the singular vector's weight in the top 1% of the outputs (8.5% if spread evenly)."
    )
    return numbering.table(caption, [Column(title, numeric=True) for title in titles], rows)

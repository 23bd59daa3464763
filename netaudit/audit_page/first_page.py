"""The first page: the answer in words, the verdicts at a glance, and how much of the model was looked at."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.presenting import verdict_span
from netaudit.audit_page import not_judged
from netaudit.audit_page.claims import metric
from netaudit.audit_page.presented import Presented
from netaudit.audit_page.selection import layers_on_paper
from netaudit.report.document.model import Block, Column, Items, Paragraph, Presentation, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.results.report import LayerResult, Report, not_applicable, why_not_judged
from netaudit.text import NONE, count, names, number, percent, printable, sentence, shown_name, size
from netaudit.vocabulary import VERDICT_WORDS, VERDICTS, Verdict

_WRONG_HASH = (
    "The file's SHA-256 does not begin with the hash in its name: these may not be the weights that the name promises."
)


def first_page(presented: Presented) -> Section:
    """Build the section."""
    report = presented.report
    blocks: list[Block] = []
    if report.provenance.hash_matches_name is False:
        blocks.append(Paragraph((Span("Check the file. ", "strong"), Span(_WRONG_HASH)), warning=True))
    blocks += [Paragraph((Span(sentence(part.headline), "strong"),)) for part in headlines(presented)]
    blocks.append(Paragraph((Span(coverage(report), "strong"),)))
    blocks += [Paragraph((Span(sentence(note)),)) for note in report.notes]
    left_out = (*not_judged.unusable(presented), *not_judged.lines(presented))
    blocks += [Paragraph((Span(line),), warning=True) for line in left_out]
    lines = answers(presented)
    if lines:
        blocks.append(Items(tuple((Span(line),) for line in lines)))
    if not report.layers:
        words = (Span("No fully connected layer was audited; "), Span("section {section} says why.", link="skipped"))
        blocks += [Paragraph(words, warning=True), _glance(presented)]
    else:
        long = len(presented.layers) < len(report.layers)
        if long:  # the table of verdicts runs over pages: what the first page must show comes before it
            blocks += [_counts(presented), _glance(presented)]
        if presented.claims:
            blocks.append(_verdicts(presented))
        if not long:
            blocks += [values(presented)] if presented.claims else []
            blocks.append(_glance(presented))
    return Section("summary", 1, "Summary", tuple(blocks))


def headlines(presented: Presented) -> list[Presentation]:
    """The network analyses whose answer comes before everything else."""
    return [part for part in presented.network.values() if part.headline]


def coverage(report: Report) -> str:
    """How many layers, and how many of the parameters, were audited."""
    found, layers = report.coverage, count(len(report.layers), "fully connected layer")
    verb = "was" if len(report.layers) == 1 else "were"
    return (
        f"{layers} of {printable(report.model.name, 80)} {verb} audited: {number(found.parameters_audited)} of "
        f"{number(found.parameters_total)} parameters ({percent(found.share)})."
    )


def answers(presented: Presented) -> list[str]:
    """The answer in sentences: what is said of the network as a whole, then one a claim, then what of each layer."""
    lines = [part.line for part in presented.network.values() if part.line]
    lines += not_answered(presented)
    lines += [claim_in_words(analysis, presented.report.layers) for analysis in presented.claims if analysis.claim]
    for analysis in presented.analyses:
        if analysis.scope == "layer":
            by_layer = [f"{shown_name(layer.name, 80)}: {line}" for layer, line in presented.lines(analysis)]
            if by_layer:
                lines.append(f"{analysis.title} layer by layer: {names(by_layer, separator='; ')}")
    return [sentence(line) for line in lines]


def not_answered(presented: Presented) -> list[str]:
    """Why analyses of the network that have a line here do not apply, one line a reason.

    Of one that needs real inputs nothing is said where the user gave none, and nothing of one that needs recurrent
    cells: most networks have none. Errors stand above, as warnings.
    """
    report = presented.report
    no_data = report.data is None and report.provenance.settings.get("data") is None
    titles: dict[str, list[str]] = {}
    for analysis in presented.analyses:
        payload = report.analyses.get(analysis.name) if analysis.scope == "network" else None
        silent = not analysis.on_page_one or ("data" in analysis.needs and no_data) or "cells" in analysis.needs
        if payload is not None and not silent and not_applicable(payload) and why_not_judged(payload) is None:
            titles.setdefault(sentence(payload.note), []).append(analysis.title)
    return [f"{names(found, most=len(found))}: not applicable. {note}" for note, found in titles.items()]


def claim_in_words(analysis: Analysis, layers: Sequence[LayerResult]) -> str:
    """In how many layers a claim holds, and which are the exceptions."""
    says = analysis.claim.says if analysis.claim else f"{analysis.title} holds"
    by_verdict: dict[Verdict, list[str]] = {verdict: [] for verdict in VERDICTS}
    for layer in layers:
        if analysis.name in layer.findings:
            by_verdict[layer.finding(analysis.name).verdict].append(layer.name)
    judged = sum(len(by_verdict[verdict]) for verdict in ("holds", "fails", "undecided"))
    holds = len(by_verdict["holds"])
    if not judged:
        return f"Whether {says} could not be judged in any layer."
    exceptions: tuple[Verdict, ...] = ("fails", "undecided")
    start = f"{says[0].upper()}{says[1:]}"
    if judged == 1:
        verdict = "holds" if holds else next(verdict for verdict in exceptions if by_verdict[verdict])
        return f"{start}: {verdict} in the one layer judged."
    others = [f"{verdict}: {names(by_verdict[verdict])}" for verdict in exceptions if by_verdict[verdict]]
    share = "all" if holds == judged else f"{number(holds) if holds else 'none'} of the"
    more = f" ({'; '.join(others)})" if others else ""
    return f"{start}: holds in {share} {number(judged)} layers judged{more}."


def layer_name(presented: Presented, index: int) -> Span:
    """A layer's name, leading to its part of the report if it has one."""
    link = f"layer-{index + 1}" if index in presented.in_full else None
    return Span(shown_name(presented.report.layers[index].name), "name", link)


def _counts(presented: Presented) -> Table:
    claims = presented.report.summary.claims
    rows = [
        (
            Span(analysis.full_title),
            *(Span(number(claims.get(analysis.name, {}).get(word, 0))) for word in VERDICT_WORDS),
        )
        for analysis in presented.claims
    ]
    columns = [Column("Claim"), *(Column(words, numeric=True) for words in VERDICT_WORDS.values())]
    return table("Number of layers by claim and verdict.", columns, rows)


def _verdicts(presented: Presented) -> Table:
    def cell(layer: LayerResult, analysis: Analysis) -> Span:
        finding = layer.findings.get(analysis.name)
        return Span(NONE) if finding is None else verdict_span(finding.verdict)

    rows = [
        (
            layer_name(presented, index),
            Span(size(layer.shape)),
            *(cell(layer, analysis) for analysis in presented.claims),
        )
        for index, layer in enumerate(presented.report.layers)
    ]
    titles = [Column(analysis.full_title, wide=True) for analysis in presented.claims]
    columns = [Column("Layer"), Column("[out, in]"), *titles]
    return table("Verdict on each claim about each layer.", columns, rows, *layers_on_paper(presented.report))


def values(presented: Presented) -> Table:
    """The number behind each verdict, one row a layer."""
    layers, claims = presented.report.layers, presented.claims
    statistics = {
        analysis: {
            finding.statistic
            for layer in layers
            if (finding := layer.findings.get(analysis.name)) is not None and finding.statistic is not None
        }
        for analysis in claims
    }

    def cell(layer: LayerResult, analysis: Analysis) -> Span:
        finding = layer.findings.get(analysis.name)
        if finding is None or finding.value is None or finding.statistic is None:
            return Span(NONE)
        unlike = "" if len(statistics[analysis]) == 1 else f" ({metric(analysis, finding.statistic)})"
        return Span(number(finding.value) + unlike)

    def title(analysis: Analysis) -> str:
        only = next(iter(statistics[analysis])) if len(statistics[analysis]) == 1 else None
        return analysis.full_title + (f": {metric(analysis, only)}" if only else "")

    rows = [
        (layer_name(presented, index), *(cell(layer, analysis) for analysis in claims))
        for index, layer in enumerate(layers)
    ]
    columns = [Column("Layer"), *(Column(title(analysis), numeric=True, wide=True) for analysis in claims)]
    return table("The statistic that each verdict rests on.", columns, rows, *layers_on_paper(presented.report))


def _glance(presented: Presented) -> Table:
    report = presented.report
    model, found = report.model, report.coverage
    what = f"{model.architecture} ({model.kind})" if model.architecture and model.kind else ""
    pairs: list[tuple[str, str | Span]] = [("Target", Span(printable(report.target), "name"))]
    if what or model.architecture or model.kind:
        pairs.append(("Model", printable(what or model.architecture or model.kind)))
    if model.weights:
        pairs.append(("Weights", Span(printable(model.weights), "name")))
    if model.revision:
        pairs.append(("Revision", Span(printable(model.revision), "name")))
    pairs += [
        (
            "Parameters audited",
            f"{number(found.parameters_audited)} of {number(found.parameters_total)} ({percent(found.share)})",
        ),
        ("Layers", f"{number(len(report.layers))} audited, {number(len(report.skipped))} skipped"),
        *(fact for part in presented.network.values() for fact in part.facts),
    ]
    return facts(pairs)

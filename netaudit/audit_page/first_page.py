"""The first page: the answer in words, the verdicts at a glance, and how much of the model was looked at."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page import not_judged
from netaudit.audit_page.kinds import MANY, audited, positions
from netaudit.audit_page.pictures import picture
from netaudit.audit_page.presented import Presented
from netaudit.audit_page.ranges import in_ranges
from netaudit.audit_page.verdict_tables import by_kind, values, verdicts
from netaudit.report.document.model import (
    Block,
    Details,
    Items,
    Paragraph,
    Presentation,
    Section,
    Span,
    Spans,
    Table,
)
from netaudit.report.document.numbering import facts
from netaudit.results.report import LayerResult, Report, not_applicable, why_not_judged
from netaudit.text import count, names, number, percent, printable, sentence, shown_name
from netaudit.vocabulary import VERDICTS, Verdict

_TOLD = 3  # layers of which page one says a line
_CLAUSE = 500  # characters of each
REVERSE = "Run in reverse"
"""The question of page one whose answer follows the claims."""
_MEANING = (
    "Where a claim holds, theorems about random matrices speak of the layer. Where it fails, training has written "
    "structure into the weights, or the start was drawn by another law; that does not make the network bad, wrongly "
    "trained or unsafe, and where it holds the layer is not proved to be random"
)
_WRONG_HASH = (
    "The file's SHA-256 does not begin with the hash in its name: these may not be the weights that the name promises."
)


def first_page(presented: Presented) -> Section:
    """Build the section: the answer in sentences, one picture, and the facts of the network."""
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
        blocks.append(Items(tuple(lines)))
    if not report.layers:
        words = (Span("No fully connected layer was audited; "), Span("section {section} says why.", link="skipped"))
        blocks.append(Paragraph(words, warning=True))
    shown = picture(presented)
    if shown is not None:
        blocks.append(shown)
    if report.layers and presented.claims:
        blocks += _tables(presented)
    more = [(Span(sentence(line)),) for line in more_lines(presented)]
    if more:
        blocks.append(Items(tuple(more)))
    blocks.append(_glance(presented))
    return Section("summary", 1, "Summary", tuple(blocks))


def _tables(presented: Presented) -> list[Block]:
    """The verdicts and their numbers: of few layers in plain text too, of many only by kind."""
    if len(presented.report.layers) <= MANY:
        return [
            Details("The verdicts in a table", (verdicts(presented),), in_text=True),
            Details("The statistic that each verdict rests on", (values(presented),)),
        ]
    both = (verdicts(presented), values(presented))
    return [by_kind(presented), Details("The verdicts and their statistics, layer by layer", both)]


def headlines(presented: Presented) -> list[Presentation]:
    """The network analyses whose answer comes before everything else."""
    return [part for part in presented.network.values() if part.headline]


def coverage(report: Report) -> str:
    """How many layers, and how many of the parameters, were audited."""
    found, layers = report.coverage, audited(report.layers)
    verb = "was" if len(report.layers) == 1 else "were"
    return (
        f"{layers} of {printable(report.model.name, 80)} {verb} audited: {number(found.parameters_audited)} of "
        f"{number(found.parameters_total)} parameters ({percent(found.share)})."
    )


def answers(presented: Presented) -> list[Spans]:
    """The answer in sentences: how random-like and where not, whether it runs in reverse, how sure, what it means."""
    asked = [part for part in presented.network.values() if part.line and part.question]
    reverse = [part for part in asked if part.question == REVERSE]
    items = [_labelled(part.question, part.line) for part in asked if part not in reverse]
    items += [
        _labelled(analysis.title, claim_in_words(analysis, presented.report.layers))
        for analysis in presented.claims
        if analysis.claim
    ]
    items += [_labelled(part.question, part.line) for part in reverse]
    if presented.claims and presented.report.layers:
        items += [_labelled("How sure", _sure(presented)), _labelled("What it means", _MEANING)]
    return items


def more_lines(presented: Presented) -> list[str]:
    """What else the analyses say in a line: of the network as a whole, then of each layer."""
    lines = [part.line for part in presented.network.values() if part.line and not part.question]
    lines += not_answered(presented)
    for analysis in presented.analyses:
        if analysis.scope == "layer" and len(presented.report.layers) <= MANY:
            told = presented.lines(analysis)
            if len(told) > _TOLD:
                told.sort(key=lambda each: _urgency(each[0], analysis))
            by_layer = [f"{shown_name(layer.name, 80)}: {line}" for layer, line in told]
            if by_layer:
                lines.append(f"{analysis.title} layer by layer: {names(by_layer, _TOLD, '; ', _CLAUSE)}")
    return lines


def _urgency(layer: LayerResult, analysis: Analysis) -> int:
    """Of a list that is cut, what fails comes first, then what is undecided: a reader must not miss them."""
    finding = layer.findings.get(analysis.name)
    return 2 if finding is None else {"fails": 0, "undecided": 1}.get(finding.verdict, 2)


def _labelled(label: str, text: str) -> Spans:
    """A sentence under its label, which may be how it begins."""
    whole = sentence(text)
    if whole.startswith(label):
        return (Span(label, "strong"), Span(whole.removeprefix(label)))
    return (Span(f"{label}. ", "strong"), Span(whole))


def _sure(presented: Presented) -> str:
    found = [finding.verdict for layer in presented.report.layers for finding in layer.findings.values()]
    judged = [verdict for verdict in found if verdict != "not_applicable"]
    undecided = judged.count("undecided")
    of_them = f"{number(undecided) if undecided else 'none'} of {count(len(judged), 'verdict')}"
    says = f"{of_them} {'is' if undecided <= 1 else 'are'} undecided" if judged else "no verdict could be given"
    return (
        f"A claim holds or fails only where a whole interval, not a value alone, lies within or beyond its tolerance; "
        f"{says}. Tolerances are conventions, stated with each rule{_widened(presented)}"
    )


def _widened(presented: Presented) -> str:
    """How many verdicts that hold have a tolerance that was widened, since the layer is small: a weaker statement."""
    held = [finding for layer in presented.report.layers for finding in layer.findings.values()]
    held = [finding for finding in held if finding.verdict == "holds"]
    wide = sum(finding.rule is not None and finding.rule.widened for finding in held)
    if not wide:
        return ""
    return (
        f"; {number(wide)} of {count(len(held), 'verdict')} that {'holds' if len(held) == 1 else 'hold'} "
        f"{'has' if wide == 1 else 'have'} a wider tolerance, as small layers need, and so "
        f"{'says' if wide == 1 else 'say'} less"
    )


def not_answered(presented: Presented) -> list[str]:
    """Why analyses of the network that have a line here do not apply, one line a reason.

    Of one that needs real inputs nothing is said where the user gave none, and nothing of one that needs recurrent
    cells: most networks have none. Where no analysis asked for has an answer, all say why. Errors stand above, as
    warnings.
    """
    report = presented.report
    no_data = report.data is None and report.provenance.settings.get("data") is None
    nothing = not presented.network and not any(analysis.scope == "layer" for analysis in presented.analyses)
    titles: dict[str, list[str]] = {}
    for analysis in presented.analyses:
        payload = report.analyses.get(analysis.name) if analysis.scope == "network" else None
        unasked = no_data and not {"data", "sample"}.isdisjoint(analysis.needs)
        silent = not analysis.on_page_one or unasked or "cells" in analysis.needs
        silent = silent and not nothing
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
    if len(layers) > MANY:
        placed = [
            (at, layer.findings[analysis.name].verdict)
            for at, layer in zip(positions(layers), layers, strict=True)
            if analysis.name in layer.findings
        ]
        share = "all" if holds == judged else f"{number(holds) if holds else 'none'} of the"
        of = "the one layer" if holds == judged == 1 else f"{share} {count(judged, 'layer')}"
        return f"{start}: holds in {of} judged ({in_ranges(placed)})."
    if judged == 1:
        verdict = "holds" if holds else next(verdict for verdict in exceptions if by_verdict[verdict])
        return f"{start}: {verdict} in the one layer judged."
    others = [f"{verdict}: {names(by_verdict[verdict])}" for verdict in exceptions if by_verdict[verdict]]
    share = "all" if holds == judged else f"{number(holds) if holds else 'none'} of the"
    more = f" ({'; '.join(others)})" if others else ""
    return f"{start}: holds in {share} {number(judged)} layers judged{more}."


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

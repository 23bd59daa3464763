"""The method: what was assumed, each analysis' own part of it, how to read a verdict, and the references."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.claims import metric
from netaudit.faults import in_words, show_trace
from netaudit.report.document.formulas import Formula
from netaudit.report.document.model import (
    Block,
    Details,
    Equation,
    Foldable,
    Items,
    Method,
    Paragraph,
    Section,
    Span,
)
from netaudit.report.document.prose import prose
from netaudit.text import number, sentence


def method(analyses: Sequence[Analysis]) -> list[Section]:
    """The method's sections: those of the analyses in the report, in its order."""
    parts = {analysis: part for analysis in analyses if (part := part_of(analysis)) is not None}
    claims = [analysis for analysis in parts if analysis.claim]
    others = [analysis for analysis in parts if not analysis.claim]
    sections = [Section("method", 1, "Method", _blocks(_SETTING))]
    of_layers = {analysis.name for analysis in analyses if analysis.scope == "layer"}
    sections += [_section(analysis, parts[analysis], of_layers) for analysis in (*claims, *others)]
    if claims:
        verdicts = Items(tuple(map(prose, _VERDICTS)))
        sections.append(Section("method-verdicts", 2, "How to read a verdict", (verdicts,)))
    cited = {reference for part in parts.values() for reference in part.references} | set(SHARED_REFERENCES)
    listed = Items(tuple((Span(reference),) for reference in sorted(cited, key=by_author)))
    return [*sections, Section("references", 2, "References", (listed,), numbered=False)]


def method_on_page(analyses: Sequence[Analysis]) -> list[Section]:
    """The method as a report has it: a paragraph an analysis, with the whole method folded behind them."""
    whole = method(analyses)
    by_identifier = {section.identifier: section for section in whole}
    parts = {analysis: part for analysis in analyses if (part := part_of(analysis)) is not None}
    of_layers = {analysis.name for analysis in analyses if analysis.scope == "layer"}
    ordered = sorted(parts, key=lambda analysis: analysis.claim is None)
    short = [
        (Span(f"{analysis.full_title}. ", "strong"), Span(_in_short(analysis, parts[analysis]))) for analysis in ordered
    ]
    folded = [
        Details(f"The method in full: {section.title}", _within(section.blocks))
        for section in (whole[0], *(by_identifier[_identifier(analysis, of_layers)] for analysis in ordered))
    ]
    blocks: list[Block] = [Paragraph(prose(_SHORT)), *([Items(tuple(short))] if short else []), *folded]
    also = tuple(_identifier(analysis, of_layers) for analysis in ordered)
    sections = [Section("method", 1, "Method", tuple(blocks), small=True, also=also)]
    if "method-verdicts" in by_identifier:
        sections.append(replace(by_identifier["method-verdicts"], small=True))
    return [*sections, replace(by_identifier["references"], small=True)]


def _in_short(analysis: Analysis, part: Method) -> str:
    """What was done in a sentence or two, or else what was asked, and of a claim the rule."""
    text = with_citations(part.sentence) or sentence(analysis.asks)
    if analysis.claim is None:
        return text
    limits = ", ".join(
        f"{metric(analysis, statistic)} {number(tolerance)}"
        for statistic, tolerance in analysis.claim.tolerances.items()
    )
    return f"{text} Tolerances: {limits}; twice the range of Gaussian layers where that is wider."


def with_citations(text: str) -> str:
    """The text with its citations as a report has them.

    >>> with_citations("It follows the law [@marchenko1967; @ma2012].")
    'It follows the law (Marchenko 1967, Ma 2012).'
    """

    def shown(found: re.Match[str]) -> str:
        keys = re.findall(r"@([^\W\d]+)(\d{4}\w?)", found[1])
        return f"({', '.join(f'{name.capitalize()} {year}' for name, year in keys)})"

    return re.sub(r"\[(@[^]]*)\]", shown, text)


def _within(blocks: Sequence[Block]) -> tuple[Foldable, ...]:
    return tuple(block for block in blocks if not isinstance(block, Details))


def formulas_of(analyses: Sequence[Analysis]) -> dict[str, Formula]:
    """The formulas that the analyses bring along, by key.

    Raises:
        ValueError: two analyses have different formulas of one key.
    """
    found: dict[str, Formula] = {}
    for analysis in analyses:
        part = part_of(analysis)
        for key, formula in (part.formulas if part else {}).items():
            if found.setdefault(key, formula) != formula:
                raise ValueError(f"two analyses have different formulas called {key!r}")
    return found


def by_author(reference: str) -> str:
    """What a list of references is sorted by: the family name of the first author, then the rest.

    >>> sorted(["M. Gavish and D. L. Donoho (2014). B.", "S. Arora, Y. Liang and T. Ma (2015). A."], key=by_author)[0]
    'S. Arora, Y. Liang and T. Ma (2015). A.'
    """
    words = reference.split()
    initials = 0
    while initials < len(words) - 1 and words[initials].endswith("."):
        initials += 1
    return " ".join([*words[initials:], *words[:initials]])


def part_of(analysis: Analysis) -> Method | None:
    """The analysis' part of the method; why it cannot be shown, where that goes wrong."""
    if analysis.method is None:
        return None
    try:
        part = analysis.method()
        _blocks(part.blocks, part.formulas)  # a formula that is not there must fail here, not in a renderer
        return part
    except Exception as error:  # noqa: BLE001 - what one analysis cannot show costs the others nothing
        show_trace(error)
        why = sentence(f"This part of the method cannot be shown: {in_words(error)}")
        return Method((Paragraph((Span(why),), warning=True),))


def _section(analysis: Analysis, part: Method, of_layers: Set[str]) -> Section:
    """The section of one analysis; one of the network may have the name of one of the layers."""
    identifier = _identifier(analysis, of_layers)
    return Section(identifier, 2, analysis.full_title, _blocks(part.blocks, part.formulas))


def _identifier(analysis: Analysis, of_layers: Set[str]) -> str:
    place = "network-" if analysis.scope == "network" and analysis.name in of_layers else ""
    return f"method-{place}{analysis.name.replace('_', '-')}"


def _blocks(blocks: Sequence[str | Block], own: Mapping[str, Formula] | None = None) -> tuple[Block, ...]:
    return tuple(Paragraph(prose(block, own)) if isinstance(block, str) else block for block in blocks)


_SHORT = (
    "A fully connected layer of a trained network may behave as if its weights {A} had been drawn at random (Arora, "
    "Liang and Ma 2015). If so, it can be run in reverse: its output {h} gives back a shadow {x} of its input. Each "
    "claim below is judged for itself, layer by layer. The whole method, with its formulas and derivations, is in "
    "docs/method.md of netaudit and in audit.html."
)

_SETTING: tuple[str | Block, ...] = (
    "A fully connected layer with ReLU computes",
    Equation("layer"),
    "where {shape}, {relu} entry by entry, and {sigma2} is the variance of the entries of {A}. The random-like nets "
    "hypothesis of Arora, Liang and Ma (2015) says that such a layer of a trained network behaves as if {A} had been "
    "drawn at random. If so, the layer can be run in reverse: its output {h} gives back a shadow {x} of its input, "
    "and {x} sent forward gives back {h}. Four claims are judged, each for itself. H3 and H4 are judged on "
    "{centred}, because a mean of a twentieth of {sigma} alone would spoil them; the same figures of {A} as stored "
    "stand beside.",
)

_VERDICTS: tuple[str, ...] = (
    "*● holds*: the whole interval of every statistic lies within the tolerance. The layer is as random-like as the "
    "rule asks for, not proved to be random.",
    "*× fails*: the whole interval of a statistic lies beyond the tolerance. It does not mean that the network "
    "is bad, wrongly trained or unsafe: training writes structure into the weights, a spike may be just what was "
    "learnt, and uniform weights are not Gaussian from the start. It means that theorems which assume a random "
    "matrix do not describe this layer, and that its shadows cannot be trusted to the predicted accuracy.",
    "*▲ undecided*: the tolerance lies within the interval, or the data at hand do not settle the claim; the note says "
    "which.",
    "*– not applicable*: the claim makes no statement about this layer, such as one without a bias.",
    "Verdicts are equivalence tests by interval inclusion (Wellek 2010), never bare p-values. An interval stands with "
    "its nominal level, or with the number of draws that it is the range of where they are too few for one; without "
    "either it is the value alone, or what one singular value more or less in the bulk changes. Tolerances are stated "
    "with their origin; for a small layer they widen to twice the noise of Gaussian layers.",
    "*Nulls* say where an effect comes from. Gaussian matrices of the same shape have no structure. The layer's own "
    "entries, mean removed and permuted, keep their histogram alone: what is still there permuted comes from the "
    "tails. With random signs they keep the variance of each row and column too. The mean is removed first, because a "
    "shuffle keeps it, and it makes a spike of its own. For a large layer one draw is made on a random part of it, "
    "beside the part as it is. No verdict rests on these draws.",
)

SHARED_REFERENCES: tuple[str, ...] = (
    "S. Arora, Y. Liang and T. Ma (2015). Why are deep nets reversible: a simple theory, with implications for "
    "training. arXiv:1511.05653.",
    "S. Wellek (2010). Testing Statistical Hypotheses of Equivalence and Noninferiority, 2nd edition. Chapman and "
    "Hall.",
)
"""What every report rests on."""

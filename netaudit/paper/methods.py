"""The methods section of a paper, written from what ran: in LaTeX with macros for its numbers, and in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.kinds import sorts
from netaudit.audit_page.method import SHARED_REFERENCES, formulas_of, part_of
from netaudit.faults import in_words, show_trace
from netaudit.paper import citations
from netaudit.paper.macros import PREFIX, Macro, letters
from netaudit.paper.pieces import Piece, Pieces, template, to_latex, to_markdown
from netaudit.report.document.formulas import Formula, formulas
from netaudit.report.document.model import Method
from netaudit.report.latex.escape import broken, escaped
from netaudit.report.latex.spans import words
from netaudit.results.payload import Finding
from netaudit.results.report import Report, not_applicable
from netaudit.text import count, number, printable, sentence


@dataclass(frozen=True)
class Methods:
    """The section and what it cites."""

    paragraphs: tuple[Pieces, ...]
    latex: str
    markdown: str
    bib: str


def methods(report: Report, analyses: Sequence[Analysis], found: Sequence[Macro]) -> Methods:
    """Write the section from the analyses that are in the report."""
    ran = _ran(report, analyses)
    parts = {analysis: part for analysis in ran if (part := part_of(analysis)) is not None}
    references = {line for part in parts.values() for line in part.references} | set(SHARED_REFERENCES)
    keys = citations.keys(references)
    audit_key = f"netaudit-audit-{text_of(found, f'{PREFIX}Fingerprint')}"
    paragraphs = tuple(
        paragraph
        for paragraph in (
            template(_OPENING.replace("AUDIT", audit_key).replace("LAYERS", _layers(report))) + template(_rest(report)),
            _sentences(parts, keys),
            template(_VERDICTS) if any(analysis.claim for analysis in ran) else (),
            _exceptions(report, parts),
        )
        if paragraph
    )
    every = {**formulas(), **formulas_of(ran)}
    version, seed = (text_of(found, f"{PREFIX}{name}") for name in ("Version", "Seed"))
    note = (
        f"netaudit {version}, seed {seed}; SHA-256 of the weights {report.provenance.weights_sha256}, fingerprint of "
        f"audit.json {text_of(found, f'{PREFIX}Fingerprint')}"
    )
    title = f"Audit of {printable(report.model.name, 80)}"
    entries = [*own_entries(version, audit_key, title, note), *citations.entries(references)]
    return written(paragraphs, every, found, PREFIX, entries)


def written(
    paragraphs: tuple[Pieces, ...],
    every: Mapping[str, Formula],
    found: Sequence[Macro],
    prefix: str,
    entries: Sequence[citations.Entry],
) -> Methods:
    """The section in both forms, with the macros ``found``, whose names begin with ``prefix``, and the formulas."""
    by_name = {each.name.removeprefix(prefix): each for each in found}
    return Methods(
        paragraphs,
        "% Needs macros.tex and audit.bib.\n"
        + "\n\n".join(to_latex(paragraph, every, by_name) for paragraph in paragraphs)
        + "\n",
        "\n\n".join(to_markdown(paragraph, every, by_name) for paragraph in paragraphs) + "\n",
        "\n".join(entry.text() for entry in entries),
    )


_OPENING = (
    "We audited LAYERS (<ParametersAudited> of <ParametersTotal> parameters) of <Model> with "
    "netaudit <Version> [@netaudit; @AUDIT] (seed <Seed>, device <Device>, arithmetic: <Arithmetic>)."
)
_VERDICTS = (
    "Verdicts are equivalence tests by interval inclusion [@wellek2010]: a claim holds where the whole interval of "
    "each statistic lies within its tolerance, fails where the whole interval of one lies beyond it, and is undecided "
    "otherwise. Tolerances widen to twice the noise of Gaussian layers for small layers."
)


_SKIPPED = " Layers and tensors that were not audited: <Skipped>; the report gives the reason of each."
_INPUTS = " Real inputs that were sent through the network: <RealInputs>."


def _layers(report: Report) -> str:
    """How many layers there are, with the matrices of recurrent cells apart."""
    found = sorts(report.layers)
    names = [letters(sort.macro) for sort in found] if len(found) > 1 else ["Layers"]
    return " and ".join(f"<{name}> {sort.name}" for name, sort in zip(names, found, strict=True))


def _rest(report: Report) -> str:
    return (_SKIPPED if report.skipped else "") + ("" if report.data is None else _INPUTS)


def _ran(report: Report, analyses: Sequence[Analysis]) -> list[Analysis]:
    """The analyses that gave a result; of the network, those that apply."""
    of_layers = {name for layer in report.layers for name in layer.analyses}
    return [
        analysis
        for analysis in analyses
        if (analysis.scope == "layer" and analysis.name in of_layers)
        or (
            analysis.scope == "network"
            and analysis.name in report.analyses
            and not not_applicable(report.analyses[analysis.name])
        )
    ]


def _sentences(parts: Mapping[Analysis, Method], keys: Mapping[str, str]) -> Pieces:
    """One sentence or two an analysis; one that brings none is named with its question."""
    made: list[Piece] = []
    for analysis, part in parts.items():
        references = (*part.references, *SHARED_REFERENCES)

        def cite(cited: Sequence[str], references: Sequence[str] = references) -> list[str]:
            return citations.resolve(cited, references, keys)

        own: Pieces = ()
        if part.sentence:
            try:
                own = template(part.sentence, part.formulas, cite)
            except (KeyError, ValueError) as error:  # of a third party: it costs the others nothing
                show_trace(error)
                own = (Piece("text", sentence(f"{analysis.title} cannot be described: {in_words(error)}")),)
        own = own or (Piece("text", sentence(f"{analysis.title} was run: {analysis.asks}")),)
        made += ([Piece("text", " ")] if made else []) + list(own)
    return tuple(made)


def _exceptions(report: Report, parts: Mapping[Analysis, Method]) -> Pieces:
    """What is said of some layers alone, each thing once."""
    total = len(report.layers)
    said: Counter[str] = Counter()
    for layer in report.layers:
        for analysis, part in parts.items():
            payload = layer.analyses.get(analysis.name) if analysis.scope == "layer" else None
            if payload is None:
                continue
            if not_applicable(payload):
                said[f"{analysis.full_title} was not judged ({printable(payload.note, 300).rstrip('.')})"] += 1
                continue
            if isinstance(payload, Finding) and payload.rule is not None and payload.rule.widened:
                said[f"a tolerance of {analysis.full_title} was widened because of the size"] += 1
            said.update(_of_payload(part, payload))
        said.update(printable(event, 300).rstrip(".") for event in layer.events)
    every = [
        f"For {'all' if n == total else f'{number(n)} of'} {count(total, 'layer')}, {clause}."
        for clause, n in said.items()
    ]
    every += [sentence(note) for note in (*report.events, *report.notes)]
    return (Piece("text", " ".join(every)),) if every else ()


def _of_payload(part: Method, payload: object) -> Sequence[str]:
    try:
        return [] if part.exceptions is None else [str(clause) for clause in part.exceptions(payload)]
    except Exception as error:  # noqa: BLE001 - of a third party: it costs the others nothing
        show_trace(error)
        return []


def own_entries(version: str, key: str, title: str, note: str) -> list[citations.Entry]:
    """The tool, and this document: its title, and a note with what tells it from any other."""
    author = "{The netaudit developers}"
    year = {"note": f"Version {escaped(version)}"}
    return [
        citations.Entry(
            "netaudit", "misc", {"author": author, "title": "{netaudit: an audit of trained networks}"} | year
        ),
        citations.Entry(key, "misc", {"author": author, "title": f"{{{words(title)}}}", "note": _breakable(note)}),
    ]


def text_of(found: Sequence[Macro], name: str) -> str:
    """What the macro of a name stands for."""
    return next(each.text for each in found if each.name == name)


def _breakable(note: str) -> str:
    """The note in LaTeX, with places to break in its hashes, which no line could hold."""
    return " ".join(broken(word, 8) if len(word) > 40 else escaped(word) for word in note.split(" "))

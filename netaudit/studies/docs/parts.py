"""What the code says, as Markdown: the method, the JSON, and the tables of formats, analyses and renderers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from netaudit.analyses.shipped_schema import schema_text
from netaudit.analyses.table import BUILT_IN
from netaudit.audit_page.method import formulas_of, method
from netaudit.formats.table import FORMATS
from netaudit.report.document.markdown import escaped, section_markdown, table_markdown
from netaudit.report.renderers.table import RENDERERS
from netaudit.studies.docs.schema_tables import schema_markdown
from netaudit.text import number
from netaudit.vocabulary import NEEDS


def report_method() -> str:
    """The method as a report with every built-in analysis prints it, without the references."""
    own = formulas_of(BUILT_IN)
    return "\n\n".join(section_markdown(s, 2 + s.level, own) for s in method(BUILT_IN) if s.identifier != "references")


def references() -> str:
    """Every reference of that method."""
    return "\n\n".join(
        section_markdown(s, 2, formulas_of(BUILT_IN)) for s in method(BUILT_IN) if s.identifier == "references"
    )


def tolerances() -> str:
    """What each claim is judged on, and the tolerance of each statistic."""
    rows = [
        (f"{analysis.full_title}", f"`{statistic}`", number(tolerance))
        for analysis in BUILT_IN
        if analysis.claim
        for statistic, tolerance in analysis.claim.tolerances.items()
    ]
    return table_markdown(("claim", "statistic", "tolerance"), rows)


def json_fields() -> str:
    """Every field of audit.json."""
    return schema_markdown(json.loads(schema_text()), 3)


def formats_read() -> str:
    """The formats that are read, with the usual endings of their files' names."""
    rows = [(known.name, _suffixes(known.suffixes)) for known in FORMATS if known.open]
    return table_markdown(("format", "usual names"), rows)


def formats_refused() -> str:
    """The formats that are known and not read, with what netaudit says of such a file."""
    rows = [(known.name, _suffixes(known.suffixes), known.reason, known.hint) for known in FORMATS if not known.open]
    columns = ("format", "usual names", "netaudit says that it is", "and says what to do")
    return table_markdown(columns, ([*row[:2], *map(_shown, row[2:])] for row in rows))


def analyses() -> str:
    """The analyses, with what each asks and what it needs."""
    rows = [
        (
            f"`{analysis.name}`",
            analysis.claim.number if analysis.claim else "",
            analysis.scope,
            analysis.asks,
            ", ".join(NEEDS[need] for need in analysis.needs) or "nothing more",
        )
        for analysis in BUILT_IN
    ]
    return table_markdown(("analysis", "claim", "of a", "what it asks", "what it needs"), rows)


def questions() -> str:
    """The analyses, with what each asks: of two that share a name, of each layer and of the network, the latter."""
    asks = {f"`{analysis.name}`": analysis.asks for analysis in BUILT_IN}
    return table_markdown(("analysis", "what it asks"), asks.items())


def renderers() -> str:
    """The formats of a report."""
    rows = [
        (
            f"`{each.name}`",
            f"`{each.place('audit')}{'/' if each.folder else ''}`",
            each.says,
            "yes" if each.by_default else "no",
        )
        for each in RENDERERS
    ]
    return table_markdown(("`--format`", "file", "what it is", "by default"), rows)


def _suffixes(suffixes: tuple[str, ...]) -> str:
    return ", ".join(f"`{suffix}`" for suffix in suffixes) or "any"


def _shown(text: str) -> str:
    """Text that may hold code between backticks."""
    return "".join(f"`{piece}`" if index % 2 else escaped(piece) for index, piece in enumerate(text.split("`")))


PARTS: Mapping[str, Callable[[], str]] = {
    "method": report_method,
    "references": references,
    "tolerances": tolerances,
    "json": json_fields,
    "formats": formats_read,
    "refused": formats_refused,
    "analyses": analyses,
    "questions": questions,
    "renderers": renderers,
}
"""The parts by the name that a page asks for them by."""

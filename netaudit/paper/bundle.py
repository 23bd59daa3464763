"""The files of the folder ``paper``: all that a paper takes in, made from one audit or one comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.build import draft
from netaudit.audit_page.method import formulas_of
from netaudit.audit_page.presented import present
from netaudit.faults import in_words, show_trace
from netaudit.paper import appendix
from netaudit.paper.macros import Macro, macros, macros_tex
from netaudit.paper.methods import Methods, methods
from netaudit.paper.venues import Venue
from netaudit.report.document.formulas import formulas
from netaudit.report.document.model import Section, figures_of
from netaudit.report.figures.objects import to_pdf
from netaudit.results.report import Report

README = r"""# What is in this folder

Made by netaudit for the widths of {venue}: {again},
makes it again. Take in what you need:

| file | what it is |
| --- | --- |
| `macros.tex` | every number of the {called} as a macro: with it no number in your text goes stale |
| `methods.tex`, `methods.md` | the methods section, from what was run |
| `tables/*.tex` | {tables}, without a float around them |
| `figures/*.pdf` | figures, {column} inches wide, with TrueType fonts |
| `audit.bib` | the tool, this {called}, and the papers behind its methods |
| `appendix.tex` | an appendix that compiles alone: `pdflatex`, `bibtex`, `pdflatex` twice |
| `appendix-body.tex` | the same for your own document |
| `MANIFEST.txt` | the SHA-256 of each file: `sha256sum --check MANIFEST.txt` |

```latex
\usepackage{{amsmath,amssymb,array,booktabs,graphicx,longtable}}
\newcommand{{\netauditpath}}{{paper}}  % this folder, as seen from your document
\input{{paper/macros}}
```
"""


@dataclass(frozen=True)
class Parts:
    """What a document brings to a paper; the rest is the same for all of them."""

    called: str
    """What the document is: an audit, or a comparison."""
    again: str
    """For the README: what makes the bundle again."""
    width: str
    """For the README: what the tables are wide enough for."""
    macros: tuple[Macro, ...]
    methods: Methods
    tables: Mapping[str, str]
    """LaTeX by the name of the file."""
    opening: Sequence[str]
    """LaTeX that the appendix begins with."""
    after: Sequence[str]
    """LaTeX behind its method."""
    sections: Sequence[Section]
    """Those whose figures are taken, not drawn yet."""
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """LaTeX before the figures of a section, by its identifier."""


def bundle(report: Report, analyses: Sequence[Analysis], venue: Venue) -> dict[str, bytes]:
    """The files of an audit."""
    presented = present(report, analyses)
    every = {**formulas(), **formulas_of(presented.analyses)}
    found = macros(report, presented.analyses)
    made = appendix.tables_tex(presented, venue.column, every)
    parts = Parts(
        called="audit",
        again="a new audit, or `netaudit render audit.json --format latex --venue NAME`",
        width="tables for one column of text",
        macros=found,
        methods=methods(report, presented.analyses, found),
        tables=made,
        opening=appendix.opening(presented),
        after=appendix.verdicts(presented, venue, made, every),
        sections=draft(report, analyses).sections,
    )
    return files_of(parts, venue)


def files_of(parts: Parts, venue: Venue) -> dict[str, bytes]:
    """The content of each file by its path in the folder; the same document gives the same bytes."""
    pdfs: dict[str, bytes] = {}
    failed: dict[str, str] = {}
    for figure in figures_of(parts.sections):
        try:
            pdfs[figure.stem] = to_pdf(figure, venue.column)
        except Exception as error:  # noqa: BLE001 - one figure costs the paper nothing else
            show_trace(error)
            failed[figure.stem] = in_words(error)
    readme = README.format(
        venue=venue.name, column=venue.column, again=parts.again, called=parts.called, tables=parts.width
    )
    texts = {
        "README.md": readme,
        "macros.tex": macros_tex(parts.macros, parts.called),
        "methods.tex": parts.methods.latex,
        "methods.md": parts.methods.markdown,
        "audit.bib": parts.methods.bib,
        "appendix.tex": appendix.standalone(venue),
        "appendix-body.tex": appendix.body(parts.opening, parts.after, parts.sections, venue, failed, parts.texts),
    } | {f"tables/{name}.tex": text for name, text in parts.tables.items()}
    return {path: text.encode() for path, text in texts.items()} | {
        f"figures/{stem}.pdf": pdf for stem, pdf in pdfs.items()
    }

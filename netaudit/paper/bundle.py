"""The files of the folder ``paper``: all that a paper takes in, made from one audit."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.build import draft
from netaudit.audit_page.method import formulas_of
from netaudit.audit_page.presented import present
from netaudit.faults import in_words, show_trace
from netaudit.paper import appendix
from netaudit.paper.macros import macros, macros_tex
from netaudit.paper.methods import methods
from netaudit.paper.venues import Venue
from netaudit.report.document.formulas import formulas
from netaudit.report.document.model import figures_of
from netaudit.report.figures.objects import to_pdf
from netaudit.results.report import Report

README = r"""# What is in this folder

Made by netaudit for the widths of {venue}: a new audit, or `netaudit render audit.json --format latex --venue NAME`,
makes it again. Take in what you need:

| file | what it is |
| --- | --- |
| `macros.tex` | every number of the audit as a macro: with it no number in your text goes stale |
| `methods.tex`, `methods.md` | the methods section, from what was run |
| `tables/*.tex` | tables for one column of text, without a float around them |
| `figures/*.pdf` | figures, {column} inches wide, with TrueType fonts |
| `audit.bib` | the tool, this audit, and the papers behind its methods |
| `appendix.tex` | an appendix that compiles alone: `pdflatex`, `bibtex`, `pdflatex` twice |
| `appendix-body.tex` | the same for your own document |
| `MANIFEST.txt` | the SHA-256 of each file: `sha256sum --check MANIFEST.txt` |

```latex
\usepackage{{amsmath,amssymb,array,booktabs,graphicx,longtable}}
\newcommand{{\netauditpath}}{{paper}}  % this folder, as seen from your document
\input{{paper/macros}}
```
"""


def bundle(report: Report, analyses: Sequence[Analysis], venue: Venue) -> dict[str, bytes]:
    """The content of each file by its path in the folder; the same audit gives the same bytes."""
    presented = present(report, analyses)
    document = draft(report, analyses)
    every = {**formulas(), **formulas_of(presented.analyses)}
    found = macros(report, presented.analyses)
    written = methods(report, presented.analyses, found)
    pdfs: dict[str, bytes] = {}
    failed: dict[str, str] = {}
    for figure in figures_of(document.sections):
        try:
            pdfs[figure.stem] = to_pdf(figure, venue.column)
        except Exception as error:  # noqa: BLE001 - one figure costs the paper nothing else
            show_trace(error)
            failed[figure.stem] = in_words(error)
    made = appendix.tables_tex(presented, venue.column, every)
    texts = {
        "README.md": README.format(venue=venue.name, column=venue.column),
        "macros.tex": macros_tex(found),
        "methods.tex": written.latex,
        "methods.md": written.markdown,
        "audit.bib": written.bib,
        "appendix.tex": appendix.standalone(venue),
        "appendix-body.tex": appendix.body(presented, document, venue, made, failed, every),
    } | {f"tables/{name}.tex": text for name, text in made.items()}
    return {path: text.encode() for path, text in texts.items()} | {
        f"figures/{stem}.pdf": pdf for stem, pdf in pdfs.items()
    }

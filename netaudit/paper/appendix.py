"""The appendix of a paper: what was audited, how, every verdict and test, and the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.first_page import answers, headlines, more_lines
from netaudit.audit_page.presented import Presented
from netaudit.paper import tables
from netaudit.paper.venues import Venue
from netaudit.report.document.formulas import Formula
from netaudit.report.document.model import Section, figures_of
from netaudit.report.latex.spans import words
from netaudit.report.latex.tables import longtable, tabular
from netaudit.text import number, sentence

PATH = r"\netauditpath/"
"""Where the files lie, as seen from the paper: the paper may say so before it takes them in."""

_STANDALONE = r"""\documentclass[10pt]{article}
\usepackage[paperwidth=8.5in,paperheight=11in,textwidth=%(text)sin,textheight=%(height)sin]{geometry}
\usepackage{amsmath,amssymb,array,booktabs,graphicx,longtable}
\newcommand{\netauditpath}{.}
\begin{document}
\appendix
\input{macros}
\input{appendix-body}
\bibliographystyle{plain}
\bibliography{audit}
\end{document}
"""


def standalone(venue: Venue) -> str:
    """The document that takes the body in, on a page as wide as the venue's."""
    return _STANDALONE % {"text": venue.text, "height": venue.height}


def tables_tex(presented: Presented, width: float, formulas: Mapping[str, Formula]) -> dict[str, str]:
    """The tables for the text of a paper, ``width`` inches wide, by their names."""
    report, claims = presented.report, judged(presented)
    made: dict[str, str] = {}
    if claims and report.layers:
        cut = len(report.layers) > tables.ON_A_PAGE
        note = (
            f"% The {tables.ON_A_PAGE} layers of {number(len(report.layers))} with the worst verdicts; the appendix "
            "has all.\n"
            if cut
            else ""
        )
        each = [tabular(*part, width, formulas) for part in tables.verdicts(report, claims, tables.ON_A_PAGE)]
        made["verdicts"] = note + "\n\\medskip\n".join(each)
        made["counts"] = tabular(*tables.counts(report, claims), width, formulas)
    pairs = [fact for part in presented.network.values() for fact in part.facts]
    if pairs:
        made["network"] = tabular(*tables.facts(pairs[: tables.ON_A_PAGE]), width, formulas)
    return made


def body(
    opening: Sequence[str],
    after: Sequence[str],
    sections: Sequence[Section],
    venue: Venue,
    failed: Mapping[str, str],
    texts: Mapping[str, Sequence[str]],
) -> str:
    """The appendix without its preamble.

    Args:
        opening: LaTeX before the method: the heading of the appendix, and the answer.
        after: LaTeX behind the method: tables.
        sections: those whose figures follow.
        venue: whose columns they are set for.
        failed: why figures could not be drawn, by their stems.
        texts: LaTeX before the figures of a section, by its identifier.
    """
    lines = [
        r"% Needs the packages amsmath, amssymb, array, booktabs, graphicx and longtable, and macros.tex. Tables run",
        r"% over pages, so that it stands in one column: write \onecolumn before it where the paper has two.",
        r"\providecommand{\netauditpath}{.}",
        r"\makeatletter\providecommand{\netauditcaptions}[1]{\def\@captype{#1}}\makeatother",
        r"% The line above makes captions that do not float.",
        r"\begingroup\sloppy\emergencystretch=3em",
        *opening,
        r"\subsection{Method}",
        f"\\input{{{PATH}methods}}",
        *after,
    ]
    for section in sections:
        lines += _section(section, venue, failed, texts.get(section.identifier, ()))
    return "\n".join([*lines, r"\endgroup", ""])


def opening(presented: Presented) -> list[str]:
    """Of an audit: its heading, and the answers of page one."""
    return [
        r"\section{Audit of the weights of \NAModel{}}",
        *(words(sentence(part.headline)) + "\n" for part in headlines(presented)),
        *items([*("".join(span.text for span in line) for line in answers(presented)), *more_lines(presented)]),
    ]


def verdicts(presented: Presented, venue: Venue, made: Mapping[str, str], formulas: Mapping[str, Formula]) -> list[str]:
    """Of an audit: every verdict and test; ``made`` are the tables of the bundle."""
    report, claims = presented.report, judged(presented)
    lines: list[str] = []
    if claims and report.layers:
        lines += [
            r"\subsection{Verdicts}",
            *captioned("counts", "In how many layers each claim holds."),
            *(
                longtable(columns, rows, venue.text, formulas, "The verdicts, layer by layer.")
                for columns, rows in tables.verdicts(report, claims)
            ),
            longtable(
                *tables.tests(report, claims), venue.text, formulas,
                "The tests that the verdicts rest on: an effect size with its interval, and what is tolerated.",
            ),
        ]  # fmt: skip
    if "network" in made:
        lines += captioned("network", "The network as a whole.")
    return lines


def judged(presented: Presented) -> list[Analysis]:
    """The claims of the report that any layer was asked about."""
    return [claim for claim in presented.claims if claim.name in presented.report.summary.claims]


def captioned(name: str, caption: str) -> list[str]:
    """A table of the bundle with a caption, in its place."""
    return [
        r"\par\medskip\noindent\begin{minipage}{\linewidth}\centering\netauditcaptions{table}",
        f"\\caption{{{caption}}}\\smallskip",
        f"\\input{{{PATH}tables/{name}}}",
        r"\end{minipage}\par\medskip",
    ]


def items(lines: Sequence[str]) -> list[str]:
    """A list of sentences."""
    if not lines:
        return []
    return [r"\begin{itemize}", *(f"  \\item[$\\bullet$] {words(line)}" for line in lines), r"\end{itemize}"]


def _section(section: Section, venue: Venue, failed: Mapping[str, str], text: Sequence[str]) -> Iterator[str]:
    """One section of the report: its text, and its figures, as many side by side as the page holds columns."""
    every = figures_of([section])
    if not every and not text:
        return
    yield f"\\subsection{{{words(section.title)}}}"
    yield from text
    for figure in every:
        if figure.stem in failed:
            yield f"\\noindent {words(sentence(f'A figure could not be drawn: {failed[figure.stem]}'))}\n"
    found = [figure for figure in every if figure.stem not in failed]
    abreast = max(1, int((venue.text + 0.01) // venue.column))
    for start in range(0, len(found), abreast):
        yield r"\par\medskip\noindent"
        for place, figure in enumerate(found[start : start + abreast]):
            if place:
                yield r"\hfill"
            yield f"\\begin{{minipage}}[t]{{{venue.column}in}}\\centering\\netauditcaptions{{figure}}"
            yield f"\\includegraphics[width={venue.column}in]{{{PATH}figures/{figure.stem}.pdf}}"
            yield f"\\caption{{{words(figure.caption)}}}"
            yield r"\end{minipage}"
        yield r"\par"

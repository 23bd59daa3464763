"""The files of the folder ``paper`` of a comparison."""

from __future__ import annotations

from netaudit.comparing.page.build import draft
from netaudit.comparing.paper.macros import macros
from netaudit.comparing.paper.methods import methods
from netaudit.comparing.paper.tables import rules, tables_tex, texts
from netaudit.comparing.payload import Compared
from netaudit.paper.bundle import Parts, files_of
from netaudit.paper.venues import Venue
from netaudit.report.document.formulas import formulas
from netaudit.report.latex.spans import blocks_latex
from netaudit.results.fingerprint import FIELD
from netaudit.results.reading import parsed

_AGAIN = '`Comparison.from_json("compare.json").write(folder, ["latex"], venue=name)` in Python, or a new comparison'
_HEIGHT = r"\setkeys{Gin}{totalheight=0.75\textheight,keepaspectratio}% the picture of many layers is a page high"


def bundle(found: Compared, text: str, venue: Venue) -> dict[str, bytes]:
    """The content of each file by its path in the folder; ``text`` is the JSON of the comparison."""
    sections = draft(found, text).sections
    shown = [section for section in sections if section.identifier not in ("method", "provenance")]
    [method] = [section for section in sections if section.identifier == "method"]
    mark = str(parsed(text)[0][FIELD])
    every = macros(found, mark)
    others = r"\NCNetworkB{}" if len(found.pairs) == 1 else r"\NCOthers{} networks"
    paragraphs = [f"{line}\n" for line in blocks_latex(shown[0].blocks, formulas())]
    parts = Parts(
        called="comparison",
        again=_AGAIN,
        width="tables for one column of text, and those of more than five columns for the whole width",
        macros=every,
        methods=methods(found, mark, every),
        tables=tables_tex([*shown, method], venue, formulas()),
        opening=[_HEIGHT, f"\\section{{\\NCNetworkA{{}} and {others} compared}}", *paragraphs],
        after=rules(method, venue, formulas()),
        sections=shown,
        texts=texts(shown, venue, formulas()),
    )
    return files_of(parts, venue)

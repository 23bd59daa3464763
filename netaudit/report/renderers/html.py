"""The report as one HTML page: no script, no network, nothing beside it, and the JSON in it."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING

from netaudit.report.document.model import Document
from netaudit.report.made_with import made_with

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template
    from markupsafe import Markup


def render(document: Document) -> bytes:
    """The content of the file."""
    return to_html(document).encode("utf-8")


def to_html(document: Document) -> str:
    """Lay the document out as one HTML page."""
    from markupsafe import Markup

    glyphs, figures = with_shared_glyphs(document.figures)
    # The only strings that are not escaped: our own style sheet, our own MathML, and SVG drawn by us.
    own = {
        "math": lambda key: Markup(document.formulas[key].mathml),
        "svg": lambda stem: Markup(figures[stem]),
    }
    made = {"carried": carried(document.json), "made_with": made_with(), "glyphs": Markup(glyphs)}
    return _template().render(document=document, **own, **made) + "\n"


def with_shared_glyphs(figures: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The letters of all figures as one list of outlines, and the figures without their own: a third of their size.

    Matplotlib writes the outline of every letter that a figure has into that figure, under an id of that figure.
    """
    outlines: dict[str, str] = {}
    shared = {}
    for stem, svg in figures.items():
        names: dict[str, str] = {}
        for name, outline in _GLYPH.findall(svg):
            names[name] = outlines.setdefault(outline, f"glyph-{len(outlines) + 1}")
        svg = _GLYPH.sub("", svg).replace("<defs>\n</defs>\n", "")
        shared[stem] = _USED.sub(partial(_renamed, names), svg)
    return "".join(f'<path id="{name}" {outline}/>\n' for outline, name in outlines.items()), shared


def _renamed(names: Mapping[str, str], use: re.Match[str]) -> str:
    return f'<use href="#{names.get(use[1], use[1])}"'


_GLYPH = re.compile(r'<path id="([^"]+)" (d="[^"]*" transform="scale\(0\.015625\)")/>\n')
_USED = re.compile(r'<use xlink:href="#([^"]+)"')
CARRIED = "data:application/gzip;base64,"
"""How the address begins that holds the JSON."""


def carried(text: str) -> str:
    """The JSON as the address of a download: packed, since its text may be longer than the page."""
    packed = gzip.compress(text.encode("ascii"), mtime=0)  # a time would make two pages of one audit differ
    return CARRIED + b64encode(packed).decode("ascii")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=PackageLoader("netaudit.report", "templates"),
    )
    style = resources.files("netaudit.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)
    environment.filters["name"] = break_name
    return environment.get_template("report.html.j2")


def break_name(name: str) -> Markup:
    """The escaped name with a place to break after each ``.``, ``_``, ``/`` and ``-``; it copies clean."""
    from markupsafe import Markup

    return Markup("<wbr>").join(piece for piece in re.split(r"(?<=[._/-])", name) if piece)

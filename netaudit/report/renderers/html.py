"""The report as one HTML page: no script, no network, nothing beside it."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from netaudit.report.document.model import Document

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup


def render(document: Document) -> bytes:
    """The content of the file."""
    return to_html(document).encode("utf-8")


def to_html(document: Document) -> str:
    """Lay the document out as one HTML page."""
    from markupsafe import Markup

    # The only strings that are not escaped: our own style sheet, our own MathML, and SVG drawn by us.
    own = {
        "math": lambda key: Markup(document.formulas[key].mathml),
        "svg": lambda stem: Markup(document.figures[stem]),
    }
    return _template().render(document=document, **own) + "\n"


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

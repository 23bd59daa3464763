"""The report as one HTML page: no script, no network, nothing beside it."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from netaudit.report.bundle import Bundle
from netaudit.report.document.formulas import formulas

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup


def to_html(bundle: Bundle) -> str:
    """Lay the document out as HTML."""
    return _template().render(document=bundle.document, figures=bundle.figures) + "\n"


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
    # The only strings that are not escaped: our own style sheet, our own MathML, and SVG drawn by us.
    style = resources.files("netaudit.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)
    environment.filters |= {
        "name": break_name,
        "math": lambda key: Markup(formulas()[key].mathml),
        "svg": Markup,
    }
    return environment.get_template("report.html.j2")


def break_name(name: str) -> Markup:
    """The escaped name with a place to break after each ``.``, ``_``, ``/`` and ``-``; it copies clean."""
    from markupsafe import Markup

    return Markup("<wbr>").join(piece for piece in re.split(r"(?<=[._/-])", name) if piece)

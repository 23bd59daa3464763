"""A figure of a presentation, drawn as every report draws it."""

from __future__ import annotations

import matplotlib.style

from netaudit.report.document.model import Figure
from netaudit.report.figures.style import THEME, canvas
from netaudit.report.figures.svg import to_svg


def svg(figure: Figure) -> str:
    """SVG text."""
    assert figure.draw is not None
    with matplotlib.style.context(["default", THEME]):
        empty = canvas()
        figure.draw(empty)
        return to_svg(empty, figure.stem, figure.alt)

"""A figure, drawn in the theme of every report."""

from __future__ import annotations

from threading import Lock

from netaudit.report.document.model import Figure
from netaudit.report.figures.style import THEME, canvas
from netaudit.report.figures.svg import to_svg

DRAWING = Lock()
"""Matplotlib's settings are of the whole process: two threads that draw would draw in each other's."""


def draw_figure(figure: Figure) -> str:
    """The figure as SVG text, the same bytes every time.

    Raises:
        ValueError: the figure has nothing that draws it.
    """
    import matplotlib.style

    if figure.draw is None:
        raise ValueError(f"figure {figure.stem!r} cannot be drawn: it is drawn already")
    with DRAWING, matplotlib.style.context(["default", THEME]):  # whatever the user's own matplotlibrc says
        empty = canvas()
        figure.draw(empty)
        return to_svg(empty, figure.stem, figure.alt)

"""A figure of a presentation, drawn as the report draws it."""

import matplotlib.style

from netaudit.report.figures.style import THEME, canvas
from netaudit.report.figures.svg import to_svg


def svg_of(figure):
    with matplotlib.style.context(["default", THEME]):
        drawn = canvas()
        figure.draw(drawn)
        return to_svg(drawn, figure.stem, figure.alt)

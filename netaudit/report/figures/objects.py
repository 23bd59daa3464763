"""Figures as Matplotlib objects, and as PDF for a paper: at a given width, with fonts that may be printed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from netaudit.report.document.model import Figure
from netaudit.report.figures.draw import DRAWING
from netaudit.report.figures.style import COLUMN, THEME, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

PRINTED: Mapping[str, Any] = {
    "pdf.fonttype": 42,  # TrueType: camera-ready systems refuse Matplotlib's default, Type 3
    "font.family": ["STIXGeneral", "DejaVu Sans"],  # beside Times; the second has what the first lacks
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
}
_WIDEST_GROWTH = 1.25  # a figure on a wide column grows in height by no more


def drawn(figure: Figure, width: float | None = None, look: Mapping[str, Any] | None = None) -> Canvas:
    """The figure, drawn as a Matplotlib object; ``width`` in inches, that of a column of the report by default.

    Raises:
        ValueError: the figure has nothing that draws it.
    """
    if figure.draw is None:
        raise ValueError(f"figure {figure.stem!r} cannot be drawn: it is drawn already")
    with _theme(look or {}):
        empty = canvas()
        figure.draw(empty)
        if width is not None:
            height = float(empty.get_size_inches()[1])
            empty.set_size_inches(width, height * min(_WIDEST_GROWTH, max(1.0, width / COLUMN[0])))
        empty.draw_without_rendering()  # ticks take their size from the theme when they are first drawn
    return empty


def to_pdf(figure: Figure, width: float) -> bytes:
    """The figure as PDF, ``width`` inches wide; the same bytes every time."""
    made = drawn(figure, width, PRINTED)
    buffer = BytesIO()
    with _theme(PRINTED), _quiet_fonts():
        made.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return buffer.getvalue()


@contextmanager
def _theme(look: Mapping[str, Any]) -> Iterator[None]:
    import matplotlib.style

    with DRAWING, matplotlib.style.context(["default", {**THEME, **look}]):
        yield


@contextmanager
def _quiet_fonts() -> Iterator[None]:
    """Without a line a font on its date, which is no fault of ours."""
    logger = logging.getLogger("fontTools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)

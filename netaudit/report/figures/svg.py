"""A drawn figure as SVG text that can stand in a file, a page beside others, or a PDF."""

from __future__ import annotations

import re
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def to_svg(figure: Figure, stem: str, alt: str) -> str:
    """The figure as one ``<svg>`` element, the same bytes every time.

    Every id begins with ``stem``: two figures in one page that share a clip path's id clip each other
    (matplotlib issue 4388). Ids that nothing refers to, comments, metadata and the page-wide style sheet are dropped.

    Args:
        figure: drawn, with the theme's settings still in force.
        stem: the figure's file name, letters, digits and ``_``.
        alt: its text alternative.
    """
    import matplotlib

    buffer = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": stem}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue().decode("utf-8")
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: f' id="{stem}-{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{stem}-", svg)
    svg = re.sub(r'(?<= d=")[^"]+', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)  # 0.01 pt is enough
    svg = re.sub(r"\n\s*", "\n", svg).replace("<defs>\n</defs>\n", "")
    head = f'<svg role="img" aria-labelledby="{stem}-title" style="stroke-linejoin: round; stroke-linecap: butt" '
    title = f'<title id="{stem}-title">{escape(alt)}</title>'
    return re.sub(r"^<svg ([^>]*)>", lambda found: f"{head}{found[1]}>\n{title}", svg).strip() + "\n"

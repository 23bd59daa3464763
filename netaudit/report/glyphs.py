"""The characters that can be drawn everywhere: those of DejaVu Sans, which comes with Matplotlib."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def in_glyphs(text: str) -> str:
    r"""Escape what no font at hand can draw: PDF/A refuses a missing glyph, and a figure would show a box.

    >>> in_glyphs("层.weight σ")
    '\\u5c42.weight σ'
    """
    available = drawable()
    return "".join(c if ord(c) in available else c.encode("unicode_escape").decode() for c in text)


@cache
def drawable() -> frozenset[int]:
    """Code points of DejaVu Sans, the widest font at hand and the one that Typst falls back on."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font_folder() / "DejaVuSans.ttf")).get_charmap())


def font_folder() -> Path:
    """Matplotlib's own fonts: on every machine the same, and the figures' text is set in one of them."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"

"""Figures as every report draws them: one theme, self-contained SVG, the same bytes every time."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from synthetic_documents import figure

from netaudit.report.figures import style
from netaudit.report.figures.draw import draw_figure


def test_well_formed_and_self_contained(typical):
    for stem, svg in typical.figures.items():
        root = ElementTree.fromstring(svg)
        ids = [element.get("id") for element in root.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        assert all(each.startswith(f"{stem}-") for each in ids)
        references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert references
        assert references <= set(ids)
        assert not re.search(r"<metadata|<style|<script|<!--|https?://(?!www\.w3\.org/)", svg)


def test_same_figure_same_svg_whatever_the_user_has_set():
    theirs = {
        "font.size": 30,
        "axes.grid": True,
        "svg.fonttype": "none",
        "axes.spines.left": False,
        "axes.xmargin": 0.4,
    }
    svg = draw_figure(figure())
    with mpl.rc_context(theirs):
        assert draw_figure(figure()) == svg


def test_the_text_alternative_is_escaped():
    svg = draw_figure(replace(figure(), alt="<script> & \"'"))
    assert "<script>" not in svg
    assert ElementTree.fromstring(svg)[0].text == "<script> & \"'"


def test_palette_and_theme_are_seaborns():
    import seaborn

    palette = [colour.lower() for colour in seaborn.color_palette("colorblind").as_hex()]
    ours = [style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.PURPLE]
    assert ours == palette[:5]
    ticks = seaborn.axes_style("ticks")
    same = {"axes.axisbelow", "axes.edgecolor", "axes.grid", "axes.labelcolor", "text.color", "xtick.color"}
    same |= {"ytick.color", "xtick.direction", "ytick.direction"}
    assert {key: style.THEME[key] for key in same} == {key: ticks[key] for key in same}


@pytest.mark.parametrize("colour", [style.BLUE, style.GREEN, style.VERMILLION, "#737373"])
def test_lines_stand_out_from_the_white(colour):
    """WCAG's 3:1 for graphics; GREY is #737373."""
    levels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in levels]
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 3


def test_pyplot_is_not_loaded(run_python):
    code = """
import sys
from netaudit.report.document.model import Figure
from netaudit.report.figures.draw import draw_figure
draw_figure(Figure("a", "A.", "A.", lambda figure: figure.subplots()))
assert "matplotlib.pyplot" not in sys.modules and "seaborn" not in sys.modules and "torch" not in sys.modules
"""
    assert run_python(code) == ""

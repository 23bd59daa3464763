import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netaudit.report.curves import GaussianCurve, SpectrumCurve, read_curve
from netaudit.report.plan import plan

from netaudit.report.figures import style
from netaudit.report.figures.draw import draw_figures
from netaudit.report.figures.spectrum import draw_spectrum

BUDGET = 100_000  # bytes


@pytest.fixture(scope="module")
def figures(typical_bundle):
    return typical_bundle.figures


def test_names_are_numbered_and_never_a_layers(figures, hostile_bundle):
    assert list(figures)[:4] == [
        "layer_001_weights",
        "layer_001_biases",
        "layer_001_singular_values",
        "layer_001_shadow_error",
    ]
    assert list(figures)[-2:] == ["stack_labels", "hidden_units_001"]
    assert all(
        re.fullmatch(r"layer_\d{3}_[a-z_]+|stack_labels|hidden_units_\d{3}", stem)
        for stem in [*figures, *hostile_bundle.figures]
    )


def test_byte_budget(figures):
    assert {stem: len(svg) for stem, svg in figures.items() if len(svg.encode()) > BUDGET} == {}


def test_byte_budget_of_the_longest_curves_that_are_drawn(build, build_layer):
    finding = build_layer("x").finding("singular_law")
    n = 599
    longest = {
        "edges": [i / n * 2 for i in range(n + 1)],
        "density": [float(i % 2) for i in range(n)],
        "u": [i / n for i in range(n)],
        "law": [float(i % 2) for i in range(n)],
        "law_edge": 1.0,
        "tracy_widom_edge": 1.1,
        "spikes": [1.2 + i for i in range(n)],
    }
    layer = replace(build_layer("x"), findings=(replace(finding, curve=longest),))
    [(_, svg)] = [pair for pair in draw_figures(plan(build([layer]))).items() if pair[0] != "stack_labels"]
    assert 30_000 < len(svg) < BUDGET


def test_well_formed_and_self_contained(figures):
    for stem, svg in figures.items():
        root = ElementTree.fromstring(svg)
        ids = [element.get("id") for element in root.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        assert all(each.startswith(f"{stem}-") for each in ids)
        references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert references
        assert references <= set(ids)
        assert not re.search(r"<metadata|<style|<script|<!--|https?://(?!www\.w3\.org/)", svg)


def test_same_data_same_svg_whatever_the_user_has_set(typical, figures):
    theirs = {
        "font.size": 30,
        "axes.grid": True,
        "svg.fonttype": "none",
        "axes.spines.left": False,
        "axes.xmargin": 0.4,
    }
    with mpl.rc_context(theirs):
        again = draw_figures(plan(replace(typical, layers=typical.layers[:1])))
    assert {stem: again[stem] == figures[stem] for stem in again if stem.startswith("layer")} == dict.fromkeys(
        [stem for stem in figures if stem.startswith("layer_001")], True
    )


def test_alt_text_is_escaped_and_says_the_numbers(figures, typical):
    alt = ElementTree.fromstring(figures["layer_001_singular_values"])[0].text
    spikes = typical.layers[0].finding("singular_law").metrics["spikes"]
    assert f"{spikes} spikes above it, the largest at" in alt
    assert "the law ends at 1.791" in alt


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


def spectrum(**changes):
    base = {
        "edges": [0.0, 0.5, 1.0, 1.5, 2.0],
        "density": [0.4, 0.6, 0.5, 0.1],
        "u": [0.0, 1.0, 2.0],
        "law": [0.6, 0.5, 0.0],
        "law_edge": 2.0,
        "tracy_widom_edge": 2.05,
        "spikes": [],
    }
    return base | changes


def test_far_spikes_get_a_strip_and_the_bulk_stays_readable(build_layer):
    finding = build_layer("x").finding("singular_law")
    far = read_curve(replace(finding, curve=spectrum(spikes=[21.0, 2.2])))
    near = read_curve(replace(finding, curve=spectrum(spikes=[2.2])))
    assert isinstance(far, SpectrumCurve)
    assert isinstance(near, SpectrumCurve)
    for curve, panels in ((far, 2), (near, 1)):
        figure = style.canvas()
        draw_spectrum(figure, curve)
        assert len(figure.axes) == panels
        assert figure.axes[0].get_xlim()[1] < 3
    assert figure.axes[0].get_legend_handles_labels()[1][-1] == "spikes"


@pytest.mark.parametrize(
    ("claim", "curve"),
    [
        ("constant_bias", {"probability": [0.5], "bias": [0.0], "median": 0.0, "band": [0.0, 0.0]}),
        ("constant_bias", {"probability": [0.2, 0.8], "bias": [1e-30, 1e90], "median": 1.0, "band": [0.9, 1.1]}),
        (
            "gaussian_weights",
            {"edges": [0, 1], "density": [0], "gaussian": [0], "clipped": [0, 0], "qq": None},
        ),
        ("singular_law", spectrum(density=[0, 0, 0, 0], law=[0, 0, 0])),
        ("singular_law", spectrum(edges=[5.0, 6.0], density=[1.0])),
        ("singular_law", spectrum(spikes=[1e90, 2.1])),
        (
            "shadow_inversion",
            {"cells": [{"k": 1, "rho": 0.1, "used": False, "relative_error": 1e90, "predicted_relative_error": 1e-90}]},
        ),
        (
            "shadow_inversion",
            {
                "cells": [
                    {"k": k, "rho": rho / 7, "used": True, "relative_error": 1, "predicted_relative_error": 1}
                    for k in (1, 10**9)
                    for rho in range(1, 8)
                ]
            },
        ),
    ],
)  # fmt: skip
def test_odd_but_valid_curves_are_drawn(build, build_layer, claim, curve):
    finding = replace(build_layer("x").finding(claim), curve=curve)
    report = build([replace(build_layer("x"), findings=(finding,))])
    assert len(draw_figures(plan(report))) == 2


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True),
    st.lists(st.floats(-10, 10), max_size=5),
)
def test_any_histogram_is_drawn(edges, quantiles):
    import numpy as np

    from netaudit.report.figures.draw import _draw

    sorted_edges, sample = np.array(sorted(edges)), np.array(quantiles)
    ones = np.ones(len(edges) - 1)
    curve = GaussianCurve(sorted_edges, ones, ones, (0.0, 0.0), np.sort(sample), sample)
    assert _draw(curve, "x", "y").startswith("<svg")


def test_pyplot_is_not_loaded(run_python):
    code = """
import sys
from netaudit.report.figures.style import canvas
from netaudit.report.figures.draw import draw_figures
import matplotlib.style
canvas()
assert "matplotlib.pyplot" not in sys.modules and "seaborn" not in sys.modules and "torch" not in sys.modules
"""
    assert run_python(code) == ""

"""A study's page comes from the reporter of the audits: the same layouts, from its JSON alone."""

import json
import re
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_studies import EVIL, charts, data, document

from netaudit.errors import ReportError
from netaudit.report.chart import LOOKS, Axis, Chart, Mark, Series, series
from netaudit.report.document.model import Section
from netaudit.report.figures.draw import draw_figure
from netaudit.report.figures.lines import chart_figure, draw_chart
from netaudit.report.figures.style import THEME, canvas
from netaudit.report.glyphs import in_glyphs
from netaudit.report.renderers.html import to_html
from netaudit.studies.harness.page import LARGEST, StudyPage, write_study


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    return out, write_study(document(data()), out)


def drawn(chart):
    """The axes of a chart, with its figure kept alive."""
    import matplotlib.style

    with matplotlib.style.context(["default", THEME]):
        figure = canvas()
        draw_chart(figure, chart)
        figure.draw_without_rendering()
    return figure.axes[0]


def small(**changes):
    base = {"stem": "c", "caption": "C.", "alt": "A.", "x": Axis("x"), "y": Axis("y")}
    return Chart(**(base | {"series": (series("s", [(1, 2), (3, 4)]),)} | changes))


def test_what_is_written_and_the_json_last(written):
    out, paths = written
    assert list(paths) == ["json", "html", "pdf", "figures"]
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "figures/errors.svg",
        "figures/power.svg",
        "figures/single.svg",
        "theory.html",
        "theory.json",
        "theory.pdf",
    ]
    assert json.loads(paths["json"].read_text(encoding="ascii")) == data()


def test_the_page(written, read_page):
    page = written[1]["html"].read_text(encoding="utf-8")
    reader = read_page(page)
    assert reader.texts == [
        ("h1", "A study of random rows"),
        ("li", "1 Summary"),
        ("li", "2 How it was run"),
        ("h2", "1 Summary"),
        ("caption", "Table 1. Bars."),
        ("th", "What"),
        ("th", "Value"),
        ("th", "Met"),
        ("th", "random rows"),
        ("td", "0.97"),
        ("td", "● holds"),
        ("figcaption", "Figure 1. How often random rows are found."),
        ("figcaption", "Figure 2. Error over the width."),
        ("h2", "2 How it was run"),
        ("th", "Property"),
        ("th", "Value"),
        ("th", "Seeds"),
        ("td", "0 to 9"),
        ("figcaption", "Figure 3. A chart with names for ticks."),
    ]
    assert re.search(r"<footer>\n<p>netaudit 0\.1\.0 · theory\.json [0-9a-f]{12}</p>", page)
    assert "audit.json" not in page
    ids = reader.ids()
    assert len(ids) == len(set(ids))
    assert "How often random rows are found. Nothing below 0.75, all from 2.75 on.</title>" in page


def test_it_is_made_again_from_its_json_alone(written):
    _, paths = written
    again = document(json.loads(paths["json"].read_text()))
    assert to_html(again.document()) == paths["html"].read_text(encoding="utf-8")


def test_same_page_same_bytes(written, tmp_path):
    out, _ = written
    write_study(document(data()), tmp_path)
    for path in out.rglob("*.*"):
        assert (tmp_path / path.relative_to(out)).read_bytes() == path.read_bytes(), path


def test_the_pdf_holds_the_json_and_says_what_the_page_says(written, read_page, pdf_text, squash):
    _, paths = written
    pdf = paths["pdf"].read_bytes()
    with pikepdf.open(BytesIO(pdf)) as opened, opened.open_metadata() as metadata:
        assert list(opened.attachments) == ["theory.json"]
        assert opened.attachments["theory.json"].get_file().read_bytes() == paths["json"].read_bytes()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"], metadata["pdfuaid:part"]) == ("3", "A", "1")
        assert metadata["dc:title"] == "A study of random rows"
    text = pdf_text(pdf)
    assert [t for _, t in read_page(paths["html"].read_text()).texts if squash(t) not in text] == []
    assert re.search(r"theory\.json[0-9a-f]{12}page1of1", text)


def test_hostile_strings_stay_text(tmp_path, read_page, pdf_text, squash):
    page = document(data(EVIL))
    paths = write_study(page, tmp_path)
    html, pdf = paths["html"].read_text(encoding="utf-8"), paths["pdf"].read_bytes()
    reader = read_page(html)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "<script>alert(1)</script> $x^2$ _b_ *c* #panic() \\u202e层" in {text for _, text in reader.texts}
    assert "\u202e" not in html
    assert squash(in_glyphs("#panic() \\u202e层")) in pdf_text(pdf)
    ElementTree.fromstring(page.document().figures["power"])
    assert json.loads(paths["json"].read_text())["name"] == EVIL


def test_words_in_a_chart_are_shown_as_they_are():
    hostile = "_$x^2$ \u202e层"
    axes = drawn(
        small(x=Axis(hostile, ticks=((1, hostile),)), series=(series(hostile, [(1, 2)]),), marks=(Mark(1, hostile),))
    )
    [legend] = axes.figure.legends
    texts = [*legend.get_texts(), axes.xaxis.label, axes.get_xticklabels()[0]]
    assert [text.get_text() for text in texts] == ["_$x^2$ \\u202e\\u5c42"] * 4
    assert not any(text.get_parse_math() for text in texts)


def test_the_artists_hold_the_data():
    power = charts(data())[0]
    axes = drawn(power)
    lines = axes.get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", "-", "-.", "--", ":"]
    for line, given_series in zip(lines, power.series, strict=False):
        np.testing.assert_array_equal(line.get_xydata(), np.transpose([given_series.x, given_series.y]))
    assert [line.get_marker() for line in lines[:3]] == ["o", "none", "none"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert lines[3].get_xdata() == [1.0, 1.0]
    assert lines[4].get_ydata() == [0.95, 0.95]
    bars, band = sorted(axes.collections, key=lambda artist: type(artist).__name__, reverse=True)
    segments = [[(x, low), (x, high)] for x, _, low, high in data()["points"]]
    np.testing.assert_array_equal(bars.get_segments(), segments)
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    assert {(x, low**2) for x, _, low, _ in data()["points"]} <= corners
    assert axes.get_ylim() == (-0.03, 1.03)
    assert "100%" in {text.get_text() for text in axes.get_yticklabels()}
    labels = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert labels == ["random rows", "theory", "another shape, with a band", "detection threshold", "bar"]


def test_a_gap_stays_a_gap():
    axes = drawn(charts(data())[2])
    assert np.isnan(axes.get_lines()[0].get_ydata()[1])
    assert len(axes.collections[0].get_segments()) == 1
    assert [text.get_text() for text in axes.get_xticklabels()] == ["plain", "random rows"]


def test_logarithmic_axes_have_plain_digits():
    axes = drawn(charts(data())[1])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert {"10", "100", "1,000"} <= {text.get_text() for text in axes.get_xticklabels()}


@pytest.mark.parametrize("entries", [1, 4, LOOKS])
def test_the_legend_lies_within_the_figure_and_off_the_axes(entries):
    many = tuple(series(f"series number {index}", [(1, index), (2, index)]) for index in range(entries))
    axes = drawn(small(series=many, marks=(Mark(1.5, "a mark with some words to it"),)))
    [legend] = axes.figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= axes.figure.bbox.x1
    assert box.y0 >= axes.get_window_extent().y1
    assert axes.get_window_extent().height > 155  # of 235 pixels: rows of the legend do not squeeze it


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.none() | st.floats(-1e6, 1e6)), max_size=5), st.text(max_size=90))
def test_any_numbers_and_words_are_drawn(points, words):
    chart = small(series=(series(words, points),), caption=words)
    assert draw_figure(chart_figure(chart)).startswith("<svg")


def test_a_chart_stays_small():
    points = [(x, x % 7, x % 7 - 1, x % 7 + 1) for x in range(100)]
    assert len(draw_figure(chart_figure(small(series=tuple(series(str(i), points) for i in range(3)))))) < LARGEST
    large = chart_figure(small(series=(series("s", [(x, x % 7) for x in range(2000)]),)))
    with pytest.raises(ValueError, match=r"chart 'c' takes \d+ bytes, more than 100000: thin out its points"):
        replace(document(data()), sections=(Section("a", 1, "A", (large,)),)).document()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: small(stem="../c"), "stem may hold"),
        (lambda: small(series=()), "one to 10 series, got 0"),
        (lambda: small(x=Axis("x", log=True), series=(series("s", [(0, 1)]),)), "'x' is logarithmic"),
        (lambda: small(y=Axis("y", log=True), series=(series("s", [(1, 1, 0, 2)]),)), "'y' is logarithmic"),
        (lambda: small(y=Axis("y", log=True), marks=(Mark(0, "m", vertical=False),)), "'y' is logarithmic"),
        (lambda: small(series=(series("s", [(1, float("nan"))]),)), "'y' must be finite"),
        (lambda: Series("s", (1,), (1, 2)), "differ in length"),
        (lambda: Series("s", (1,), (1,), low=(0,)), "come together"),
        (lambda: Series("s", (1,), (1,), look=LOOKS), r"look must lie in 0\.\.9"),
        (lambda: StudyPage("a/b", "", "", "", (), {}), "stem may hold"),
    ],
)
def test_mistakes_of_a_study_are_told(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_what_is_no_json_is_refused_before_anything_is_written(tmp_path):
    page = replace(document(data()), data={"value": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_study(page, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.*"))


def test_the_json_is_there_after_a_failure(tmp_path):
    (tmp_path / "theory.pdf").mkdir()
    with pytest.raises(ReportError, match=r"theory\.pdf: cannot write: it is not a regular file"):
        write_study(document(data()), tmp_path)
    assert (tmp_path / "theory.json").exists()  # all else can be made again from it


def test_json_alone_and_unknown_formats(tmp_path):
    assert list(write_study(document(data()), tmp_path, ["json"])) == ["json"]
    assert [path.name for path in tmp_path.iterdir()] == ["theory.json"]
    with pytest.raises(ReportError, match=r"^unknown format 'docx'$"):
        write_study(document(data()), tmp_path, ["docx"])


def test_a_series_without_a_label_is_drawn_and_not_named():
    rows = (series("measured", [(1, 2), (3, 4)], "points", look=0), series("", [(1, 2), (3, 4)], "line", look=0))
    axes = drawn(small(series=rows))
    assert len(axes.lines) == 2
    [legend] = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["measured"]

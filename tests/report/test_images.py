"""Shadow images in the report: from an audit.json that may come from anywhere."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from netaudit.report.bundle import prepare
from netaudit.report.figures.draw import draw_figures
from netaudit.report.figures.images import draw_images, mosaic
from netaudit.report.images import ImageGrid, read_images
from netaudit.report.plan import IMAGES, plan
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.pdf import to_pdf
from netaudit.results import AuditReport, ShadowImages


def shadow_images(shape=(3, 9, 8), labels=(0, 2, 5)):
    random = np.random.default_rng(0)

    def row():
        return tuple(base64.b64encode(random.integers(0, 256, shape, np.uint8).tobytes()).decode() for _ in labels)

    return ShadowImages(shape, labels, row(), row(), row(), 0.314159, -0.0123)


@pytest.fixture
def report(typical):
    return replace(typical, stack=replace(typical.stack, images=shadow_images()))


def picture(svg):
    """The pixels of the one image in an SVG."""
    [found] = re.findall(r'href="data:image/png;base64,\s*([^"]+)"', svg)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(found))).convert("RGB"))


def test_the_pixels_come_back_from_the_json(report, tmp_path):
    again = AuditReport.from_json(report.to_json())
    assert again == report
    grid = read_images(again.stack.images)
    assert isinstance(grid, ImageGrid)
    assert grid.real.shape == grid.trained.shape == (3, 9, 8, 3)
    stored = np.frombuffer(base64.b64decode(report.stack.images.trained[1]), np.uint8).reshape(3, 9, 8)
    assert np.array_equal(grid.trained[1, :, :, 2], stored[2])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_mosaic_holds_every_image_once(channels):
    grid = read_images(shadow_images((channels, 9, 8)))
    page = mosaic(grid)
    assert page.shape == (3 * 11 - 2, 3 * 10 - 2, 3)
    assert np.array_equal(page[11:20, 20:28], np.broadcast_to(grid.trained[2], (9, 8, 3)))
    assert np.array_equal(page[22:31, 0:8], np.broadcast_to(grid.untrained[0], (9, 8, 3)))
    assert (page[9:11] == 255).all()
    assert (page[:, 8:10] == 255).all()


def test_the_figure_holds_the_pixels_themselves_and_names_rows_and_labels(report):
    figure = Figure()
    grid = read_images(report.stack.images)
    image = draw_images(figure, grid)
    assert np.array_equal(image.get_array(), mosaic(grid))
    [axes] = figure.axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "2", "5"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["real", "shadow", "untrained"]
    drawn = draw_figures(plan(report))
    names = [name for name in drawn if name.startswith("stack_")]
    assert names == ["stack_labels", "stack_images"]  # in the order of the report
    assert np.array_equal(picture(drawn[IMAGES]), mosaic(grid))
    assert drawn == draw_figures(plan(report))


def test_the_most_that_is_stored_stays_small(report):
    noise = shadow_images((3, 32, 32), tuple(range(10)))  # which no PNG makes smaller
    svg = draw_figures(plan(replace(report, stack=replace(report.stack, images=noise))))[IMAGES]
    assert len(svg) < 170_000


def test_the_report_shows_them(report, pdf_text, squash):
    bundle = prepare(report)
    page, paper = to_html(bundle), pdf_text(to_pdf(bundle))
    for words in ("mean of its real images by 0.31 in the network and by −0.012 in an untrained one",):
        assert words in page
        assert squash(words) in paper
    assert 'id="stack_images-title"' in page
    assert page.count("data:image/png;base64,") == 1


def test_without_images_nothing_is_said(typical):
    assert typical.stack.images is None
    bundle = prepare(typical)
    assert IMAGES not in bundle.figures
    assert "hadow image" not in to_html(bundle)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shape": (2, 9, 8)}, "they have another number, size or colours"),
        ({"shape": (3, 9, 800)}, "they have another number, size or colours"),
        ({"labels": ()}, "they have another number, size or colours"),
        ({"labels": tuple(range(11))}, "they have another number, size or colours"),
        ({"labels": (0, 1)}, "their pixels are damaged"),
        ({"shape": (3, 8, 8)}, "their pixels are damaged"),
        ({"trained": ("<script>",) * 3}, "their pixels are damaged"),
        ({"real": ("",) * 3}, "their pixels are damaged"),
        ({"untrained": ("ä",) * 3}, "their pixels are damaged"),
    ],
)
def test_images_that_are_none_are_told(report, change, reason):
    damaged = replace(report, stack=replace(report.stack, images=replace(report.stack.images, **change)))
    bundle = prepare(damaged)
    assert IMAGES not in bundle.figures
    assert f"The shadow images cannot be drawn: {reason}" in to_html(bundle)

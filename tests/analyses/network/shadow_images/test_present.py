"""Shadow images in the report: from a file that may come from anywhere."""

import base64
import io
import re

import msgspec
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from synthetic.drawing import svg
from synthetic.shadow_images import example

from netaudit.analyses.network.shadow_images import present as words
from netaudit.analyses.network.shadow_images.figure import decoded, draw, mosaic
from netaudit.analyses.network.shadow_images.payload import ShadowImages
from netaudit.report.document.prose import prose


def picture(svg):
    """The pixels of the one image in an SVG."""
    [found] = re.findall(r'href="data:image/png;base64,\s*([^"]+)"', svg)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(found))).convert("RGB"))


def read(**change):
    return msgspec.convert(msgspec.to_builtins(example()) | change, ShadowImages)


def test_the_pixels_come_back_from_what_is_stored():
    found = read()
    assert found == example()
    stored = np.frombuffer(base64.b64decode(found.trained[1]), np.uint8).reshape(3, 9, 8)
    drawn = decoded(found.trained[1], found.shape)
    assert drawn.shape == (9, 8, 3)
    assert np.array_equal(drawn[:, :, 2], stored[2])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_mosaic_holds_every_image_once(channels):
    found = example((channels, 9, 8))
    page = mosaic(found)
    assert page.shape == (3 * 11 - 2, 3 * 10 - 2, 3)
    assert np.array_equal(page[11:20, 20:28], np.broadcast_to(decoded(found.trained[2], found.shape), (9, 8, 3)))
    assert np.array_equal(page[22:31, 0:8], np.broadcast_to(decoded(found.untrained[0], found.shape), (9, 8, 3)))
    assert (page[9:11] == 255).all()
    assert (page[:, 8:10] == 255).all()


def test_the_figure_holds_the_pixels_themselves_and_names_rows_and_labels(place):
    figure, found = Figure(), example()
    image = draw(found, figure)
    assert np.array_equal(image.get_array(), mosaic(found))
    [axes] = figure.axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "2", "5"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["real", "shadow", "untrained"]
    [planned] = words.present(found, place()).figures
    assert np.array_equal(picture(svg(planned)), mosaic(found))


def test_the_most_that_is_stored_stays_small(place):
    noise = example((3, 32, 32), range(10))  # which no PNG makes smaller
    [planned] = words.present(noise, place()).figures
    assert len(svg(planned)) < 170_000


def test_the_report_says_how_much_they_are_like_real_ones(place):
    shown = words.present(example(), place())
    assert "mean of its real images by 0.31 in the network and by −0.012 in an untrained one" in (
        shown.blocks[0].spans[0].text
    )
    assert shown.figures[0].alt.endswith(
        "is 0.31 through the network and −0.012 through untrained layers, in the mean over 3 labels."
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shape": (2, 9, 8)}, "not what netaudit stores"),
        ({"shape": (3, 9, 800)}, "not what netaudit stores"),
        ({"labels": ()}, "length >= 1"),
        ({"labels": tuple(range(11))}, "length <= 10"),
        ({"labels": (0, 1)}, "real has 3 images for 2 labels"),
        ({"labels": (-1, 2, 5)}, ">= 0"),
        ({"shape": (3, 8, 8)}, "pixels do not fit the shape"),
        ({"trained": ("<script>",) * 3}, "base64"),
        ({"real": ("",) * 3}, "real has an image whose pixels do not fit"),
        ({"untrained": ("ä",) * 3}, "ASCII"),
        ({"untrained": ("A" * 16388,) * 3}, "length <= 16384"),
        ({"likeness_trained": None}, "Expected `float`"),
    ],
)
def test_images_that_are_none_are_refused(change, reason):
    with pytest.raises(msgspec.ValidationError, match=reason):
        read(**change)


def test_the_largest_images_are_not_refused():
    assert msgspec.convert(msgspec.to_builtins(example((3, 64, 64), (1, 2))), ShadowImages)


def test_the_method_is_prose_with_known_formulas():
    assert all(prose(block) for block in words.method().blocks)

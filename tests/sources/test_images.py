"""Real inputs from a folder of pictures."""

import json
import os

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import netaudit
from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import sha256
from netaudit.network.inputs import Preprocessing
from netaudit.sources.data import load_data
from netaudit.sources.images import load_images, plain
from netaudit.sources.open import open_network

GREY = plain((1, 28, 28))


def picture(path, seed=0, size=(28, 28), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (*size[::-1], 3) if mode == "RGB" else size[::-1]
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), mode).save(path)


@pytest.fixture
def digits(tmp_path):
    """Twenty of the bundled network's own images, as pictures in a folder a digit."""
    sample = open_network("mnist-mlp").sample
    for index in range(20):
        path = tmp_path / "digits" / str(sample.y[index]) / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((sample.x[index, 0] * 255).round().astype(np.uint8)).save(path)
    return tmp_path / "digits"


def test_pictures_give_what_the_arrays_give(digits):
    network = open_network("mnist-mlp")
    found = load_data(digits, network)
    assert found.x.shape == (20, 1, 28, 28)
    order = np.argsort([f"{network.sample.y[i]}/{i:02}" for i in range(20)])
    assert found.x == pytest.approx(network.sample.x[:20][order], abs=1e-6)
    assert found.y.tolist() == network.sample.y[:20][order].tolist()


@pytest.fixture
def small(tmp_path):
    """A small network that takes the pictures of digits: a weights file with its card."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 10))
    save_file(net.state_dict(), tmp_path / "model.safetensors")
    layers = [{"type": "Flatten"}, {"type": "Linear", "in": 784, "out": 40}, {"type": "ReLU"}]
    card = {
        "title": "A small network",
        "input": [1, 28, 28],
        "architecture": [*layers, {"type": "Linear", "in": 40, "out": 10}],
        "weights": "model.safetensors",
        "weights_sha256": sha256(tmp_path / "model.safetensors"),
    }
    (tmp_path / "card.json").write_text(json.dumps(card))
    return net, tmp_path / "model.safetensors"


def test_an_audit_on_pictures(digits, small):
    net, file = small
    report = netaudit.audit(file, data=digits, nulls="none")
    assert report.data.n == 20
    assert report.data.name == "digits"
    images = load_images(digits, GREY)
    answers = net(torch.from_numpy(images.x)).argmax(1).numpy()
    assert report.data.accuracy == pytest.approx((answers == images.y).mean())


def test_without_classes_nothing_is_said_about_accuracy(tmp_path, small):
    for seed in range(3):
        picture(tmp_path / "some" / f"{seed}.png", seed)
    assert load_images(tmp_path / "some", GREY).y is None
    report = netaudit.audit(small[1], data=tmp_path / "some", nulls="none")
    assert report.data.accuracy is None
    assert "softmax" in {run.source for run in report.analyses["labels_back"].runs}
    assert "no accuracy" not in report.to_html()


def test_a_class_goes_by_its_number_or_by_the_model_s_name_for_it(tmp_path):
    picture(tmp_path / "3" / "a.png")
    picture(tmp_path / "tabby" / "b.png")
    named = Preprocessing(GREY.apply, ("goldfish", "tabby"))
    assert load_images(tmp_path, named).y.tolist() == [3, 1]
    assert load_images(tmp_path, GREY).y is None  # "tabby" means nothing to this model


def test_the_digest_follows_names_and_bytes(tmp_path):
    picture(tmp_path / "0" / "a.png", 1)
    first = load_images(tmp_path, GREY).sha256
    assert load_images(tmp_path, GREY).sha256 == first
    picture(tmp_path / "0" / "a.png", 2)
    second = load_images(tmp_path, GREY).sha256
    (tmp_path / "0").rename(tmp_path / "1")
    assert len({first, second, load_images(tmp_path, GREY).sha256}) == 3


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_other_sizes_and_colours_are_brought_to_the_network_s(tmp_path, mode):
    picture(tmp_path / "a.jpg", size=(50, 40), mode=mode)
    assert load_images(tmp_path, plain((3, 8, 10))).x.shape == (1, 3, 8, 10)
    assert load_images(tmp_path, GREY).x.shape == (1, 1, 28, 28)
    assert plain((784,)) is None


def test_what_is_no_picture_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no images"):
        load_images(tmp_path, GREY)
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(SourceError, match=r"^a\.png: not an image of a known kind"):
        load_images(tmp_path, GREY)


def test_a_picture_is_told_by_its_content(tmp_path):
    """ImageNet itself has a PNG whose name ends in .JPEG."""
    picture(tmp_path / "b.png", seed=3)
    (tmp_path / "b.png").rename(tmp_path / "a.JPEG")
    picture(tmp_path / "b.png", seed=3)
    found = load_images(tmp_path, GREY).x
    assert np.array_equal(found[0], found[1])


def test_pictures_that_cannot_be_read_are_counted_and_left_out(tmp_path, small):
    for seed in range(3):
        picture(tmp_path / "some" / "7" / f"{seed}.png", seed)
    (tmp_path / "some" / "7" / "damaged.png").write_bytes(b"not a picture")
    (tmp_path / "some" / "7" / "._0.png").write_bytes(b"what macOS leaves beside a picture")
    found = load_images(tmp_path / "some", GREY)
    assert (len(found.x), found.unread, found.total) == (3, 1, None)
    report = netaudit.audit(small[1], data=tmp_path / "some", nulls="none")
    assert (report.data.n, report.data.total, report.data.unread) == (3, None, 1)
    assert "(1 file could not be used)" in report.to_html()
    assert report.events == ("1 file of " + report.data.name + " could not be used as a picture",)


def test_sixteen_bits_are_not_turned_white(tmp_path):
    deep = np.linspace(0, 65535, 28 * 28).reshape(28, 28).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert load_images(tmp_path, GREY).x[0, 0] == pytest.approx(deep / 65535, abs=1 / 255)


def test_a_photograph_stands_upright(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    Image.fromarray(np.rot90(pixels)).save(tmp_path / "side.png", exif=exif)
    assert load_images(tmp_path, GREY).x[0, 0] == pytest.approx(pixels / 255, abs=1e-6)


def test_of_many_pictures_some_of_every_class_are_drawn(tmp_path, monkeypatch):
    for label, count in (("0", 30), ("1", 10)):
        for seed in range(count):
            picture(tmp_path / label / f"{seed:02}.png", seed)
    monkeypatch.setattr("netaudit.sources.images.MOST", 20)
    found = load_images(tmp_path, GREY)
    assert np.bincount(found.y).tolist() == [15, 5]
    assert found.total == 40
    assert load_images(tmp_path, GREY, seed=0).sha256 == found.sha256 != load_images(tmp_path, GREY, seed=1).sha256


def test_a_picture_that_would_unpack_to_too_much_is_refused(tmp_path, monkeypatch):
    picture(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(UnsafeFileError, match="more than 100 pixels"):
        load_images(tmp_path, GREY)


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(SourceError, match="regular file"):
        load_images(tmp_path, GREY)


def test_a_bare_checkpoint_does_not_say_how_it_takes_pictures(tmp_path):
    picture(tmp_path / "pictures" / "a.png")
    torch.save({"0.weight": torch.randn(64, 784), "2.weight": torch.randn(10, 64)}, tmp_path / "net.pt")
    with pytest.raises(SourceError, match="how this model takes pictures is not known"):
        netaudit.audit(tmp_path / "net.pt", data=tmp_path / "pictures")


def test_torchvision_s_own_transforms_are_used(tmp_path):
    from torchvision.models import AlexNet_Weights

    picture(tmp_path / "goldfish" / "a.png", size=(300, 260), mode="RGB")
    preprocessing = open_network("alexnet", pretrained=False).preprocessing()
    found = load_images(tmp_path, preprocessing)
    with Image.open(tmp_path / "goldfish" / "a.png") as image:
        expected = AlexNet_Weights.DEFAULT.transforms()(image)
    assert found.x[0] == pytest.approx(expected.numpy())
    assert found.y.tolist() == [1]


def test_timm_s_own_transform_is_used(tmp_path):
    picture(tmp_path / "a.png", size=(300, 260), mode="RGB")
    found = load_images(tmp_path, open_network("timm:resnet18", pretrained=False).preprocessing())
    assert found.x.shape == (1, 3, 224, 224)
    assert found.x.min() < -1  # normalised, not in [0, 1]


def test_what_systems_keep_beside_pictures_is_not_looked_at(tmp_path):
    picture(tmp_path / "3" / "a.png")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._a.png", "3/.DS_Store", "3/Thumbs.db", "3/._a.png"):
        (tmp_path / name).write_bytes(b"\0" * 9)
    for folder in (".thumbnails", "__MACOSX", "@eaDir"):
        picture(tmp_path / folder / "b.png")
    (tmp_path / "3" / "folder.png").mkdir()
    found = load_images(tmp_path, GREY)
    assert (len(found.x), found.y.tolist(), found.unread) == (1, [3], 0)


def test_pictures_of_other_kinds_are_counted(tmp_path):
    picture(tmp_path / "a.gif")
    with pytest.raises(SourceError, match="no images, and 1 pictures of other kinds"):
        load_images(tmp_path, GREY)
    picture(tmp_path / "b.png")
    assert load_images(tmp_path, GREY).unread == 1


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (1, 21)])
def test_a_picture_far_longer_than_wide_is_left_out_unread(tmp_path, monkeypatch, size):
    """312 bytes whose shorter side a model's own preprocessing would bring to 256 pixels, and the longer with it."""
    Image.new("L", size).save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)  # not even decoded
    with pytest.raises(SourceError, match=r"^a\.png: .* pixels: more than 20 times as long as wide$"):
        load_images(tmp_path, GREY)


SHOWN = 0.8  # of white


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB with a transparent colour"])
def test_transparent_pixels_are_white_whatever_lies_below(tmp_path, mode):
    grey = round(255 * SHOWN)
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[:14] = (grey, grey, grey, 255)  # opaque above, black and fully transparent below
    image = Image.fromarray(pixels, "RGBA")
    options = {}
    if mode == "P":
        image = Image.fromarray((np.arange(28) >= 14)[:, None].repeat(28, 1).astype(np.uint8), "P")
        image.putpalette([grey] * 3 + [0] * 3)
        options = {"transparency": b"\xff\x00"}
    elif mode.startswith("RGB "):
        image, options = image.convert("RGB"), {"transparency": (0, 0, 0)}
    else:
        image = image.convert(mode)
    image.save(tmp_path / "a.png", **options)
    x = load_images(tmp_path, GREY).x[0, 0]
    assert x[:14] == pytest.approx(SHOWN, abs=0.01)
    assert x[14:] == pytest.approx(1.0)


def test_inks_and_palettes_give_the_colours_that_are_seen(tmp_path):
    Image.new("CMYK", (28, 28), (0, 255, 255, 0)).save(tmp_path / "a.jpg")  # red ink on white paper
    Image.new("RGB", (28, 28), (255, 0, 0)).quantize(4).save(tmp_path / "b.png")
    for x in load_images(tmp_path, plain((3, 28, 28))).x:
        assert x[:, 14, 14] == pytest.approx([1, 0, 0], abs=0.02)


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_of_an_animation_the_first_frame_is_used(tmp_path, suffix):
    frames = [Image.new("RGB", (28, 28), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], lossless=True)
    found = load_images(tmp_path, plain((3, 28, 28)))
    assert found.x.shape[0] == 1
    assert found.x[0, :, 14, 14] == pytest.approx([1, 0, 0], abs=0.02)


def test_pixels_in_floating_point_are_refused(tmp_path):
    Image.new("F", (28, 28), 3.5).save(tmp_path / "a.pfm")
    (tmp_path / "a.pfm").rename(tmp_path / "a.ppm")
    with pytest.raises(SourceError, match="not an image of a known kind"):
        load_images(tmp_path, GREY)


def test_a_damaged_orientation_costs_one_picture_at_most(tmp_path):
    picture(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x05\0"  # 65,535 entries are promised
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (tmp_path / "b.jpg").write_bytes(content[:2] + segment + content[2:])
    found = load_images(tmp_path, GREY)
    assert len(found.x) + found.unread == 2


def test_large_inputs_are_fewer_and_progress_is_told(tmp_path, monkeypatch):
    for seed in range(8):
        picture(tmp_path / str(seed % 2) / f"{seed}.png", seed)
    monkeypatch.setattr("netaudit.sources.images.LARGEST", 4 * 28 * 28 * 4 + 1)  # four pictures as float32
    told = []
    found = load_images(tmp_path, GREY, progress=lambda *progress: told.append(progress))
    assert (len(found.x), found.total, np.bincount(found.y).tolist()) == (4, 8, [2, 2])
    assert told == [("reading pictures", float(i), 4.0) for i in range(4)]

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.network.inputs import Sample
from netaudit.sources import data_files
from netaudit.sources.data import load_data, load_sample
from netaudit.sources.open import open_network


def save(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def npy(header: dict[str, Any], body: bytes = b"") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, header)  # type: ignore[arg-type]
    return file.getvalue() + body


def test_bytes_are_scaled_and_floats_kept(tmp_path: Path) -> None:
    y = np.array([0, 1, 2], np.uint8)
    path = save(tmp_path / "data.npz", x=np.array([[0, 51], [102, 255], [1, 2]], np.uint8), y=y)
    sample = load_sample(path)
    assert sample.x.dtype == np.float32
    assert np.allclose(sample.x[:2], [[0, 0.2], [0.4, 1]])
    assert (sample.y.dtype, sample.y.tolist()) == (np.int64, [0, 1, 2])
    assert sample.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sample.name == "data.npz"
    images = np.random.default_rng(0).normal(size=(3, 1, 2, 2))
    assert np.array_equal(load_sample(save(path, x=images, y=y)).x, images.astype(np.float32))


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (np.zeros((3, 2)), np.zeros(2, int), r"x \(3, 2\) and y \(2,\) do not fit"),
        (np.zeros(3), np.zeros(3, int), "do not fit"),
        (np.zeros((0, 2)), np.zeros(0, int), "do not fit"),
        (np.zeros((3, 2)), np.zeros((3, 2), int), "one integer label an input"),
        (np.zeros((3, 2)), np.zeros(3), "one integer label an input, got float64"),
        (np.zeros((3, 2)), np.array([0, -1, 2]), "negative labels"),
        (np.zeros((3, 2)), np.array([0, 2**64 - 1, 2], np.uint64), "holds the label 18446744073709551615"),
        (np.zeros((3, 2)), np.array([0, 2**63, 2], np.uint64), "holds the label 9223372036854775808"),
        (np.zeros((3, 2)), np.array([True, False, True]), "one integer label an input, got bool"),
        (np.zeros((3, 2), int), np.zeros(3, int), "x must be floating point or uint8, got int64"),
        (np.zeros((3, 2), complex), np.zeros(3, int), "got complex128"),
        (np.array([[1.0], [np.nan]]), np.zeros(2, int), "NaN or infinite"),
        (np.array([[1.0], [np.inf]]), np.zeros(2, int), "NaN or infinite"),
        (np.array([[1.0], [1e300]]), np.zeros(2, int), "NaN or infinite"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, x: Any, y: Any, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        load_sample(save(tmp_path / "data.npz", x=x, y=y))


def test_missing_arrays(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="needs one array 'x', has 0") as caught:
        load_sample(save(tmp_path / "data.npz", y=np.zeros(2, int)))
    assert "np.savez" in caught.value.hints[0]
    without_labels = load_sample(save(tmp_path / "data.npz", x=np.zeros((2, 2))))
    assert without_labels.y is None


def test_channels_last_are_turned_round_where_the_network_says_what_it_takes(tmp_path: Path) -> None:
    network = open_network("cifar10-mlp")
    assert network.sample is not None
    x = network.sample.x[:5]
    saved = save(tmp_path / "data.npz", x=x.transpose(0, 2, 3, 1), y=np.zeros(5, int))
    assert np.array_equal(load_data(saved, network).x, x)
    flat = save(tmp_path / "flat.npz", x=x.reshape(5, -1), y=np.zeros(5, int))
    assert load_data(flat, network).x.shape == (5, 3072)


def test_inputs_sorted_by_label_are_drawn_from_every_class() -> None:
    y = np.repeat(np.arange(10), 300)
    sample = Sample(np.arange(3000, dtype=np.float32)[:, None], y, "a" * 64, "sorted")
    drawn = sample.drawn(1000, seed=0)
    assert drawn.y is not None
    assert np.bincount(drawn.y).tolist() == [100] * 10
    assert drawn.total == 3000
    assert np.array_equal(drawn.x[:, 0] // 300, drawn.y)  # inputs stay with their labels
    assert not np.array_equal(drawn.x, sample.drawn(1000, seed=1).x)
    assert sample.drawn(3000, seed=0).total is None
    assert len(Sample(sample.x, None, "a" * 64, "no labels").drawn(7, seed=0).x) == 7


def test_objects_are_refused_unread(tmp_path: Path) -> None:
    objects = np.array([[{}], [{}]], dtype=object)
    with pytest.raises(UnsafeFileError, match="x holds Python objects; refused"):
        load_sample(save(tmp_path / "data.npz", x=objects, y=np.zeros(2, int)))


@pytest.mark.parametrize("content", [b"text", b"PK\x03\x04broken", b"\x93NUMPY"])
def test_other_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(SourceError, match=r"not an \.npz file, or a damaged one"):
        load_sample(tmp_path / "data.npz")


def test_a_declared_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = npy({"descr": "<f4", "fortran_order": False, "shape": (2**20, 2**20)})
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x.npy", header)
    with pytest.raises(UnsafeFileError, match=r"x \(1048576, 1048576\) would take more than 1,073,741,824 bytes"):
        load_sample(tmp_path / "data.npz")


def test_a_compressed_bomb_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "LARGEST", 10_000)
    with pytest.raises(UnsafeFileError, match="would take more than 10,000 bytes"):
        load_sample(save(tmp_path / "data.npz", x=np.zeros((1000, 9), np.float16), y=np.zeros(1000, int)))


def test_a_header_longer_than_its_record(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x.npy", npy({"descr": "<f4", "fortran_order": False, "shape": (1000, 1000)}, b"\0" * 16))
    with pytest.raises(SourceError, match="longer than its record"):
        load_sample(tmp_path / "data.npz")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 255))
def test_a_damaged_file_is_an_error_or_reads(position: int, byte: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder) / "data.npz", x=np.ones((3, 2)), y=np.arange(3))
        content = bytearray(path.read_bytes())
        content[position % len(content)] = byte
        path.write_bytes(content)
        with suppress(SourceError):  # and nothing else
            load_sample(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        load_sample(tmp_path / "data.npz")


def test_labels_may_be_a_column(tmp_path: Path) -> None:
    y = load_sample(save(tmp_path / "data.npz", x=np.zeros((3, 2)), y=np.array([[2], [0], [1]], np.uint8))).y
    assert y is not None
    assert y.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("names", "read"), [(("x_test", "y_test"), 1), (("test_images", "test_labels"), 1), (("arr_0", "arr_1"), 1)]
)
def test_archives_of_others_call_them_otherwise(tmp_path: Path, names: tuple[str, str], read: int) -> None:
    x, y = np.full((2, 3), read, np.float32), np.array([1, 0])
    more = {"x_train": np.zeros((9, 3)), "y_train": np.zeros(9, int)}
    sample = load_sample(save(tmp_path / "data.npz", **more, **dict(zip(names, (x, y), strict=True))))
    assert np.array_equal(sample.x, x)
    assert sample.y is not None
    assert sample.y.tolist() == [1, 0]
    with pytest.raises(SourceError, match=r"needs one array 'x', has 0 \(the archive holds inputs\)"):
        load_sample(save(tmp_path / "other.npz", inputs=x))


def test_an_array_alone_has_no_labels(tmp_path: Path) -> None:
    x = np.arange(6, dtype=np.float64).reshape(3, 2)
    np.save(tmp_path / "x.npy", x)
    sample = load_sample(tmp_path / "x.npy")
    assert np.array_equal(sample.x, x)
    assert sample.y is None
    np.save(tmp_path / "objects.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(UnsafeFileError, match=r"objects\.npy holds Python objects; refused"):
        load_sample(tmp_path / "objects.npy")
    (tmp_path / "bomb.npy").write_bytes(npy({"descr": "<f4", "fortran_order": False, "shape": (2**20, 2**20)}))
    with pytest.raises(UnsafeFileError, match="would take more than") as caught:
        load_sample(tmp_path / "bomb.npy")
    assert "store fewer" in caught.value.hints[0]


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a,label,b\n0.5,1,2\n3,0,4e-1\n",
        "Label;a;b\r\n1;0.5;2\r\n0;3;.4\r\n",
        "\ufeffa\tb\tclass\n0.5\t2\t1\n3\t0.4\t0\n",
        ",a,b,y\n0,0.5,2,1\n1,3,0.4,0\n",
    ],
    ids=["comma", "semicolon", "tab", "with row numbers"],
)
def test_a_table_has_an_input_a_row_and_may_have_labels(tmp_path: Path, text: str) -> None:
    sample = load_sample(table(tmp_path / "data.csv", text))
    assert sample.x == pytest.approx(np.array([[0.5, 2], [3, 0.4]], np.float32))
    assert sample.y is not None
    assert sample.y.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2\n3,4,5\n", "line 2 has 3 columns, and the first one 2$"),
        ("a,b\n1,2,3\n4,5,6\n", "line 2 has 3 columns, and the first one 2$"),
        ("a,b,label\n1,2,0\n\n3,1\n", "line 4 has 2 columns, and the first one 3$"),
        ("# mine\na,b\n1,2\n", "line 2 has 2 columns, and the first one 1$"),
        ("a,b\n1,x\n", "line 2, column 'b': 'x' is no number$"),
        ("a;b\n1;2\n1,5;2\n", "line 3, column 'a': '1,5' is no number$"),
        ("a,label\n1,cat\n", "line 2, column 'label': 'cat' is no number$"),
        ("a,b\n1,\n", "line 2, column 'b': it is empty$"),
        ("1,2\n1,inf\n", "line 2, column 2: inf is no finite number$"),
        ("a,label\n1,0.5\n", "one integer label an input, got float64"),
        ("a,label\n1,-1\n", "negative labels"),
        ("a,y,label\n1,1,1\n", "several columns of labels: y, label"),
        ("a,b\n", "there is no row of numbers in it$"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        load_sample(table(tmp_path / "data.csv", text))


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_table_in_another_encoding_is_told(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "data.csv").write_bytes("é,b\n1,2\n".encode(encoding))
    with pytest.raises(SourceError, match=r"^data\.csv: not a table of numbers: it is no text in UTF-8$"):
        load_sample(tmp_path / "data.csv")


def test_spaces_behind_the_commas_are_no_part_of_a_name(tmp_path: Path) -> None:
    sample = load_sample(table(tmp_path / "data.csv", "a, b, label\n1, 2, 0\n3, 4, 1\n"))
    assert sample.y is not None
    assert (sample.x.tolist(), sample.y.tolist()) == ([[1, 2], [3, 4]], [0, 1])


@pytest.mark.parametrize(
    ("y", "hint"),
    [(np.eye(3), "of one-hot labels, the integers are y.argmax"), (np.arange(3.0), "the labels are whole")],
)
def test_labels_in_another_form_get_the_line_that_makes_them_integers(tmp_path: Path, y: Any, hint: str) -> None:
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 2)), y=y)
    with pytest.raises(SourceError, match="one integer label an input") as error:
        load_sample(tmp_path / "data.npz")
    assert error.value.hints[0].startswith(hint)


def test_a_mistyped_file_of_inputs_is_named(tmp_path: Path) -> None:
    table(tmp_path / "data.csv", "1,2\n")
    with pytest.raises(SourceError, match="no such file") as error:
        load_sample(tmp_path / "data.cvs")
    assert error.value.hints == (f"close to it: {tmp_path / 'data.csv'}",)


def test_pictures_in_a_table_are_scaled_as_bytes_are(tmp_path: Path) -> None:
    network = open_network("mnist-mlp")
    assert network.sample is not None
    assert network.sample.y is not None
    pixels = (network.sample.x[:4].reshape(4, -1) * 255).round().astype(int)
    rows = [",".join(map(str, [label, *row])) for label, row in zip(network.sample.y, pixels.tolist(), strict=False)]
    head = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    found = load_data(table(tmp_path / "data.csv", "\n".join([head, *rows])), network)
    assert found.x == pytest.approx(network.sample.x[:4], abs=1e-6)
    assert found.y is not None
    assert found.y.tolist() == network.sample.y[:4].tolist()
    with pytest.raises(SourceError, match="785 columns, and the network takes 784: which one has the labels"):
        load_data(table(tmp_path / "bare.csv", "\n".join(rows)), network)


def test_grey_pictures_without_their_channel_get_it(tmp_path: Path) -> None:
    network = open_network("mnist-mlp")
    assert network.sample is not None
    x = network.sample.x[:5]
    for shape in ((5, 28, 28), (5, 784), (5, 28, 28, 1)):
        assert np.array_equal(load_data(save(tmp_path / "data.npz", x=x.reshape(shape)), network).x, x)


def test_pixels_that_were_not_scaled_are_refused(tmp_path: Path) -> None:
    network = open_network("mnist-mlp")
    pixels = np.full((2, 1, 28, 28), 255)
    with pytest.raises(SourceError, match=r"x goes up to 255, and mnist-mlp takes pictures in \[0, 1\]") as caught:
        load_data(save(tmp_path / "data.npz", x=pixels.astype(np.float32)), network)
    assert "uint8" in caught.value.hints[0]
    assert load_data(save(tmp_path / "data.npz", x=pixels.astype(np.uint8)), network).x.max() == 1


def test_a_file_that_holds_no_data(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(SourceError, match=r"it is no \.npz, \.npy or \.csv file, and no folder of images"):
        load_sample(tmp_path / "notes.txt")

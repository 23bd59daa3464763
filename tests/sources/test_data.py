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
from netaudit.sources import data
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
        (np.zeros((3, 2)), np.zeros((3, 1), int), "one integer label an input"),
        (np.zeros((3, 2)), np.zeros(3), "one integer label an input, got float64"),
        (np.zeros((3, 2)), np.array([0, -1, 2]), "negative labels"),
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
    monkeypatch.setattr(data, "LARGEST", 10_000)
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

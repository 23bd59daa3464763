"""NumPy archives: names, orders, dtypes, and files that declare what they do not hold or hold pickles."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


def test_slashes_separate_and_output_numbers_go(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{"net/dense/w:0": np.ones((3, 2), "f"), "net/dense/b:0": np.zeros(2, "f")})
    [spec] = open_network(tmp_path / "a.npz").specs()
    assert (spec.weight, spec.bias, spec.shape) == ("net.dense.w", "net.dense.b", (2, 3))


def test_names_that_would_be_the_same_stay(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{"a/weight": np.ones((3, 2), "f"), "a.weight": np.zeros((3, 2), "f")})
    assert set(open_weights(tmp_path / "a.npz").declared) == {"a/weight", "a.weight"}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", [">f4", "<f8", "<f2"])
def test_byte_order_and_order_of_columns(tmp_path: Path, save, dtype: str) -> None:
    array = np.asfortranarray(np.arange(6).reshape(2, 3).astype(dtype))
    save(tmp_path / "a.npz", **{"fc.weight": array})
    file = open_weights(tmp_path / "a.npz")
    assert file.declared["fc.weight"].floating
    assert file.store.read("fc.weight").tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_lone_array_is_a_weight(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6, dtype="f").reshape(2, 3))
    network = open_network(tmp_path / "a.npy")
    [spec] = network.specs()
    assert torch.equal(network.read(spec).weight, torch.arange(6.0).reshape(2, 3))


def test_a_pickle_is_listed_and_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", **{"fc.weight": np.ones((3, 2), "f"), "extra": np.array([Bomb()], dtype=object)})
    file = open_weights(Path("a.npz"))
    assert "pickled" in file.declared["extra"].refusal
    assert [spec.weight for spec in open_network("a.npz").specs()] == ["fc.weight"]
    with pytest.raises(SourceError, match="cannot be read"):
        file.store.read("extra")
    assert not Path("exploded").exists()


@pytest.mark.parametrize("shape", [(2, 4), (10**9, 10**9), (2, 2)])
def test_a_header_that_declares_other_bytes_is_refused(tmp_path: Path, shape: tuple[int, int]) -> None:
    raw = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(raw, header)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("fc.weight.npy", raw.getvalue() + bytes(24))
    with pytest.raises(UnsafeFileError, match="declares other bytes than it has"):
        open_weights(tmp_path / "a.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    raw = io.BytesIO()
    np.save(raw, np.ones((2, 2), "f"))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("w.npy", raw.getvalue())
        archive.writestr("w.npy", raw.getvalue())
    with pytest.raises(UnsafeFileError, match="two arrays of one name"):
        open_weights(tmp_path / "a.npz")


@pytest.mark.parametrize("raw", [b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff{", b"\x93NUMPY\x09\x00abc"])
def test_a_damaged_array_is_one_line(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(raw)
    with pytest.raises(SourceError, match="is not a NumPy array, or damaged"):
        open_weights(tmp_path / "a.npy")

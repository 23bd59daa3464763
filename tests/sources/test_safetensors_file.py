from __future__ import annotations

import json
import struct
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats.safetensors import open_safetensors


def write(path: Path, header: str, data: bytes = b"") -> Path:
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + data)
    return path


def entry(start: int, end: int, shape: list[int], dtype: str = "F32") -> str:
    return json.dumps({"dtype": dtype, "shape": shape, "data_offsets": [start, end]})


def test_every_dtype_comes_back_in_natural_order(tmp_path: Path) -> None:
    a = torch.randn(4, 6)
    tensors = {
        "fc10.weight": a,
        "fc2.weight": a.half(),
        "fc1.weight": a.bfloat16(),
        "fc1.bias": a.to(torch.float8_e4m3fn),
        "step": torch.tensor(3),
    }
    save_file(tensors, tmp_path / "net.safetensors", metadata={"format": "pt"})
    opened = open_safetensors(tmp_path / "net.safetensors")
    assert list(opened.store.names()) == ["fc1.bias", "fc1.weight", "fc2.weight", "fc10.weight", "step"]
    for name, tensor in tensors.items():
        assert opened.store.shape(name) == tuple(tensor.shape)
        assert opened.store.dtype(name) == str(tensor.dtype).removeprefix("torch.")
        assert torch.equal(opened.store.read(name).float(), tensor.float())


def test_two_tensors_of_one_name_are_refused(tmp_path: Path) -> None:
    header = '{"w":' + entry(0, 16, [4]) + ',"w":' + entry(0, 16, [4]) + "}"
    with pytest.raises(UnsafeFileError, match=r"^net.safetensors: two tensors of one name; refused$"):
        open_safetensors(write(tmp_path / "net.safetensors", header, b"\0" * 16))


@pytest.mark.parametrize(
    "header",
    [
        '{"w":' + entry(0, 400, [100]) + "}",  # beyond the file
        '{"w":' + entry(0, 16, [100]) + "}",  # more elements than bytes
        '{"w":' + entry(8, 16, [2]) + "}",  # a hole
        '{"w":' + entry(0, 16, [4]) + ',"v":' + entry(8, 16, [2]) + "}",  # an overlap
        '{"w":' + entry(0, 16, [2**62, 4]) + "}",  # an overflow
        '{"w":' + entry(0, 16, [4], "F99") + "}",
        "[1, 2]",
        "not json",
        "[" * 2000,
        '{"w": 1' + "0" * 5000 + "}",
    ],
)
def test_hostile_headers_are_one_line(tmp_path: Path, header: str) -> None:
    with pytest.raises(SourceError, match=r"^net.safetensors: not a safetensors file, or a damaged one") as caught:
        open_safetensors(write(tmp_path / "net.safetensors", header, b"\0" * 16))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("length", [2**63, 10**9, 99])
def test_a_header_longer_than_the_file(tmp_path: Path, length: int) -> None:
    (tmp_path / "net.safetensors").write_bytes(struct.pack("<Q", length) + b"{}")
    with pytest.raises(SourceError, match="its header is longer than the file"):
        open_safetensors(tmp_path / "net.safetensors")


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_random_bytes_are_an_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        path.write_bytes(content)
        with pytest.raises(SourceError, match=r"^net\.safetensors: "):
            open_safetensors(path)


def test_no_tensors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no tensors"):
        open_safetensors(write(tmp_path / "net.safetensors", "{}"))


def test_names_with_more_digits_than_an_integer_takes(tmp_path: Path) -> None:
    name: Any = "w" + "9" * 5000
    save_file({name: torch.ones(2)}, tmp_path / "net.safetensors")
    assert list(open_safetensors(tmp_path / "net.safetensors").declared) == [name]


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_file({"w": torch.ones(2)}, path)
    store = open_safetensors(path).store
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read any more"):
        store.read("w")

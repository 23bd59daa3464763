"""Flax files: orientation, the optimiser's state, large arrays in pieces, and messages that lie."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from one_network import flax_array

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import flax_msgpack
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights

encode = msgspec.msgpack.encode
KERNEL = np.arange(6, dtype="f").reshape(3, 2)


def saved(folder: Path, tree: object) -> Path:
    (folder / "a.msgpack").write_bytes(encode(tree))
    return folder / "a.msgpack"


def test_kernels_are_in_by_out_and_the_optimiser_is_no_layer(tmp_path: Path) -> None:
    dense = {"kernel": flax_array(KERNEL), "bias": flax_array(np.zeros(2, "f"))}
    tree = {"params": {"Dense_0": dense}, "opt_state": {"0": {"mu": {"Dense_0": dense}}}, "step": 7}
    network = open_network(saved(tmp_path, tree))
    [spec] = network.specs()
    assert (spec.name, spec.shape) == ("Dense_0", (2, 3))
    assert torch.equal(network.read(spec).weight, torch.from_numpy(KERNEL.T.copy()))
    assert network.parameters_total == 8


def test_large_arrays_in_pieces_are_joined(tmp_path: Path) -> None:
    pieces = {str(i): flax_array(KERNEL.reshape(-1)[2 * i : 2 * i + 2]) for i in range(3)}
    whole = {"__msgpack_chunked_array__": True, "shape": {"0": 3, "1": 2}, "chunks": pieces}
    file = open_weights(saved(tmp_path, {"a": {"kernel": whole}}))
    assert torch.equal(file.store.read("a.kernel"), torch.from_numpy(KERNEL))


def test_bfloat16_and_scalars(tmp_path: Path) -> None:
    weight = torch.tensor([[1.5, -2.0]], dtype=torch.bfloat16)
    raw = weight.view(torch.int16).numpy().tobytes()
    array = msgspec.msgpack.Ext(1, encode(((1, 2), "bfloat16", raw)))
    scalar = msgspec.msgpack.Ext(3, encode(((), "float32", bytes(4))))
    file = open_weights(saved(tmp_path, {"a": {"kernel": array, "best": scalar, "z": msgspec.msgpack.Ext(2, b"x")}}))
    assert list(file.declared) == ["a.kernel"]
    assert torch.equal(file.store.read("a.kernel"), weight)


@pytest.mark.parametrize(
    "payload",
    [
        ((3, 3), "float32", bytes(24)),
        ((2**40, 2**40), "float32", bytes(24)),
        ((3, 2), "float64", bytes(24)),
        ((3, 2), "bfloat16", bytes(24)),
    ],
)
def test_an_array_that_declares_other_bytes_is_refused(tmp_path: Path, payload: object) -> None:
    with pytest.raises(UnsafeFileError, match="declares other bytes"):
        open_weights(saved(tmp_path, {"w": msgspec.msgpack.Ext(1, encode(payload))}))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x81",
        b"\xdf\xff\xff\xff\xff",  # a map of 2^32 entries
        b"\x81\xa1a\xc9\xff\xff\xff\xff\x01",  # an extension of 4 GiB
        encode([1, 2]),
        encode({"a": 1}),
        encode({"w": msgspec.msgpack.Ext(1, encode(((-3, -2), "float32", bytes(24))))}),
        encode({"w": msgspec.msgpack.Ext(1, encode(((3, 2), "no such type", bytes(24))))}),
        encode({"w": msgspec.msgpack.Ext(1, encode(((1,), "float32", "text")))}),
        b"\x91" * 100_000,
    ],
)
def test_a_damaged_message_is_one_line(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.msgpack").write_bytes(raw)
    with pytest.raises(SourceError, match=r"not a msgpack file of Flax|holds no arrays"):
        open_weights(tmp_path / "a.msgpack")


def test_objects_are_refused_as_pickles(tmp_path: Path) -> None:
    array = msgspec.msgpack.Ext(1, encode(((1,), "object", bytes(8))))
    assert "pickled" in open_weights(saved(tmp_path, {"w": array})).declared["w"].refusal


def test_an_endless_tree_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree: object = flax_array(KERNEL)
    for _ in range(flax_msgpack.DEPTH + 1):
        tree = {"a": tree}
    with pytest.raises(UnsafeFileError, match="in each other"):
        open_weights(saved(tmp_path, tree))
    monkeypatch.setattr(flax_msgpack, "BUDGET", 10)
    with pytest.raises(UnsafeFileError, match="more than 10 entries"):
        open_weights(saved(tmp_path, {str(i): i for i in range(11)}))

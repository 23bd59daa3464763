"""GGUF files: dimensions, every quantisation against its float original, and headers that lie."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize
from gguf_blocks import DECODERS, PACKERS
from one_network import gguf_file

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights

# Half a step of each code, in units of the largest of a block of the weights (Q8_0 has 127 steps on a side, Q4_0 eight,
# of which one side has seven; Q4_1 has 15 over the range), and the rounding of the scale to 11 bits.
HALF_STEPS = {"Q8_0": 0.5 / 127, "Q5_0": 1 / 16, "Q5_1": 1 / 31, "Q4_0": 1 / 8, "Q4_1": 1 / 15}


def text(words: str) -> bytes:
    return struct.pack("<Q", len(words)) + words.encode()


def header(tensors: int = 1, values: int = 0) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, values)


def row(name: str, dimensions: tuple[int, ...], kind: int, offset: int = 0) -> bytes:
    lengths = struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
    return text(name) + lengths + struct.pack("<IQ", kind, offset)


def one_tensor(folder: Path, kind: str, dimensions: tuple[int, ...], raw: bytes) -> torch.Tensor:
    """What is read of a file with one tensor of these bytes."""
    data = header() + row("fc.weight", dimensions, GGMLQuantizationType[kind].value)
    (folder / "a.gguf").write_bytes(data + bytes(-len(data) % 32) + raw)
    return open_weights(folder / "a.gguf").store.read("fc.weight")


@pytest.mark.parametrize("kind", HALF_STEPS)
def test_a_quantised_tensor_is_as_near_to_its_original_as_its_formula_allows(tmp_path: Path, kind: str) -> None:
    weight = np.random.default_rng(1).normal(size=(48, 64)).astype("f")
    network = open_network(gguf_file(tmp_path, {"fc.weight": weight}, GGMLQuantizationType[kind]))
    [spec] = network.specs()
    assert spec.shape == (48, 64)
    assert f"{kind}, dequantised" in spec.origin
    read = network.read(spec).weight.numpy().reshape(-1, 32)
    blocks = weight.reshape(-1, 32)
    bound = (HALF_STEPS[kind] + 2**-10) * np.abs(blocks).max(1, keepdims=True)
    assert (np.abs(read - blocks) <= bound).all()
    assert np.abs(read - blocks).max() > 0


@pytest.mark.parametrize("kind", sorted(kind.name for kind in gguf.quants._type_traits))
def test_each_type_that_the_package_dequantises_is_read_in_its_own_layout(tmp_path: Path, kind: str) -> None:
    known = GGMLQuantizationType[kind]
    block, width = GGML_QUANT_SIZES[known]
    raw = np.random.default_rng(2).integers(0, 60, size=(3, 2 * width), dtype=np.uint8)  # no NaN among the scales
    data = header() + row("fc.weight", (2 * block, 3), known.value)
    (tmp_path / "a.gguf").write_bytes(data + bytes(-len(data) % 32) + raw.tobytes())
    file = open_weights(tmp_path / "a.gguf")
    assert file.declared["fc.weight"].shape == (3, 2 * block)
    read = file.store.read("fc.weight").float()
    assert np.array_equal(read.numpy(), dequantize(raw, known), equal_nan=True)


@pytest.mark.parametrize("kind", PACKERS)
def test_a_block_of_256_is_as_near_to_its_original_as_its_steps_allow(tmp_path: Path, kind: str) -> None:
    weight = np.random.default_rng(4).normal(size=(6, 256))
    blocks, half_steps = zip(*map(PACKERS[kind], weight), strict=True)
    assert {len(block) for block in blocks} == {GGML_QUANT_SIZES[GGMLQuantizationType[kind]][1]}
    read = one_tensor(tmp_path, kind, (256, 6), b"".join(blocks)).numpy()
    error, bound = np.abs(read - weight), np.array(half_steps)
    assert (error <= bound * (1 + 1e-5) + 1e-6).all()
    assert error.max() > 0.4 * bound.max()  # of a finer type it would be smaller
    steps = 2 ** int(kind[1]) - 1
    assert bound.max() < 1.3 * np.ptp(weight) / steps / 2  # a step of the whole range, and the rounding of scales


@pytest.mark.parametrize("kind", ["TQ1_0", "TQ2_0"])
def test_three_values_a_weight(tmp_path: Path, kind: str) -> None:
    generator = np.random.default_rng(5)
    ternary = (generator.integers(-1, 2, (3, 256)) * np.array([[0.5], [2.0], [0.125]])).astype("f")
    raw = quantize(ternary, GGMLQuantizationType[kind])
    assert np.array_equal(one_tensor(tmp_path, kind, (256, 3), raw.tobytes()).numpy(), ternary)
    weight = generator.normal(size=(3, 256)).astype("f")
    read = one_tensor(tmp_path, kind, (256, 3), quantize(weight, GGMLQuantizationType[kind]).tobytes()).numpy()
    largest = np.abs(weight).max(1, keepdims=True)
    assert (np.abs(read - weight) <= (0.5 + 2**-10) * largest).all()


@pytest.mark.parametrize("kind", DECODERS)
def test_a_block_is_what_its_published_layout_says(tmp_path: Path, kind: str) -> None:
    generator = np.random.default_rng(6)
    block, width = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    raw = bytearray(generator.integers(0, 256, width, dtype=np.uint8).tobytes())
    if kind == "IQ1_M":  # its scale lies in the high bits of four words
        for k, nibble in enumerate((0x2, 0x4, 0x1, 0x2)):
            raw[49 + 2 * k] = raw[49 + 2 * k] & 15 | nibble << 4
    else:
        raw[:2] = struct.pack("<e", 0.0123)
    read = one_tensor(tmp_path, kind, (block, 1), bytes(raw)).numpy()[0]
    assert np.allclose(read, list(DECODERS[kind](bytes(raw))), rtol=1e-5, atol=1e-7)
    assert len(np.unique(np.abs(read))) > 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_read_as_it_is_stored(tmp_path: Path, dtype: str) -> None:
    weight = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    kind = {"float16": GGMLQuantizationType.F16, "bfloat16": GGMLQuantizationType.BF16}[dtype]
    raw = quantize(weight.numpy(), kind)
    data = header() + row("fc.weight", (8, 5), kind.value)
    (tmp_path / "a.gguf").write_bytes(data + bytes(-len(data) % 32) + raw.tobytes())
    assert torch.equal(open_weights(tmp_path / "a.gguf").store.read("fc.weight"), weight.to(getattr(torch, dtype)))


def test_the_architecture_and_the_order_of_the_rows_are_said(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    for name in ("blk.0.attn_q.weight", "blk.0.attn_v.weight", "token_embd.weight"):
        writer.add_tensor(name, np.ones((4, 8), "f"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    network = open_network(tmp_path / "a.gguf")
    assert network.info.architecture == "llama"
    origins = {spec.name: spec.origin for spec in network.specs()}
    assert "order of llama.cpp's converter" in origins["blk.0.attn_q"]
    assert origins["blk.0.attn_v"] == "2-D weight"
    assert set(origins) == {"blk.0.attn_q", "blk.0.attn_v"}


def test_a_vocabulary_is_passed_over(tmp_path: Path) -> None:
    tokens = b"".join(text(f"token {i}") for i in range(1000))
    values = text("tokens") + struct.pack("<IIQ", 9, 8, 1000) + tokens
    values += text("scores") + struct.pack("<IIQ", 9, 6, 3) + bytes(12)
    data = header(1, 2) + values + row("fc.weight", (2, 3), 0)
    (tmp_path / "a.gguf").write_bytes(data + bytes(-len(data) % 32) + np.arange(6, dtype="<f4").tobytes())
    read = open_weights(tmp_path / "a.gguf").store.read("fc.weight")
    assert torch.equal(read, torch.arange(6.0).reshape(3, 2))


@pytest.mark.parametrize(
    "raw",
    [
        b"GGUF",
        b"GGUF" + struct.pack(">IQQ", 3, 1, 0),
        header(2**60),
        header(1, 1) + text("a") + struct.pack("<IIQ", 9, 0, 2**60),  # an array of 2^60 bytes
        header(1, 1) + text("a") + struct.pack("<IIQ", 9, 8, 2**60),
        header(1, 1) + text("a") + struct.pack("<IIQ", 9, 9, 2**60),
        header(1, 1) + text("a") + struct.pack("<I", 77),
        header(1, 1) + struct.pack("<Q", 2**62),
        header() + row("w", (1,) * 9, 0),
    ],
)
def test_a_header_that_lies_is_one_line(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.gguf").write_bytes(raw)
    with pytest.raises(SourceError, match="not a GGUF file, or a damaged one"):
        open_weights(tmp_path / "a.gguf")


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([row("w", (2**30, 2**30), 0)], "reaches beyond the file"),
        ([row("w", (2, 2), 0, offset=2**40)], "reaches beyond the file"),
        ([row("w", (2, 2), 0), row("w", (2, 2), 0)], "two tensors of one name"),
    ],
)
def test_tensors_that_are_not_there_are_refused(tmp_path: Path, rows: list[bytes], what: str) -> None:
    (tmp_path / "a.gguf").write_bytes(header(len(rows)) + b"".join(rows) + bytes(64))
    with pytest.raises(UnsafeFileError, match=what):
        open_weights(tmp_path / "a.gguf")


@pytest.mark.parametrize(("kind", "dimensions"), [(2, (31, 2)), (2, (16, 2)), (999, (32, 2)), (15, (256, 1))])
def test_a_type_that_is_not_read_is_listed(tmp_path: Path, kind: int, dimensions: tuple[int, int]) -> None:
    (tmp_path / "a.gguf").write_bytes(header() + row("w.weight", dimensions, kind) + bytes(1024))
    declared = open_weights(tmp_path / "a.gguf").declared["w.weight"]
    assert "not read" in declared.refusal or "no formula" in declared.refusal

"""Packed codes, against packers and loops that are written here."""

from __future__ import annotations

import json

import pytest
import torch

from netaudit.composed.four_bit_float import E2M1

RANDOM = torch.Generator()


def integers(most: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, most, shape, generator=RANDOM.manual_seed(most + sum(shape)))


def words(codes: list[int], bits: int) -> list[int]:
    """Codes as one long number, the first lowest, cut into signed words of 32 bits."""
    whole = sum(code << (bits * place) for place, code in enumerate(codes))
    cut = [(whole >> (32 * place)) & 0xFFFFFFFF for place in range(len(codes) * bits // 32)]
    return [word - 2**32 if word >= 2**31 else word for word in cut]


def by_rows(codes: torch.Tensor, bits: int) -> torch.Tensor:
    return torch.tensor([words(row.tolist(), bits) for row in codes], dtype=torch.int32)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("reordered", [False, True])
@pytest.mark.parametrize("version", ["gptq", "gptq_v2"])
def test_gptq(composed, bits, reordered, version) -> None:
    inputs, out, count = 64, 32, 4
    codes, zeros = integers(2**bits, inputs, out), integers(2**bits - 1, count, out) + 1
    scales = torch.rand(count, out) + 0.1
    group = torch.arange(inputs) // (inputs // count)
    group = group[torch.randperm(inputs, generator=RANDOM.manual_seed(0))] if reordered else group
    less = 0 if version == "gptq_v2" else 1
    tensors = {
        "q.qweight": by_rows(codes.T, bits).T.contiguous(),
        "q.qzeros": by_rows(zeros - less, bits),
        "q.scales": scales,
        "q.g_idx": group.int(),
        "q.bias": torch.zeros(out),
    }
    found = composed(tensors, config={"quantization_config": {"quant_method": "gptq", "checkpoint_format": version}})
    expected = torch.tensor(
        [
            [float(scales[group[i], o]) * (int(codes[i, o]) - int(zeros[group[i], o])) for i in range(inputs)]
            for o in range(out)
        ]
    )
    torch.testing.assert_close(found["q.weight"], expected)
    assert found.layers() == {"q": (out, inputs)}
    assert found.origin("q.weight") == f"dequantised from {bits}-bit GPTQ, 4 groups of inputs"


def test_awq(composed) -> None:
    inputs, out, count = 32, 16, 2
    codes, zeros, scales = integers(16, inputs, out), integers(16, count, out), torch.rand(count, out) + 0.1
    order = [0, 2, 4, 6, 1, 3, 5, 7]

    def pack(table: torch.Tensor) -> torch.Tensor:
        shuffled = [[row[8 * w + place] for w in range(out // 8) for place in order] for row in table.tolist()]
        return by_rows(torch.tensor(shuffled), 4)

    found = composed({"q.qweight": pack(codes), "q.qzeros": pack(zeros), "q.scales": scales})
    expected = torch.tensor(
        [
            [float(scales[i // 16, o]) * (int(codes[i, o]) - int(zeros[i // 16, o])) for i in range(inputs)]
            for o in range(out)
        ]
    )
    torch.testing.assert_close(found["q.weight"], expected)
    assert found.origin("q.weight") == "dequantised from 4-bit AWQ, groups of 16"


@pytest.mark.parametrize("bits", [4, 8])
def test_compressed_tensors(composed, bits) -> None:
    codes, scales = integers(2**bits, 6, 32), torch.rand(6, 2) + 0.1
    shape = torch.tensor([6, 32])
    found = composed({"q.weight_packed": by_rows(codes, bits), "q.weight_scale": scales, "q.weight_shape": shape})
    expected = (codes - 2 ** (bits - 1)) * scales.repeat_interleave(16, 1)
    torch.testing.assert_close(found["q.weight"], expected)


@pytest.mark.parametrize("lacking", ["qzeros", "scales"])
def test_packed_integers_without_a_part(composed, lacking) -> None:
    tensors = {"q.qweight": torch.zeros(4, 16, dtype=torch.int32), "q.qzeros": torch.zeros(1, 2, dtype=torch.int32)}
    tensors["q.scales"] = torch.ones(1, 16)
    del tensors[f"q.{lacking}"]
    found = composed(tensors)
    assert found.refusals()["q.qweight"] == f"packed integers without {lacking}"
    assert not found.layers()


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
@pytest.mark.parametrize("nested", [False, True])
def test_bitsandbytes(composed, kind, nested) -> None:
    shape, size = (6, 32), 64
    codes, table = integers(16, 192), torch.linspace(-1, 1, 16)
    packed = torch.tensor([(int(a) << 4) | int(b) for a, b in codes.reshape(-1, 2)], dtype=torch.uint8)
    largest = torch.rand(3) + 0.1
    state = {"quant_type": kind, "blocksize": size, "dtype": "bfloat16", "shape": list(shape)}
    tensors = {"q.weight": packed[:, None], "q.weight.absmax": largest, "q.weight.quant_map": table}
    if nested:
        of_bytes, outer = torch.linspace(-1, 1, 256), torch.tensor([0.7, 0.3])
        stored = torch.tensor([3, 200, 77], dtype=torch.uint8)
        state |= {"nested_blocksize": 2, "nested_offset": 0.05}
        largest = torch.tensor([float(of_bytes[int(b)]) * float(outer[k // 2]) + 0.05 for k, b in enumerate(stored)])
        tensors |= {"q.weight.absmax": stored, "q.weight.nested_absmax": outer, "q.weight.nested_quant_map": of_bytes}
    text = torch.tensor(list(json.dumps(state).encode()), dtype=torch.uint8)
    found = composed(tensors | {f"q.weight.quant_state.bitsandbytes__{kind}": text})
    expected = torch.tensor([float(table[int(c)]) * float(largest[k // size]) for k, c in enumerate(codes)])
    torch.testing.assert_close(found["q.weight"], expected.reshape(shape))
    assert found.layers() == {"q": shape}
    assert found.origin("q.weight") == f"dequantised from 4-bit {kind}, blocks of 64"


def test_four_bits_without_their_state_or_with_a_false_one(composed) -> None:
    tensors = {"q.weight": torch.zeros(96, 1, dtype=torch.uint8), "q.weight.absmax": torch.ones(3)}
    assert "without their quantisation state" in composed(tensors).refusals()["q.weight"]
    for text in (b"{", b'{"shape": [-6, 32], "blocksize": 64}', b'{"shape": [6, 33], "blocksize": 64}', b"[]"):
        state = {"q.weight.quant_state.bitsandbytes__nf4": torch.tensor(list(text), dtype=torch.uint8)}
        found = composed(tensors | state | {"q.weight.quant_map": torch.ones(16)})
        assert "4-bit codes (nf4)" in found.refusals()["q.weight"]
        assert not found.layers()


def test_the_table_of_e2m1() -> None:
    for code, value in enumerate(E2M1):
        sign, exponent, mantissa = code >> 3, (code >> 1) & 3, code & 1
        size = mantissa * 0.5 if exponent == 0 else 2.0 ** (exponent - 1) * (1 + mantissa / 2)
        assert value == (-size if sign else size)


def low_first(codes: torch.Tensor) -> torch.Tensor:
    return (codes[..., 0::2] | (codes[..., 1::2] << 4)).to(torch.uint8)


@pytest.mark.parametrize("inverse", [False, True])
def test_nvfp4(composed, inverse) -> None:
    codes, scales = integers(16, 4, 64), (torch.rand(4, 4) + 1).to(torch.float8_e4m3fn)
    word, second = ("weight_packed", "weight_global_scale") if inverse else ("weight", "weight_scale_2")
    found = composed({f"q.{word}": low_first(codes), "q.weight_scale": scales, f"q.{second}": torch.tensor([4.0])})
    factor = 0.25 if inverse else 4.0
    expected = torch.tensor(
        [[E2M1[int(codes[i, j])] * float(scales[i, j // 16]) * factor for j in range(64)] for i in range(4)]
    )
    torch.testing.assert_close(found["q.weight"], expected)
    assert found.layers() == {"q": (4, 64)}


def test_nvfp4_without_the_scale_of_the_tensor(composed) -> None:
    scales = torch.ones(4, 4).to(torch.float8_e4m3fn)
    found = composed({"q.weight": low_first(integers(16, 4, 64)), "q.weight_scale": scales})
    assert found.refusals()["q.weight"] == "NVFP4 codes without the scale of the whole tensor"


def test_mxfp4_experts_of_gpt_oss(composed) -> None:
    codes, exponents = integers(16, 3, 8, 64), integers(4, 3, 8, 2) + 125
    tensors = {
        "mlp.experts.gate_up_proj_blocks": low_first(codes).reshape(3, 8, 2, 16),
        "mlp.experts.gate_up_proj_scales": exponents.to(torch.uint8),
        "mlp.experts.gate_up_proj_bias": torch.arange(24.0).reshape(3, 8),
    }
    found = composed(tensors, config={"model_type": "gpt_oss"})
    rows = torch.tensor(
        [
            [E2M1[int(codes[2, i, j])] * 2.0 ** (int(exponents[2, i, j // 32]) - 127) for j in range(64)]
            for i in range(8)
        ]
    )
    assert torch.equal(found["mlp.experts.2.gate_up_proj.gate.weight"], rows[0::2])
    assert torch.equal(found["mlp.experts.2.gate_up_proj.up.weight"], rows[1::2])
    assert found["mlp.experts.2.gate_up_proj.up.bias"].tolist() == [17, 19, 21, 23]
    assert len(found.layers()) == 6


def e4m3() -> torch.Tensor:
    """The value of each byte of float8 e4m3 (OCP 8-bit floating point, version 1.0, section 5.2), by its formula."""
    values = []
    for byte in range(256):
        exponent, mantissa = byte >> 3 & 15, byte & 7
        size = (8 + mantissa) * 2.0 ** (exponent - 10) if exponent else mantissa * 2.0**-9
        values.append(float("nan") if exponent == 15 and mantissa == 7 else -size if byte & 128 else size)
    return torch.tensor(values, dtype=torch.float64)


def mxfp8(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes and scales of OCP's microscaling formats (version 1.0, section 6.3): a scale for 32 entries of a row."""
    values, blocks = e4m3(), weight.double().reshape(-1, 32)
    exponents = (blocks.abs().amax(1).log2().floor() - 8).clamp(-127, 127)  # 2^8 is e4m3's largest power of two
    distances = (blocks[:, :, None] / 2 ** exponents[:, None, None] - values).abs()
    codes = distances.nan_to_num(torch.inf).argmin(-1).to(torch.uint8)
    return codes.reshape(weight.shape), (exponents + 127).to(torch.uint8).reshape(len(weight), -1)


@pytest.mark.parametrize("exponents", [torch.uint8, torch.float8_e8m0fnu])
def test_mxfp8_is_as_near_to_its_original_as_its_formula_allows(composed, exponents) -> None:
    weight = torch.randn(24, 96, generator=torch.Generator().manual_seed(5)) * torch.logspace(-6, 3, 24)[:, None]
    codes, scales = mxfp8(weight)
    found = composed({"q.weight": codes.view(torch.float8_e4m3fn), "q.weight_scale": scales.view(exponents)})
    powers = 2.0 ** (scales.double() - 127).repeat_interleave(32, 1)
    assert torch.equal(found["q.weight"].double(), e4m3()[codes.int()] * powers)
    # Half a step: 2^-4 of the entry where it is normal, 2^-10 of the scale below; what is above 448 becomes 448.
    cut = (weight.double().abs() - 448 * powers).clamp(min=0)
    error = (found["q.weight"].double() - weight.double()).abs()
    assert (error <= torch.maximum(weight.double().abs() / 16, powers * 2.0**-10) + cut).all()
    assert found.layers() == {"q": (24, 96)}
    assert "1 x 32" in found.origin("q.weight")

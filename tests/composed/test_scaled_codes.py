"""Codes times scales, against loops over the entries."""

from __future__ import annotations

import pytest
import torch

SHAPE = (5, 70)


def codes(shape: tuple[int, ...], dtype: torch.dtype = torch.float8_e4m3fn) -> torch.Tensor:
    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 40
    return numbers.round().clamp(-127, 127).to(dtype)


def slowly(stored: torch.Tensor, scales: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    m, n = stored.shape
    return torch.tensor(
        [[float(stored[i, j]) * float(scales[i // rows, j // columns]) for j in range(n)] for i in range(m)]
    )


@pytest.mark.parametrize("key", ["q.weight_scale_inv", "q.weight_scale", "q.scale", "q.scale_weight"])
@pytest.mark.parametrize(
    ("shape", "counts", "blocks", "words"),
    [
        ((200, 300), (2, 3), (128, 128), "block scales 128 x 128"),  # blocks at the edges are cut
        (SHAPE, (5, 1), (1, 70), "a scale a row"),
        (SHAPE, (1, 70), (5, 1), "a scale a column"),
        (SHAPE, (1, 1), (5, 70), "one scale"),
        ((6, 64), (6, 2), (1, 32), "block scales 1 x 32"),
    ],
)
def test_float8(composed, key, shape, counts, blocks, words) -> None:
    stored, scales = codes(shape), torch.rand(counts) + 0.5
    found = composed({"q.weight": stored, key: scales})
    assert torch.equal(found["q.weight"], slowly(stored, scales, *blocks))
    assert found.origin("q.weight") == f"dequantised from fp8 (e4m3fn), {words}"
    assert found.layers() == {"q": shape}
    assert list(found.declared) == ["q.weight"]  # the scale is a part of it and no parameter of its own


@pytest.mark.parametrize("scale", [torch.rand(5) + 1, torch.rand(70) + 1, torch.tensor(2.5)])
def test_scales_in_one_dimension(composed, scale) -> None:
    stored = codes(SHAPE, torch.float8_e5m2)
    expected = stored.float() * (scale[:, None] if scale.shape == (5,) else scale)
    assert torch.equal(composed({"q.weight": stored, "q.weight_scale": scale})["q.weight"], expected)


def test_exponents_as_bytes(composed) -> None:
    exponents = torch.tensor([[120, 127], [130, 255]], dtype=torch.uint8)
    stored = codes((2, 64)).float().abs().add(1).to(torch.float8_e4m3fn)
    weight = composed({"q.weight": stored, "q.weight_scale": exponents})["q.weight"]
    assert torch.equal(weight[0], stored[0].float() * torch.tensor([2.0**-7, 1.0]).repeat_interleave(32))
    assert torch.equal(weight[1, :32], stored[1, :32].float() * 8)
    assert weight[1, 32:].isnan().all()  # 255 is no number


def test_int8_by_rows(composed) -> None:
    stored, largest = codes(SHAPE, torch.int8), torch.rand(5) + 1
    found = composed({"q.weight": stored, "q.SCB": largest, "q.weight_format": torch.tensor(0, dtype=torch.uint8)})
    torch.testing.assert_close(found["q.weight"], slowly(stored, largest[:, None] / 127, 1, 70))
    assert list(found.declared) == ["q.weight"]


def test_float8_without_its_scale_is_refused(composed) -> None:
    found = composed({"q.weight": codes(SHAPE), "fc.weight": torch.zeros(3, 4)})
    assert found.refusals() == {"q.weight": "scaled fp8 (e4m3fn) without its scale"}
    assert found.layers() == {"fc": (3, 4)}


def test_float8_as_the_plain_dtype_of_a_file(composed) -> None:
    found = composed({"a.weight": codes(SHAPE), "b.weight": codes(SHAPE), "a.bias": torch.zeros(5)})
    assert not found.refusals()
    assert found.store.read("a.weight").dtype == torch.float8_e4m3fn


def test_scales_that_do_not_fit_are_refused(composed) -> None:
    found = composed({"q.weight": codes(SHAPE), "q.weight_scale": torch.ones(4, 4)})
    assert "do not fit" in found.refusals()["q.weight"]
    assert not found.layers()

"""Tensors of torchao and quanto as their parts: names, dtypes and shapes as these libraries wrote them."""

from __future__ import annotations

import pytest
import torch

CODES = torch.randint(-127, 127, (128, 64), dtype=torch.int8)


@pytest.mark.parametrize("groups", [1, 2])
def test_torchao_in_safetensors(composed, groups: int) -> None:
    scale, zero = torch.rand(128, groups), torch.randint(-3, 3, (128, groups), dtype=torch.int8)
    tensors = {"q._weight_qdata": CODES, "q._weight_scale": scale, "q._weight_zero_point": zero}
    found = composed({"q.bias": torch.zeros(128)} | tensors)
    each = 64 // groups
    wide = (CODES - zero.float().repeat_interleave(each, 1)) * scale.repeat_interleave(each, 1)
    torch.testing.assert_close(found["q.weight"], wide)
    assert found.layers() == {"q": (128, 64)}
    assert "int8 of torchao" in found.origin("q.weight")


def test_torchao_s_float8(composed) -> None:
    codes, scale = torch.randn(128, 64).to(torch.float8_e4m3fn), torch.rand(128, 1)
    found = composed({"q._weight_qdata": codes, "q._weight_scale": scale})
    torch.testing.assert_close(found["q.weight"], codes.float() * scale)
    refused = composed({"q._weight_qdata": codes}).refusals()
    assert refused == {"q._weight_qdata": "float8_e4m3fn codes without their scale"}


def test_quanto(composed) -> None:
    scale, one = torch.rand(128, 1), torch.tensor(1.0)
    tensors = {"q.weight._data": CODES, "q.weight._scale": scale, "q.input_scale": one, "q.output_scale": one}
    found = composed(tensors)
    torch.testing.assert_close(found["q.weight"], CODES * scale)
    assert found.layers() == {"q": (128, 64)}

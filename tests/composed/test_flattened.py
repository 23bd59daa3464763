"""Tensors of torchao and quanto as their parts: names, dtypes and shapes as these libraries wrote them."""

from __future__ import annotations

import sys
import types

import pytest
import torch
from torch import Tensor

from netaudit.sources.open import open_network

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


@pytest.mark.parametrize("names", [("weight._data._data", "weight._scale", "weight._shift"),
                                   ("_weight_qdata", "_weight_scale", "_weight_zero_point")])  # fmt: skip
def test_packed_codes_and_their_scales_are_no_layers(composed, names) -> None:
    codes = torch.zeros(64, 64, dtype=torch.uint8)
    tensors = dict(zip(names, (codes, torch.rand(128, 2), torch.rand(128, 2)), strict=True))
    found = composed({f"q.{name}": tensor for name, tensor in tensors.items()})
    assert found.layers() == {}
    assert len(found.refusals()) == 3
    assert all("counted as they are packed" in reason for reason in found.refusals().values())


class OwnTensor(Tensor):
    """Pickled as PyTorch pickles a tensor of a class of its own, under the name of one of torchao's."""

    def __reduce_ex__(self, protocol: int):
        whole = (type(self), torch.float32, (128, 64), (64, 1), 0, torch.strided, torch.device("cpu"), False)
        rebuild = torch._utils._rebuild_wrapper_subclass
        return torch._tensor._rebuild_from_type_v2, (rebuild, type(self), whole, self.inside)


@pytest.mark.parametrize("before", [None, torch.rand(64)])
def test_a_pickled_tensor_of_torchao(tmp_path, monkeypatch, before) -> None:
    library = types.ModuleType("torchao.quantization")
    kind = type("Int8Tensor", (OwnTensor,), {"__module__": "torchao.quantization"})
    library.Int8Tensor = kind
    monkeypatch.setitem(sys.modules, "torchao", types.ModuleType("torchao"))
    monkeypatch.setitem(sys.modules, "torchao.quantization", library)
    scale, zero = torch.rand(128, 1), torch.randint(-3, 4, (128, 1), dtype=torch.int8)
    weight = torch.zeros(0).as_subclass(kind)
    weight.inside = {"qdata": CODES, "scale": scale, "zero_point": zero, "block_size": [1, 64], "act_pre_scale": before}
    torch.save({"fc.weight": weight, "fc.bias": torch.zeros(128)}, tmp_path / "net.pt")
    found = open_network(tmp_path / "net.pt")
    if before is None:
        layer = found.read(found.spec("fc"))
        torch.testing.assert_close(layer.weight, (CODES.float() - zero) * scale)
        assert layer.bias is not None
        assert found.parameters_total == 128 * 64 + 128
    else:
        assert "Int8Tensor: not read" in {getattr(entry, "reason", "") for entry in found.layers}

"""Live modules: their computed, fused and adapted weights, and the same layers as from their saved weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.nn.utils import parametrizations, parametrize, prune

from netaudit.network.network import LayerSpec, Network
from netaudit.sources.memory import open_memory


def shapes(network: Network) -> dict[str, tuple[int, int]]:
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total
    return {spec.name: spec.shape for spec in network.specs()}


def spec(network: Network, name: str) -> LayerSpec:
    return network.spec(name)


def perceptron() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


def weight_norm(net: nn.Sequential) -> None:
    parametrizations.weight_norm(net[0])


def old_weight_norm(net: nn.Sequential) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nn.utils.weight_norm(net[0])


def pruning(net: nn.Sequential) -> None:
    prune.random_unstructured(net[0], "weight", 0.4)
    prune.random_unstructured(net[0], "bias", 0.4)


def spectral_norm(net: nn.Sequential) -> None:
    parametrizations.spectral_norm(net[0])


@pytest.mark.parametrize("change", [weight_norm, old_weight_norm, pruning, spectral_norm])
def test_a_computed_weight_is_one_layer_of_the_head_and_the_same_as_in_a_file(change: Any) -> None:
    net = perceptron()
    change(net)
    net.eval()
    network, saved = open_memory(net), open_memory(net.state_dict())
    assert shapes(network) == shapes(saved) == {"0": (5, 6), "2": (3, 5)}
    assert network.parameters_total == saved.parameters_total == 5 * 6 + 5 + 3 * 5 + 3
    torch.testing.assert_close(network.read(spec(network, "0")).weight, net[0].weight.detach())
    assert torch.equal(network.read(spec(network, "0")).weight, saved.read(spec(saved, "0")).weight)
    assert network.head is not None
    assert not network.head.inferred
    assert [(layer.name, layer.activation) for layer in network.head.layers] == [("0", "relu"), ("2", "linear")]
    x = torch.rand(4, 6)
    assert network.backbone is not None
    assert torch.equal(network.backbone(x), x)


class Halved(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight / 2


def test_any_parametrisation_of_a_module_is_computed_by_it() -> None:
    net = perceptron()
    parametrize.register_parametrization(net[0], "weight", Halved())
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    network = open_memory(net)
    assert shapes(network) == {"0": (5, 6), "2": (3, 5)}
    assert torch.equal(network.read(spec(network, "0")).weight, net[0].parametrizations.weight.original.detach() / 2)
    assert spec(network, "0").origin == "computed by Halved"
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert net[0].parametrizations.weight.training


class Conv1D(nn.Module):
    """GPT-2's."""

    def __init__(self, outputs: int, inputs: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.rand(inputs, outputs)), nn.Parameter(torch.rand(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(*x.shape[:-1], len(self.bias))


def test_addmm_by_a_parameter_is_a_layer() -> None:
    net = nn.Sequential(nn.Linear(6, 5), nn.GELU(), Conv1D(5, 5), nn.ReLU(), Conv1D(3, 5))
    network = open_memory(net)
    assert shapes(network) == {"0": (5, 6), "2": (5, 5), "4": (3, 5)}
    layer = network.read(spec(network, "2"))
    assert torch.equal(layer.weight, net[2].weight.T)  # square: no shape tells
    assert layer.bias is not None
    assert torch.equal(layer.bias, net[2].bias)
    assert network.head is not None
    assert [(step.name, step.activation) for step in network.head.layers] == [
        ("0", "gelu"),
        ("2", "relu"),
        ("4", "linear"),
    ]


class Functional(nn.Module):
    """No module inside: products by parameters, each written in another way."""

    def __init__(self) -> None:
        super().__init__()
        sizes = {"a": (6, 5), "b": (4, 5), "c": (4, 3), "d": (7, 3), "e": (7, 2)}
        for name, size in sizes.items():
            self.register_parameter(name, nn.Parameter(torch.rand(size)))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(x @ self.a)
        x = torch.relu(x @ self.b.T)
        x = torch.relu(torch.matmul(x, self.c))
        x = torch.relu(F.linear(x, self.d))
        return torch.mm(x, self.e.t().transpose(0, 1))


def test_products_by_parameters_are_layers() -> None:
    torch.manual_seed(0)
    net = Functional()
    network = open_memory(net)
    assert shapes(network) == {"a": (5, 6), "b": (4, 5), "c": (3, 4), "d": (7, 3), "e": (2, 7)}
    assert network.head is not None
    assert [layer.name for layer in network.head.layers] == list("abcde")
    x = torch.rand(3, 6)
    expected = net(x)
    for name in "abcde":
        x = x @ network.read(spec(network, name)).weight.T
        x = x if name == "e" else x.relu()
    torch.testing.assert_close(x, expected)


def test_a_product_of_two_activations_is_no_layer() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.shift = nn.Linear(6, 5), nn.Parameter(torch.rand(5, 5))

        def forward(self, x: Tensor) -> Tensor:
            x = self.fc(x)
            return self.shift @ x.T @ x

    assert shapes(open_memory(Net())) == {"fc": (5, 6)}


class Lora(nn.Module):
    """As PEFT builds it."""

    def __init__(self, base: nn.Linear, rank: int, scale: float | None) -> None:
        super().__init__()
        self.base_layer = base
        self.lora_A = nn.ModuleDict({"default": nn.Linear(base.in_features, rank, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(rank, base.out_features, bias=False)})
        if scale is not None:
            self.scaling = {"default": scale}

    def forward(self, x: Tensor) -> Tensor:
        update: Tensor = self.lora_B["default"](self.lora_A["default"](x))
        return self.base_layer(x) + self.scaling["default"] * update


def test_an_adapter_is_merged_by_the_scale_that_its_module_knows() -> None:
    net = nn.Sequential(Lora(nn.Linear(6, 5), 2, 3.0), nn.ReLU(), nn.Linear(5, 3))
    network = open_memory(net)
    assert shapes(network) == {"0": (5, 6), "2": (3, 5)}
    layer, x = network.read(spec(network, "0")), torch.rand(2, 6)
    torch.testing.assert_close(F.linear(x, layer.weight, layer.bias), net[0](x).detach())


def test_an_adapter_without_a_scale_leaves_its_base() -> None:
    net = nn.Sequential(Lora(nn.Linear(6, 5), 2, None), nn.Linear(5, 3))
    network = open_memory(net)
    assert shapes(network) == {"0": (5, 6), "1": (3, 5)}
    assert torch.equal(network.read(spec(network, "0")).weight, net[0].base_layer.weight)


def test_dynamic_quantisation_is_dequantised() -> None:
    net = perceptron()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = open_memory(torch.ao.quantization.quantize_dynamic(net, {nn.Linear}))
        weight = network.read(spec(network, "0")).weight
    assert shapes(network) == {"0": (5, 6), "2": (3, 5)}
    before = net[0].weight.detach()
    assert float((weight - before).abs().max()) <= 2 * float(before.abs().max()) / 255


def test_a_vision_transformer_gives_the_layers_of_its_file() -> None:
    net = timm.create_model("vit_tiny_patch16_224", depth=1, img_size=32, num_classes=7)
    network, saved = open_memory(net), open_memory(net.state_dict())
    assert shapes(network) == shapes(saved)
    assert network.parameters_total == saved.parameters_total == sum(p.numel() for p in net.parameters())
    assert torch.equal(
        network.read(spec(network, "blocks.0.attn.qkv.k")).weight, net.blocks[0].attn.qkv.weight[192:384]
    )


def test_rows_by_head_in_timm_are_not_split() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head_first, self.qkv = True, nn.Linear(4, 12)

    [found] = open_memory(nn.ModuleDict({"attn": Attention()})).specs()
    assert (found.name, found.origin) == ("attn.qkv", "fused, parts not separated")


@pytest.mark.parametrize(
    ("beside", "split"),
    [("rel_pos.relative_position_bias_table", False), ("rel_pos.mlp.fc1.weight", False), ("rel_pos_h", True)],
)
def test_rows_by_head_in_a_bare_file_of_coatnet_are_not_split(beside: str, split: bool) -> None:
    attention = "stages.2.blocks.1.attn"
    names = shapes(open_memory({f"{attention}.qkv.weight": torch.rand(12, 4), f"{attention}.{beside}": torch.rand(3)}))
    assert ({f"{attention}.qkv.{part}" for part in "qkv"} <= set(names)) == split
    assert (f"{attention}.qkv" in names) != split


class Experts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate_up_proj, self.down_proj = nn.Parameter(torch.rand(3, 8, 6)), nn.Parameter(torch.rand(3, 6, 4))


def test_experts_of_a_module_are_those_of_its_file() -> None:
    net = nn.ModuleDict({"experts": Experts(), "router": nn.Linear(6, 3)})
    assert shapes(open_memory(net)) == shapes(open_memory(net.state_dict()))
    assert len(shapes(open_memory(net))) == 10


def test_arrays_of_numpy_are_tensors() -> None:
    weight = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    weight.flags.writeable = False
    network = open_memory({"model": {"fc.weight": weight, "fc.bias": np.zeros(3)[::-1], "names": np.array(["a"])}})
    [found] = network.specs()
    layer = network.read(found)
    assert layer.weight.tolist() == weight.tolist()
    assert layer.bias is not None


def test_a_program_of_torch_export() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(perceptron().eval(), (torch.rand(1, 6),)).module()
    network = open_memory(program)
    assert shapes(network) == {"0": (5, 6), "2": (3, 5)}
    assert network.head is not None
    assert [(layer.name, layer.activation) for layer in network.head.layers] == [("0", "relu"), ("2", "linear")]

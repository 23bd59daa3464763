"""One network as a module, as its state dict, and as files: the same layers, numbers and head."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

from netaudit.errors import SourceError
from netaudit.network.network import Network
from netaudit.sources.memory import open_memory
from netaudit.sources.open import open_network
from netaudit.sources.planners.choices import Choices


def saved(net: nn.Module, folder: Path) -> Iterator[tuple[str, Network]]:
    """The network by every other way than the module itself."""
    state = net.state_dict()
    yield "state dict", open_memory(state)
    torch.save(state, folder / "net.pt")
    yield "file", open_network(folder / "net.pt")
    if not any(map(parametrize.is_parametrized, net.modules())):  # PyTorch refuses to pickle those
        torch.save(net, folder / "module.pt")
        yield "pickled module", open_network(folder / "module.pt")
    if all(isinstance(value, Tensor) for value in state.values()):
        save_file({name: value.contiguous().clone() for name, value in state.items()}, folder / "net.safetensors")
        yield "safetensors", open_network(folder / "net.safetensors")


def head(network: Network) -> list[tuple[str, str]]:
    return [(step.name, step.activation) for step in network.head.layers] if network.head else []


def same(module: Network, other: Network, *, ordered: bool = True) -> None:
    """The same layers by name, shape and number; the same head in the same order."""
    names = [spec.name for spec in module.specs()]
    assert [spec.name for spec in other.specs()] == names or (not ordered and len(names) == len(list(other.specs())))
    assert module.parameters_total == other.parameters_total
    for spec in module.specs():
        twin = other.spec(spec.name)
        one, two = module.read(spec), other.read(twin)
        assert torch.equal(one.weight, two.weight), spec.name
        assert (one.bias is None) == (two.bias is None), spec.name
        assert one.bias is None or two.bias is None or torch.equal(one.bias, two.bias), spec.name
    assert head(module) == head(other)


def perceptron() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))


def pruned() -> nn.Module:
    net = perceptron()
    prune.random_unstructured(net[0], "weight", 0.4)
    prune.random_unstructured(net[2], "bias", 0.4)
    return net


def weight_normed() -> nn.Module:
    net = perceptron()
    parametrizations.weight_norm(net[2])
    return net


def old_weight_normed() -> nn.Module:
    net = perceptron()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nn.utils.weight_norm(net[0])
    return net


def spectral_normed() -> nn.Module:
    net = perceptron()
    parametrizations.spectral_norm(net[0])
    return net


class Residual(nn.Module):
    """Bottlenecks with 1 x 1 convolutions, and a fully connected head."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce, self.conv, self.expand = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 16, 1)
        self.depthwise, self.fc = nn.Conv2d(16, 16, 1, groups=16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise(self.expand(self.conv(torch.relu(self.reduce(x)))))
        out: Tensor = self.fc(x.mean((2, 3)))
        return out


class Experts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate_up_proj, self.down_proj = nn.Parameter(torch.rand(3, 8, 6)), nn.Parameter(torch.rand(3, 6, 4))

    def forward(self, x: Tensor) -> Tensor:
        gate, up = torch.einsum("bi,eoi->beo", x, self.gate_up_proj).chunk(2, -1)
        return torch.einsum("bei,eoi->bo", gate.sigmoid() * up, self.down_proj)


class Mixture(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.router, self.experts = nn.Linear(6, 3), Experts()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.experts(x) * self.router(x).softmax(-1).sum()
        return out


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attn, self.fc = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(self.attn(x, x, x)[0][:, 0])
        return out


BUILDERS: tuple[Callable[[], nn.Module], ...] = (
    *(perceptron, pruned, weight_normed, old_weight_normed, spectral_normed, Residual, Mixture, Attention),
)


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_a_module_gives_the_layers_of_its_saved_weights(build: Callable[[], nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = build().eval()
    module = open_memory(net)
    for way, other in saved(net, tmp_path):
        same(module, other, ordered=way != "safetensors")


@pytest.mark.filterwarnings("ignore")
def test_dynamic_quantisation_as_a_module_and_in_its_files(tmp_path: Path) -> None:
    net = torch.ao.quantization.quantize_dynamic(perceptron(), {nn.Linear})
    module = open_memory(net)
    for _, other in saved(net, tmp_path):
        same(module, other)
    assert torch.equal(module.read(module.spec("2")).weight, net[2].weight().dequantize())
    assert module.head is not None
    assert not module.head.inferred
    assert [spec.origin for spec in module.specs()] == ["dequantised from a quantised Linear"] * 3


def test_a_quantised_module_that_is_not_read_is_named() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.LSTM(4, 5), nn.Flatten()), {nn.LSTM})
    [entry] = open_memory(net).layers
    assert (entry.name, getattr(entry, "reason", "")) == ("0", "quantised LSTM: its packed weights are not read")


def test_names_of_wrappers_are_left_out_in_both() -> None:
    inner: Any = torch.compile(nn.Linear(6, 5))
    net = nn.Sequential(inner, nn.ReLU(), nn.Linear(5, 3))
    assert "0._orig_mod.weight" in net.state_dict()
    same(open_memory(net), open_memory(net.state_dict()))
    assert [spec.name for spec in open_memory(net).specs()] == ["0", "2"]
    parallel = nn.DataParallel(perceptron())
    same(open_memory(parallel), open_memory(parallel.state_dict()))


def test_an_average_of_a_module() -> None:
    net = perceptron()
    same(open_memory(torch.optim.swa_utils.AveragedModel(net)), open_memory(net.state_dict()))


class Norms(nn.Module):
    """Wrong with a tensor subclass: it does not say how it is dequantised, so that its numbers are not read."""

    class Odd(Tensor):
        pass

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 5)
        self.fc.weight = nn.Parameter(torch.randn(5, 6).as_subclass(self.Odd))


def test_a_subclass_of_tensor_that_says_nothing_is_not_read() -> None:
    assert list(open_memory(Norms()).specs()) == []


def test_a_bias_with_a_parametrisation_is_computed() -> None:
    net = perceptron()
    parametrizations.weight_norm(net[0], "bias")
    network = open_memory(net)
    layer = network.read(network.spec("0"))
    assert layer.bias is not None
    assert torch.equal(layer.bias, net[0].bias.detach())
    assert head(network) == [("0", "relu"), ("2", "relu"), ("4", "linear")]


POINTWISE = "convolution 1 x 1, the same layer at each position"


def test_convolutions_1_by_1_are_skipped_and_audited_when_asked(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Residual()
    choices = Choices(as_layer=("reduce", "expand"))
    plain, asked = open_memory(net), open_memory(net, choices)
    reasons = {entry.name: getattr(entry, "reason", "") for entry in plain.layers}
    hint = f"{POINTWISE}: --as-layer audits it"
    assert reasons == {"reduce": hint, "expand": hint, "conv": "convolution", "depthwise": "convolution", "fc": ""}
    assert [spec.name for spec in asked.specs()] == ["reduce", "expand", "fc"]
    assert asked.spec("reduce").origin == "Conv2d 1 x 1, the same layer at each position, by --as-layer"
    x = torch.randn(1, 3, 1, 1)
    layer = asked.read(asked.spec("reduce"))
    torch.testing.assert_close(
        nn.functional.linear(x.flatten(1), layer.weight, layer.bias), net.reduce(x).flatten(1).detach()
    )
    assert head(asked) == [("fc", "linear")]
    torch.save(net.state_dict(), tmp_path / "net.pt")
    same(asked, open_network(tmp_path / "net.pt", choices=choices))
    same(asked, open_memory(net.state_dict(), choices))
    for glob in ("depthwise", "conv"):
        for open_it in (lambda one: open_memory(net, one), lambda one: open_network(tmp_path / "net.pt", choices=one)):
            with pytest.raises(SourceError, match=f"^--as-layer {glob} matches nothing that can be audited: conv"):
                open_it(Choices(as_layer=(glob,)))
    with pytest.raises(SourceError, match=r"^--not-layer fcc matches no tensor$") as error:
        open_memory(net, Choices(not_layer=("fcc",)))
    assert error.value.hints == ("close to it: fc",)


def test_a_1_by_1_convolution_on_a_1_by_1_map_is_a_layer() -> None:
    class Pooled(nn.Module):
        """As MobileNetV3 ends: the graph shows that the map has one position."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.top, self.fc = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 10, 1), nn.Linear(10, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = self.top(self.conv(x).mean((2, 3), keepdim=True)).relu()
            out: Tensor = self.fc(x.flatten(1))
            return out

    net = Pooled()
    assert head(open_memory(net)) == [("top", "relu"), ("fc", "linear")]
    reasons = {entry.name: getattr(entry, "reason", "") for entry in open_memory(net.state_dict()).layers}
    assert reasons["top"] == f"{POINTWISE}: --as-layer audits it"


def test_what_a_user_says_of_a_module() -> None:
    class Tables(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.fc = nn.Embedding(9, 6), nn.Linear(6, 3)

        def forward(self, ids: Tensor) -> Tensor:
            out: Tensor = self.fc(self.table(ids))
            return out

    network = open_memory(Tables(), Choices(as_layer=("table",), not_layer=("fc",)))
    [spec] = network.specs()
    assert (spec.name, spec.shape, spec.origin) == ("table", (9, 6), "Embedding 9x6, by --as-layer")
    assert {e.name: getattr(e, "reason", "") for e in network.layers}["fc"] == "not a layer, by --not-layer"


def test_programs_of_torch_export() -> None:
    torch.manual_seed(0)
    net = perceptron().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(net, (torch.rand(2, 6),))
        lowered = program.run_decompositions()
    for one in (program, lowered):
        network = open_memory(one)
        same(network, open_memory(net))
        assert network.notes == ()
        assert network.head is not None
        assert not network.head.inferred


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([1, 2], "cannot audit a list"),
        (nn.Linear, "cannot audit a type"),
        (torch.zeros(3, 3), "cannot audit a Tensor"),
        (None, "cannot audit a NoneType"),
        ({"a": 1, "b": "x"}, "the state dict holds no tensors"),
        (nn.Sequential(nn.LazyLinear(3)), "the module has lazy parameters"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_what_cannot_be_opened_says_so(target: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_memory(target)


@pytest.mark.filterwarnings("ignore:Complex modules")
def test_weights_that_are_no_real_numbers_are_named() -> None:
    net = perceptron()
    net[0] = net[0].to(torch.complex64)
    net[2].weight = nn.Parameter(torch.ones(4, 5, dtype=torch.int8), requires_grad=False)
    reasons = {entry.name: getattr(entry, "reason", "") for entry in open_memory(net).layers}
    assert reasons == {
        "0": "complex64: complex weights are not covered",
        "2": "int8 weights: quantised layers are not read yet",
        "4": "",
    }


def test_values_of_a_state_dict_that_are_no_tensors_do_no_harm() -> None:
    state = {**perceptron().state_dict(), "epoch": 3, "config": {"name": "x"}, 7: None, "names": ["a"]}
    assert [spec.name for spec in open_memory(state).specs()] == ["0", "2", "4"]

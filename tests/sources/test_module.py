"""Plans of modules: what counts as fully connected, what is skipped, and that nothing is counted twice."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from netaudit.errors import SourceError
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, Network
from netaudit.sources.memory import open_memory


def layers(network: Network) -> dict[str, tuple[tuple[int, int], str | None]]:
    return {spec.name: (spec.shape, spec.activation) for spec in network.specs()}


def skipped(network: Network) -> dict[str, tuple[str, int]]:
    return {e.name: (e.reason, e.parameters) for e in network.layers if isinstance(e, SkippedLayer)}


def head(network: Network) -> list[tuple[str, str]]:
    return [(layer.name, layer.activation) for layer in network.head.layers] if network.head else []


def checked(module: nn.Module, *, more: int = 0) -> Network:
    """Open a module; every parameter is counted once, and nothing of it was changed.

    ``more`` parameters are in the parts of computed weights than in these weights themselves.
    """
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    network = open_memory(module)
    total = sum(parameter.numel() for parameter in module.parameters()) - more
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total == total
    assert modes == [part.training for part in module.modules()]
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    return network


class Functional(nn.Module):
    """ReLU, dropout and flatten by functions, as most people write them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.fc1 = nn.Linear(4 * 8 * 8, 20)
        self.fc2 = nn.Linear(20, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn(self.conv(x))), 4)
        x = torch.flatten(x, 1)
        x = F.dropout(F.relu(self.fc1(x)), 0.5, self.training)
        return F.log_softmax(self.fc2(x), dim=1)


def test_functional_style() -> None:
    network = checked(Functional())
    assert layers(network) == {"fc1": ((20, 256), "relu"), "fc2": ((10, 20), "log_softmax")}
    assert skipped(network) == {"conv": ("convolution", 4 * 27 + 4), "bn": ("normalisation", 8)}
    assert head(network) == [("fc1", "relu"), ("fc2", "linear")]
    assert network.head is not None
    assert not network.head.inferred
    assert (network.info.kind, network.info.name) == ("module", "Functional")


def test_sequential() -> None:
    network = checked(nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.GELU(), nn.Dropout(), nn.Linear(8, 3)))
    assert layers(network) == {"1": ((8, 12), "gelu"), "4": ((3, 8), "linear")}
    assert head(network) == [("1", "gelu"), ("4", "linear")]


def test_a_module_in_training_mode_is_traced_in_eval_mode() -> None:
    net = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))  # one input has no variance
    network = checked(net)
    assert head(network) == [("3", "linear")]
    assert network.head is not None
    assert not network.head.inferred


def test_a_layer_is_read_and_is_a_copy() -> None:
    net = nn.Sequential(nn.Linear(3, 2))
    network = open_memory(net)
    layer = network.read(next(network.specs()))
    linear = net[0]
    assert isinstance(linear, nn.Linear)
    assert torch.equal(layer.weight, linear.weight)
    layer.weight.zero_()
    assert linear.weight.abs().sum() > 0


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.emb = nn.Embedding(50, 8)
        self.fc = nn.Linear(8, 8)
        self.head = nn.Linear(8, 50)
        self.head.weight = self.emb.weight
        self.again = self.fc

    def forward(self, ids: Tensor) -> Tensor:
        out: Tensor = self.head(torch.tanh(self.again(self.fc(self.emb(ids)))))
        return out


def test_tied_weights_are_audited_once_as_the_layer() -> None:
    network = checked(Tied())
    assert layers(network) == {"fc": ((8, 8), None), "head": ((50, 8), "linear")}  # fc: once linear, once tanh
    assert skipped(network) == {"emb": ("tied to head", 0), "again": ("tied to fc", 0)}


class Mixed(nn.Module):
    """One of each that is not audited."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.emb = nn.Embedding(10, 8)
        self.rnn = nn.LSTM(8, 4, batch_first=True)
        self.norm = nn.LayerNorm(4)
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
        self.fc = nn.Linear(3, 2)
        self.register_buffer("mask", torch.ones(3))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.rnn(self.emb(ids) + self.cls_token)[0][:, -1]
        out: Tensor = self.fc(F.relu(self.normed(self.norm(x))) * self.mask)
        return out


def test_what_is_skipped_and_why() -> None:
    network = checked(Mixed(), more=3)  # the norms
    of_gates = {
        f"rnn.weight_{way}_l0[{gate}]" for way in ("ih", "hh") for gate in ("input", "forget", "cell", "output")
    }
    assert layers(network) == {
        "normed": ((3, 4), "relu"),
        "fc": ((2, 3), "linear"),
        **{name: ((4, 8 if "_ih" in name else 4), None) for name in of_gates},
    }
    reasons = {name: reason for name, (reason, _) in skipped(network).items()}
    assert reasons == {
        "cls_token": "other parameters of Mixed",
        "emb": "embedding",
        "norm": "normalisation",
    }
    assert head(network) == [("fc", "linear")]


def test_attention_as_q_k_v() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Linear(6, 8)
            self.attn = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            x = self.embed(x).unsqueeze(1)
            out: Tensor = self.attn(x, x, x, need_weights=False)[0]
            return out

    net = Net()
    network = checked(net)
    names = ["embed", "attn.in_proj.q", "attn.in_proj.k", "attn.in_proj.v", "attn.out_proj"]
    assert list(layers(network)) == names
    assert set(layers(network).values()) == {((8, 6), "linear"), ((8, 8), "linear")}
    key = network.read(next(spec for spec in network.specs() if spec.name == "attn.in_proj.k"))
    assert torch.equal(key.weight, net.attn.in_proj_weight[8:16])
    assert network.head is None


def test_a_transformer_encoder_is_traced_in_spite_of_its_fast_path() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    net = nn.Sequential(nn.Linear(4, 8), nn.Unflatten(1, (1, 8)), layer, nn.Flatten(), nn.Linear(8, 3))
    network = checked(net)
    assert layers(network)["2.linear1"] == ((16, 8), "relu")
    assert head(network) == [("4", "linear")]


def test_a_covering_convolution_is_fully_connected() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 6, 28), nn.ReLU(), nn.Flatten(), nn.Linear(6, 2)
    )
    network = checked(_Fixed(net))
    assert layers(network)["net.2"] == ((6, 4 * 28 * 28), "relu")
    assert next(network.specs()).origin == "Conv2d 28x28 covering its whole input"
    assert head(network) == [("net.2", "relu"), ("net.5", "linear")]
    conv = net[2]
    assert isinstance(conv, nn.Conv2d)
    assert torch.equal(network.read(next(network.specs())).weight, conv.weight.flatten(1))


class _Fixed(nn.Module):
    """Takes 28 x 28 images only."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[-1] == 28
        out: Tensor = self.net(x)
        return out


def test_a_weight_used_by_function() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(6, 4)
            self.V = nn.Parameter(torch.randn(3, 4))
            self.c = nn.Parameter(torch.randn(3))

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(torch.relu(self.first(x)), self.V, self.c)

    network = checked(Net())
    assert layers(network) == {"V": ((3, 4), "linear"), "first": ((4, 6), "relu")}
    assert next(network.specs()).bias == "c"
    assert head(network) == [("first", "relu"), ("V", "linear")]


class Untraceable(nn.Module):
    """Looks at its numbers, and cannot run anyway."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(6, 5)
        self.b = nn.Linear(5, 4)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        raise NotImplementedError


def test_a_module_that_cannot_be_traced_gives_an_inferred_stack() -> None:
    network = checked(Untraceable())
    assert layers(network) == {"a": ((5, 6), None), "b": ((4, 5), None)}
    assert head(network) == [("a", "relu"), ("b", "linear")]
    assert network.head is not None
    assert network.head.inferred
    assert "ReLU" in network.head.note


class Caching(nn.Module):
    """Keeps a plain tensor, counts its calls and caches what it computed: all of it must be as before."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 4)
        self.scale = torch.full((4,), 2.0)
        self.calls = 0
        self.cache: dict[str, Tensor] = {}
        self.seen: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen = self.cache["x"] = x
        out: Tensor = self.fc(x) * self.scale
        return out


def test_a_module_is_left_as_it_was() -> None:
    net = Caching()
    net.fc.train()
    handle = net.register_forward_hook(lambda *_: None)
    network = checked(net)
    assert network.head is None  # its output is a product: traced, with real zeros
    assert layers(network) == {"fc": ((4, 6), "linear")}
    assert (net.calls, net.cache, net.seen) == (0, {}, None)
    handle.remove()
    assert not net._forward_hooks


def test_randomness_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()

    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 4)
            self.one = torch.ones(1)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.fc(x) + torch.randn(4) * self.one
            return out

    net = Noisy()
    torch.set_rng_state(before)
    checked(net)
    assert torch.equal(torch.get_rng_state(), before)


def test_lightning_modules_say_what_they_take() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.example_input_array = torch.zeros(4, 2, 3)
            self.fc = nn.Linear(6, 4)

        def forward(self, x: Tensor) -> Tensor:
            n, _, _ = x.shape
            out: Tensor = self.fc(x.reshape(n, 6))
            return out

    assert head(checked(Net())) == [("fc", "linear")]


def test_wrapped_modules_are_unwrapped() -> None:
    net = nn.Sequential(nn.Linear(3, 2))
    assert list(layers(open_memory(nn.DataParallel(net)))) == ["0"]
    compiled: Any = torch.compile(net)
    assert list(layers(open_memory(compiled))) == ["0"]


def test_a_module_whose_attributes_raise_is_audited() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 4)

        @property
        def module(self) -> nn.Module:
            raise KeyError("no")

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.fc(x)
            return out

    assert head(checked(Net())) == [("fc", "linear")]


def test_what_cannot_be_audited() -> None:
    with pytest.raises(SourceError, match="lazy parameters"):
        open_memory(nn.LazyLinear(3))
    with pytest.raises(SourceError, match="cannot audit a list"):
        open_memory([1, 2])  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore")
def test_torchscript_gives_what_its_file_gives() -> None:
    network = open_memory(torch.jit.trace(nn.Sequential(nn.Linear(2, 2)), torch.zeros(1, 2)))
    assert layers(network) == {"0": ((2, 2), None)}
    assert network.info.name == "Sequential"
    assert "without its code" in network.notes[0]
    inside = open_memory(nn.Sequential(torch.jit.script(nn.Linear(3, 2)), nn.ReLU(), nn.Linear(2, 4)))
    assert list(layers(inside)) == ["0", "2"]


def test_a_module_without_data() -> None:
    with torch.device("meta"):
        net = nn.Sequential(nn.Linear(3, 2))
    network = open_memory(net)
    with pytest.raises(SourceError, match=r"0\.weight has no data"):
        network.read(next(network.specs()))


def test_a_state_dict() -> None:
    state = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4)).state_dict()
    network = open_memory({"model": state})
    assert head(network) == [("0", "relu"), ("2", "linear")]
    assert torch.equal(network.read(next(network.specs())).weight, state["0.weight"])
    assert next(network.specs()).origin == "2-D weight under model"
    assert isinstance(network.layers[0], LayerSpec)

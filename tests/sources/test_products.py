"""Products by a parameter, each written in another way: one layer, which computes what the module computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from netaudit.network.network import Network
from netaudit.sources.memory import open_memory


class Functional(nn.Module):
    """Parameters, and a function of them and the input."""

    def __init__(self, run: Callable[..., Tensor], **shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.run = run
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.randn(shape)))

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)


def opened(run: Callable[..., Tensor], **shapes: tuple[int, ...]) -> tuple[nn.Module, Network]:
    torch.manual_seed(0)
    net = Functional(run, **shapes)
    return net, open_memory(net, example=torch.zeros(1, 6))


def head_of(network: Network) -> list[tuple[str, str]]:
    return [(step.name, step.activation) for step in network.head.layers] if network.head else []


PRODUCTS: dict[str, tuple[Callable[[Any, Tensor], Tensor], tuple[int, ...]]] = {
    "matmul": (lambda m, x: x @ m.w, (6, 4)),
    "matmul of a transpose": (lambda m, x: x @ m.w.T, (4, 6)),
    "linear": (lambda m, x: F.linear(x, m.w), (4, 6)),
    "linear of a transpose": (lambda m, x: F.linear(x, m.w.mT), (6, 4)),
    "mm": (lambda m, x: torch.mm(x, m.w), (6, 4)),
    "mv": (lambda m, x: torch.mv(m.w, x[0])[None], (4, 6)),
    "a vector": (lambda m, x: (m.w @ x[0])[None], (4, 6)),
    "addmm": (lambda m, x: torch.addmm(torch.zeros(4, device=x.device), x, m.w), (6, 4)),
    "einsum [out, in]": (lambda m, x: torch.einsum("bi,oi->bo", x, m.w), (4, 6)),
    "einsum [in, out]": (lambda m, x: torch.einsum("...i,io->...o", x, m.w), (6, 4)),
    "einsum, weight first": (lambda m, x: torch.einsum("oi, bi -> bo", m.w, x), (4, 6)),
    "einsum of a list": (lambda m, x: torch.einsum("bi,oi->bo", [x, m.w]), (4, 6)),
    "tensordot": (lambda m, x: torch.tensordot(x, m.w, dims=([1], [0])), (6, 4)),
    "tensordot of one axis": (lambda m, x: torch.tensordot(x, m.w, dims=1), (6, 4)),
    "tensordot of rows": (lambda m, x: torch.tensordot(x, m.w, dims=([-1], [1])), (4, 6)),
}


@pytest.mark.parametrize("how", PRODUCTS)
def test_a_product_by_a_parameter_is_a_layer(how: str) -> None:
    run, shape = PRODUCTS[how]
    net, network = opened(run, w=shape)
    [spec] = network.specs()
    assert (spec.name, spec.shape, spec.activation) == ("w", (4, 6), "linear")
    x = torch.randn(1, 6)
    torch.testing.assert_close(F.linear(x, network.read(spec).weight), net(x).detach())


@pytest.mark.parametrize("how", [how for how in PRODUCTS if how not in ("mv", "a vector", "addmm")])
def test_a_bias_that_is_added_by_hand_is_the_layers(how: str) -> None:
    run, shape = PRODUCTS[how]
    net, network = opened(lambda m, x: F.linear(torch.relu(run(m, x) + m.b), m.top), w=shape, b=(4,), top=(3, 4))
    assert (
        head_of(network) == ([] if "tensordot" in how else [("w", "relu")]) + [("top", "linear")] or "tensordot" in how
    )
    layer = network.read(network.spec("w"))
    assert layer.bias is not None
    assert layer.activation == "relu"
    x = torch.randn(1, 6)
    top = network.read(network.spec("top")).weight
    torch.testing.assert_close(F.linear(F.linear(x, layer.weight, layer.bias).relu(), top), net(x).detach())


NONE: dict[str, tuple[Callable[[Any, Tensor], Tensor], tuple[int, ...]]] = {
    "bilinear": (lambda m, x: torch.einsum("bi,ij,bj->b", x, m.w, x), (6, 6)),
    "another axis": (lambda m, x: torch.einsum("bi,oi->ob", x, m.w), (4, 6)),
    "scaled": (lambda m, x: torch.addmm(x, x, m.w, alpha=0.5), (6, 6)),
    "two activations": (lambda m, x: (x * m.w[:1]) @ x.T, (4, 6)),
    "rows mixed": (lambda m, x: m.w @ x, (4, 1)),
    "a lone vector": (lambda m, x: F.linear(x, m.w), (6,)),
}


@pytest.mark.parametrize("how", NONE)
def test_what_is_no_product_by_a_matrix(how: str) -> None:
    run, shape = NONE[how]
    _, network = opened(run, w=shape)
    assert list(network.specs()) == []
    assert network.graph is not None


def test_a_bias_that_another_layer_has_too_ends_the_head() -> None:
    """The layer of that name has no such bias, so that labels would go down another network."""

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)
            self.b.weight = self.a.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.b(torch.relu(self.a(x)))

    net = Twice()
    assert open_memory(net).head is None
    saved = open_memory(net.state_dict())
    assert saved.head is None
    assert saved.head_gap() == "b is tied to a, and what lies between the two is not known"


def test_of_a_weight_that_is_used_both_ways_only_one_is_the_layer() -> None:
    """Square, so that no shape tells which of the two is audited."""
    _, network = opened(lambda m, x: F.linear(torch.relu(x @ m.w), m.v).tanh() @ m.w.T, w=(6, 6), v=(6, 6))
    assert head_of(network) == [("v", "tanh"), ("w", "linear")]  # the other way ends it
    _, network = opened(lambda m, x: F.linear(torch.relu(F.linear(x, m.w)), m.w.T), w=(6, 6))
    assert head_of(network) == []


def test_a_bias_with_two_readers_is_not_merged() -> None:
    def run(m: Any, x: Tensor) -> Tensor:
        product = x @ m.w
        return (product + m.b) * product

    _, network = opened(run, w=(6, 4), b=(4,))
    assert next(network.specs()).bias is None


STACKS: dict[str, tuple[Callable[[Any, Tensor], Tensor], bool]] = {
    "bmm": (lambda m, x: torch.bmm(x.expand(3, 1, 6), m.w.mT)[:, 0], False),
    "bmm [in, out]": (lambda m, x: torch.bmm(x.expand(3, 1, 6), m.w)[:, 0], True),
    "matmul": (lambda m, x: (x[:, None, None] @ m.w)[0, :, 0], True),
    "einsum": (lambda m, x: torch.einsum("bi,eoi->beo", x, m.w)[0], False),
    "einsum [in, out]": (lambda m, x: torch.einsum("bi,eio->beo", x, m.w)[0], True),
    "one by one": (lambda m, x: torch.stack([F.linear(x[0], m.w[expert]) for expert in range(3)]), False),
}


@pytest.mark.parametrize("how", STACKS)
def test_a_stack_of_matrices_gives_a_layer_each(how: str) -> None:
    run, turned = STACKS[how]
    net, network = opened(run, w=(3, 6, 4) if turned else (3, 4, 6))
    assert [spec.name for spec in network.specs()] == ["w.0", "w.1", "w.2"]
    assert network.parameters_total == 72
    x = torch.randn(1, 6)
    layers = [network.read(spec).weight @ x[0] for spec in network.specs()]
    torch.testing.assert_close(torch.stack(layers), net(x).detach())

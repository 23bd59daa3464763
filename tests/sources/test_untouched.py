"""No module is left changed by an audit, whatever its forward pass does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from netaudit.sources.memory import open_memory

# What a forward pass may do beside its work. `x` is the input, `m` the module.
HABITS: dict[str, Callable[[Any, Tensor], object]] = {
    "counts calls": lambda m, x: setattr(m, "calls", m.calls + 1),
    "counts in a buffer": lambda m, x: m.steps.add_(1),
    "replaces a buffer": lambda m, x: setattr(m, "running", m.running + x.mean()),
    "writes a buffer": lambda m, x: m.running.copy_(torch.full((1,), 3.0)),
    "clips its weights": lambda m, x: m.a.weight.data.clamp_(-0.01, 0.01),
    "renorms its weights": lambda m, x: setattr(m.a.weight, "data", torch.renorm(m.a.weight.data, 2, 0, 0.1)),
    "replaces a parameter": lambda m, x: setattr(m.b, "bias", nn.Parameter(torch.ones(3, device=x.device))),
    "keeps what it saw": lambda m, x: m.cache.append(x),
    "caches": lambda m, x: m.seen.update(last=x),
    "adds a module": lambda m, x: m.add_module("new", nn.Linear(2, 2)),
    "hooks itself": lambda m, x: m.a.register_forward_hook(lambda *_: None),
    "trains": lambda m, x: m.train(),
    "freezes": lambda m, x: m.a.weight.requires_grad_(False),
    "clears gradients": lambda m, x: m.zero_grad(),
    "draws numbers": lambda m, x: (torch.rand(3), random.random(), np.random.rand()),  # noqa: NPY002
    "changes its dtype": lambda m, x: m.a.to(torch.float64) if m.strange else None,
    "fails": lambda m, x: 1 / 0,
    "looks at its numbers": lambda m, x: bool(x.sum() > 0),
}


class Net(nn.Module):
    def __init__(self, habits: list[str], *, strange: bool) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 3)
        self.habits, self.strange, self.calls = habits, strange, 0
        self.seen: dict[str, Tensor] = {}
        self.cache: list[Tensor] = []
        self.register_buffer("steps", torch.zeros(1, dtype=torch.long))
        self.register_buffer("running", torch.zeros(1))
        self.plain = torch.ones(5)

    def forward(self, x: Tensor) -> Tensor:
        for habit in self.habits:
            HABITS[habit](self, x)
        h: Tensor = self.a(x)
        out: Tensor = self.b(h * self.plain if self.strange else h)  # a plain tensor cannot run on the meta device
        return out


def state(net: nn.Module) -> list[Any]:
    """All of a module that an audit could change, in terms that can be compared."""
    tensors = [*net.named_parameters(), *net.named_buffers()]
    numbers = [(name, id(t), t.data_ptr(), t.dtype, t.requires_grad, t.tolist()) for name, t in tensors]
    gradients = [None if p.grad is None else p.grad.tolist() for p in net.parameters()]
    parts = [(name, id(part), part.training, sorted(vars(part))) for name, part in net.named_modules()]
    hooks = [(len(part._forward_hooks), len(part._forward_pre_hooks)) for part in net.modules()]
    own = [getattr(net, name) for name in ("calls", "cache", "seen")]
    return [numbers, gradients, parts, hooks, [repr(value) for value in own]]


def randomness() -> list[Any]:
    return [torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()]  # noqa: NPY002


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    habits=st.lists(st.sampled_from(sorted(HABITS)), max_size=4),
    strange=st.booleans(),
    training=st.booleans(),
    gradients=st.booleans(),
    example=st.booleans(),
)
def test_nothing_of_a_module_is_changed(
    habits: list[str], strange: bool, training: bool, gradients: bool, example: bool
) -> None:
    net = Net(habits, strange=strange).train(training)
    if gradients:
        net.a(torch.ones(1, 6)).sum().backward()
    net.a.register_forward_hook(lambda *_: None)
    before, drawn = state(net), randomness()
    open_memory(net, example=torch.ones(2, 6) if example else None)
    assert state(net) == before
    assert randomness() == drawn
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("habit", sorted(HABITS))
def test_each_habit_on_real_numbers(habit: str) -> None:
    net = Net([habit], strange=True)
    net.a(torch.ones(1, 6)).sum().backward()
    before, drawn = state(net), randomness()
    network = open_memory(net)
    assert state(net) == before
    assert randomness() == drawn
    if network.backbone is not None and habit != "fails":
        network.backbone(torch.ones(2, 6))
        assert state(net) == before


def test_the_state_that_is_compared_sees_each_habit() -> None:
    """A test of the test: run without protection, every habit but two shows."""
    for habit in sorted(set(HABITS) - {"fails", "looks at its numbers"}):
        net = Net([habit], strange=True).eval()
        net.a(torch.ones(1, 6)).sum().backward()
        before = [state(net), randomness()]
        try:
            net(torch.ones(1, 6))
        except RuntimeError:
            assert habit == "changes its dtype"
        assert [state(net), randomness()] != before, habit

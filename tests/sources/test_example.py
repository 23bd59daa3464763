"""``example=``: an input for modules whose shapes cannot be guessed; and what is said when no pass was recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import netaudit
from netaudit.errors import SourceError
from netaudit.network.network import Network
from netaudit.sources.memory import open_memory
from netaudit.sources.open import open_network


def head(network: Network) -> list[tuple[str, str]]:
    return [(step.name, step.activation) for step in network.head.layers] if network.head else []


class Two(nn.Module):
    """Takes two inputs, or the second by name, as nothing but its code says."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x: Tensor, *, shift: Tensor, twice: bool = False) -> dict[str, Tensor]:
        logits = self.b(torch.tanh(self.a(x + shift)))
        return {"logits": logits * 2 if twice else logits, "shift": shift}


class Positional(Two):
    def forward(self, x: Tensor, shift: list[Tensor]) -> Tensor:  # type: ignore[override]
        return self.b(torch.tanh(self.a(x + shift[0])))


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("kind", ["dict", "tuple", "numpy"])
def test_an_example_of_several_inputs(kind: str, rows: int) -> None:
    x = torch.zeros(rows, 6)
    net: nn.Module = Two() if kind == "dict" else Positional()
    examples: dict[str, Any] = {
        "dict": {"x": x, "shift": x},
        "tuple": (x, [x]),
        "numpy": (x.numpy(), [x]),
    }
    network = open_memory(net, example=examples[kind])
    assert network.notes == ()
    assert head(network) == [("a", "tanh"), ("b", "linear")]
    assert network.head is not None
    assert not network.head.inferred


def test_a_tensor_of_a_shape_that_nobody_guesses() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(5, 2, 3), nn.Linear(2 * 5 * 11, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(torch.relu(self.conv(x)).flatten(1))

    assert "a pass on zeros of shape (1, 5, 224, 224) failed: RuntimeError: " in open_memory(Net()).notes[0]
    network = open_memory(Net(), example=torch.zeros(2, 5, 7, 13))
    assert (head(network), network.notes) == ([("fc", "linear")], ())


def test_a_module_that_takes_no_single_input_gets_them_all() -> None:
    class Pairs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.top = nn.Linear(6, 5), nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            assert len(x) == 2
            return self.top(self.fc(x).relu())

    assert head(open_memory(Pairs(), example=torch.zeros(2, 6))) == [("fc", "relu"), ("top", "linear")]


def test_rows_along_the_second_axis_are_no_inputs() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 5)

        def forward(self, x: Tensor) -> Tensor:
            assert len(x) == 2
            return self.fc(x)

    assert open_memory(Tokens(), example=torch.zeros(2, 3, 6)).head is None


def test_an_example_is_not_written_into() -> None:
    class Writes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.scale = nn.Linear(6, 5), torch.ones(5)

        def forward(self, x: Tensor) -> Tensor:
            x.add_(1)
            return self.fc(x) * self.scale

    example = torch.zeros(1, 6)
    assert open_memory(Writes(), example=example).graph is not None
    assert example.tolist() == [[0.0] * 6]


@pytest.mark.parametrize("wrong", [[torch.zeros(1, 6)], "x", 3, {1: torch.zeros(1, 6)}])
def test_what_is_no_example(wrong: Any) -> None:
    with pytest.raises(SourceError, match=rf"^example= cannot be a {type(wrong).__name__}$") as caught:
        open_memory(nn.Linear(6, 5), example=wrong)
    assert caught.value.hints == ("a tensor, a tuple of positional arguments, or a dict of keyword arguments",)


@pytest.mark.parametrize("target", ["mnist-mlp", {"fc.weight": torch.zeros(3, 4)}])
def test_only_a_module_takes_an_example(target: Any) -> None:
    with pytest.raises(SourceError, match=r"^example= goes with a module"):
        open_network(target, example=torch.zeros(1, 6))


class Fails(nn.Module):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.fc, self.error = nn.Linear(6, 5), error

    def forward(self, x: Tensor) -> Tensor:
        raise self.error


def recursion() -> BaseException:
    return RecursionError("maximum recursion depth exceeded")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("oh\x1b[31m no\nsecond"), "ValueError: oh\\x1b[31m no."),
        (KeyError(), "KeyError."),
        (SystemExit(3), "SystemExit: 3."),
        (RuntimeError(f"no {object()}"), "RuntimeError: no <object object at 0x...>."),
        (recursion(), "RecursionError: maximum recursion depth exceeded."),
        (NotImplementedError("later."), "NotImplementedError: later."),
    ],
)
def test_a_pass_that_fails_says_why_in_one_line(error: BaseException, words: str) -> None:
    network = open_memory(Fails(error))
    [note] = network.notes
    assert note.startswith(
        f"No forward pass of the module was recorded: a pass on zeros of shape (1, 6) failed: {words} So no graph"
    )
    assert "netaudit.audit(module, example=...) takes an example of its input: a tensor" in note
    given = open_memory(Fails(error), example=(torch.zeros(2, 6),)).notes[0]
    assert f"a pass on the example failed: {words}" in given
    assert "takes another example" in given


def test_a_module_of_which_nothing_tells_what_it_takes() -> None:
    network = open_memory(nn.Sequential(nn.LayerNorm(3)))
    assert network.notes[0].startswith(
        "No forward pass of the module was recorded: what it takes could not be guessed."
    )
    assert network.head_gap() == "no forward pass could be recorded, and names and shapes tell no head"


def test_the_report_says_it() -> None:
    torch.manual_seed(0)
    net = Two()
    net.a = nn.Linear(6, 40)
    net.b = nn.Linear(40, 3)
    asked: dict[str, Any] = {"nulls": "none", "analyses": ["gaussian_weights"]}
    assert "failed: TypeError: Two.forward() " in netaudit.audit(net, **asked).notes[0]
    x = np.zeros((1, 6), "f")
    done = netaudit.audit(net, example={"x": torch.zeros(1, 6), "shift": x}, **asked)
    assert done.notes == ()
    assert done.head.layers == ("a", "b")
    assert done.provenance.settings["example"] == "tensors of shape [1, 6], [1, 6]"


def test_where_no_layer_is_found_the_error_says_what_a_pass_needs() -> None:
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.randn(40, 6))

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return x @ self.w + y

    with pytest.raises(netaudit.NetauditError, match=r"^Functional: no fully connected layer") as caught:
        netaudit.audit(Functional())
    assert "missing 1 required positional argument: 'y'" in caught.value.hints[0]
    assert "example=" in caught.value.hints[0]
    report = netaudit.audit(Functional(), example=(torch.zeros(1, 40), torch.zeros(6)), nulls="none")
    assert [layer.name for layer in report.layers] == ["w"]


class Branch(nn.Module):
    def __init__(self, look: Any) -> None:
        super().__init__()
        self.a, self.b, self.c, self.look = nn.Linear(6, 5), nn.Linear(5, 3), nn.Linear(5, 3), look

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.a(x))
        out: Tensor = self.b(h) if self.look(h) else self.c(h)
        return out


@pytest.mark.parametrize(
    "look",
    [
        lambda h: h.sum() > 1e9,
        lambda h: h.mean().item() > 1e9,
        lambda h: max(h.flatten().tolist()) > 1e9,
        lambda h: int(h.argmax()) == 17,
        lambda h: torch.equal(h, h + 1),
        lambda h: float(h.numpy().sum()) > 1e9,
    ],
)
def test_a_branch_on_data_marks_the_head_as_inferred(look: Any) -> None:
    network = open_memory(Branch(look))
    assert head(network) == [("a", "relu"), ("c", "linear")]
    assert network.head is not None
    assert network.head.inferred
    assert network.head.note.startswith("The network looks at the numbers that it computes, so another input may")


def test_a_branch_on_what_is_fixed_is_none() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.gain = nn.Linear(6, 5), torch.ones(1)
            self.register_buffer("mask", torch.ones(5))

        def forward(self, x: Tensor) -> Tensor:
            same = torch.zeros_like(x).sum() == 0
            out: Tensor = self.fc(x) if self.mask.sum() > 0 and self.fc.weight.mean() < 9 and same else x
            return out

    network = open_memory(Fixed())
    assert head(network) == [("fc", "linear")]
    assert network.head is not None
    assert not network.head.inferred

"""A sequential network as data: the list of layers in a card, and the module that it describes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any

from torch import Tensor, nn

from netaudit.errors import SourceError
from netaudit.sources.hubs.text_layers import RECURRENT, Words
from netaudit.text import printable

LARGEST = 2**24  # of any size in a description: far above any layer, far below an overflow
LONGEST = 1000  # layers
LARGEST_ACTIVATION = 2**22
"""Numbers of one input, and of what any layer gives for it. VGG at 224 x 224 pixels has 3.2 million, on batches of 32
inputs 411 MB; a padding of 1000 pixels in a file of 1 kB would have taken 16 GB."""


class Shift(nn.Module):
    """x + by: centres pixels, without a parameter."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        """Add ``by`` to every entry."""
        return x + self.by


class Residual(nn.Module):
    """x + branch(x): a block whose branch gives what it takes."""

    def __init__(self, branch: nn.Sequential) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to its own input."""
        moved: Tensor = x + self.branch(x)
        return moved


def build(description: Sequence[Mapping[str, Any]]) -> nn.Sequential:
    """The network of a description, with PyTorch's default initialisation from its global random state.

    Each layer is a mapping with ``type``: ``Flatten``, ``ReLU``, ``Shift`` (``by``), ``Dropout`` (``p``), ``MaxPool2d``
    (``kernel``), ``Linear`` (``in``, ``out``), ``Conv2d`` (``in``, ``out``, ``kernel``, ``padding``), ``Residual``
    (``branch``, a list of the other layers), ``Words`` (``in``, ``out``), and ``GRU``, ``LSTM``, ``RNN`` and ``UGRNN``
    (``in``, ``out``), which give their last state; with ``name`` its parameters go by that, else by the layer's place
    (``"0"``, ``"1"``, ...).

    Raises:
        SourceError: another type, a size that no layer has, or two layers of one name.
        KeyError, TypeError: a part is missing, or the description is of another form.
    """
    longest = sum(1 + len(layer.get("branch", ())) for layer in description)
    if longest > LONGEST:
        raise SourceError(f"a described network has at most {LONGEST} layers, not {longest:,}")
    return _sequence(description, _layer)


def _sequence(
    description: Sequence[Mapping[str, Any]], make: Callable[[Mapping[str, Any]], nn.Module]
) -> nn.Sequential:
    net = nn.Sequential()
    for place, layer in enumerate(description):
        name = layer.get("name", str(place))
        if not isinstance(name, str) or not (name.isidentifier() or name.isdecimal()) or hasattr(net, name):
            raise SourceError(f"a described network cannot have a layer named {printable(str(name), 80)!r} here")
        net.add_module(name, make(layer))
    return net


def shape(sizes: Sequence[Any]) -> tuple[int, ...]:
    """The shape of one input, as a card has it.

    Raises:
        SourceError: sizes that no input has.
        TypeError: no list.
    """
    found = tuple(_checked("input", size) for size in sizes)
    require_small([found])
    return found


def require_small(shapes: Iterable[Sequence[int]]) -> None:
    """Look at the shapes of a pass of one input before it is run.

    Raises:
        SourceError: a layer, or the input, is larger than ``LARGEST_ACTIVATION``.
    """
    largest = max((prod(one) for one in shapes), default=0)
    if largest > LARGEST_ACTIVATION:
        raise SourceError(
            f"a described network gives at most {LARGEST_ACTIVATION:,} numbers a layer for one input, not {largest:,}"
        )


def _layer(layer: Mapping[str, Any]) -> nn.Module:
    """One layer of the network itself, where alone blocks are allowed: a branch has none."""
    return Residual(_sequence(layer["branch"], _plain)) if layer["type"] == "Residual" else _plain(layer)


def _plain(layer: Mapping[str, Any]) -> nn.Module:
    match layer["type"]:
        case "Flatten":
            return nn.Flatten()
        case "ReLU":
            return nn.ReLU()
        case "Shift":
            return Shift(float(layer["by"]))
        case "Dropout":
            return nn.Dropout(float(layer["p"]))
        case "MaxPool2d":
            return nn.MaxPool2d(_size(layer, "kernel"))
        case "Linear":
            return nn.Linear(_size(layer, "in"), _size(layer, "out"))
        case "Conv2d":
            inputs, outputs, kernel = (_size(layer, key) for key in ("in", "out", "kernel"))
            return nn.Conv2d(inputs, outputs, kernel, padding=_size(layer, "padding", least=0))
        case "Words":
            return Words(_size(layer, "in"), _size(layer, "out"))
        case "GRU" | "LSTM" | "RNN" | "UGRNN" as kind:
            return RECURRENT[kind](_size(layer, "in"), _size(layer, "out"))
        case other:
            raise SourceError(f"a described network cannot have a layer {printable(str(other), 80)}")


def _size(layer: Mapping[str, Any], key: str, least: int = 1) -> int:
    return _checked(key, layer[key], least)


def _checked(key: str, value: Any, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= LARGEST:
        raise SourceError(
            f"{key} of a described network must be {least} to {LARGEST:,}, not {printable(str(value), 80)}"
        )
    return value

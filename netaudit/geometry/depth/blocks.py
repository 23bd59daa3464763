"""The residual blocks of a module: the parts that give their input plus what a branch makes of it.

Each part is written down by torch.fx with its children as single operations. It is a residual block if its output is
reached from its input by additions alone, with at most a ReLU behind the last one. No list of classes is needed:
torchvision's and timm's ResNets, vision transformers and ConvNeXt, and a user's own blocks, are read the same way.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

_KEEPS = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
"""Modules that hand on their input in eval mode."""
_ADDS = frozenset((operator.add, operator.iadd, torch.add, "add", "add_"))
_RELUS = frozenset((torch.relu, torch.relu_, nn.functional.relu, "relu", "relu_"))
_SAME = frozenset(("clone", "contiguous"))
"""Methods that hand on the numbers of their tensor."""
_HOLDERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
"""They only hold parts."""


@dataclass(frozen=True, eq=False)
class Block:
    """One residual block, x -> x + F(x) or r(x + F(x))."""

    name: str
    """The path of the part in the module (untrusted text)."""
    module: nn.Module
    relu: bool
    """Whether a ReLU follows the sum."""
    branch: tuple[nn.Module, ...] | None
    """The parts of F in their order, if F is a chain of Linear and ReLU; None for any other branch."""


def residual_blocks(module: nn.Module) -> list[Block]:
    """The outermost residual blocks of a module, in its own order.

    >>> class Block(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.inner = nn.Linear(3, 3)
    ...     def forward(self, x):
    ...         return x + self.inner(x)
    >>> [block.name for block in residual_blocks(nn.Sequential(nn.Linear(3, 3), Block()))]
    ['1']
    """
    return list(_walk(module, "", set()))


def _walk(module: nn.Module, path: str, seen: set[int]) -> Iterator[Block]:
    for name, part in module.named_children():
        if id(part) in seen:
            continue
        seen.add(id(part))
        whole = f"{path}{name}"
        block = _block(whole, part)
        if block is not None:
            yield block
        else:
            yield from _walk(part, f"{whole}.", seen)


class _Tracer(fx.Tracer):
    """Writes down a part with its children as single operations."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Every child is one."""
        return True


def _block(name: str, part: nn.Module) -> Block | None:
    if type(part) in _HOLDERS or not any(True for _ in part.children()):
        return None
    graph: fx.Graph | None = None
    with suppress(Exception):  # a forward may raise anything when it is handed no numbers; such a part is not read
        graph = _Tracer().trace(part)
    nodes = [] if graph is None else list(graph.nodes)
    stream = next((node for node in nodes if node.op == "placeholder"), None)
    last = next((node.args[0] for node in nodes if node.op == "output"), None)
    if stream is None or not isinstance(last, fx.Node):
        return None
    relu = _is_relu(part, last)
    branches = _branches(part, _operand(last) if relu else last, stream)
    if not branches:
        return None
    return Block(name, part, relu, _chain(part, branches[0], stream) if len(branches) == 1 else None)


def _branches(part: nn.Module, node: Any, stream: fx.Node) -> list[fx.Node] | None:
    """What is added to the stream on its way from the input to the node; None where the stream does not reach it."""
    node = _kept(part, node)
    if node is stream:
        return []
    if not isinstance(node, fx.Node) or node.target not in _ADDS or len(node.args) != 2 or node.kwargs:
        return None
    for one, other in (node.args, node.args[::-1]):
        below = _branches(part, one, stream)
        if below is not None and isinstance(other, fx.Node) and _depends(other, stream):
            return [*below, other]
    return None


def _kept(part: nn.Module, node: Any) -> Any:
    """The node before those that hand on their input, such as a shortcut that is nn.Identity."""
    while isinstance(node, fx.Node) and (
        (node.op == "call_module" and _is(part, node, _KEEPS)) or (node.op == "call_method" and node.target in _SAME)
    ):
        node = _operand(node)
    return node


def _operand(node: fx.Node) -> Any:
    return node.args[0] if node.args else None


def _is(part: nn.Module, node: fx.Node, kinds: tuple[type[nn.Module], ...]) -> bool:
    return isinstance(part.get_submodule(str(node.target)), kinds)


def _is_relu(part: nn.Module, node: fx.Node) -> bool:
    if node.op == "call_module":
        return _is(part, node, (nn.ReLU,))
    return node.target in _RELUS


def _depends(node: fx.Node, stream: fx.Node) -> bool:
    """Whether a node is computed from the input; what is not is a constant, such as a position."""
    waiting, seen = [node], set()
    while waiting:
        one = waiting.pop()
        if one is stream:
            return True
        if one not in seen:
            seen.add(one)
            waiting.extend(one.all_input_nodes)
    return False


def _chain(part: nn.Module, node: Any, stream: fx.Node) -> tuple[nn.Module, ...] | None:
    """The layers from the input to the node, in their order, if they are a chain of Linear and ReLU alone."""
    found: list[nn.Module] = []
    while node is not stream:
        if not isinstance(node, fx.Node) or node.op != "call_module" or len(node.args) != 1 or node.kwargs:
            return None
        layers = _flat(part.get_submodule(str(node.target)))
        if layers is None:
            return None
        found = [*layers, *found]
        node = node.args[0]
    return tuple(found)


def _flat(module: nn.Module) -> list[nn.Module] | None:
    """The layers of a module that is one Linear or ReLU, or a Sequential of them; None for anything else."""
    if type(module) is nn.Sequential:
        parts = [_flat(child) for child in module]
        return None if any(layers is None for layers in parts) else [one for layers in parts for one in layers or ()]
    if type(module) in _KEEPS:
        return []
    return [module] if type(module) in (nn.Linear, nn.ReLU) else None

"""Recurrent nodes of ONNX: ``W [directions, gates x hidden, in]``, ``R [directions, gates x hidden, hidden]``, and B.

``B [directions, 2 x gates x hidden]`` has the input's biases before the state's. The order of the gates is i o f c of
an LSTM and z r h of a GRU (https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html and onnx__RNN.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netaudit.formats.onnx_constants import Constant
from netaudit.formats.onnx_operations import attributes
from netaudit.network.cells import SIMPLE, CellSpec, Gates, Kind, in_blocks

OPERATIONS = ("RNN", "GRU", "LSTM")
_ORDERS = {
    "RNN": SIMPLE,
    "GRU": ("update", "reset", "new"),
    "LSTM": ("input", "output", "forget", "cell"),
}
_USUAL = {"GRU": ("sigmoid", "tanh"), "LSTM": ("sigmoid", "tanh", "tanh"), "RNN": ("tanh",)}
_SIMPLE: Mapping[str, Kind] = {"tanh": "rnn_tanh", "relu": "rnn_relu"}
_KINDS: Mapping[str, Kind] = {"GRU": "gru", "LSTM": "lstm"}
_PEEPHOLES = 7  # the place of P among an LSTM's inputs


def cells(node: Any, constants: Sequence[Constant | None], name: str) -> Iterator[CellSpec]:
    """The cell of each direction of a node; none where W or R is no stored constant of the right shape.

    Args:
        node: an RNN, a GRU or an LSTM.
        constants: its inputs that are constants.
        name: of the node, to which the direction is added.
    """
    first, second, third = (*constants[1:4], None, None, None)[:3]
    order = _ORDERS[node.op_type]
    if first is None or second is None or len(first.shape) != 3 or len(second.shape) != 3:
        return
    directions, rows, width = first.shape
    hidden = rows // len(order)
    if not rows or not width or second.shape != (directions, rows, hidden) or rows % len(order):
        return
    if len(node.input) > 3 and node.input[3] and (third is None or third.shape != (directions, 2 * rows)):
        return
    settings = attributes(node)
    way = _text(settings.get("direction", b"forward"))
    named = [_text(one).lower() for one in settings.get("activations", ())]
    for number in range(directions):
        usual = _USUAL[node.op_type]
        own = tuple(named[number * len(usual) : (number + 1) * len(usual)]) or usual
        kind = _KINDS.get(node.op_type) or _SIMPLE.get(own[0])
        blocks: dict[str, Gates] = {
            "weight_ih": in_blocks(first.name, order, hidden, index=number),
            "weight_hh": in_blocks(second.name, order, hidden, index=number),
        }
        if third is not None:
            blocks["bias_ih"] = in_blocks(third.name, order, hidden, index=number)
            blocks["bias_hh"] = in_blocks(third.name, order, hidden, start=rows, index=number)
        reverse = way == "reverse" or number == 1
        spec = CellSpec(
            name=f"{name}{'_reverse' if number else ''}",
            kind=kind,
            input_size=width,
            hidden_size=hidden,
            blocks=blocks,
            reverse=reverse,
            reset_first=node.op_type == "GRU" and not settings.get("linear_before_reset", 0),
            note=_differs(node, settings, own, kind),
        )
        yield spec


def _differs(node: Any, settings: Mapping[str, Any], functions: tuple[str, ...], kind: Kind | None) -> str:
    """How a cell differs from PyTorch's of that kind."""
    if len(node.input) > _PEEPHOLES and node.input[_PEEPHOLES]:
        return "its gates look at the cell's state through peepholes"
    if settings.get("input_forget"):
        return "its input gate is one less the forget gate"
    if settings.get("clip"):
        return "what its functions are given is clipped"
    if kind is None or (node.op_type != "RNN" and functions != _USUAL[node.op_type]):
        return f"its functions are {', '.join(functions)[:120]}"
    return ""


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

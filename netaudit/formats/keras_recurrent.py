"""Recurrent cells of Keras: ``kernel [in, gates x units]``, ``recurrent_kernel [units, gates x units]`` and a bias.

The order of the gates is i f c o of an LSTM and z r h of a GRU (``keras/src/layers/rnn``). A GRU with ``reset_after``
has a bias for the input and one for the state, ``[2, 3 units]``. The layers that were written for cuDNN keep both
biases one behind the other, and a gate's matrices ``[out, in]`` (``_convert_rnn_weights`` of Keras 2 converts them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from netaudit.network.cells import GATES, SIMPLE, UNKNOWN, Block, CellSpec, Gates, Kind

_ORDERS: Mapping[int, tuple[str, ...]] = {
    1: SIMPLE,
    3: ("update", "reset", "new"),
    4: ("input", "forget", "cell", "output"),
}
_CLASSES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_SIMPLE: Mapping[str, Kind] = {"tanh": "rnn_tanh", "relu": "rnn_relu"}
_RESET = "whether its reset gate multiplies the state or the product with it is not in the file"


def settings(kind: str, config: Mapping[str, Any], rest: Sequence[str]) -> tuple[str, Mapping[str, Any]] | None:
    """The class of a cell, without ``Cell`` and ``CuDNN``, and its settings.

    Args:
        kind: the class of the layer that the cell lies in.
        config: of that layer.
        rest: the names from that layer down to the cell.

    Returns:
        None where the configuration does not say which.
    """
    if kind == "Bidirectional":
        backward = bool(rest) and rest[0].startswith("backward")
        inner = config.get("backward_layer") if backward else config.get("layer")
        turned = backward and inner is None
        inner = config.get("layer") if turned else inner
        if not _is_layer(inner):
            return None
        own = inner["config"]
        own = {**own, "go_backwards": not own.get("go_backwards")} if turned else own
        return settings(str(inner["class_name"]), own, rest[1:])
    if kind == "RNN":
        cells = _cells(config.get("cell"))
        named = [cell for cell in cells if cell["config"].get("name") in rest]
        alone = named or cells
        if len(alone) != 1:
            return None
        inner = {**alone[0]["config"], "go_backwards": config.get("go_backwards")}
        return str(alone[0]["class_name"]).removesuffix("Cell"), inner
    return kind.removesuffix("Cell"), config


def _is_layer(layer: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(layer, dict) and "class_name" in layer and isinstance(layer.get("config"), dict)


def _cells(cell: Any) -> list[dict[str, Any]]:
    """The cells that an RNN is made of: one, or a stack."""
    if not _is_layer(cell):
        return []
    inner = cell["config"].get("cells") if cell["class_name"] == "StackedRNNCells" else None
    return [one for one in inner if _is_layer(one)] if isinstance(inner, list) else [cell]


def cell(
    module: str, shapes: Mapping[str, tuple[int, ...]], known: tuple[str, Mapping[str, Any]] | None = None
) -> CellSpec | None:
    """The cell of a module; None where its arrays are not those of one (a convolutional LSTM).

    Args:
        module: its path; the arrays are called ``module.kernel`` and so on.
        shapes: of its arrays, by their own names.
        known: its class and settings, where the file has them.
    """
    kernel, recurrent, bias = (shapes.get(word, ()) for word in ("kernel", "recurrent_kernel", "bias"))
    if len(kernel) != 2 or len(recurrent) != 2 or not recurrent[0] or kernel[1] != recurrent[1]:
        return None
    units, width = recurrent
    order = _ORDERS.get(width // units) if width % units == 0 else None
    if order is None or not kernel[0]:
        return None
    name, config = known or ("", {})
    cudnn = name.startswith("CuDNN") or bias == (2 * width,)
    dot = f"{module}." if module else ""
    blocks: dict[str, Gates] = {
        "weight_ih": _columns(f"{dot}kernel", order, units, "cuDNN" if cudnn else "[in, out]"),
        "weight_hh": _columns(f"{dot}recurrent_kernel", order, units, "[out, in]" if cudnn else "[in, out]"),
        **_biases(f"{dot}bias", bias, order, units),
    }
    kind, note = _kind(name, config, len(order), known is not None)
    reset_first = False
    if kind == "gru" and not cudnn and len(bias) != 2:
        said = config.get("reset_after", False) if known else None
        reset_first = not said if known else bool(bias)
        note = note or ("" if known or bias else _RESET)
    last = module.split(".")
    reverse = bool(config.get("go_backwards")) if known else any(part.startswith("backward_") for part in last)
    return CellSpec(module or f"{dot}kernel", kind, kernel[0], units, blocks, reverse, reset_first, note)


def _columns(key: str, order: tuple[str, ...], units: int, stored: Any) -> Gates:
    return {gate: Block(key, (i * units, (i + 1) * units), axis=1, stored=stored) for i, gate in enumerate(order)}


def _biases(key: str, shape: tuple[int, ...], order: tuple[str, ...], units: int) -> dict[str, Gates]:
    width = units * len(order)

    def gates(start: int = 0, index: int | None = None) -> Gates:
        return {
            gate: Block(key, (start + i * units, start + (i + 1) * units), index=index) for i, gate in enumerate(order)
        }

    if shape == (2, width):
        return {"bias_ih": gates(index=0), "bias_hh": gates(index=1)}
    if shape == (2 * width,):
        return {"bias_ih": gates(), "bias_hh": gates(width)}
    return {"bias_ih": gates()} if shape == (width,) else {}


def _kind(name: str, config: Mapping[str, Any], gates: int, known: bool) -> tuple[Kind | None, str]:
    """The kind of a cell, and how it differs from PyTorch's of that kind."""
    plain = name.removeprefix("CuDNN")
    kind: Kind | None = "gru" if gates == 3 else "lstm" if gates == 4 else None
    if known and _CLASSES.get(plain) != gates:
        return kind, f"a cell of the class {plain[:60]}"
    activation, recurrent = config.get("activation", "tanh"), config.get("recurrent_activation", "sigmoid")
    if kind is None:
        kind = _SIMPLE.get(str(activation)) if known else None
        return kind, "" if kind else f"its activation is {str(activation)[:60]}" if known else UNKNOWN
    usual = (activation, recurrent) == ("tanh", "sigmoid")
    return kind, "" if usual else f"its functions are {str(recurrent)[:60]} and {str(activation)[:60]}"


assert all(set(order) in map(set, GATES.values()) for order in _ORDERS.values())

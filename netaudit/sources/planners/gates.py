"""The gates of recurrent cells as layers: of each gate the matrix for the input, and the one for the state.

A cell is stored as a few tensors in which the gates lie one beside the other. Here each matrix of a gate becomes a
layer of its own, with its part of a bias where the format keeps one beside that matrix. The layers are read under names
that no stored tensor has; :class:`netaudit.sources.cut_store.CutStore` cuts them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import prod

from netaudit.network.cells import Block, CellSpec
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec

Parameters = Mapping[str, tuple[Hashable, int]]
"""For every stored tensor what it is, equal for tied ones, and its number of elements."""
RECURRENT = "recurrent"
"""Why a tensor of a cell is skipped that is no matrix of a gate, such as a projection."""
_ROLES = (("weight_ih", "bias_ih", "input"), ("weight_hh", "bias_hh", "state"))
_KINDS = {"gru": "GRU", "lstm": "LSTM"}


@dataclass(frozen=True)
class Part:
    """What is cut out of a stored tensor under a name of its own."""

    block: Block
    shape: tuple[int, ...]
    rows: int
    """The rows of all gates together, which an initialisation counts as the outputs."""


@dataclass(frozen=True)
class Gates:
    """What the cells of a network give as layers."""

    layers: Mapping[str, tuple[LayerSpec, ...]]
    """By the stored tensor that their weights are cut from."""
    parts: Mapping[str, Part]
    """By the name under which each is read."""
    parameters: Parameters
    """Those of the network, with the parts in the place of the tensors that they make up."""

    @property
    def cut(self) -> frozenset[str]:
        """The stored tensors that the parts make up."""
        return frozenset(part.block.key for part in self.parts.values())

    def hidden(self, entries: Iterable[LayerSpec | SkippedLayer]) -> list[LayerSpec | SkippedLayer]:
        """The entries, with the gates as what is no layer: no head is made of them."""
        return [
            SkippedLayer(entry.name, entry.shape, RECURRENT, entry.parameters)
            if isinstance(entry, LayerSpec) and entry.weight in self.parts
            else entry
            for entry in entries
        ]


def gates(cells: Sequence[CellSpec], parameters: Parameters, whole: Iterable[str] = ()) -> Gates:
    """Make layers of the gates.

    Args:
        cells: of the network.
        parameters: of the network. A cell with a tensor that is none of them stays as it is.
        whole: stored tensors that are not cut, with the cells that they are of.
    """
    kept = frozenset(whole)
    cells = [cell for cell in cells if all(key in parameters and key not in kept for key in cell.keys)]
    shapes = {block: shape for cell in cells for block, shape in _shapes(cell, parameters).items()}
    sizes: Counter[str] = Counter()
    for block, shape in shapes.items():
        sizes[block.key] += prod(shape)
    parts: dict[str, Part] = {}
    names: dict[Block, str] = {}
    layers: dict[str, list[LayerSpec]] = {}
    for cell in cells:
        blocks = _shapes(cell, parameters)
        if any(sizes[block.key] != parameters[block.key][1] for block in blocks):
            continue  # the parts are not all of a tensor
        for spec, weight, bias in _layers(cell, shapes):
            named = [(weight, spec.name), *([] if bias is None else [(bias, f"{spec.name}.bias")])]
            for block, plain in named:
                if block not in names:
                    name = next(one for one in _primed(plain) if one not in parameters and one not in parts)
                    names[block] = name
                    parts[name] = Part(block, shapes[block], len(cell.gates) * cell.hidden_size)
            own = LayerSpec(
                spec.name, spec.shape, names[weight], None if bias is None else names[bias], origin=spec.origin
            )
            layers.setdefault(weight.key, []).append(own)
    cut = {part.block.key for part in parts.values()}
    left = {key: known for key, known in parameters.items() if key not in cut}
    new = {name: (_identity(part.block, parameters), prod(part.shape)) for name, part in parts.items()}
    return Gates({key: tuple(specs) for key, specs in layers.items()}, parts, left | new)


def _identity(block: Block, parameters: Parameters) -> Hashable:
    return parameters[block.key][0], block.part, block.axis, block.index


def _primed(name: str) -> Iterator[str]:
    return (name + "'" * times for times in count())


def _shapes(cell: CellSpec, parameters: Parameters) -> dict[Block, tuple[int, ...]]:
    """The shape of each part: ``[hidden, in]`` of a matrix, ``[hidden]`` of a bias."""
    rows = len(cell.gates) * cell.hidden_size
    widths = {"weight_ih": cell.input_size, "weight_hh": cell.hidden_size}
    if "weight_hr" in cell.blocks:
        widths["weight_hh"] = parameters[next(iter(cell.blocks["weight_hh"].values())).key][1] // rows
    found: dict[Block, tuple[int, ...]] = {}
    for matrix, bias, _ in _ROLES:
        found |= dict.fromkeys(cell.blocks[matrix].values(), (cell.hidden_size, widths[matrix]))
        found |= dict.fromkeys(cell.blocks.get(bias, {}).values(), (cell.hidden_size,))
    return found


def _layers(cell: CellSpec, shapes: Mapping[Block, tuple[int, ...]]) -> Iterator[tuple[LayerSpec, Block, Block | None]]:
    """Each layer, still without the names that its parts are read by, with what its weight and bias are cut from."""
    for matrix, bias, source in _ROLES:
        for gate in cell.gates:
            weight, added = cell.blocks[matrix][gate], cell.blocks.get(bias, {}).get(gate)
            name = _name(cell, matrix, gate, weight)
            of_gate = f", {gate} gate" if len(cell.gates) > 1 else ""
            rows, columns = shapes[weight]
            origin = f"{_KINDS.get(str(cell.kind), 'simple recurrent cell')}{of_gate}, from the {source}"
            yield LayerSpec(name, (rows, columns), name, origin=origin), weight, added


def _name(cell: CellSpec, matrix: str, gate: str, block: Block) -> str:
    """What a layer is called: by its tensor, or by its cell where a tensor holds those of several (ONNX).

    The gate stands behind it in brackets, unless the tensor is of that gate alone.
    """
    if block.part is None and block.index is None:
        return block.key.removesuffix(".weight").removesuffix(".kernel")
    name = block.key if block.index is None else f"{cell.name}.{matrix}"
    return f"{name}[{gate}]" if len(cell.gates) > 1 else name

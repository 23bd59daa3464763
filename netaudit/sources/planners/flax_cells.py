"""Recurrent cells of Flax: a dense layer ``[in, out]`` a gate, from the input (``i``) and from the state (``h``).

``LSTMCell`` and ``OptimizedLSTMCell`` have the gates i f g o, with a bias from the state alone; ``GRUCell`` has r z n,
with biases from the input and, of n, from the state; ``SimpleCell`` has one, ``i`` and ``h``
(https://flax-linen.readthedocs.io/en/latest/api_reference/flax.linen/layers.html#recurrent).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from netaudit.network.cells import SIMPLE, UNKNOWN, Block, CellSpec, Gates, Kind

_LETTERS: Mapping[Kind | None, Mapping[str, str]] = {
    "lstm": {"i": "input", "f": "forget", "g": "cell", "o": "output"},
    "gru": {"r": "reset", "z": "update", "n": "new"},
    None: {"": SIMPLE[0]},
}
_GATES = {kind: frozenset(source + letter for source in "ih" for letter in own) for kind, own in _LETTERS.items()}
_ANY = frozenset().union(*_GATES.values())
# Two dense layers may well be called i and h: only a module with a cell's name is taken for one.
_SIMPLE = re.compile(r"(.*_)?(simple_?cell|rnn_?cell|cell)(_\d+)?", re.IGNORECASE)

Modules = Mapping[str, Mapping[str, str]]
"""The keys of each module, by their own names."""


def gates_of_cells(modules: Modules) -> set[str]:
    """The modules that are gates of cells."""
    return {f"{cell}.{gate}" if cell else gate for cell, kind in _found(modules) for gate in _GATES[kind]}


def cells(modules: Modules, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[CellSpec]:
    """The cells whose gates fit each other."""
    for path, kind in _found(modules):
        dot = f"{path}." if path else ""
        blocks: dict[str, dict[str, Block]] = {}
        sizes = set()
        for letter, gate in _LETTERS[kind].items():
            for source in "ih":
                own = modules[f"{dot}{source}{letter}"]
                kernel = shapes.get(own.get("kernel", ""), ())
                sizes.add((source, kernel))
                blocks.setdefault(f"weight_{source}h", {})[gate] = Block(own.get("kernel", ""), stored="[in, out]")
                if shapes.get(own.get("bias", "")) == kernel[1:]:
                    blocks.setdefault(f"bias_{source}h", {})[gate] = Block(own["bias"])
        of_input = next((shape for source, shape in sizes if source == "i"), ())
        of_state = next((shape for source, shape in sizes if source == "h"), ())
        if len(sizes) != 2 or len(of_input) != 2 or of_state != (of_input[1], of_input[1]):
            continue
        gates: dict[str, Gates] = dict(blocks)
        note = UNKNOWN if kind is None else ""
        yield CellSpec(path or "cell", kind, of_input[0], of_input[1], gates, _reversed(path), note=note)


def _reversed(path: str) -> bool:
    return any(part.lower().startswith("backward") for part in path.split("."))


def _found(modules: Modules) -> Iterator[tuple[str, Kind | None]]:
    """The path and the kind of each module whose children are gates."""
    children: dict[str, set[str]] = {}
    for module in modules:
        outer, _, name = module.rpartition(".")
        if name in _ANY:
            children.setdefault(outer, set()).add(name)
    for path, names in children.items():
        for kind, gates in _GATES.items():
            if names >= gates and (kind or _SIMPLE.fullmatch(path.rpartition(".")[2])):
                yield path, kind
                break

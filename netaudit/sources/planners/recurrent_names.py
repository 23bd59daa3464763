"""Recurrent cells by the names that Keras and Flax give them; PyTorch's own are told in ``network.cells``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netaudit.formats import keras_recurrent
from netaudit.network.cells import CellSpec
from netaudit.sources.planners import flax_cells

_KERAS = frozenset(("kernel", "recurrent_kernel"))


def recurrent(keys: Iterable[str]) -> frozenset[str]:
    """The keys that belong to recurrent cells.

    A cell of Keras is a module with a ``kernel`` and a ``recurrent_kernel``; one of Flax has a module for each gate,
    ``ii`` to ``ho`` of an LSTM and ``ir`` to ``hn`` of a GRU.

    >>> sorted(recurrent(["lstm.kernel", "lstm.recurrent_kernel", "lstm.bias", "dense.kernel"]))
    ['lstm.bias', 'lstm.kernel', 'lstm.recurrent_kernel']
    """
    keys = list(keys)
    modules = _modules(keys)
    cells = {module for module, own in modules.items() if own.keys() >= _KERAS} | flax_cells.gates_of_cells(modules)
    return frozenset(key for key in keys if key.rpartition(".")[0] in cells)


def cells(shapes: Mapping[str, tuple[int, ...]]) -> tuple[CellSpec, ...]:
    """The cells of Keras and Flax among named tensors, by their shapes."""
    modules = _modules(shapes)
    return (*_of_keras(modules, shapes), *flax_cells.cells(modules, shapes))


def _of_keras(modules: Mapping[str, Mapping[str, str]], shapes: Mapping[str, tuple[int, ...]]) -> Iterator[CellSpec]:
    for module, own in modules.items():
        if own.keys() >= _KERAS:
            cell = keras_recurrent.cell(module, {word: shapes[key] for word, key in own.items()})
            if cell is not None:
                yield cell


def _modules(keys: Iterable[str]) -> dict[str, dict[str, str]]:
    """The keys of each module, by their own names."""
    modules: dict[str, dict[str, str]] = {}
    for key in keys:
        module, _, word = key.rpartition(".")
        modules.setdefault(module, {})[word] = key
    return modules

"""Recurrent weights by the names that Keras and Flax give them; PyTorch's own are told in ``network.cells``."""

from __future__ import annotations

from collections.abc import Iterable

_KERAS = frozenset(("kernel", "recurrent_kernel"))
# Flax has a dense layer a gate: from the input (i) and from the state (h) to each gate.
_FLAX = tuple(frozenset(source + gate for source in "ih" for gate in gates) for gates in ("ifgo", "rzn"))


def recurrent(keys: Iterable[str]) -> frozenset[str]:
    """The keys that belong to recurrent cells.

    A cell of Keras is a module with a ``kernel`` and a ``recurrent_kernel``; one of Flax has a module for each gate,
    ``ii`` to ``ho`` of an LSTM and ``ir`` to ``hn`` of a GRU.

    >>> sorted(recurrent(["lstm.kernel", "lstm.recurrent_kernel", "lstm.bias", "dense.kernel"]))
    ['lstm.bias', 'lstm.kernel', 'lstm.recurrent_kernel']
    """
    keys = list(keys)
    words: dict[str, set[str]] = {}
    for key in keys:
        module, _, word = key.rpartition(".")
        words.setdefault(module, set()).add(word)
    parts: dict[str, set[str]] = {}
    for module in words:
        outer, _, name = module.rpartition(".")
        parts.setdefault(outer, set()).add(name)
    cells = {module for module, own in words.items() if own >= _KERAS}
    for outer, names in parts.items():
        for gates in _FLAX:
            if gates <= names:
                cells |= {f"{outer}.{gate}" if outer else gate for gate in gates}
    return frozenset(key for key in keys if key.rpartition(".")[0] in cells)

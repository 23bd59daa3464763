"""The inputs of each cell: real sequences where they reach it, else noise, with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from netaudit.analyses.network.rnn_fixed_points.payload import Source, Unused
from netaudit.network.layers import SkippedLayer
from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.driven import noise, states_along

if TYPE_CHECKING:
    from netaudit.network.cells import CellSpec
    from netaudit.network.inputs import Sample
    from netaudit.network.network import Network

SEQUENCES = 64
"""Real sequences at most: with 16 steps and more ten times the states from which a search starts."""
STEPS = 20_000
"""Steps of all sequences together at most, so that long ones take no more time."""
LONGEST = 2000
"""Steps of one sequence at most."""
LARGEST_TABLE = 2**28
"""Numbers of an embedding at most: 2 GiB in float64."""
_PLACE = re.compile(r"(?:(?P<stack>.*)\.)?l(?P<layer>\d+)(?:_reverse)?", re.DOTALL)
_EMBEDDING = re.compile(r"emb", re.IGNORECASE)


@dataclass(frozen=True)
class Driven:
    """What a cell is given, in the order in which it reads."""

    inputs: Tensor
    """``[P, T, input]``, float64."""
    source: Source
    unused: Unused = ""
    token: int | None = None
    """Of real tokens, the number of the most frequent one."""
    of_token: Tensor | None = None
    """Its row of the embedding, ``[input]``."""


def place(spec: CellSpec) -> tuple[str, int]:
    """The stack that a cell is of, and its layer in it, by its name."""
    match = _PLACE.fullmatch(spec.name)
    return (match["stack"] or "", int(match["layer"])) if match else (spec.name, 0)


def driven(
    network: Network, cells: Sequence[tuple[CellSpec, RecurrentCell]], sample: Sample | None, seed: int
) -> list[Driven]:
    """The inputs of each cell, in the order of the cells, of which those of a lower layer come first."""
    found: list[Driven] = []
    outputs: dict[tuple[str, int], list[Tensor]] = {}
    for spec, cell in cells:
        stack, layer = place(spec)
        below = outputs.get((stack, layer - 1))
        got: Driven | Unused
        if layer == 0:
            got = _real(network, sample, cell.input_size)
        else:
            got = Driven(torch.cat(below, 2), "below") if below else "no_data" if sample is None else "below_not_known"
            if isinstance(got, Driven) and got.inputs.shape[2] != cell.input_size:
                got = "below_not_known"
        if isinstance(got, str):
            found.append(Driven(noise(cell, seed=seed), "noise", got))
            continue
        inputs = got.inputs.flip(1) if spec.reverse else got.inputs
        found.append(replace(got, inputs=inputs))
        states = states_along(cell, inputs)[:, :, : cell.hidden_size]
        outputs.setdefault((stack, layer), []).append(states.flip(1) if spec.reverse else states)
    return found


def _real(network: Network, sample: Sample | None, width: int) -> Driven | Unused:
    """Real sequences for a bottom layer ``[P, T, width]``, or why there are none."""
    if sample is None:
        return "no_data"
    x = torch.from_numpy(sample.x)
    if x.ndim not in (2, 3):
        return "shape"
    length = min(x.shape[1], LONGEST)
    x = x[: max(1, min(SEQUENCES, STEPS // length)), :length].double()
    if x.ndim == 3:
        return Driven(x, "vectors") if x.shape[2] == width else "width"
    table = _embedding(network, width)
    if table is None:
        return "no_embedding"
    numbers = x.long()
    if not bool((numbers == x).all()) or int(numbers.min()) < 0 or int(numbers.max()) >= len(table):
        return "token_numbers"
    token = int(numbers.flatten().bincount().argmax())
    return Driven(table[numbers].double(), "tokens", token=token, of_token=table[token].double())


def _embedding(network: Network, width: int) -> Tensor | None:
    """The only embedding with vectors of that length, ``[V, width]``."""
    tables = [
        entry
        for entry in network.layers
        if isinstance(entry, SkippedLayer)
        and len(entry.shape) == 2
        and entry.shape[1] == width
        and entry.shape[0] * width <= LARGEST_TABLE
        and ("embedding" in entry.reason or _EMBEDDING.search(entry.name))
    ]
    keys: Mapping[str, tuple[int, ...]] = {key: network.store.shape(key) for key in network.store.names()}
    if len(tables) != 1:
        return None
    [entry] = tables
    found = [
        key
        for key, shape in keys.items()
        if shape == entry.shape and (key == entry.name or key.startswith(f"{entry.name}."))
    ]
    return network.store.read(found[0]) if len(found) == 1 else None

"""The walk of :func:`netaudit.geometry.exact_line` up a network, in parts that fit into memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netaudit.geometry.crossings import changes, crossings, interpolated, refined, states
from netaudit.geometry.steps import ROUNDINGS, Affine, Floats, Integers, Kink, Largest, PiecewiseLinear

BYTES = 2**29
"""Memory for the values at the knots, 512 MiB: with the weights of AlexNet's head in float64 (470 MB) below 2 GB."""


class Walk:
    """Goes up the layers with the values at some consecutive knots, depth first, from t = 0 to t = 1.

    Each layer adds knots. Where the values at all of them would need more than a share of the memory, they are cut into
    parts that share their end knots, and each part goes up to the output before the next one is made. So what waits is
    at most one share a layer.
    """

    def __init__(self, network: PiecewiseLinear, ends: Tensor, memory: int = BYTES) -> None:
        self.network, self.ends = network, ends
        self.tolerances = tolerances(network, ends)
        share = memory // (len(network.kinks) + 1)
        self.rooms = [max(2, share // need) for need in needs(network)[1:]]
        self._last: list[list[Tensor]] = [[] for _ in network.kinks]
        self._events: list[tuple[int, Integers, Floats]] = []
        self._knots: list[Floats] = []
        self._values: list[Floats] = []

    def run(self) -> None:
        """Walk the whole segment."""
        knots = torch.tensor([0.0, 1.0], dtype=torch.float64, device=self.ends.device)
        self._up(knots, {0: self.ends}, 0, 0)

    def found_values(self) -> tuple[Floats, Floats]:
        """The knots ``[K]`` and the outputs at them ``[K, outputs]``."""
        return np.concatenate(self._knots), np.concatenate(self._values)

    def found_events(self) -> tuple[Integers, Integers, Floats]:
        """Layer, neuron and t of each event, ``[E]`` each."""
        layers: Any = [np.full(len(t), layer) for layer, _, t in self._events]
        empty = np.zeros(0)
        return (
            np.concatenate([empty, *layers]).astype(np.int64),
            np.concatenate([empty, *(neuron for _, neuron, _ in self._events)]).astype(np.int64),
            np.concatenate([empty, *(t for _, _, t in self._events)]),
        )

    def _up(self, knots: Tensor, live: dict[int, Tensor], number: int, level: int) -> None:
        """Go on from step ``number``, which is on level ``level``: above so many layers."""
        steps = self.network.steps
        while number < len(steps):
            step = steps[number]
            if not isinstance(step, Affine):
                self._through(step, knots, live, number, level)
                return
            live[step.output] = step([live[value] for value in step.inputs])
            self.network.forget(live, number)
            number += 1
        first = 1 if self._knots else 0  # the parts share their end knots
        self._knots.append(knots[first:].cpu().numpy())
        self._values.append(live[self.network.output][first:].flatten(1).cpu().numpy())

    def _through(self, kink: Kink, knots: Tensor, live: dict[int, Tensor], number: int, level: int) -> None:
        tolerance, room = self.tolerances[level], self.rooms[level]
        _, times = crossings(kink, live[kink.inputs[0]], knots, tolerance)
        knots, piece, weight = refined(knots, times)
        for start in range(0, len(knots) - 1, room - 1):
            part = slice(start, start + room)
            inner = {value: interpolated(tensor, piece[part], weight[part]) for value, tensor in live.items()}
            self._note(kink, knots[part], inner[kink.inputs[0]], level)
            inner[kink.output] = kink([inner[value] for value in kink.inputs])
            self.network.forget(inner, number)
            self._up(knots[part], inner, number + 1, level + 1)

    def _note(self, kink: Kink, knots: Tensor, z: Tensor, level: int) -> None:
        """Note the events of a layer at the first knot of a part, against the part before it, and inside the part."""
        found = states(kink, z, self.tolerances[level])
        before, self._last[level] = self._last[level], [state[-1:].clone() for state in found]
        for number, state in enumerate(found):
            if before:
                state = torch.cat([before[number], state])
            changed, neuron = changes(kink, state[:-1], state[1:]).nonzero(as_tuple=True)
            t = knots[changed if before else changed + 1]
            self._events.append((level, neuron.cpu().numpy(), t.cpu().numpy()))


def tolerances(network: PiecewiseLinear, ends: Tensor) -> list[Tensor]:
    """What counts as zero for each neuron or window of each layer: some roundings of the terms that it is the sum of.

    Since the last layer below, those are |weight| |value| summed and |bias|, at the ends of the segment and in its
    middle. So a neuron that is rescaled has its tolerance rescaled, and a network of another unit has the same knots.
    """
    probes = torch.cat([ends, ends.mean(0, keepdim=True)])
    terms = {0: probes.abs().amax(0, keepdim=True)}
    unit = ROUNDINGS * torch.finfo(torch.float64).eps
    found = []
    live = {0: probes}
    for number, step in enumerate(network.steps):
        live[step.output] = step([live[value] for value in step.inputs])
        if isinstance(step, Affine):
            terms[step.output] = step.absolute([terms[value] for value in step.inputs])
        else:
            size = terms[step.inputs[0]].flatten()
            found.append(unit * (size[step.windows].amax(1) if isinstance(step, Largest) else size))
            terms[step.output] = live[step.output].abs().amax(0, keepdim=True)
        network.forget(live, number)
        network.forget(terms, number)
    return found


def needs(network: PiecewiseLinear) -> list[int]:
    """Bytes that one point needs at most from each layer up to the next: what is live, and the search for crossings.

    The first number is for the steps below the first layer, and the last one for those above the last.
    """
    sizes = [8 * math.prod(shape) for shape in network.shapes]
    found, live, need = [], {0}, sizes[0]
    for number, step in enumerate(network.steps):
        live.add(step.output)
        now = sum(sizes[value] for value in live)
        if isinstance(step, Largest):
            found.append(max(need, now + 4 * step.windows.shape[1] * sizes[step.output]))
        elif not isinstance(step, Affine):
            found.append(max(need, now + 4 * sizes[step.output]))
        need = max(need, now) if isinstance(step, Affine) else now
        live = {value for value in live if network.last_uses[value] > number}
    return [*found, max(need, 1)]

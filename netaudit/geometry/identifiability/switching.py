"""Inputs at which neurons are on, and inputs at which they are off.

Found ones prove that a neuron switches in the box (up to rounding). That none were found proves nothing. So after the
given points each neuron that was seen in one state alone is followed: from the best point to the corner of the box to
which its gradient there points, some rounds; at last along the exact line to that corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from netaudit.geometry.identifiability.bounds import Box, parts
from netaudit.geometry.line import exact_line
from netaudit.geometry.steps import ROUNDINGS

SLOPES = (0.3, 0.1, 0.0)
"""A neuron is followed once for each of these, with so much of the gradient of neurons below that are off: 0 gives the
exact gradient, which is 0 where all are off. On random networks of 3 to 10 layers this left a tenth fewer neurons open
than the exact gradient alone, and further rounds left no fewer."""
FOLLOWED = 256
"""Neurons of a layer that are followed in a round at most, so that it costs no more than some hundred inputs."""
LINES = 4
"""Exact lines for neurons that stay in one state."""
LINE_WORK = 5e10
"""Multiplications of these lines at most, about two seconds on one core; fewer lines are walked, or none."""
BATCH = 256
"""Points that are sent up together: the activations of 4096 neurons at them are 8 MiB."""

Layers = Sequence[tuple[Tensor, Tensor]]
"""Weights ``[m, n]`` of any floating dtype and biases ``[m]`` in float64: the hidden layers alone."""
State = Literal["on", "off"]
_SIGN: dict[State, int] = {"on": 1, "off": -1}


class Seen:
    """In which states each neuron was seen, and at which point it came nearest to each."""

    def __init__(self, layers: Layers, box: Box) -> None:
        self.layers, self.box = layers, box
        self.points = box.low.new_empty(0, len(box.low))
        widths = [len(weight) for weight, _ in layers]
        device = box.low.device
        self.states: dict[State, list[Tensor]] = {
            state: [torch.zeros(m, dtype=torch.bool, device=device) for m in widths] for state in _SIGN
        }
        self._most: dict[State, list[Tensor]] = {
            state: [torch.full((m,), -torch.inf, dtype=torch.float64, device=device) for m in widths] for state in _SIGN
        }
        self._where: dict[State, list[Tensor]] = {
            state: [torch.zeros(m, dtype=torch.int64, device=device) for m in widths] for state in _SIGN
        }

    def look(self, x: Tensor) -> list[Tensor]:
        """Send points x ``[N, n]`` up, and return at how many of them each neuron was on, ``[m]`` a layer."""
        counts, inputs = [], list(torch.split(x, BATCH))
        for level, (weight, bias) in enumerate(self.layers):
            count = torch.zeros(len(weight), dtype=torch.int64, device=x.device)
            outputs = [h.new_empty(len(h), len(weight)) for h in inputs]
            sizes = [h.norm(dim=1).max() for h in inputs]
            for rows, part in parts(weight, x.device):
                norms = part.norm(dim=1)
                for number, h in enumerate(inputs):
                    z = h @ part.T + bias[rows]
                    tolerance = ROUNDINGS * torch.finfo(torch.float64).eps * (sizes[number] * norms + bias[rows].abs())
                    self._note(level, rows, z, tolerance, len(self.points) + number * BATCH)
                    count[rows] += (z > 0).sum(0)
                    outputs[number][:, rows] = z.relu()
            counts.append(count)
            inputs = outputs
        self.points = torch.cat([self.points, x])
        return counts

    def _note(self, level: int, rows: slice, z: Tensor, tolerance: Tensor, first: int) -> None:
        """Note pre-activations z ``[N, rows]`` of some neurons of one layer at the points from number ``first`` on."""
        for state, sign in _SIGN.items():
            value, place = (sign * z).max(0)
            self.states[state][level][rows] |= value > tolerance
            most = self._most[state][level][rows]
            better = value > most
            most[better] = value[better]
            self._where[state][level][rows][better] = first + place[better]

    def switching(self, level: int) -> Tensor:
        """Which neurons were seen in both states, ``[m]``."""
        return self.states["on"][level] & self.states["off"][level]

    def follow(self, wanted: Sequence[Tensor]) -> None:
        """Follow the wanted neurons, ``[m]`` a layer, that were seen in one state alone.

        The first layer is left out: its bounds are attained.
        """
        for level in range(1, len(self.layers)):
            for slope in SLOPES:
                members = (wanted[level] & ~self.switching(level)).nonzero()[:FOLLOWED, 0]
                if not len(members):
                    break
                self.look(self.corners(level, members, slope)[1])
        left = lines(self.layers)
        for level in range(1, len(self.layers)):
            for neuron in (wanted[level] & ~self.switching(level)).nonzero()[:left]:
                if not bool(self.switching(level)[neuron]):
                    self._walk(*self.corners(level, neuron, 0.0))
                    left -= 1

    def corners(self, level: int, members: Tensor, slope: float) -> tuple[Tensor, Tensor]:
        """For some neurons of a layer, the point nearest to the state that they were not seen in, and where to go.

        Args:
            level: the layer.
            members: the neurons' numbers, ``[k]``.
            slope: of ReLU where it is off, for the gradient alone.

        Returns:
            ``[k, n]`` each: the point, and the corner of the box to which the gradient of the pre-activation there
            points, or against which, if the neuron was not seen off.
        """
        rising = ~self.states["on"][level][members]
        highest, lowest = (self._where[state][level][members] for state in _SIGN)
        x = self.points[torch.where(rising, highest, lowest)]
        slopes, h = [], x
        for weight, bias in self.layers[:level]:
            h = torch.cat([h @ part.T + bias[rows] for rows, part in parts(weight, x.device)], 1).relu()
            slopes.append((h > 0).double().clamp(min=slope))
        own = self.layers[level][0]
        gradient = own[members.to(own.device)].to(x.device).to(torch.float64)
        for (weight, _), factor in zip(self.layers[level - 1 :: -1], slopes[::-1], strict=True):
            at = gradient * factor
            gradient = at.new_zeros(len(at), weight.shape[1])
            for rows, part in parts(weight, x.device):
                gradient += at[:, rows] @ part
        gradient = torch.where(rising[:, None], gradient, -gradient)
        return x, torch.where(gradient > 0, self.box.high, torch.where(gradient < 0, self.box.low, x))

    def _walk(self, start: Tensor, end: Tensor) -> None:
        """Note the neurons that switch on the way from one point ``[1, n]`` to another."""
        top = torch.zeros(1, len(self.layers[-1][0])), None  # a line ends in a layer without ReLU
        line = exact_line([*self.layers, top], start[0].cpu(), end[0].cpu(), device=start.device)
        for level in range(len(self.layers)):
            found = torch.from_numpy(line.event_neuron[line.event_layer == level]).to(start.device)
            for state in _SIGN:
                self.states[state][level][found] = True


def lines(layers: Layers) -> int:
    """How many exact lines are walked: as many as the work allows if each neuron makes one knot."""
    knots, work = 0, 0
    for weight, _ in layers:
        work += knots * weight.numel()
        knots += len(weight)
    return min(LINES, int(LINE_WORK / max(work, 1)))


def drawn(box: Box, count: int, generator: torch.Generator) -> Tensor:
    """Random points of the box, ``[2 count, n]``: uniform ones, then corners, which spread the pre-activations more."""
    n = len(box.low)
    inside = torch.rand(count, n, dtype=torch.float64, generator=generator)
    corner = torch.randint(2, (count, n), generator=generator).double()
    return torch.lerp(box.low, box.high, torch.cat([inside, corner]).to(box.low.device))

"""A polygon cut into convex polygons that share their vertices, one straight cut through one of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netaudit.geometry.steps import Floats

Signs = np.ndarray[Any, np.dtype[np.int8]]


class Subdivision:
    """Convex polygons over shared vertices.

    A cut that crosses an edge makes the same vertex for both polygons beside it: the vertex goes by the edge, the
    neuron and the break, and is computed from the ends of the edge in one order. All polygons are cut by the neurons in
    one order, too. So the polygons fit together without gaps, and V - E + F = 1 (Euler).
    """

    def __init__(self, corners: Floats) -> None:
        count = len(corners)
        self.vertices: list[Floats] = list(corners)
        """(s, t) of each."""
        self.polygons: list[list[int]] = [list(range(count))]
        """The vertices of each, in order."""
        self._made: dict[tuple[int, ...], int] = {}
        self._layer: dict[tuple[int, int], int] = {_edge(i, (i + 1) % count): -1 for i in range(count)}

    def edges(self) -> dict[tuple[int, int], int]:
        """The two vertices of each edge, with the layer that made it; -1 for the border."""
        found = {}
        for polygon in self.polygons:
            for a, b in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
                found[_edge(a, b)] = self._layer[_edge(a, b)]
        return found

    def cut(self, polygon: list[int], z: Floats, breaks: Sequence[float], tolerance: Floats, layer: int) -> None:
        """Cut a polygon along the lines on which neurons of a layer change their state, and add the parts.

        Args:
            polygon: its vertices.
            z: the inputs of the layer at them, ``[vertices, n]``, affine on the polygon.
            breaks: where a neuron changes its state.
            tolerance: what counts as zero for each neuron, ``[n]``.
            layer: the number of the layer.
        """
        cuts, columns = [], []
        for number, at in enumerate(breaks):
            y = z - at
            crossing = np.flatnonzero((y > tolerance).any(0) & (y < -tolerance).any(0))
            cuts += [(int(neuron), number) for neuron in crossing]
            columns.append(y[:, crossing])
        y = np.concatenate(columns, axis=1)
        limits = tolerance[[neuron for neuron, _ in cuts]] if cuts else np.zeros(0)
        waiting = [(polygon, y, 0)]
        while waiting:
            polygon, y, first = waiting.pop()
            signs = (y > limits).astype(np.int8) - (y < -limits)
            crossing = np.flatnonzero((signs[:, first:] > 0).any(0) & (signs[:, first:] < 0).any(0)) + first
            if not len(crossing):
                self.polygons.append(polygon)
                continue
            cut = int(crossing[0])
            waiting += [(*half, cut + 1) for half in self._halves(polygon, y, signs[:, cut], cut, cuts[cut], layer)]

    def _halves(
        self, polygon: list[int], y: Floats, signs: Signs, cut: int, name: tuple[int, int], layer: int
    ) -> list[tuple[list[int], Floats]]:
        """The parts of a polygon on which a neuron lies above and below its break."""
        above: tuple[list[int], list[Floats]] = ([], [])
        below: tuple[list[int], list[Floats]] = ([], [])
        on_line = []
        for i, vertex in enumerate(polygon):
            for side, sign in ((above, 1), (below, -1)):
                if signs[i] in (sign, 0):
                    side[0].append(vertex)
                    side[1].append(y[i])
            if signs[i] == 0:
                on_line.append(vertex)
            j = (i + 1) % len(polygon)
            if signs[i] * signs[j] < 0:
                new, row = self._crossing((vertex, y[i]), (polygon[j], y[j]), cut, name, layer)
                on_line.append(new)
                for side in (above, below):
                    side[0].append(new)
                    side[1].append(row)
        if len(on_line) == 2:
            self._layer.setdefault(_edge(*on_line), layer)
        return [(vertices, np.array(rows)) for vertices, rows in (below, above)]

    def _crossing(
        self, one: tuple[int, Floats], other: tuple[int, Floats], cut: int, name: tuple[int, int], layer: int
    ) -> tuple[int, Floats]:
        """The vertex at which a cut crosses an edge, and the inputs of the layer there."""
        (u, left), (v, right) = sorted((one, other), key=lambda end: end[0])
        weight = left[cut] / (left[cut] - right[cut])
        row = left + weight * (right - left)
        row[cut] = 0.0
        key = (u, v, layer, *name)
        if key not in self._made:
            self._made[key] = len(self.vertices)
            self.vertices.append(self.vertices[u] + weight * (self.vertices[v] - self.vertices[u]))
            of = self._layer[u, v]
            self._layer[_edge(u, self._made[key])] = self._layer[_edge(v, self._made[key])] = of
        return self._made[key], row


def _edge(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)

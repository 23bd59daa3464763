"""A polygon cut into convex polygons that share their vertices, one straight cut through one of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netaudit.errors import NetauditError
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
            halves = self._halves(polygon, y, y[:, cut], signs[:, cut], (layer, *cuts[cut]))
            waiting += [(*half, cut + 1) for half in halves]

    def cut_by_winners(self, polygon: list[int], u: Floats, tolerance: Floats, layer: int) -> None:
        """Cut a polygon along the lines on which another entry of a window becomes the largest, and add the parts.

        Args:
            polygon: its vertices.
            u: the entries of each window at them, ``[vertices, windows, P]``, affine on the polygon.
            tolerance: what counts as zero for each window, ``[windows]``.
            layer: the number of the layer.
        """
        largest = u >= u.max(2, keepdims=True) - tolerance[:, None]
        windows = np.flatnonzero(~largest.all(0).any(1))
        parts = [(polygon, u[:, windows])]
        for number, window in enumerate(windows.tolist()):
            limit = float(tolerance[window])
            parts = [kept for part in parts for kept in self._by_winner(*part, number, limit, (layer, window))]
        self.polygons += [vertices for vertices, _ in parts]

    def _by_winner(
        self, polygon: list[int], u: Floats, number: int, limit: float, name: tuple[int, int]
    ) -> list[tuple[list[int], Floats]]:
        """The parts of a polygon on which one entry of a window is the largest.

        The entries are compared with the largest so far, one after the other, which also cuts where two smaller ones
        meet; fragments with the same winner, which fill a convex polygon, are joined again.
        """
        fragments = [(polygon, u, 0)]
        for entry in range(1, u.shape[2]):
            compared = []
            for vertices, rows, winner in fragments:
                lead = rows[:, number, entry] - rows[:, number, winner]
                signs = (lead > limit).astype(np.int8) - (lead < -limit)
                if signs.max() > 0 > signs.min():
                    below, above = self._halves(vertices, rows, lead, signs, (*name, entry))
                    compared += [(*below, winner), (*above, entry)]
                else:
                    compared.append((vertices, rows, entry if signs.max() > 0 else winner))
            fragments = compared
        winners: dict[int, set[int]] = {}
        for vertices, _, winner in fragments:
            for vertex in vertices:
                winners.setdefault(vertex, set()).add(winner)
        corners = {vertex for vertex, around in winners.items() if len(around) > 1 or vertex in polygon}
        known = {vertex: row for vertices, rows, _ in fragments for vertex, row in zip(vertices, rows, strict=True)}
        joined = []
        for winner in dict.fromkeys(fragment[2] for fragment in fragments):
            border = _outline([vertices for vertices, _, other in fragments if other == winner])
            kept = [vertex for vertex in border if vertex in corners]
            self._name_edges(border, kept)
            joined.append((kept, np.array([known[vertex] for vertex in kept])))
        return joined

    def _name_edges(self, border: list[int], kept: list[int]) -> None:
        """Give an edge whose inner vertices were dropped the layer of its parts."""
        places = [border.index(vertex) for vertex in kept]
        for place, vertex, other in zip(places, kept, [*kept[1:], kept[0]], strict=True):
            first = border[(place + 1) % len(border)]
            self._layer.setdefault(_edge(vertex, other), self._layer[_edge(vertex, first)])

    def _halves(
        self, polygon: list[int], rows: Floats, cut: Floats, signs: Signs, name: tuple[int, ...]
    ) -> list[tuple[list[int], Floats]]:
        """The parts of a polygon on which an affine function, ``cut`` at its vertices, lies below and above 0."""
        above: tuple[list[int], list[Floats]] = ([], [])
        below: tuple[list[int], list[Floats]] = ([], [])
        on_line = []
        for i, vertex in enumerate(polygon):
            for side, sign in ((above, 1), (below, -1)):
                if signs[i] in (sign, 0):
                    side[0].append(vertex)
                    side[1].append(rows[i])
            if signs[i] == 0:
                on_line.append(vertex)
            j = (i + 1) % len(polygon)
            if signs[i] * signs[j] < 0:
                new, row = self._crossing((vertex, rows[i], cut[i]), (polygon[j], rows[j], cut[j]), name)
                on_line.append(new)
                for side in (above, below):
                    side[0].append(new)
                    side[1].append(row)
        if len(on_line) == 2:
            self._layer.setdefault(_edge(*on_line), name[0])
        return [(vertices, np.array(values)) for vertices, values in (below, above)]

    def _crossing(
        self, one: tuple[int, Floats, Any], other: tuple[int, Floats, Any], name: tuple[int, ...]
    ) -> tuple[int, Floats]:
        """The vertex at which a cut crosses an edge, and what is known at its ends there."""
        (u, left, start), (v, right, end) = sorted((one, other), key=lambda part: part[0])
        weight = start / (start - end)
        key = (u, v, *name)
        if key not in self._made:
            self._made[key] = len(self.vertices)
            self.vertices.append(self.vertices[u] + weight * (self.vertices[v] - self.vertices[u]))
            of = self._layer[u, v]
            self._layer[_edge(u, self._made[key])] = self._layer[_edge(v, self._made[key])] = of
        return self._made[key], left + weight * (right - left)

    def compress(self) -> None:
        """Drop the vertices that no polygon has."""
        used = sorted({vertex for polygon in self.polygons for vertex in polygon})
        number = {vertex: place for place, vertex in enumerate(used)}
        edges = self.edges()
        self.vertices = [self.vertices[vertex] for vertex in used]
        self.polygons = [[number[vertex] for vertex in polygon] for polygon in self.polygons]
        self._layer = {_edge(number[a], number[b]): layer for (a, b), layer in edges.items()}
        self._made = {}


def _outline(polygons: list[list[int]]) -> list[int]:
    """The border of polygons that lie side by side and go round the same way.

    Raises:
        NetauditError: it is not one line that closes, which rounding alone can bring about.
    """
    if len(polygons) == 1:
        return polygons[0]
    sides = [side for polygon in polygons for side in zip(polygon, [*polygon[1:], polygon[0]], strict=True)]
    inner = {(b, a) for a, b in sides}
    after = {a: b for a, b in sides if (a, b) not in inner}
    border = [next(iter(after))]
    while len(border) < len(after) and after.get(border[-1]) != border[0]:
        border.append(after.get(border[-1], border[0]))
    if len(border) != len(after) or after.get(border[-1]) != border[0]:
        raise NetauditError("the polygons are too thin to be told apart in float64", hint="take a smaller polygon")
    return border


def _edge(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)

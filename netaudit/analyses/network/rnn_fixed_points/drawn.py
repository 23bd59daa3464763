"""The points of a cell as the figures show them: on two axes, with few numbers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netaudit.analyses.network.rnn_fixed_points.payload import LONGEST, DrawnCell
from netaudit.analyses.network.rnn_fixed_points.readout import Readout
from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.found import FixedPoints
from netaudit.recurrent.point_set import PointSet
from netaudit.results.payload import curve_values

Floats = NDArray[np.float64]
STATES = 300
"""States that are drawn, evenly spaced in time and over the sequences."""
POINTS = 300
"""Points of each kind that are drawn."""
CONSTANTS = 100
"""Time constants that are drawn."""
EIGENVALUES = 600
"""Eigenvalues that are drawn; more than the largest state that is looked at has."""


def shown_point(found: FixedPoints) -> tuple[PointSet, int] | None:
    """The point whose eigenvalues are drawn: the fixed point with the most starts, or the slow point of lowest q."""
    if len(found.fixed):
        return found.fixed, int(found.fixed.starts.argmax())
    if len(found.slow):
        return found.slow, int(found.slow.q.argmin())
    return None


def drawn(
    cell: RecurrentCell,
    found: FixedPoints,
    states: Tensor,
    held: Tensor,
    reading: Readout | None,
    point: tuple[PointSet, int] | None,
) -> DrawnCell:
    """The numbers of the figures.

    Args:
        cell: the map.
        found: what the search found.
        states: along the sequences, ``[P, T, state]``.
        held: the input that is held, ``[input]``.
        reading: the readout, where there is one.
        point: whose eigenvalues are drawn.
    """
    flat = states.flatten(0, 1)
    centre, axes = _axes(flat.numpy())
    some = flat[torch.linspace(0, len(flat) - 1, min(len(flat), STATES), dtype=torch.float64).round().long()]
    slow, fixed = found.slow, found.fixed
    direction = np.real(slow.modes.right[:POINTS, 0]) if len(slow) else np.zeros((0, cell.state_size))
    eigenvalues, constants = np.zeros(0, dtype=np.complex128), np.zeros(0)
    if point is not None:
        points, row = point
        eigenvalues, constants = points.modes.eigenvalues[row], points.time_constants[row]
    speeds = [((cell(each, held[None]) - each).square().sum(1) / 2).median() for each in states.unbind(1)]
    places = np.linspace(0, len(speeds) - 1, min(len(speeds), STATES)).round().astype(int)
    return DrawnCell(
        states=_pair((some.numpy() - centre) @ axes.T),
        readout=() if reading is None else curve_values(reading.of(some).tolist()),
        slow=_pair((slow.points[:POINTS].numpy() - centre) @ axes.T),
        direction=_pair(direction @ axes.T),
        fixed=_pair((fixed.points[:POINTS].numpy() - centre) @ axes.T),
        stable=tuple(bool(one) for one in found.stable[:POINTS]),
        eigenvalues=(curve_values(eigenvalues.real[:EIGENVALUES]), curve_values(eigenvalues.imag[:EIGENVALUES])),
        constants=curve_values(np.minimum(constants[:CONSTANTS], LONGEST)),
        q=curve_values(float(speeds[place]) for place in places),
    )


def _axes(states: Floats) -> tuple[Floats, Floats]:
    """The mean of states ``[P, state]`` and their first two principal axes ``[2, state]``, each with a fixed sign.

    Of a state of one number the second axis is 0.
    """
    centre: Floats = states.mean(0)
    centred = states - centre
    vectors = np.linalg.eigh(centred.T @ centred)[1][:, ::-1].T[:2]
    axes = np.zeros((2, states.shape[1]))
    axes[: len(vectors)] = vectors
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
    return centre, np.where(largest < 0, -axes, axes)


def _pair(points: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return curve_values(points[:, 0]), curve_values(points[:, 1])

"""The linear regions of the head on a triangle between three real inputs, exactly, for a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.linear_regions.pairs import Floats
from netaudit.analyses.network.linear_regions.payload import MOST_EDGES, PlanePicture
from netaudit.errors import NetauditError
from netaudit.geometry.plane import exact_plane

if TYPE_CHECKING:
    import torch

    from netaudit.geometry.steps import PiecewiseLinear

ACROSS = 45
"""Pieces along a side of the triangle: more lines than that cannot be told apart in a figure of one column."""


def picture(
    read: PiecewiseLinear, corners: tuple[Floats, Floats, Floats], pieces: int, device: torch.device, memory: int
) -> PlanePicture | None:
    """The regions on the triangle at the first input, as large a part of it as a figure can show.

    Args:
        read: the head.
        corners: three inputs ``[n]``.
        pieces: of the head between the first two, which tells how large a part that is.
        device: where it runs.
        memory: bytes for the values at the vertices.

    Returns:
        None where the inputs lie on a line, or there are more regions than a figure can show.
    """
    one, other, third = corners
    first, second = other - one, third - one
    length = float(np.linalg.norm(first))
    across = float(first @ second) / length
    up = float(np.linalg.norm(second - first * across / length))
    if up <= 1e-6 * length:
        return None
    share = min(1.0, ACROSS / pieces)
    frame = ((0.0, 0.0), (share, 0.0), (0.0, share))
    try:
        plane = exact_plane(read, one, other, third, corners=frame, device=device, memory=memory, most=MOST_EDGES // 2)
    except NetauditError:
        return None
    if len(plane.edges) > MOST_EDGES:
        return None
    places = plane.vertices @ np.array([[length, 0.0], [across, up]])  # distances as they are on the plane
    lines = places[plane.edges].reshape(-1, 4)
    return PlanePicture(
        share=share,
        regions=plane.count,
        edges=tuple(float(f"{value:.4g}") for value in lines.ravel()),
        edge_layer=tuple(plane.edge_layer.tolist()),
    )

"""What is kept of one exact segment."""

from __future__ import annotations

import numpy as np

from netaudit.analyses.network.linear_regions.pairs import Pair
from netaudit.analyses.network.linear_regions.payload import ERRORS, Ends, Segment
from netaudit.geometry.fewest_pieces import fewest_pieces
from netaudit.geometry.line import Line

LINES = 4
"""Segments of each kind that are walked exactly, for a small network."""
MEMORY = 2**28
"""Bytes for the values at the knots: an audit should not need more for this than for its largest layer."""


def segment(kind: Ends, pair: Pair, line: Line) -> Segment:
    """What is kept of a line between the two ends ``[n]`` of a pair."""
    logit = line.values[:, line.values[0].argmax()]
    spread = float(np.ptp(logit))
    length = float(np.linalg.norm(pair[1] - pair[0]))
    first = float(line.knots[1]) * length if line.pieces > 1 else None
    fewest = tuple(fewest_pieces(line.knots, logit, error * spread) for error in ERRORS)
    return Segment(kind, length, line.pieces, fewest, first)

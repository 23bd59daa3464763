"""How a network keeps what it has read: the line of slow points, its modes, and what its readout says along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.recurrent import LineAttractor, fixed_points, line_attractor, states_along
from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.found import FixedPoints
from netaudit.recurrent.line_verdict import MOST, Estimate, LineEvidence, judge, line_evidence
from netaudit.recurrent.point_set import PointSet
from netaudit.recurrent.search import THRESHOLDS
from netaudit.recurrent.summaries import (
    alignment,
    first_axis_share,
    integration,
    participation_ratio,
    selectivity,
    slow_modes,
    tangents,
)
from netaudit.studies.recurrent.plan import Effort

Floats = NDArray[np.float64]
Record = dict[str, Any]
ENDLESS = 1e6
"""What stands for an infinite time constant, in steps, and for any above it: JSON has no infinity."""
LOOSE = (5e-5, 1e-12)
"""The q of slow points and of fixed ones. The first is where the example of renn ends its descent: fifty times what
the library calls slow, so that points between two fixed ones count as well."""
KEPT = 12
"""Fixed points whose readouts a record keeps: a flip-flop of three bits has eight stable ones."""
DRAWN = 60
"""Slow points whose places a record keeps, for the figure."""


@dataclass(frozen=True, eq=False)
class Reader:
    """A recurrent cell and its linear readout ``w h + b``."""

    cell: RecurrentCell
    weight: Floats
    """w, ``[H]``; of two classes, the difference of their rows."""
    offset: float

    def read(self, states: Tensor) -> Floats:
        """The readout of states ``[..., state]``, of which h comes first."""
        found: Floats = states[..., : self.cell.hidden_size].numpy() @ self.weight + self.offset
        return found


def mechanism(
    reader: Reader, sequences: Tensor, held: Tensor, seed: int, effort: Effort, draws: int
) -> tuple[LineAttractor, Record]:
    """The verdict with its nulls, and the figures of the slow points.

    Args:
        reader: the trained network.
        sequences: inputs ``[P, T, input]``, float64.
        held: the input at which the points are sought, ``[input]``.
        seed: of the starts, the nulls and the intervals.
        effort: how much is computed.
        draws: of each null.
    """
    found = line_attractor(
        reader.cell, sequences, held, starts=effort.starts, draws=draws, steps=effort.steps, seed=seed
    )
    nulls = {
        name: [None if draw is None else brief(draw, found.length) for draw in draws]
        for name, draws in found.nulls.items()
    }
    states = states_along(reader.cell, sequences).flatten(0, 1).numpy()
    return found, {
        "length": found.length,
        "verdict": found.judged.verdict,
        "against": list(found.judged.against),
        "evidence": None if found.evidence is None else whole(found.evidence, found.length),
        "nulls": nulls,
        "states": {"participation": participation_ratio(states), "share": first_axis_share(states)},
        "points": of_points(reader, found.found, found.length),
    }


def searched(
    reader: Reader,
    sequences: Tensor,
    held: Tensor,
    nulls: Mapping[str, Sequence[LineEvidence | None]],
    seed: int,
    name: str,
    effort: Effort,
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[FixedPoints, Record]:
    """The same search from other sequences, of another cell or up to another q, judged beside nulls that are known."""
    states = states_along(reader.cell, sequences).flatten(0, 1)
    order = torch.randperm(len(states), generator=devices.generator(seed, "starts", name))
    found = fixed_points(reader.cell, states[order[: effort.starts]], held, thresholds=thresholds, steps=effort.steps)
    evidence, length = line_evidence(found, seed=seed), sequences.shape[1]
    return found, {
        "verdict": judge(evidence, nulls, length).verdict,
        "evidence": None if evidence is None else whole(evidence, length),
        "points": of_points(reader, found, length),
    }


def of_points(reader: Reader, found: FixedPoints, length: int) -> Record | None:
    """Figures of the slow points; None where there is none. A figure that is not defined is None."""
    if not len(found.slow):
        return None
    points, modes, size = found.slow.some(MOST), found.slow.some(MOST).modes, reader.cell.hidden_size
    direction = np.real(modes.right[:, 0])
    states, readout = points.points.numpy(), reader.read(points.points)
    several = len(points) > 1
    place = _first_axis(states, readout)
    return {
        "participation": _known(participation_ratio(states)),
        "largest_hole": _hole(place) if several else None,
        "fixed": [
            [float(value), bool(stable)]
            for value, stable in zip(reader.read(found.points)[:KEPT], found.stable[:KEPT], strict=True)
        ],
        "slow_modes": float(np.median(slow_modes(modes.time_constants, length))),
        "readout": [float(readout.min()), float(readout.max())],
        "readout_order": _known(float(stats.spearmanr(place, readout).statistic)) if len(points) > 2 else None,
        "readout_alignment": _median(_alignment(direction[:, :size], reader.weight)),
        "tangent_alignment": _median(_alignment(direction, tangents(states))) if several else None,
        "non_normality": _median(modes.non_normality[:, 0]),
        "time_constants": [capped(tau) for tau in np.median(modes.time_constants, 0)[:10]],
        "drawn": [
            [round(float(x), 4), round(float(y), 4)] for x, y in zip(place[:DRAWN], readout[:DRAWN], strict=True)
        ],
    }


def linear(
    reader: Reader, found: FixedPoints, tokens: Tensor, texts: Sequence[Tensor], logits: Floats, weights: Floats
) -> Record | None:
    """What the slow mode alone says of texts: each word x adds ``l B (x - x*)``, and the sums stand for the logits.

    l and B are those of the slow point whose readout is nearest to 0: neither good nor bad. None without a point.

    Args:
        reader: the network.
        found: its slow points, and the input x* that is held.
        tokens: the vectors of the words that are ranked, ``[V, input]``.
        texts: the inputs of each text, ``[T, input]`` each.
        logits: of the network after each text.
        weights: of the words that are ranked in the bag of words, ``[V]``.
    """
    if not len(found.slow):
        return None
    point = _neutral(reader, found.slow)
    left, right = (vectors[0, 0] for vectors in (point.modes.left, point.modes.right))
    if not np.isfinite(left).all():
        return None
    held = point.inputs
    by_input = reader.cell.input_jacobian(point.points, held)[0].numpy()
    sign = 1.0 if np.real(right)[: reader.cell.hidden_size] @ reader.weight > 0 else -1.0
    left = sign * left
    rank = selectivity(left, by_input, tokens.numpy(), held[0].numpy(), weights)
    r2 = integration(left, by_input, [text.numpy() for text in texts], held[0].numpy(), logits)
    return {"selectivity": _known(rank), "integration": _known(r2)}


def whole(evidence: LineEvidence, length: int) -> Record:
    """The evidence with its intervals; time constants in lengths of a sequence."""
    return {
        "slow": evidence.slow,
        "fixed": evidence.fixed,
        "stable": evidence.stable,
        "share": _ends(evidence.share),
        "slowest": _ends(evidence.slowest, length),
        "gap": _ends(evidence.gap),
        "second": _ends(evidence.second, length),
    }


def brief(evidence: LineEvidence, length: int) -> Record:
    """The three figures without intervals."""
    return {
        "share": _known(evidence.share.value),
        "slowest": capped(evidence.slowest.value) / length,
        "gap": capped(evidence.gap.value),
    }


def capped(value: float) -> float:
    """The value, and ``ENDLESS`` where it is larger."""
    return min(float(value), ENDLESS)


def _ends(estimate: Estimate, unit: float = 1.0) -> list[float | None]:
    values = (estimate.value, estimate.low, estimate.high)
    return [None if np.isnan(value) else capped(value) / unit for value in values]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _alignment(directions: Floats, others: Floats) -> Floats:
    """``|cos|``, row by row; NaN for a direction of length 0."""
    with np.errstate(invalid="ignore"):
        return alignment(directions, others)


def _median(values: Floats) -> float | None:
    """Of those that are defined: a mode of an LSTM that lies in its memory alone has no angle with a readout of h."""
    defined = values[np.isfinite(values)]
    return float(np.median(defined)) if len(defined) else None


def _neutral(reader: Reader, points: PointSet) -> PointSet:
    """The one of the points whose readout is nearest to 0."""
    nearest = int(np.abs(reader.read(points.points)).argmin())
    return PointSet(
        points.mapped.rows(torch.tensor([nearest])),
        points.threshold,
        points.points[[nearest]],
        points.q[[nearest]],
        points.starts[[nearest]],
        points.device,
    )


def _hole(place: Floats) -> float | None:
    """The longest stretch of the line without a point, as a share of its length: small where the line is filled."""
    length = float(np.ptp(place))
    return float(np.diff(np.sort(place)).max()) / length if length > 0 else None


def _first_axis(points: Floats, readout: Floats) -> Floats:
    """The place of each point on the first principal axis, on which the readout rises."""
    centred = points - points.mean(0)
    place: Floats = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    return place if place @ (readout - readout.mean()) >= 0 else -place

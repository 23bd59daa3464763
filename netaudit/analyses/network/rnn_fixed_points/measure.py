"""Fixed and slow points of every recurrent cell, with the verdict on a line attractor beside cells that never learned.

Source: arXiv:1906.10720 (line attractors), Sussillo and Barak (2013); the algorithms are in :mod:`netaudit.recurrent`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.rnn_fixed_points.drawn import drawn, shown_point
from netaudit.analyses.network.rnn_fixed_points.payload import (
    LONGEST,
    MOST_POINTS,
    CellLeftOut,
    CellNull,
    CellPoints,
    FixedPoint,
    Held,
    HeldInput,
    Interval95,
    RnnFixedPoints,
)
from netaudit.analyses.network.rnn_fixed_points.readout import Readout, readout
from netaudit.analyses.network.rnn_fixed_points.sequences import Driven, driven, place
from netaudit.errors import NetauditError
from netaudit.network.cells import UNKNOWN, CellSpec
from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.cells.reading import stepped
from netaudit.recurrent.driven import states_along
from netaudit.recurrent.judged import LineAttractor, line_attractor
from netaudit.recurrent.line_verdict import Estimate
from netaudit.recurrent.summaries import alignment, first_axis_share, participation_ratio, slow_modes, tangents
from netaudit.results.payload import number
from netaudit.text import count, printable

EFFORT = ((64, 100, 3), (128, 80, 1), (256, 64, 1), (512, 32, 1))
"""Numbers of a state up to which so many starts, and draws of each null, are taken: on one core 16 s for a GRU of 256
units and 38 s for an LSTM of 256 (docs/limits.md). The library takes 1,024 starts and three draws by default, and sets
no limit."""
MOST_CELLS = 4
"""Cells that are looked at; the others are listed."""


def measure(context: NetworkContext) -> RnnFixedPoints:
    """Look at each cell."""
    chosen: list[tuple[CellSpec, RecurrentCell]] = []
    left_out: list[CellLeftOut] = []
    for spec in sorted(context.network.cells, key=lambda spec: place(spec)[1]):
        try:
            chosen.append((spec, stepped(context.network.read_cell(spec))))
        except NetauditError as error:
            option = ": --cell-activation says it" if spec.note == UNKNOWN else ""
            left_out.append(CellLeftOut(spec.name, printable(str(error), 160) + option))
    inputs = driven(context.network, chosen, context.sample, context.settings.seed)
    found: list[CellPoints] = []
    for (spec, cell), own in zip(chosen, inputs, strict=True):
        effort = next((one for one in EFFORT if cell.state_size <= one[0]), None)
        why = ""
        if effort is None:
            why = f"its state has {count(cell.state_size, 'number')}, more than an audit has time for"
        elif len(found) == MOST_CELLS:
            why = f"{count(MOST_CELLS, 'cell')} were looked at before"
        elif not bool(states_along(cell, own.inputs).isfinite().all()):
            why = "its states along the inputs are not finite"
        if why or effort is None:
            left_out.append(CellLeftOut(spec.name, why))
        else:
            found.append(_of_cell(context, spec, cell, own, effort[1:]))
    return RnnFixedPoints(tuple(found), tuple(left_out))


def _of_cell(
    context: NetworkContext, spec: CellSpec, cell: RecurrentCell, own: Driven, effort: tuple[int, int]
) -> CellPoints:
    states = states_along(cell, own.inputs)
    reading = readout(context, spec, cell)
    helds: dict[Held, Tensor] = {"zero": torch.zeros(cell.input_size, dtype=torch.float64)}
    if own.source != "noise":
        helds["mean"] = own.inputs.mean((0, 1))
    if own.of_token is not None:
        helds["token"] = own.of_token
    flat = states.flatten(0, 1).numpy()
    assert spec.kind is not None
    return CellPoints(
        name=spec.name,
        kind=spec.kind,
        units=cell.hidden_size,
        state=cell.state_size,
        inputs=own.source,
        unused=own.unused,
        sequences=len(own.inputs),
        length=own.inputs.shape[1],
        state_dimension=number(participation_ratio(flat)),
        state_share=number(first_axis_share(flat)),
        readout=None if reading is None else reading.layer,
        held=tuple(_held(context, cell, own, states, held, name, reading, effort) for name, held in helds.items()),
    )


def _held(
    context: NetworkContext,
    cell: RecurrentCell,
    own: Driven,
    states: Tensor,
    held: Tensor,
    name: Held,
    reading: Readout | None,
    effort: tuple[int, int],
) -> HeldInput:
    """One input that is held; the nulls stand beside zeros alone."""
    label = f"fixed points of {printable(cell.name, 60)}"
    judged = line_attractor(
        cell,
        own.inputs,
        held,
        starts=effort[0],
        draws=effort[1] if name == "zero" else 0,
        seed=context.settings.seed,
        device=context.settings.device,
        progress=lambda what, done, total: context.progress(f"{label}, {what}", done, total),
    )
    found, evidence = judged.found, judged.evidence
    slow = found.slow
    dimension = number(participation_ratio(slow.points.numpy())) if len(slow) else None
    modes = slow.modes if len(slow) else None
    right = None if modes is None else np.real(modes.right[:, 0])
    tangent = None
    if right is not None and len(slow) > 1:
        tangent = _median(alignment(right, tangents(slow.points.numpy())))
    lasting = None if modes is None else _median(slow_modes(modes.time_constants, judged.length))
    along = None if right is None or reading is None else _median(alignment(right, reading.direction))
    return HeldInput(
        held=name,
        token=own.token if name == "token" else None,
        verdict=judged.judged.verdict if name == "zero" else None,
        against=judged.judged.against,
        starts=found.total,
        outside=found.outside,
        slow=len(slow),
        slower=len(found.sets[1]),
        fixed=len(found.points),
        stable=int(found.stable.sum()),
        share=None if evidence is None else _interval(evidence.share),
        slowest=None if evidence is None else _interval(evidence.slowest),
        gap=None if evidence is None else _interval(evidence.gap),
        dimension=dimension,
        slow_modes=lasting,
        along_tangent=tangent,
        along_readout=along,
        nulls=_nulls(judged) if name == "zero" else (),
        points=_points(judged),
        drawn=drawn(cell, found, states, held, reading, shown_point(found)),
        second=None if evidence is None else _interval(evidence.second),
    )


def _nulls(judged: LineAttractor) -> tuple[CellNull, ...]:
    found = []
    for kind, draws in judged.nulls.items():
        known = [draw for draw in draws if draw is not None]
        lost = len(draws) - len(known)
        largest = [_largest([getattr(draw, name).value for draw in known]) for name in ("share", "slowest", "gap")]
        found.append(CellNull(kind, len(draws), lost, *largest))  # type: ignore[arg-type]
    return tuple(found)


def _points(judged: LineAttractor) -> tuple[FixedPoint, ...]:
    fixed = judged.found.fixed
    if not len(fixed):
        return ()
    modes = fixed.modes
    order = sorted(range(len(fixed)), key=lambda row: -int(fixed.starts[row]))[:MOST_POINTS]
    return tuple(
        FixedPoint(
            q=float(fixed.q[row]),
            starts=int(fixed.starts[row]),
            stable=bool(modes.stable[row]),
            unstable=int(modes.unstable[row]),
            time_constants=tuple(capped(one) or 0.0 for one in modes.time_constants[row, :3]),
            non_normality=capped(modes.non_normality[row, 0]),
        )
        for row in order
    )


def capped(value: float) -> float | None:
    """A number that is at most ``LONGEST``; None for NaN."""
    return None if np.isnan(value) else min(float(value), LONGEST)


def _interval(figure: Estimate) -> Interval95:
    return Interval95(capped(figure.value), capped(figure.low), capped(figure.high))


def _largest(values: list[float]) -> float | None:
    known = [value for value in values if not np.isnan(value)]
    return capped(max(known)) if known else None


def _median(
    values: np.ndarray[tuple[int], np.dtype[np.float64]] | np.ndarray[tuple[int], np.dtype[np.int64]],
) -> float | None:
    finite = values[np.isfinite(values)]
    return min(float(np.median(finite)), LONGEST) if len(finite) else None

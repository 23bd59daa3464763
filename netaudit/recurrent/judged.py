"""From a cell and sequences to the verdict on a line attractor: starts, search, evidence, and the same of the nulls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.driven import states_along
from netaudit.recurrent.found import FixedPoints
from netaudit.recurrent.line_verdict import LineEvidence, LineVerdict, judge, line_evidence
from netaudit.recurrent.minimise import STEPS
from netaudit.recurrent.nulls import NULLS
from netaudit.recurrent.search import fixed_points

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from netaudit.network.network import Progress

STARTS = 1024
"""States along the sequences from which the search starts (related work takes a thousand and more)."""
DRAWS = 3
"""Of each null."""


@dataclass(frozen=True, eq=False)
class LineAttractor:
    """The verdict and all it rests on."""

    found: FixedPoints
    evidence: LineEvidence | None
    nulls: Mapping[str, tuple[LineEvidence | None, ...]]
    """By name, that of each draw; None of one that diverges or has no slow point."""
    length: int
    """The length of the sequences, in steps."""
    judged: LineVerdict


@torch.no_grad()
def line_attractor(
    cell: RecurrentCell,
    sequences: Tensor | ArrayLike,
    held: Tensor | ArrayLike,
    *,
    initial: Tensor | None = None,
    starts: int = STARTS,
    draws: int = DRAWS,
    steps: int = STEPS,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> LineAttractor:
    """Judge whether a cell has a line attractor under an input that is held.

    Args:
        cell: as it was trained, on the CPU.
        sequences: real inputs ``[P, T, input]``, cut to their median length T, which the verdict is about.
        held: the input at which the points are sought, ``[input]``: zeros, or the mean input.
        initial: the first state, ``[state]``; zeros where it is None.
        starts: states along the sequences from which the search starts, drawn without repetition.
        draws: of each null.
        steps: of the descent, at most.
        seed: of the starts, the nulls and the bootstrap.
        device: where the search runs.
        progress: as of :func:`netaudit.recurrent.fixed_points`.

    Raises:
        ValueError: the shapes do not fit, or a state along the sequences is not finite.
    """
    inputs = torch.as_tensor(sequences, dtype=torch.float64).detach().cpu()
    if inputs.ndim != 3 or not inputs.shape[0] or not inputs.shape[1]:
        raise ValueError(f"sequences must be [P, T, input], got {list(inputs.shape)}")

    def searched(one: RecurrentCell, name: str) -> FixedPoints | None:
        states = states_along(one, inputs, initial).flatten(0, 1)
        if not bool(states.isfinite().all()):
            return None
        order = torch.randperm(len(states), generator=devices.generator(seed, "starts", name))
        return fixed_points(one, states[order[:starts]], held, steps=steps, device=device, progress=progress)

    found = searched(cell, "trained")
    if found is None:
        raise ValueError("the states along the sequences are not finite")
    evidence = line_evidence(found, seed=seed)
    nulls: dict[str, tuple[LineEvidence | None, ...]] = {}
    for name, null in NULLS.items():
        of_draws = []
        for draw in range(draws):
            drawn = searched(null(cell, devices.generator(seed, name, str(draw))), f"{name} {draw}")
            of_draws.append(None if drawn is None else line_evidence(drawn, seed=seed))
        nulls[name] = tuple(of_draws)
    length = inputs.shape[1]
    return LineAttractor(found, evidence, nulls, length, judge(evidence, nulls, length))

"""Rounding to the usual number formats: how much it changes a layer, and whether it explains a change.

Floating-point formats round to the nearest number. Integer formats of b bits have a step s and hold k s for at most 2^b
neighbouring integers k, with one step for the tensor, for each row, or for each group of a row. Whatever chose the
step, three things are seen in the weights alone: they lie on a grid, the grid has at most 2^b places, and the weights
before lie within half a step.

Source: M. Nagel et al., A White Paper on Neural Network Quantization, arXiv:2106.08295, section 2 (uniform grids).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.comparing.payload import Noise, Rounding
from netaudit.comparing.rules import WITHIN

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

FLOATS = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
GROUPS = (32, 64, 128)
"""Lengths of groups in use: llama.cpp has 32, GPTQ and AWQ 128."""
LEVELS = {8: 256, 4: 16}
"""Places of a grid by the bits."""
FEWEST = 16
"""Numbers of a line from which a grid is no accident: that 16 of them lie within 0.15 of a grid by chance has a
probability of 0.3^14."""
_OFF = 0.15
"""How far, in steps, a stored number may lie off its place: 127 steps in float16 are rounded by 0.03."""
_APART = 4
"""Most steps between the nearest two of the five places around zero: 40 weights a row are on 254 places in int8."""
_MOST_LINES = 2048
"""Rows or groups that are looked at, evenly spread."""
_SAMPLE = 4096
"""Numbers that show that a tensor has more than two roundings of each place."""
_LINES = 0.99
"""Share of them that must lie on a grid; a dead row has none."""


def rounded(weight: Tensor, scheme: str) -> Tensor:
    """A ``[m, n]``, float64, rounded to a format: one of ``FLOATS``, or ``int8`` or ``4 bits`` per tensor or row.

    Integer grids are symmetric, their step is the largest magnitude over 127 or 7: the plainest quantisation.
    """
    import torch

    if scheme in FLOATS:
        return weight.to(getattr(torch, scheme)).double()
    bits, _, by = scheme.partition(" per ")
    largest = weight.abs().max() if by == "tensor" else weight.abs().amax(1, keepdim=True)
    step = (largest / (127 if bits == "int8" else 7)).clamp_min(torch.finfo(torch.float64).tiny)
    return (weight / step).round() * step


SCHEMES = ("float16", "bfloat16", "int8 per tensor", "int8 per row", "4 bits per row")
"""Formats whose rounding of A stands beside the change."""


def noise(weight: Tensor) -> tuple[Noise, ...]:
    """||rounded A - A|| / ||A|| of each of ``SCHEMES``; a format that A overflows has none."""
    norm = float(weight.norm())
    found = [(scheme, float((rounded(weight, scheme) - weight).norm())) for scheme in SCHEMES] if norm else []
    return tuple(Noise(scheme, size / norm) for scheme, size in found if np.isfinite(size))


def rounding_std(weight: Tensor, dtype: str) -> float:
    """Root mean square of the error of storing A ``[m, n]`` in a format: half a step at most, a step / sqrt 12."""
    import torch

    kind = getattr(torch, dtype)
    if not weight.numel() or not kind.is_floating_point:
        return 0.0
    exponent = torch.frexp(weight.abs().clamp_min(torch.finfo(kind).smallest_normal))[1] - 1
    step = torch.ldexp(torch.full_like(weight, torch.finfo(kind).eps), exponent)
    return float(step.square().mean().sqrt() / 12**0.5)


def explained(first: Tensor, second: Tensor) -> Rounding | None:
    """The format to which one of two layers ``[m, n]``, float64, was rounded from the other; None where there is none.

    The layers are not equal.
    """
    for one, other, back in ((first, second, False), (second, first, True)):
        for scheme in FLOATS:
            # the rounded one has fewer digits: the other, rounded, is the same but for ties that were broken otherwise
            if bool((rounded(other, scheme) == other).all()):
                same = float((rounded(one, scheme) == other).double().mean())
                if same >= WITHIN:
                    return Rounding(scheme, same, back)
        found = _on_grid(one.numpy(), other.numpy())
        if found is not None:
            return Rounding(*found, back)
    return None


def _on_grid(before: Floats, after: Floats) -> tuple[str, float] | None:
    """Scheme and share within half a step, if ``after`` lies on a grid of integers."""
    n = after.shape[1]
    whole = _told(before.reshape(1, -1), after.reshape(1, -1), "tensor")
    if whole or n < FEWEST:
        return whole
    rows = _told(before, after, "row")
    if rows:
        return rows
    for size in GROUPS:
        if n % size == 0 and n > size:
            groups = _told(before.reshape(-1, size), after.reshape(-1, size), f"group of {size}", only=4)
            if groups:
                return groups
    return None


def _told(before: Floats, after: Floats, by: str, only: int = 8) -> tuple[str, float] | None:
    lines = np.unique(np.linspace(0, len(after) - 1, min(len(after), _MOST_LINES)).astype(int))
    most, missed, inside, total = 0, 0, 0, 0
    for index in lines:
        grid = step_of(after[index], LEVELS[only])
        if grid is None:
            missed += 1
            if missed > (1 - _LINES) * len(lines):
                return None
            continue
        step, levels = grid
        most = max(most, levels)
        inside += int((np.abs(after[index] - before[index]) <= step * (0.5 + _OFF / 2)).sum())
        total += after.shape[1]
    if not total or inside / total < WITHIN:
        return None
    bits = "4 bits" if most <= LEVELS[4] else "int8"
    return f"{bits} per {by}", inside / total


def step_of(line: Floats, most: int) -> tuple[float, int] | None:
    """The step of the grid that the numbers ``[k]`` lie on, and how many places it spans; None if there is none.

    The step is a gap, or a part of one, made exact by places that lie further and further apart.

    >>> step_of(np.array([-0.3, -0.2, 0.1, 0.0, 0.2] * 4), 16)
    (0.1, 6)
    """
    if line.size < FEWEST:
        return None
    if line.size > 4 * _SAMPLE and np.unique(line[:: line.size // _SAMPLE]).size > 2 * most:
        return None  # without sorting all of a large tensor
    values = np.unique(line)
    span = values[-1] - values[0]
    if span == 0:
        return None
    gaps = np.diff(values)
    values = values[np.concatenate([[True], gaps > 1e-6 * span])]  # two roundings of one place
    if not 2 <= values.size <= most:
        return None
    centre = values[np.argmin(np.abs(values))]
    near = np.sort(values[np.argsort(np.abs(values - centre))[:5]])
    smallest, local = float(np.diff(values).min()), float(np.diff(near).min())
    # no two of the places around zero need to be neighbours
    for guess in (smallest, *(local / part for part in range(1, _APART + 1))):
        found = _fitted(values - centre, guess, most)
        if found is not None:
            return found
    return None


def _fitted(offsets: Floats, step: float, most: int) -> tuple[float, int] | None:
    """The step near a guess at which all offsets are whole numbers of steps, and the places that they span."""
    for reach in (4, 16, 64, most):
        places = np.round(offsets / step)
        used = (np.abs(places) <= reach) & (places != 0)
        if used.any():
            step = float((offsets[used] @ places[used]) / (places[used] @ places[used]))
    places = np.round(offsets / step)
    levels = int(places[-1] - places[0]) + 1
    if levels > most or float(np.abs(offsets / step - places).max()) > _OFF:
        return None
    return float(f"{step:.12g}"), levels

"""Hidden units have no order: put those of one network into the order, and at the scale, of another's.

Permuting the units of a hidden layer permutes the rows of the layer below and the columns of the one above, and the
network computes the same. So does a positive scale for each unit that ReLU follows. Layer by layer from the bottom, the
units of B are matched with those of A: the assignment that maximises the sum of the cosines between rows, biases
among them, once the columns are in order. Scales are ratios of the rows' norms. The outputs of the top layer stay.

Source: R. Hecht-Nielsen, in Advanced Neural Computers (1990) 129 (the symmetries); S. Ainsworth, J. Hayase and
S. Srinivasa, arXiv:2209.04836, section 3.2 (matching by weights), here in one pass, bottom to top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.network.layers import FCLayer
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_UNITS = 2048
"""Units of a layer that are matched: the time grows with the cube, and is seconds here."""
POSITIVE = ("relu", "leaky_relu", "linear")
"""Activations f with f(c x) = c f(x) for c > 0, by netaudit's names."""
_SCALED = 1e-3
"""Scales that differ by less are rounding: float16 keeps a norm to about 1e-4."""


@dataclass(frozen=True)
class Units:
    """Where the units of A are found in B."""

    places: Places
    """Unit i of A is unit ``places[i]`` of B, ``[m]``."""
    scales: Floats
    """What the unit's row in B is divided by, ``[m]``."""
    matched: float
    """Mean cosine of the matched rows."""
    matched_null: float
    """The same where B's inputs are in a random order."""

    @property
    def moved(self) -> int:
        """How many units stand in another place."""
        return int((self.places != np.arange(len(self.places))).sum())

    @property
    def spread(self) -> float:
        """Standard deviation of the logarithms of the scales."""
        return float(np.std(np.log(self.scales))) if len(self.scales) else 0.0

    @property
    def trivial(self) -> bool:
        """Whether nothing was moved or rescaled."""
        return not self.moved and self.spread < _SCALED and bool(np.abs(np.log(self.scales)).max(initial=0) < _SCALED)


@dataclass(frozen=True)
class Alignment:
    """The units between the layers of a stack."""

    below: dict[str, Units]
    """By the name in A: the units that feed the layer."""
    above: dict[str, Units]
    """The units that it feeds."""

    def aligned(self, name: str, weight: Tensor) -> Tensor | None:
        """The weight of B ``[m, n]``, float64, in A's order and scale; None where nothing is moved."""
        import torch

        below, above = self.below.get(name), self.above.get(name)
        if (below is None or below.trivial) and (above is None or above.trivial):
            return None
        if below is not None:
            weight = weight[:, torch.from_numpy(below.places)] * torch.from_numpy(below.scales)
        if above is not None:
            weight = weight[torch.from_numpy(above.places)] / torch.from_numpy(above.scales)[:, None]
        return weight


NONE = Alignment({}, {})

Read = Callable[[str], tuple[FCLayer, FCLayer]]
"""Gives a layer of A by its name, and its partner in B."""


def align(names: Sequence[str], activations: Sequence[str], read: Read, seed: int) -> tuple[Alignment, str]:
    """Match the units of a stack of layers, bottom to top.

    Args:
        names: of the stack's layers in A.
        activations: what follows each.
        read: gives the layers.
        seed: what the null's random order follows from.

    Returns:
        Where the units are; and why it ends below the top, in a sentence, or nothing.
    """
    below: dict[str, Units] = {}
    above: dict[str, Units] = {}
    before: Units | None = None
    for name, upper, activation in zip(names, names[1:], activations, strict=False):
        ours, theirs = read(name)
        if ours.shape[0] > MOST_UNITS:
            return Alignment(below, above), (
                f"Units are matched up to layers of {MOST_UNITS:,} outputs; those from {name} on are compared in the "
                "order in which they are stored."
            )
        units = match(ours, theirs, before, activation in POSITIVE, seed)
        if units is None:
            break
        above[name] = below[upper] = before = units
    return Alignment(below, above), ""


def match(ours: FCLayer, theirs: FCLayer, before: Units | None, rescaled: bool, seed: int) -> Units | None:
    """Match the outputs of two layers ``[m, n]``, the inputs of B in order by ``before``; None if not finite."""
    import torch

    def rows(layer: FCLayer) -> Tensor:
        bias = layer.bias if layer.bias is not None else torch.zeros(layer.shape[0])
        return torch.cat([layer.weight.double(), bias.double()[:, None]], 1)

    A, B = rows(ours), rows(theirs)
    if not bool(torch.isfinite(A).all() and torch.isfinite(B).all()):
        return None
    if before is not None:
        B[:, :-1] = B[:, torch.from_numpy(before.places)] * torch.from_numpy(before.scales)
    norms_a, norms_b = A.norm(dim=1), B.norm(dim=1)
    unit_a, unit_b = (X / norms.clamp_min(1e-300)[:, None] for X, norms in ((A, norms_a), (B, norms_b)))
    places, matched = assigned(unit_a @ unit_b.T)
    order = devices.numpy_generator(seed, "alignment", ours.name).permutation(A.shape[1])
    _, chance = assigned(unit_a @ unit_b[:, torch.from_numpy(order)].T)
    ratio = (norms_b[torch.from_numpy(places)] / norms_a).numpy()
    scales = np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0) if rescaled else np.ones(len(places))
    return Units(places, scales, matched, chance)


def assigned(cosines: Tensor) -> tuple[Places, float]:
    """The partner of each row that maximises the sum of the cosines ``[m, m]``, and their mean.

    Among equal ones, such as dead units, a unit stays in its place.
    """
    from scipy.optimize import linear_sum_assignment

    values = cosines.numpy() + 1e-12 * np.eye(len(cosines))
    _, places = linear_sum_assignment(values, maximize=True)
    return places, float(np.clip(values[np.arange(len(places)), places].mean(), -1.0, 1.0))

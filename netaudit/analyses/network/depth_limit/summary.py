"""Medians over inputs, fit for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.results.payload import LARGEST, LONGEST_CURVE, curve_values

if TYPE_CHECKING:
    from torch import Tensor


def medians(sizes: Tensor, over: Tensor | None = None) -> tuple[float, ...]:
    """The median over the rows of each column of sizes ``[N, K]``, relative to ``over`` where it is given.

    What is relative to 0 counts as 0. Of very many columns the last ones are kept: the blocks that can be left out.
    """
    from netaudit.geometry.depth.stack import relative

    shares = sizes if over is None else relative(sizes, over.expand_as(sizes))
    middle = shares.double().nan_to_num(LARGEST, LARGEST, 0.0).quantile(0.5, 0)
    return curve_values(middle.clamp_max(LARGEST)[-LONGEST_CURVE:].tolist())

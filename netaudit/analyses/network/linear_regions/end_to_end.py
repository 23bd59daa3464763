"""The whole network, where the head has no hidden layers to be walked, as in most residual networks.

Its segments lie between real inputs of the network and are walked from end to end, as many as the work allows for. The
neurons of its layers are set beside no law: their inputs come through convolutions and additions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.linear_regions.pairs import Floats, Pair, apart, pairs
from netaudit.analyses.network.linear_regions.payload import WORK, Ends, LinearRegions, Segment, WholeNetwork
from netaudit.analyses.network.linear_regions.segments import LINES, MEMORY, segment
from netaudit.analyses.network.linear_regions.whole import Read, read_whole, walked
from netaudit.geometry.boundaries import nearest_hyperplane
from netaudit.geometry.line import exact_line
from netaudit.geometry.steps import NotPiecewiseLinearError
from netaudit.numerics import device as devices
from netaudit.results.payload import NotApplicable
from netaudit.text import capital, sentence

INPUTS = 200
"""Real inputs at most, as of a head."""
NUMBERS = 2**22
"""Numbers of all real inputs together, 32 MiB in float64: 27 images of 224 x 224, of which a few are walked between."""


def end_to_end(context: NetworkContext, why: str) -> LinearRegions | NotApplicable:
    """Walk the whole network.

    Args:
        context: the network with its real inputs.
        why: why the head is not walked, as a clause.
    """
    context.progress("linear regions of the whole network", 0.0, 0.0)
    return devices.with_cpu_fallback(
        lambda where: _measured(context, why, devices.float64_device(where)), context.settings.device
    )


def _measured(context: NetworkContext, why: str, device: torch.device) -> LinearRegions | NotApplicable:
    read, sample = read_whole(context, device), context.sample
    if isinstance(read, str):
        return NotApplicable(sentence(capital(f"{why}, and {read}")))
    if not read.network.kinks:
        return NotApplicable("The whole network is affine, so that it is one linear piece.")
    assert sample is not None
    x = sample.x[: min(INPUTS, max(2, NUMBERS // sample.x[0].size))].astype(np.float64)
    labels = None if sample.y is None else sample.y[: len(x)]
    flat = x.reshape(len(x), -1)
    ends = pairs(flat, labels, context.settings.seed)
    if not ends:
        return NotApplicable("All real inputs are the same.")
    part = walked(read, device, MEMORY)
    return LinearRegions(
        layers=(),
        flips=(),
        behaviour=(),
        segments=tuple(_segments(context, read, part, ends, device)),
        drawn=(),
        plane=None,
        whole=part,
        nearest=_nearest(read, x, device),
        apart=apart(ends),
        inputs=len(x),
    )


def _segments(
    context: NetworkContext, read: Read, part: WholeNetwork, ends: Mapping[Ends, Pair], device: torch.device
) -> list[Segment]:
    """The first segments of each kind, as many as the work allows for if their knots lie as close as on the part."""
    assert part.pieces is not None
    assert part.share is not None
    one_takes = part.pieces / part.share * read.multiplications
    count = min(LINES, int(WORK / len(ends) / max(one_takes, 1.0)))
    walk = partial(exact_line, read.network, device=device, memory=MEMORY)
    found: list[Segment] = []
    for kind, (a, b) in ends.items():
        for one, other in zip(a[:count], b[:count], strict=True):
            context.progress("linear regions, segment by segment", len(found), count * len(ends))
            shape = read.ends.shape[1:]
            found.append(segment(kind, (one, other), walk(one.reshape(shape), other.reshape(shape))))
    return found


def _nearest(read: Read, x: Floats, device: torch.device) -> tuple[float, float, float] | None:
    """Quantiles of the distance to the first layer's boundaries; None without any, or where they are no hyperplanes."""
    try:
        found = [nearest_hyperplane(read.network, one, device=device).distance for one in x]
    except NotPiecewiseLinearError:
        return None
    if not np.isfinite(found).all():
        return None
    low, middle, high = np.quantile(found, (0.05, 0.5, 0.95)).tolist()
    return low, middle, high

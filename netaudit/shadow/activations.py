"""Shadow inversion of a layer from its real hidden activations, beside the controls that say what that means.

A real h is the layer's output on a real input, after its ReLU. It goes down the layer and comes back as r(A x), which
is compared with h. A high cosine alone says little, since activations are alike: so the cosine about the mean
activation, the cosine with another input's h and that of the mean h with h stand beside it, and how often the h that
was sent is the nearest of all. The same h, with its values in random places, says whether the layer inverts *its own*
activations, and a Gaussian layer fed the same h what a random layer does.

Source: S. Arora, Y. Liang and T. Ma, arXiv:1511.05653, who start from the activations of trained nets; the controls are
netaudit's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.shadow.distribution import alpha, keep_mask, shadow
from netaudit.shadow.gauge import Gauge
from netaudit.shadow.gaussian_layer import independent, orthonormal
from netaudit.shadow.reverse import ReversePass, rescaled

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MOST_ACTIVATIONS = 128
"""Activations that are used at most: retrieval among more would only be harder (netaudit's convention)."""
GAUSSIAN_LAYERS = 8
"""Gaussian layers that are fed the same h: their figures differ by a few percent in a layer of 100 outputs."""


@dataclass(frozen=True)
class ActivationRecovery:
    """How well one kind of h comes back through one kind of matrix at one keep probability: means over the h."""

    kind: str
    """``stored``: real h through the layer as it is stored; ``own_bias``: with its own bias on the way forward, at the
    scale of the real inputs; ``gauge``: in the fixed gauge; ``corrected``: with the corrected reverse pass;
    ``permuted``: the values of each h in random places, in the fixed gauge; ``gaussian``: real h in the fixed gauge
    through Gaussian matrices."""
    rho: float
    """Keep probability of the dropout, in (0, 1]."""
    n: int
    """Number of h that were sent."""
    k: float
    """Mean number of non-zeros of h."""
    cosine: float
    """Of r(A x) and h, in [0, 1]."""
    centred_cosine: float
    """Of both after their means over the inputs are taken off, in [-1, 1]."""
    other_cosine: float
    """Of r(A x) and the h of another input."""
    mean_cosine: float
    """Of the mean h and h: what an answer that does not look at the input reaches."""
    retrieval: float
    """Share of the inputs whose own h is the nearest to r(A x), by cosine, of all that were sent."""
    relative_error: float
    """||r(A x) / c - h||^2 / ||h||^2, with the one gain c over all h that makes it smallest."""
    support_auc: float
    """Area under the ROC curve of A x for the support of h, in [0, 1]; 1/2 is chance."""


@dataclass(frozen=True)
class Recovery:
    """All kinds at all keep probabilities, and what a verdict rests on."""

    rows: tuple[ActivationRecovery, ...]
    """For each rho, in the order of the kinds."""
    residuals: NDArray[np.float64]
    """1 - (centred cosine)^2 of each input in the fixed gauge without dropout, ``[inputs]``."""
    gaussian_residuals: NDArray[np.float64]
    """The same through each Gaussian layer, ``[layers, inputs]``."""


def recover(
    layer: ReversePass,
    gauge: Gauge,
    h: Tensor,
    rhos: Sequence[float],
    generator: torch.Generator,
    *,
    corrected: ReversePass | None = None,
    bias: Tensor | None = None,
    input_norm: float | None = None,
) -> Recovery | None:
    """Send real activations down a layer and back, beside the controls; None where fewer than two are usable.

    Args:
        layer: the reverse pass of A ``[m, n]`` as it is stored.
        gauge: A in the fixed gauge.
        h: activations, ``[inputs, m]``, none below 0. Rows that are zero everywhere or nowhere are left out, and of
            the others the first :data:`MOST_ACTIVATIONS` are used.
        rhos: keep probabilities of the dropout, 1 first.
        generator: what draws the dropout, the permutations and the Gaussian matrices.
        corrected: the corrected reverse pass of A; None leaves that kind out.
        bias: b ``[m]`` of the layer, and the root mean square ``input_norm`` of ||x|| over its real inputs, with which
            the kind ``own_bias`` is measured; without either it is left out.
    """
    import torch

    support = (gauge.take(h) > 0).sum(1)
    h = h[(support > 0) & (support < len(gauge.rows))][:MOST_ACTIVATIONS].float()
    if len(h) < 2:
        return None
    there = gauge.take(h)
    order = torch.rand(there.shape, generator=generator).argsort(1)
    rows: list[ActivationRecovery] = []
    residuals: list[NDArray[np.float64]] = []
    with devices.exact_float32():
        for rho in rhos:
            mask = keep_mask(len(h), layer.weight.shape[1], rho, generator)
            x = layer.down(h, mask, rho)
            rows.append(_compare("stored", rho, layer.up(x), h))
            if bias is not None and input_norm is not None:
                scale = input_norm / x.norm(dim=1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
                rows.append(_compare("own_bias", rho, layer.up(x * scale) + bias.float(), h))
            live = mask[:, gauge.live_columns]
            for kind, start in (("gauge", there), ("permuted", there.gather(1, order))):
                row, residual = _in_the_gauge(kind, gauge, start, live, rho)
                rows.append(row)
                if rho == rhos[0] and kind == "gauge":
                    residuals.append(residual)
            if corrected is not None:
                x = corrected.down(h, mask, rho)
                z = corrected.up(x)
                rows.append(_compare("corrected", rho, corrected.up(rescaled(x, z, h)), h))
            drawn = []
            for _ in range(GAUSSIAN_LAYERS):
                z = _through_gaussian(there, live, alpha(rho, live.shape[1], 1.0), generator)
                drawn.append(_compare("gaussian", rho, z, there))
                if rho == rhos[0]:
                    residuals.append(_residuals(z, there))
            rows.append(_mean(drawn))
    return Recovery(tuple(rows), residuals[0], np.stack(residuals[1:]))


def _in_the_gauge(
    kind: str, gauge: Gauge, start: Tensor, mask: Tensor, rho: float
) -> tuple[ActivationRecovery, NDArray[np.float64]]:
    x = shadow(gauge.down(start), mask, alpha(rho, mask.shape[1], 1.0))
    z = gauge.up(x)
    return _compare(kind, rho, z, start), _residuals(z, start)


def _through_gaussian(h: Tensor, mask: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    """Return z = A x ``[inputs, m]`` for the shadows x of h through a Gaussian A that is never formed.

    See :mod:`netaudit.shadow.gaussian_layer`.
    """
    import torch

    U = orthonormal(h.T)
    B = torch.randn(mask.shape[1], U.shape[1], generator=generator)
    x = shadow(h @ U @ B.T, mask, scale)
    y = independent(x, h.shape[1], generator)
    return y + (x @ B - y @ U) @ U.T


def _centred_cosines(z: Tensor, h: Tensor) -> Tensor:
    import torch

    back = z.relu()
    return torch.nn.functional.cosine_similarity(back - back.mean(0), h - h.mean(0), dim=1)


def _residuals(z: Tensor, h: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (1 - _centred_cosines(z, h).clamp_min(0).double().square()).numpy()
    return found


def _compare(kind: str, rho: float, z: Tensor, h: Tensor) -> ActivationRecovery:
    import torch

    back, cosine = z.relu(), torch.nn.functional.cosine_similarity
    gain = (back * h).sum() / back.square().sum().clamp_min(torch.finfo(h.dtype).tiny)
    error = (gain * back - h).square().sum(1) / h.square().sum(1)
    on = (h > 0).to(h.dtype)
    k, m = on.sum(1), h.shape[1]
    ranks = torch.empty_like(z).scatter_(1, z.argsort(dim=1), torch.arange(1, m + 1, dtype=z.dtype).expand_as(z))
    auc = ((ranks * on).sum(1) - k * (k + 1) / 2) / (k * (m - k))
    unit = torch.nn.functional.normalize(h, dim=1)
    nearest = (back @ unit.T).argmax(1) == torch.arange(len(h))
    others = cosine(back, h.roll(1, 0), dim=1)
    parts = (
        cosine(back, h, dim=1), _centred_cosines(z, h), others, cosine(h.mean(0, keepdim=True), h, dim=1),
        nearest.to(h.dtype), error, auc,
    )  # fmt: skip
    return ActivationRecovery(kind, rho, len(h), float(k.mean()), *(float(part.mean()) for part in parts))


def _mean(rows: Sequence[ActivationRecovery]) -> ActivationRecovery:
    """The mean of each figure over several Gaussian layers."""
    figures = [field.name for field in fields(ActivationRecovery)][3:]
    means = (float(np.mean([getattr(row, name) for row in rows])) for name in figures)
    return ActivationRecovery(rows[0].kind, rows[0].rho, rows[0].n, *means)

r"""What Gaussian nets of several layers must do to their shadows: closed forms, layer by layer, without free constants.

Going down, given the layer above, a coordinate of layer j is h_i = v r(g_i) with probability k_j / n_j and 0 otherwise,
with g_i independent N(0, 1) and v = 2 ||h^(j+1)|| / k_j, so that E||h^(j)||^2 = 2 ||h^(j+1)||^2 / k_j.

Coming up, let y be the output of layer j - 1 (y = x below the first). The row i of A_j has a part along h^(j), which
made g, and a part that is independent of it, and so z = A_j y is close to N(c h_i, s_i^2) with u = h_i / ||h^(j)|| and

    c = n_{j-1} E[g y] / ||h^(j)||,   s_i^2 = n_{j-1} (E[y^2] + u^2 (E[g^2 y^2] - E[g y]^2 - E[y^2])).

The output of layer j is r(z_i - t_j), whose moments over g are one-dimensional integrals of the closed forms of
:func:`netaudit.numerics.laws.gaussian.relu_moments`. With one layer this is exactly :mod:`netaudit.shadow.prediction`.

What is approximate: norms are taken at their means. Predictions hold where the k_j are large and the error is below
about one half; a saturated error is underestimated by up to a tenth, and so is the noise on the support of a lone gate.
Derived here and checked by simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult, minimize

from netaudit.numerics.laws.gaussian import normal_pdf, relu_moments
from netaudit.shadow.multilayer import NetShape

Floats = NDArray[np.float64]
Offsets = np.ndarray[tuple[int], np.dtype[np.float64]]

_G = (np.arange(400) + 0.5) * 0.02
"""Nodes of the midpoint rule over g > 0, the half that passes the ReLU; exact to 1e-6 here."""
_WEIGHT = normal_pdf(_G) * 0.02
_STARTS = (-0.4, 0.4, 1.8)
"""Where the search for the best offsets starts, in units of the cross-talk: below, near and above the usual optimum."""
_TINY = 1e-300
"""Least variance, which is reached where the offset below has cut off everything."""


@dataclass(frozen=True)
class Channel:
    """How z at some layer follows from h there: z_i ~ N(gain h_i, variance + spread h_i^2), for ||h|| = 1."""

    gain: float
    """c: the mean of z_i in units of h_i."""
    variance: float
    """The variance of z_i where h_i = 0: the cross-talk."""
    spread: float
    """What h_i^2 adds to the variance, in units of h_i^2."""

    def moments(self, h: Floats, offset: float) -> tuple[Floats, Floats]:
        """Return E y and E y^2 of the output y = r(z - offset) at each value in ``h``, of any shape."""
        return relu_moments(self.gain * h - offset, np.sqrt(np.maximum(self.variance + self.spread * h**2, _TINY)))


def channel(shape: NetShape, offsets: Sequence[float], forward_keep: float = 1.0) -> Channel:
    """Return the channel from h^(L) to z = A_L y, for ||h^(L)|| = 1.

    Args:
        shape: widths and sparsities of the net.
        offsets: t_1, ..., t_{L-1} of the layers below the top, in units of ||h^(L)||; more are ignored.
        forward_keep: the keep probability of dropout on x in the forward pass, rescaled to keep its mean. The default
            1 is a pass without.
    """
    norm2 = [1.0]  # E||h^(j)||^2, from the top down to layer 1
    for k in shape.kept[:0:-1]:
        norm2.insert(0, 2 * norm2[0] / k)
    k_forward = shape.kept[0] * forward_keep
    s2 = 2 * norm2[0] / k_forward
    current = Channel(1.0, s2, s2 * (2 - k_forward / shape.sizes[0] / 2) / norm2[0])
    for j in range(1, shape.layers):
        n, k = shape.sizes[j], shape.kept[j]
        h = 2 * np.sqrt(norm2[j]) / k * _G
        first, second = current.moments(h, offsets[j - 1])
        zero = tuple(float(moment) for moment in current.moments(np.zeros(()), offsets[j - 1]))
        rho = k / n
        gy = rho * (float(_WEIGHT @ (_G * first)) - float(normal_pdf(0.0)) * zero[0])
        y2 = rho * float(_WEIGHT @ second) + (1 - rho / 2) * zero[1]
        g2y2 = rho * float(_WEIGHT @ (_G**2 * second)) + (1 - rho / 2) * zero[1]
        norm = norm2[j]
        current = Channel(n * gy / np.sqrt(norm), n * y2, n * (g2y2 - gy**2 - y2) / norm)
    return current


def squared_errors(values: ArrayLike, shape: NetShape, offsets: Sequence[float], forward_keep: float = 1.0) -> Floats:
    """Return E||h~ - h||^2 / ||h||^2 of each h, ``[draws]``, from its non-zeros ``values [draws, k_L]``.

    h~ is the output of the net at its top for the shadow of h, and ``offsets`` are t_1, ..., t_L in units of ||h||. For
    ``forward_keep`` see :func:`channel`.
    """
    nonzeros: Floats = np.asarray(values, dtype=np.float64)
    h = nonzeros / np.sqrt((nonzeros**2).sum(axis=1, keepdims=True))
    top = channel(shape, offsets[:-1], forward_keep)
    first, second = top.moments(h, offsets[-1])
    rest = float(top.moments(np.zeros(()), offsets[-1])[1])
    errors: Floats = (second - 2 * h * first + h**2).sum(axis=1) + (shape.sizes[-1] - shape.top) * rest
    return errors


def best_offsets(values: ArrayLike, shape: NetShape, forward_keep: float = 1.0) -> tuple[float, ...]:
    """Return the constant offsets t_1, ..., t_L, in units of ||h||, that minimise the mean predicted error.

    ``values [draws, k_L]`` are the non-zeros of h; for ``forward_keep`` see :func:`channel`. An offset may be
    negative, which is a positive bias: where little is cut off, lifting the cross-talk over the ReLU's kink keeps the
    gain near 1.
    """
    scale: list[float] = []
    norm2 = 1.0
    for k in reversed(shape.kept):  # of the cross-talk in each layer if those below were exact
        scale.insert(0, np.sqrt(2 * norm2 / (k * forward_keep)))
        norm2 *= 2 / k
    unit = np.array(scale)

    def error(t: Offsets) -> float:
        return float(squared_errors(values, shape, tuple(t * unit), forward_keep).mean())

    def search(first: float) -> OptimizeResult:
        start: Offsets = np.full(shape.layers, first)
        # a hundredth of the cross-talk moves the error by 1e-4 at its minimum
        return minimize(error, start, method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-6, "maxiter": 400})

    # large offsets give the plateau of the zero estimate, which holds a simplex that starts on it: several starts
    best = min((search(first) for first in _STARTS), key=lambda result: float(result.fun))
    return tuple(float(t) for t in best.x * unit)

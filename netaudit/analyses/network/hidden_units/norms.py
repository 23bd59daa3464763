"""Of one layer, what concerns the units on either side of it: norms, dead and unused units, duplicates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.network.hidden_units.payload import ZERO
from netaudit.network.layers import FCLayer

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

Unmeasured = Literal["empty", "not_finite", "not_audited"]
"""Why there is nothing to say of a layer."""

_CHUNK = 1 << 16  # entries converted to float64 at a time: 512 kB, which stays in the cache
_SAME = 1e-9  # logarithms of sums of the same squares differ by less, in whatever order they were added


@dataclass(frozen=True)
class LayerNorms:
    """What a layer ``[m, n]`` says of its m outputs and its n inputs. Natural logarithms, -inf for zero."""

    incoming: Floats
    """log(||w_in||^2 + b^2) of each output, ``[m]``."""
    outgoing: Floats
    """log ||w_out||^2 of each input, ``[n]``."""
    dead: NDArray[np.bool_]
    """Outputs whose incoming weights are numerically zero, whatever their bias, ``[m]``."""
    unused: NDArray[np.bool_]
    """Inputs whose outgoing weights are numerically zero, ``[n]``."""
    duplicates: int
    """Outputs that are not dead and have exactly the weights and the bias of an earlier one."""
    blur: tuple[float, float]
    """Spread (standard deviation) of ``incoming`` and ``outgoing`` that storing equal norms alone can give."""


def norms(layer: FCLayer) -> LayerNorms | Unmeasured:
    """Measure a layer in two passes over chunks of its weight; or say why it cannot be measured.

    float64 throughout, and the squares cannot overflow.
    """
    m, n = layer.shape
    if not layer.weight.numel():
        return "empty"
    bias = np.zeros(m) if layer.bias is None else layer.bias.double().numpy()
    rows, columns, log_unit = _sums_of_squares(layer.weight)
    if not (np.isfinite(rows).all() and np.isfinite(bias).all()):
        return "not_finite"
    dead, unused = (sums <= ZERO**2 * sums.mean() for sums in (rows, columns))
    with np.errstate(divide="ignore"):
        incoming = np.logaddexp(np.log(rows) + 2 * log_unit, 2 * np.log(np.abs(bias)))
        outgoing = np.log(columns) + 2 * log_unit
    duplicates = _duplicates(layer.weight, bias, incoming, dead)
    return LayerNorms(incoming, outgoing, dead, unused, duplicates, (_blur(layer.weight, n), _blur(layer.weight, m)))


def _sums_of_squares(weight: Tensor) -> tuple[Floats, Floats, float]:
    """Row sums and column sums of (w / unit)^2, and log(unit)."""
    import torch

    m, n = weight.shape
    unit = 1.0
    if weight.dtype == torch.float64:  # squares of any other dtype fit float64
        largest = max(abs(float(end)) for end in weight.aminmax())
        unit = float(np.ldexp(1.0, int(np.frexp(largest)[1]) - 1)) if 0 < largest < np.inf else 1.0
    rows, columns = torch.empty(m, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
    step = max(1, _CHUNK // n)
    for start in range(0, m, step):
        chunk = weight[start : start + step].to(torch.float64, copy=True)
        square = (chunk if unit == 1 else chunk.div_(unit)).square_()
        rows[start : start + step] = square.sum(1)
        columns += square.sum(0)
    return rows.numpy(), columns.numpy(), float(np.log(unit))


def _blur(weight: Tensor, fan: int) -> float:
    """Weights stored with a relative error of eps / 4 blur the squared norm of ``fan`` of them by eps / sqrt(fan).

    Twice that, and at least what computing a norm in float32 leaves. An initialisation of independent weights spreads
    .89 / sqrt(fan) if they are uniform and 1.41 / sqrt(fan) if they are Gaussian, which is more in any dtype.
    """
    import torch

    return float(max(2 * torch.finfo(weight.dtype).eps / fan**0.5, 10 * torch.finfo(torch.float32).eps))


def _duplicates(weight: Tensor, bias: Floats, incoming: Floats, dead: NDArray[np.bool_]) -> int:
    """Count rows that, with their bias, equal an earlier one; only rows of the same norm are looked at again."""
    import torch

    order = np.flatnonzero(~dead)
    order = order[np.argsort(incoming[order])]
    close = np.flatnonzero(np.diff(incoming[order]) <= _SAME)
    candidates = order[np.union1d(close, close + 1)]
    dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32  # holds any smaller dtype exactly
    seen = {
        hashlib.sha256((weight[i].to(dtype) + 0.0).numpy().tobytes() + (bias[i] + 0.0).tobytes()).digest()  # -0 is 0
        for i in candidates.tolist()
    }
    return len(candidates) - len(seen)

"""H4 on the layer's real activations: what comes back of them, beside the controls, and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import null_of
from netaudit.analyses.layer.shadow_inversion.payload import FEWEST_INPUTS, LEVEL, REAL, Recovered, Start
from netaudit.numerics import device as devices
from netaudit.results.payload import Null, number, six_digits
from netaudit.shadow.activations import ActivationRecovery, Recovery, recover
from netaudit.shadow.inversion import RHOS
from netaudit.shadow.reverse import reverse_pass

if TYPE_CHECKING:
    from netaudit.shadow.gauge import Gauge

_CORRECTED = 2048  # largest smaller side whose directions an audit finds: a few seconds there
_RESAMPLES = 500


@dataclass(frozen=True)
class RealActivations:
    """What came back of the real activations of one layer."""

    rows: tuple[Recovered, ...]
    value: float
    """``real_error_ratio``; NaN where nothing comes back through a Gaussian layer either."""
    interval: tuple[float, float]
    """95 % percentile bootstrap over the inputs."""
    null: Null
    """The same ratio of each Gaussian layer."""
    judged: bool
    """Whether there are enough inputs for a verdict."""


def real_activations(context: LayerContext, gauge: Gauge) -> RealActivations | None:
    """Send them down and back; None without any that are usable, and where the layer is one constant up to rounding."""
    if context.activations is None or not gauge.matrix.any():
        return None
    weight = context.layer.weight
    key = ("shadow_inversion", "activations", f"{weight.shape[0]}x{weight.shape[1]}")
    small = min(weight.shape) <= _CORRECTED
    found = recover(
        reverse_pass(weight),
        gauge,
        context.activations,
        RHOS,
        devices.generator(context.seed, *key),
        corrected=reverse_pass(weight, corrected=True, device=context.device) if small else None,
        bias=context.layer.bias,
        input_norm=context.input_norm,
    )
    return None if found is None else _judged(found, devices.numpy_generator(context.seed, *key, "bootstrap"))


def _judged(found: Recovery, draw: np.random.Generator) -> RealActivations:
    inputs = found.residuals.size
    twin = found.gaussian_residuals.mean(0)
    picks = draw.integers(0, inputs, (_RESAMPLES, inputs))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(found.residuals.mean() / twin.mean())
        ratios = found.residuals[picks].mean(1) / twin[picks].mean(1)
        layers = found.gaussian_residuals.mean(1) / twin.mean()
    finite = bool(np.isfinite([value, *ratios]).all())
    low, high = (
        (float(q) for q in np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])) if finite else (value, value)
    )
    null = null_of("gaussian", REAL, [float(layer) for layer in layers])
    return RealActivations(tuple(map(_row, found.rows)), value, (low, high), null, finite and inputs >= FEWEST_INPUTS)


def _row(row: ActivationRecovery) -> Recovered:
    return Recovered(
        kind=cast(Start, row.kind),
        rho=six_digits(row.rho),
        n=row.n,
        k=six_digits(row.k),
        cosine=_number(row.cosine),
        centred_cosine=_number(row.centred_cosine),
        other_cosine=_number(row.other_cosine),
        mean_cosine=_number(row.mean_cosine),
        retrieval=_number(row.retrieval),
        relative_error=_number(row.relative_error),
        support_auc=_number(row.support_auc),
    )


def _number(value: float) -> float | None:
    return number(six_digits(value))

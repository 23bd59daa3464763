"""What users of other tools look for, under WeightWatcher's column names; no claim is judged on it.

Everything is of the eigenvalues lambda = s^2 of A as stored, its mean included and without a factor 1/N. The exponent
alpha of :mod:`netaudit.numerics.laws.power_law` stands beside an interval, and beside the alpha and D of Gaussian
matrices of the layer's own shape: these have an alpha too, mostly above 5, and no power-law tail.

Two things differ from WeightWatcher 0.7.7, with which a test compares the rest. ``mp_softrank`` takes sigma from the
median rule, where WeightWatcher fits it to a smoothed density: on the matrices of that test the two lie within a tenth
of each other, but for spiked square and very small ones (a third). And the fit leaves out the eigenvalues that the Gram
product's rounding drowns, relative to the largest, where WeightWatcher leaves out those below 1e-5 whatever the units
of the weights: alpha here does not change with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import finite, null_of
from netaudit.analyses.layer.power_law.payload import BESIDE, FEWEST, NAMES, HillCurve, PowerLaw, Reason
from netaudit.numerics import device as devices
from netaudit.numerics import spectrum as spectra
from netaudit.numerics.arpack import smallest_value
from netaudit.numerics.entries import Entries
from netaudit.numerics.gaussian_spectra import gaussian_spectra
from netaudit.numerics.laws import marchenko_pastur, power_law, tails
from netaudit.numerics.laws.spikes import bulk_sigma
from netaudit.numerics.scales import NoUnitScales
from netaudit.results.payload import Null, curve_values

Floats = NDArray[np.float64]
Numbers = dict[str, float | int | None]

LARGEST_SCALED = 1024
"""Largest smaller side whose scaled matrix is decomposed too: up to there it takes less than half a second."""
_HILL_POINTS = 60
_ACCURATE = 1e-4  # relative error that the smallest singular value may have


def measure(context: LayerContext) -> PowerLaw:
    """Norms, ranks and the power law of a layer. What cannot be had, or not exactly, is None, with the reason."""
    m, n = context.shape
    N, M = max(m, n), min(m, n)
    sizes: Numbers = {"N": N, "M": M, "num_evals": M, "Q": N / M}
    entries, spectrum, own = context.entries, context.spectrum, context.own_scale
    if not spectrum.decomposed:
        return _payload(sizes | _estimated(context, N, M), {}, "only_estimated")
    evals = spectrum.uncentred**2  # in units of std^2
    rounding = float(N * np.finfo(np.float64).eps * evals[-1])  # up to which an eigenvalue of the Gram product is known
    numbers = sizes | _norms(evals, entries)
    reasons: dict[str, Reason] = {"sv_min": "smallest_too_small", "mp_softrank": "bulk_within_rounding"}
    least = float(np.sqrt(evals[0]))
    if not spectrum.factored and evals[0] < rounding / (2 * _ACCURATE):  # the root halves a relative error
        least = smallest_value(own.weight, own.std, context.device)
    if spectrum.factored:  # A is stored rounded, and what rounding adds has every rank
        numbers |= _rank(spectrum.uncentred, N)
    elif least >= _rank_tolerance(N, np.sqrt(evals[-1])) / _ACCURATE:
        numbers |= {"sv_min": least * entries.std, "matrix_rank": M, "rank_loss": 0}
    else:
        numbers |= _deficient_rank(context, _rank_tolerance(N, np.sqrt(evals[-1])))
    if np.median(evals) > rounding:
        edge = bulk_sigma(spectrum.uncentred, m, n) ** 2 * N * marchenko_pastur.support(M / N)[1] ** 2
        numbers["mp_softrank"] = float(edge / evals[-1])
    kept = evals[evals > rounding]
    law = power_law.fit(kept)
    if isinstance(law, str):
        missing: Reason = "too_few_eigenvalues" if kept.size < FEWEST else "equal_eigenvalues"
        return _payload(numbers, reasons, missing, positive_evals=kept.size)
    generator = devices.numpy_generator(context.seed, "alpha", context.layer.name)
    interval = power_law.interval(kept, generator)
    alpha_null, D_null = power_law_nulls(context.seed, m, n)
    others: dict[str, Any] = {
        "alpha_interval": interval,
        "alpha_null": alpha_null,
        "D_null": D_null,
        "positive_evals": kept.size,
    }
    others |= {"vuong": tails.vuong(kept, law.xmin, law.alpha), "hill": _hill(context, kept, law.tail)}
    reasons |= {"vuong": "tail_too_short", "hill": "tail_too_short"}
    scaled = _unit_scales(context)
    if isinstance(scaled, str):
        reasons |= dict.fromkeys(("alpha_unit_scales", "D_unit_scales"), scaled)
    else:
        others |= {"alpha_unit_scales": scaled.alpha, "D_unit_scales": scaled.D}
    return _payload(numbers | _tail(law, kept, entries), reasons, "no_resample_fitted", **others)


def _unit_scales(context: LayerContext) -> power_law.PowerLaw | Reason:
    """The power law of the matrix with unit row and column mean squares, or why there is none."""
    if min(context.shape) > LARGEST_SCALED:
        return "too_large_for_another_decomposition"
    scales = context.unit_scales
    if isinstance(scales, NoUnitScales):
        return "no_unit_scales"
    wide = context.layer.weight.double()
    wide = wide * wide.new_tensor(scales.rows)[:, None] * wide.new_tensor(scales.columns)
    evals = spectra.centred_values(wide, context.device) ** 2
    rounding = max(context.shape) * np.finfo(np.float64).eps * evals[-1]
    law = power_law.fit(evals[evals > rounding])
    return law if isinstance(law, power_law.PowerLaw) else "equal_eigenvalues"


def _hill(context: LayerContext, kept: Floats, chosen: int) -> HillCurve | None:
    """alpha over the length of the tail, beside that of Gaussian matrices if every eigenvalue is known."""
    lengths = tails.lengths(kept.size, _HILL_POINTS)
    alpha = tails.hill(kept, lengths)
    lengths, alpha = lengths[good := np.isfinite(alpha)], alpha[good]
    if not lengths.size:
        return None
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    if kept.size == min(context.shape):
        drawn = [tails.hill(s**2, lengths) for s in gaussian_spectra(context.seed, *context.shape)]
        low, high = np.quantile(drawn, [0.01, 0.99], axis=0).tolist()
    return HillCurve(curve_values(lengths), curve_values(alpha), curve_values(low), curve_values(high), chosen)


@cache
def power_law_nulls(seed: int, m: int, n: int) -> tuple[Null, Null]:
    """alpha and D of Gaussian spectra of the same shape, fitted as the layer's own are."""
    laws = [power_law.fit(s**2) for s in gaussian_spectra(seed, m, n)]
    fitted = [law for law in laws if not isinstance(law, str)]
    alpha, D = [law.alpha for law in fitted], [law.D for law in fitted]
    return null_of("gaussian", "alpha", alpha), null_of("gaussian", "D", D)


def _estimated(context: LayerContext, N: int, M: int) -> Numbers:
    """What the Frobenius norm and the largest singular value, which are exact, give without the others."""
    entries, evals = context.entries, context.spectrum.uncentred**2
    exact = np.array([N * M * (1 + entries.mean_over_std**2) - evals[-1], evals[-1]])
    return _norms(exact, entries)


def _rank_tolerance(N: int, largest: float) -> float:
    """Up to which a singular value counts as 0: that of ``numpy.linalg.matrix_rank`` for float64."""
    return float(N * np.finfo(np.float64).eps * largest)


def _rank(s: Floats, N: int) -> Numbers:
    rank = int(np.sum(s > _rank_tolerance(N, s[-1])))
    return {"matrix_rank": rank, "rank_loss": s.size - rank}


def _deficient_rank(context: LayerContext, tolerance: float) -> Numbers:
    """The rank of a layer whose smallest singular value is rounding.

    Rows and columns of zeros, copies of an earlier one, and constant ones beside the first add nothing to it. Most such
    layers have dead units alone: what is left has full rank, and one value tells that in a fraction of the time.
    """
    special, own, (m, n) = context.special_weights, context.own_scale, context.shape
    weight = own.weight.float() if own.weight.dtype.itemsize == 1 else own.weight  # float8, which PyTorch compares not
    there = weight != 0
    rows, columns = (there.any(1 - axis).cpu().numpy() for axis in (0, 1))
    rows &= ~(special.duplicate_rows | _but_the_first(special.constant_rows))
    columns &= ~(special.duplicate_columns | _but_the_first(special.constant_columns))
    left = weight if rows.all() and columns.all() else weight[rows][:, columns]
    full = min(left.shape)
    if left is not weight and smallest_value(left, own.std, context.device) >= tolerance / _ACCURATE:
        rank = full
    else:
        rank = int(np.sum(spectra.true_values(left, own.std, context.device) > tolerance))
    return {"matrix_rank": rank, "rank_loss": min(m, n) - rank}


def _but_the_first(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    found = lines.copy()
    found[np.flatnonzero(lines)[:1]] = False
    return found


def _norms(evals: Floats, entries: Entries) -> Numbers:
    largest, total, std = float(evals[-1]), float(np.sum(evals)), entries.std
    return {
        "lambda_max": _in_units(largest, std),
        "spectral_norm": _in_units(largest, std),
        "log_spectral_norm": _log(largest, entries),
        "norm": _in_units(total, std),
        "log_norm": _log(total, entries),
        "stable_rank": total / largest,
        "sv_max": largest**0.5 * std,
    }


def _tail(law: power_law.PowerLaw, evals: Floats, entries: Entries) -> Numbers:
    weighted, std = law.alpha * _log(law.xmax, entries), entries.std
    return {
        "alpha": law.alpha,
        "xmin": _in_units(law.xmin, std),
        "xmax": _in_units(law.xmax, std),
        "D": law.D,
        "sigma": law.sigma,
        "num_pl_spikes": law.tail,
        "alpha_weighted": weighted,
        "log_alpha_norm": weighted + float(np.log10(np.sum((evals / law.xmax) ** law.alpha))),
    }


def _in_units(square: float, std: float) -> float | None:
    """A square in the weights' own units; None where float64 has no room for it."""
    return square * std * std or None


def _log(square: float, entries: Entries) -> float:
    return float(np.log10(square) + 2 * entries.log10_std)


def _payload(numbers: Numbers, reasons: dict[str, Reason], missing: Reason, **others: Any) -> PowerLaw:
    """The payload, with a reason for each number that is None: ``missing`` for those that are not among ``numbers``."""
    values, _ = finite(dict.fromkeys(NAMES) | numbers, {})
    beyond: dict[str, Reason] = dict.fromkeys(numbers, "beyond_float64")
    why = dict.fromkeys((*NAMES, *BESIDE, "hill"), missing) | beyond | reasons
    parts: dict[str, Any] = values | others
    return PowerLaw(**parts, reasons={name: code for name, code in why.items() if parts.get(name) is None})

"""Was the layer trained, or is it still as an initialisation drew it?

Every usual start has a law whose scale follows from the layer's shape. A start fits when none of its tests rejects:
those of the law (support, distribution, variance, mean), those of the bias, and those of the structure, which ask
whether independent entries of any law could make this matrix. The layer is ``as_drawn`` when a start fits. It was
``trained`` when none fits and the matrix has structure, too; without structure its start is one that is not listed,
or the training has not gone far. The null is exact for once, so that a p-value may decide.

Source: docs/method.md; the families are in :mod:`netaudit.numerics.laws.initialisation.families`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.initialisation.evidence import (
    bias_sample,
    orthogonal_gain,
    structure,
    weights_sample,
    without_clamped,
)
from netaudit.analyses.layer.initialisation.payload import FEWEST, LEVEL, Initialisation, Start
from netaudit.numerics.laws.initialisation.families import Family, Law, bias_laws, families
from netaudit.numerics.laws.initialisation.law_tests import TESTS, Sample, p_values, variance
from netaudit.results.payload import NotApplicable, number
from netaudit.text import capital, sentence

GAINS = (1.0, np.sqrt(2), 5 / 3, 0.01)
"""Gains that orthogonal matrices are drawn with: linear, ReLU, tanh, and the output layer of policies."""
_SAME_GAIN = 1e-3
"""Relative error of a gain after rounding to bfloat16."""
_LARGEST = 1e30
"""No start draws weights beyond it, or below its inverse, and their squares need not be finite."""
_LEAST = 1e-12
"""Smallest p-value of a single test: that of the Tracy-Widom law."""


@dataclass(frozen=True)
class _Fit:
    """One family with the p-values of its tests."""

    name: str
    tests: dict[str, float]
    p: float
    """Corrected for the tests and the layers."""
    uniform: bool


def measure(context: LayerContext) -> Initialisation | NotApplicable:
    """Judge one layer."""
    weight = context.layer.weight
    if context.unusable:
        if weight.numel() and not weight.any():
            return _exactly("zeros", context)
        return NotApplicable(sentence(capital(context.unusable)))
    if not 1 / _LARGEST < context.entries.std < _LARGEST or abs(context.entries.mean) > _LARGEST:
        return Initialisation(verdict="unknown_start", family=None, families=(), p_adjusted=0.0)
    context, clamped = without_clamped(context)
    entries, sample = context.entries, weights_sample(context)
    std = number(float(np.sqrt(sample.mean_square)))
    if _is_identity(context):
        return _exactly("identity", context, std)
    gain = orthogonal_gain(context)
    if gain is not None:
        listed_gain = any(abs(gain / each - 1) < _SAME_GAIN for each in GAINS)
        return _exactly("orthogonal", context, std, listed_gain)
    traces = dict(structure(context, float(np.mean(entries.z**6))))
    if clamped < 1.0:
        traces["clamped"] = clamped
    bias = None if context.layer.bias is None else bias_sample(context.layer.bias)
    listed = families(*context.shape, context.layer.fan_out, context.blocks)
    closest = min(listed, key=lambda family: abs(np.log(family.law.std**2 / sample.mean_square)))
    near = [family for family in listed if family is closest or variance(sample, family.law) > _LEAST]
    fits = sorted((_fit(family, sample, bias, traces, context) for family in near), key=lambda fit: -fit.p)
    good = [fit for fit in fits if fit.p >= LEVEL]
    structure_p = _corrected(traces, context)
    shown = good[0] if good else next(fit for fit in fits if fit.name == closest.name)
    verdict = _verdict(good, structure_p, sample.count)
    return Initialisation(
        verdict=verdict,
        family=good[0].name if good else None,
        families=tuple(dict.fromkeys(fit.name for fit in good)),
        p_adjusted=fits[0].p,
        closest=None if good else closest.name,
        structure_p_adjusted=structure_p,
        tests=shown.tests,
        std=std,
    )


def _verdict(good: list[_Fit], structure_p: float, count: int) -> Start:
    if good:
        # a uniform and a normal law that both fit: the layer cannot tell what it was drawn from
        told = count >= FEWEST and len({fit.uniform for fit in good}) == 1
        return "as_drawn" if told else "too_small"
    if structure_p < LEVEL:
        return "trained"
    return "unknown_start" if count >= FEWEST else "too_small"


def _fit(family: Family, sample: Sample, bias: Sample | None, traces: dict[str, float], context: LayerContext) -> _Fit:
    tests = dict(zip(TESTS, p_values(sample, family.law), strict=True)) | traces
    if bias is not None:
        tests["bias"] = _bias(bias, family, context.shape[1])
    tests = {name: max(p, _LEAST) if p else 0.0 for name, p in tests.items()}
    return _Fit(family.name, tests, _corrected(tests, context), family.law.kind == "uniform")


def _bias(bias: Sample, family: Family, n: int) -> float:
    """The largest p-value over the usual starts of a bias; 1 for one constant, such as 0."""
    if bias.values[0] == bias.values[-1]:
        return 1.0
    return max(min(1.0, 2 * min(p_values(bias, law)[:2])) for law in bias_laws(n, family.law))


def _corrected(tests: dict[str, float], context: LayerContext) -> float:
    """The smallest p-value, times the number of the tests and of the layers."""
    return min(1.0, min(tests.values()) * len(tests) * context.of_layers)


def _is_identity(context: LayerContext) -> bool:
    """One number on the diagonal, and zeros."""
    weight, p = context.layer.weight, min(context.shape)
    if context.entries.zeros != weight.numel() - p:
        return False
    diagonal = weight.diagonal()
    return bool((diagonal == diagonal[0]).all()) and bool(diagonal[0] != 0)


def _exactly(name: str, context: LayerContext, std: float | None = None, listed: bool = True) -> Initialisation:
    """The payload of weights that need no test; the bias still does."""
    tests = {}
    if context.layer.bias is not None:
        n = context.shape[1]
        tests["bias"] = _bias(bias_sample(context.layer.bias), Family(name, Law("normal", 1 / np.sqrt(n))), n)
    p = (min(1.0, min(tests.values(), default=1.0) * context.of_layers)) if listed else 0.0
    fits = p >= LEVEL
    return Initialisation(
        verdict="as_drawn" if fits else "unknown_start",
        family=name if fits else None,
        families=(name,) if fits else (),
        p_adjusted=p,
        closest=None if fits else name,
        tests=tests,
        std=std,
    )

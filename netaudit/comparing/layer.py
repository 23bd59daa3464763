"""One layer and its partner: the size, the kind and the cause of the change, and the word for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.random_likeness.measure import measure as ladder_of
from netaudit.analyses.layer.random_likeness.payload import RandomLikeness
from netaudit.analyses.network.initialisation.since import change_and_values
from netaudit.comparing.alignment import NONE, Alignment
from netaudit.comparing.payload import Aligned, LayerComparison, Rounding, Update
from netaudit.comparing.roundings import explained, noise, rounding_std
from netaudit.comparing.rules import ERRORS, LOW_RANK, RULE, SAME_IN, by_cosine
from netaudit.comparing.spectrum import difference_curve
from netaudit.comparing.subspaces import overlap
from netaudit.network.layers import FCLayer
from netaudit.numerics.laws import tracy_widom

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_ABOVE_EDGE = 1.2
"""Singular values of D below so many edges of the rounding's noise are rounding: the errors of one row have one step
where its weights are of one size, and are not quite alike."""
_FLOAT64 = 2.0**-52
_ONE = 1 - 1e-15


@dataclass(frozen=True)
class Options:
    """What is measured."""

    seed: int
    device: torch.device
    ladder: bool = True
    """Whether the change is put on the ladder of nulls, which takes as long as the rest."""
    noise: bool = True
    """Whether roundings and subspaces are set beside the change."""


@dataclass(frozen=True)
class Similarity:
    """How alike two matrices are."""

    cosine: float
    null: float
    relative: float

    @property
    def interval(self) -> tuple[float, float]:
        """The cosine with its errors on either side, by Fisher's transformation: a cosine near 1 has smaller ones.

        Source: R. A. Fisher, Metron 1 (1921) 3: artanh of a correlation has a standard deviation that does not depend
        on it.
        """
        centre = np.arctanh(np.clip(self.cosine, -_ONE, _ONE))
        width = ERRORS * self.null
        return float(np.tanh(centre - width)), float(np.tanh(centre + width))

    @property
    def rule(self) -> str:
        """The rule that it satisfies."""
        return by_cosine(self.interval, self.relative)


def similarity(first: Tensor, second: Tensor) -> Similarity | None:
    """Compare two matrices ``[m, n]``, float64; None where one is constant.

    The cosine is that of the entries without their means. With random signs on the entries of one, its variance is
    sum a^2 b^2 / (||a||^2 ||b||^2) exactly, 1 / (m n) where all entries are of one size.
    """
    a, b = first - first.mean(), second - second.mean()
    norm_a, norm_b = float(a.norm()), float(b.norm())
    if not norm_a or not norm_b:
        return None
    cosine = float(np.clip(float((a * b).sum()) / (norm_a * norm_b), -1.0, 1.0))
    null = float((a * b).norm()) / (norm_a * norm_b)
    start = float(first.norm())
    return Similarity(cosine, null, float(min((second - first).norm() / start, 1e9)))


def compare_layers(first: FCLayer, second: FCLayer, options: Options, alignment: Alignment = NONE) -> LayerComparison:
    """Compare a layer with its partner of the same shape, in float64."""
    import torch

    a, b = first.weight.double(), second.weight.double()
    named: dict[str, Any] = {"layer": first.name, "other": second.name, "shape": first.shape}
    if not bool(torch.isfinite(a).all() and torch.isfinite(b).all()):
        return _unjudged(named, "A weight is not a finite number.")
    bias = _bias(first.bias, second.bias)
    if bool((a == b).all()):
        rule = "only_the_bias" if bias else "every_number_equal"
        return LayerComparison(
            **named, word=RULE[rule].word, rule=rule, cosine=1.0, bias_relative=bias, update="none", rank=0
        )
    unit = 2.0 ** float(torch.frexp(torch.stack([a.abs().max(), b.abs().max()]).max())[1])
    scaled_a, scaled_b = a / unit, b / unit  # exactly, so that no square overflows
    found = similarity(scaled_a, scaled_b)
    if found is None:
        return _unjudged(named, "The weights of one of the two are all the same number.")
    rounding = explained(a, b)
    moved = alignment.aligned(first.name, scaled_b)
    aligned = None if moved is None else similarity(scaled_a, moved)
    rule, reordered = _rule(found, aligned, rounding, max(_eps(first), _eps(second)))
    return LayerComparison(
        **named,
        word=RULE[rule].word,
        rule=rule,
        reordered=reordered,
        cosine=found.cosine,
        cosine_null=found.null,
        interval=found.interval,
        bias_relative=bias,
        rounding=rounding,
        noise=noise(a) if options.noise else (),
        overlap=overlap(scaled_a, scaled_b, options.seed) if options.noise else None,
        aligned=None if aligned is None else _aligned(first.name, alignment, aligned),
        **_difference(first, second, scaled_a, scaled_b, unit, options),
    )


def _unjudged(named: dict[str, Any], note: str) -> LayerComparison:
    return LayerComparison(**named, word="undecided", rule="not_comparable", note=note)


def _bias(first: Tensor | None, second: Tensor | None) -> float | None:
    if first is None and second is None:
        return None
    if first is None or second is None:
        given = first if first is not None else second
        return 1.0 if given is not None and bool(given.any()) else 0.0
    ours, theirs = first.double(), second.double()
    size, start = float((theirs - ours).norm()), float(ours.norm())
    return 0.0 if size == 0 else float(min(size / start, 1e9)) if start and np.isfinite(size) else 1.0


def _eps(layer: FCLayer) -> float:
    import torch

    return float(torch.finfo(layer.weight.dtype).eps)


def _rule(found: Similarity, aligned: Similarity | None, rounding: Rounding | None, eps: float) -> tuple[str, bool]:
    """The rule, and whether it is of the layer after alignment."""
    if aligned is not None and aligned.relative <= SAME_IN * eps:
        return "same_after_alignment", True
    if rounding is not None:
        return "within_half_a_step", False
    if aligned is not None and found.rule != "related_and_small" and aligned.rule == "related_and_small":
        return aligned.rule, True
    return found.rule, False


def _aligned(name: str, alignment: Alignment, found: Similarity) -> Aligned:
    above, below = alignment.above.get(name), alignment.below.get(name)
    return Aligned(
        moved=above.moved if above else 0,
        rescaled=max(each.spread for each in (above, below) if each),
        relative=found.relative,
        cosine=found.cosine,
        matched=above.matched if above else None,
        matched_null=above.matched_null if above else None,
    )


def _difference(first: FCLayer, second: FCLayer, a: Tensor, b: Tensor, unit: float, options: Options) -> dict[str, Any]:
    """The difference matrix, audited itself."""
    m, n = a.shape
    change, values = change_and_values(first.name, b, a)
    std = float((b - a).square().mean().sqrt())
    rank = 0
    if std and len(values):
        stored = max(rounding_std(layer.weight.double(), layer.dtype) for layer in (first, second)) / unit
        edge = _ABOVE_EDGE * tracy_widom.edge(stored / std, m, n) if min(m, n) > 1 else 0.0
        rank = int((values > max(edge, values[-1] * max(m, n) * _FLOAT64)).sum())
    made: dict[str, Any] = {
        "change": change,
        "rank": rank,
        "update": _update(rank, min(m, n)),
        "effective_rank": _effective_rank(values),
        "curve": difference_curve(values, m, n),
        "gaussian_rank": float(m * n / (np.sqrt(m) + np.sqrt(n)) ** 2),
    }
    if options.ladder:
        ladder = ladder_of(LayerContext(FCLayer(first.name, b - a), options.seed, options.device))
        made |= {"ladder": ladder} if isinstance(ladder, RandomLikeness) else {"note": ladder.note}
    return made


def _update(rank: int, p: int) -> Update:
    if not rank:
        return "rounding"
    return "low_rank" if rank <= max(1, LOW_RANK * p) and rank < p else "full"


def _effective_rank(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    if not len(values) or not values.any():
        return 0.0
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))

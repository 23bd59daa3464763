"""What is kept of H4: the verdict, the grid of sparsity and dropout, and how real activations come back."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Bounded, Count, Finding, Record, Share

Start = Literal["stored", "own_bias", "gauge", "permuted", "corrected", "gaussian"]
"""What an inversion starts from and what it goes through: real activations through the layer as it is stored, the same
with its own bias on the way forward, in the fixed gauge; the values of each in random places; real activations with
the corrected reverse pass; or through Gaussian matrices."""

Standing = Literal["as_gaussian", "better", "worse", "unclear"]
"""How the layer inverts beside a Gaussian layer. ``better`` is no failure: the property is an upper bound."""

RULE = "no_worse_than_a_random_layer"
TOLERANCE = 1.25
"""A factor of 1.25. Convention of netaudit: a 256 x 256 Gaussian layer stays within 1.1 in 98 % of draws; a rank-one
spike of four times the detection threshold adds a few percent, one of twenty a factor of 20."""
FEWEST_KEPT = 30
"""Least rho n: with fewer coordinates x is not a sum of many terms."""
LARGEST_ERROR = 0.5
"""Largest predicted error: beyond, the error saturates near 1 for any layer."""
FEWEST_INPUTS = 30
"""Real activations from which the verdict rests on them: a bootstrap of fewer is too narrow."""
LEVEL = 0.95
"""Nominal level of the bootstrap intervals."""

MEASURED = (
    "gain",
    "cross_talk_inflation",
    "relative_error",
    "relative_error_ratio",
    "support_auc",
    "support_precision",
    "support_recall",
)
"""At the judged cell, in the fixed gauge and without the common mode; with ``_as_stored`` of the layer as stored."""
METRICS = (
    "effective_inputs_share",
    *MEASURED,
    "relative_error_ratio_at_predicted_offset",
    "predicted_relative_error",
    "predicted_support_auc",
    "own_offset",
    "predicted_offset",
    "nonzeros",
    "coherence",
    "coherence_cross_talk",
    "common_mode",
    "common_mode_as_stored",
    "control_support_auc",
    "real_error_ratio",
    *(f"{name}_as_stored" for name in MEASURED),
)
JUDGED = ("cross_talk_inflation", "relative_error_ratio")
"""What the verdict rests on without real activations: not the gain, since the property is up to a multiple of h."""
REAL = "real_error_ratio"
"""What it rests on with them: the part of h about its mean that does not come back, over that of Gaussian layers."""

KeepProbability = Annotated[float, Meta(gt=0, le=1)]


class GridCell(Record, frozen=True):
    """Means over the draws of one cell (k, rho), beside what they are in a Gaussian layer."""

    k: Annotated[int, Meta(ge=1)]
    """Number of non-zeros of h."""
    rho: KeepProbability
    """Dropout keep probability."""
    used: bool
    """Whether the theory speaks of the cell: k < rho n, rho n of at least 30, and a predicted error up to one half."""
    gain: Bounded
    """What comes back on the support, over what a Gaussian layer gives back."""
    cross_talk_inflation: Bounded
    """Variance that comes back off the support, over that of a Gaussian layer."""
    relative_error: Bounded
    """At the layer's own best constant offset, which is found on half of the draws; measured on the other half."""
    relative_error_predicted_offset: Bounded
    """At the constant offset that is best for a Gaussian layer."""
    relative_error_none: Bounded
    """Without an offset."""
    relative_error_hard: Bounded
    """At the best hard threshold."""
    support_auc: Bounded
    """How well what comes back tells the support from the rest: area under the ROC curve."""
    support_precision: Bounded
    """Share of the outputs above the threshold that are in the support."""
    support_recall: Bounded
    """Share of the support that is above the threshold."""
    predicted_relative_error: Bounded
    """``relative_error`` of a Gaussian layer."""
    predicted_relative_error_none: Bounded
    """``relative_error_none`` of a Gaussian layer."""
    predicted_relative_error_hard: Bounded
    """``relative_error_hard`` of a Gaussian layer."""
    predicted_support_auc: Bounded
    """``support_auc`` of a Gaussian layer."""
    predicted_support_precision: Bounded
    """``support_precision`` of a Gaussian layer."""
    predicted_support_recall: Bounded
    """``support_recall`` of a Gaussian layer."""
    offset: Bounded
    """The constant offset that is best for a Gaussian layer, in units of the predicted noise off the support."""
    own_offset: Bounded
    """The layer's own best constant offset, in the same units."""
    threshold: Bounded
    """The best hard threshold, in the same units."""


class InversionCurve(Record, frozen=True):
    """The whole grid."""

    cells: Annotated[tuple[GridCell, ...], Meta(min_length=1, max_length=100)]
    """One a pair of k and rho."""

    @property
    def drawn(self) -> tuple[GridCell, ...]:
        """The cells that have a place on logarithmic axes: largest rho first, then by k."""
        positive = (cell for cell in self.cells if min(cell.relative_error, cell.predicted_relative_error) > 0)
        return tuple(sorted(positive, key=lambda cell: (-cell.rho, cell.k)))


class Recovered(Record, frozen=True):
    """How one kind of h comes back at one keep probability: means over the h. None where float32 overflows."""

    kind: Start
    """Where the inversion starts."""
    rho: KeepProbability
    """Dropout keep probability."""
    n: Count
    """Number of h."""
    k: Bounded
    """Mean number of non-zeros of h."""
    cosine: Bounded | None
    """Cosine between h and what comes back."""
    centred_cosine: Bounded | None
    """The same after the means over the inputs are taken off: what the mean activation explains does not count."""
    other_cosine: Bounded | None
    """Cosine between what comes back and the h of another input."""
    mean_cosine: Bounded | None
    """Cosine between the mean h and h: what an answer that does not look at the input reaches."""
    retrieval: Share | None
    """Share of the inputs whose own h is the nearest of all to what comes back."""
    relative_error: Bounded | None
    """After the one gain over all h that makes it smallest."""
    support_auc: Bounded | None
    """How well what comes back tells the support of h from the rest."""


class ShadowInversion(Finding, frozen=True, kw_only=True):
    """H4: the layer can be run in reverse."""

    standing: Standing | None = None
    """Beside a Gaussian layer; None where nothing was judged."""
    recovered: Annotated[tuple[Recovered, ...], Meta(max_length=100)] = ()
    """The layer's real activations and their controls; empty without real inputs."""
    curve: InversionCurve | None = None
    """The figure's data; None where nothing was judged."""

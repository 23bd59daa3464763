"""What is kept of H4: the verdict, the grid of sparsity and dropout, and how real activations come back."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Bounded, Count, Finding, Record

Start = Literal["real", "synthetic", "gaussian"]
"""Where an inversion starts: real activations through the layer, synthetic ones through the layer, or real ones
through a Gaussian matrix."""

RULE = "equivalence_with_a_random_like_layer"
TOLERANCE = 1.25
"""A factor of 1.25 either way. Convention of netaudit: a 256 x 256 Gaussian layer stays within 1.1 in 98 % of draws; a
rank-one spike of four times the detection threshold adds a few percent, one of twenty a factor of 20."""
FEWEST_KEPT = 30
"""Least rho n: with fewer coordinates x is not a sum of many terms."""
LARGEST_ERROR = 0.5
"""Largest predicted error: beyond, the error saturates near 1 for any layer."""

SUMMARY = (
    "gain",
    "cross_talk_inflation",
    "relative_error",
    "predicted_relative_error",
    "relative_error_ratio",
    "support_auc",
    "support_precision",
    "support_recall",
)
"""Medians over the cells that count; with ``_uncentred`` of the layer as stored, its mean included."""
METRICS = (*SUMMARY, "control_support_auc", *(f"{name}_uncentred" for name in SUMMARY))
JUDGED = ("cross_talk_inflation", "gain", "relative_error_ratio")

KeepProbability = Annotated[float, Meta(gt=0, le=1)]


class GridCell(Record, frozen=True):
    """Means over the draws of one cell (k, rho), beside what they are in a Gaussian layer."""

    k: Annotated[int, Meta(ge=1)]
    """Number of non-zeros of h."""
    rho: KeepProbability
    """Dropout keep probability."""
    used: bool
    """Whether the cell counts for the medians."""
    gain: Bounded
    """What comes back on the support, over what a Gaussian layer gives back."""
    cross_talk_inflation: Bounded
    """Variance that comes back off the support, over that of a Gaussian layer."""
    relative_error: Bounded
    """At the best constant offset."""
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
    """The best constant offset, in units of the predicted noise off the support."""
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
    relative_error: Bounded | None
    """After the one gain over all h that makes it smallest."""
    support_auc: Bounded | None
    """How well what comes back tells the support of h from the rest."""


class ShadowInversion(Finding, frozen=True, kw_only=True):
    """H4: the layer can be run in reverse."""

    recovered: Annotated[tuple[Recovered, ...], Meta(max_length=100)] = ()
    """The layer's real activations, beside synthetic ones and beside a Gaussian matrix; empty without real inputs."""
    curve: InversionCurve | None = None
    """The figure's data; None where nothing was judged."""

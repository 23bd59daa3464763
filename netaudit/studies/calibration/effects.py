"""The figures of each claim that the study keeps, and sets beside theory and tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Effect:
    """One metric of a finding, as the claim's tolerance counts it."""

    metric: str
    label: str
    tolerance: str = "tolerance"
    """The analysis' setting that it is compared with."""
    complement: bool = False
    """The tolerance is on 1 less the metric."""

    def of(self, value: float) -> float:
        """The effect for a value of the metric; its own inverse."""
        return 1 - value if self.complement else value


EFFECTS: Mapping[str, tuple[Effect, ...]] = {
    "gaussian_weights": (Effect("ks_gaussian", "KS distance to the Gaussian"),),
    "constant_bias": (Effect("std_over_preactivation_scale", "spread over the pre-activation scale"),),
    "singular_law": (
        Effect("ks_marchenko_pastur", "KS distance to the law"),
        Effect("bulk_variance_share", "share of variance in spikes", "outside", complement=True),
    ),
    "shadow_inversion": (Effect("cross_talk_inflation", "cross-talk inflation"),),
}
"""The effects of each claim; the one that its verdict rests on first comes first."""

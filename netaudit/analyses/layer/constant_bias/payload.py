"""What is kept of H2: the verdict and the sorted biases."""

from __future__ import annotations

from netaudit.results.payload import Bounded, Finding, Record, Values, same_length

AGAINST_PREACTIVATIONS = "constant_against_the_preactivation_scale"
"""The rule with real inputs."""
AGAINST_MEDIAN = "constant_against_its_own_median"
"""The rule without real inputs; it cannot fail."""
TOLERANCE = 0.1
"""A tenth. Convention of netaudit: a spread of a tenth of the pre-activations' root mean square moves a gate's chance
to be open by about 4 % (the Gaussian density at 0 times 0.1)."""
METRICS = (
    "mean",
    "std",
    "median",
    "mad",
    "share_negative",
    "std_over_abs_median",
    "share_within_10pct_of_scale",
    "std_over_preactivation_scale",
    "preactivation_scale",
)


class BiasCurve(Record, frozen=True):
    """The biases in ascending order, in their own units."""

    probability: Values
    """``[Q]``, at most 200: the share of the biases below each quantile."""
    bias: Values
    """The quantiles, ``[Q]``."""
    median: Bounded
    """Median of the biases."""
    band: tuple[Bounded, Bounded]
    """From where to where a bias counts as constant."""

    def __post_init__(self) -> None:
        same_length(probability=self.probability, bias=self.bias)
        if not self.bias:
            raise ValueError("a curve of biases needs at least one")


class ConstantBias(Finding, frozen=True, kw_only=True):
    """H2: the biases of a layer are essentially one constant."""

    curve: BiasCurve | None = None
    """None where the claim does not apply, or where the band reaches beyond what can be drawn."""

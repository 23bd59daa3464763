"""H2: the biases of a layer are essentially one constant.

What counts is the spread of b against the scale of the pre-activations that it shifts, sigma ||x||, and that scale
takes real inputs. Without them only a bias that varies by a tenth of its own median can be called constant; ratios
to the median mean nothing for biases near 0, and std(b) / (sigma sqrt n) is small for any initialisation, so every
other case is undecided.

Source: hypothesis tested on AlexNet in Arora, Liang and Ma, arXiv:1511.05653; the rule is netaudit's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.judging import clean, judge, not_applicable
from netaudit.numerics import device as devices
from netaudit.results import Condition, Finding, Rule, curve_values

METRICS = (
    "mean",
    "std",
    "median",
    "mad",
    "share_negative",
    "std_over_abs_median",
    "share_within_10pct_of_scale",
    "std_over_preactivation_scale",
)
NEEDS_DATA = "needs real inputs (--data)"
_RESAMPLES = 500
_LARGEST = 1e100  # its square must be finite
_POINTS = 200  # quantiles drawn


@dataclass(frozen=True)
class ConstantBias:
    """With real inputs: std(b) within the tolerance of sigma ||x||. Without: of \\|median(b)\\|, or undecided."""

    tolerance: float = 0.1
    """A tenth. Convention of netaudit: a spread of a tenth of the typical pre-activation moves a gate's chance to be
    open by about 4 % (the Gaussian density at 0 times 0.1)."""
    claim: str = "constant_bias"

    def __call__(self, audited: AuditedLayer) -> Finding:
        """Judge H2."""
        bias = audited.layer.bias
        if bias is None:
            return not_applicable(self.claim, "the layer has no bias", METRICS)
        if bias.numel() < 2:
            return not_applicable(self.claim, "the layer has a single bias", METRICS)
        b = bias.double().numpy()
        if not np.isfinite(b).all():
            return not_applicable(self.claim, "the bias holds NaN or infinite values", METRICS)
        if np.abs(b).max() > _LARGEST:
            return not_applicable(self.claim, f"the bias holds values beyond {_LARGEST:.0e}", METRICS)
        std, median = float(b.std()), float(np.median(b))
        scale = self._scale(audited)
        own = 0.0 if std == 0 else std / abs(median) if median else None
        metrics, reasons = clean(
            {
                "mean": float(b.mean()),
                "std": std,
                "median": median,
                "mad": float(np.median(np.abs(b - median))),
                "share_negative": float((b < 0).mean()),
                "std_over_abs_median": own,
                "share_within_10pct_of_scale": None if scale is None else float(within(b, median, scale)),
                "std_over_preactivation_scale": None if scale is None else std / scale,
            },
            {"std_over_abs_median": "the median is 0"}
            | dict.fromkeys(("share_within_10pct_of_scale", "std_over_preactivation_scale"), NEEDS_DATA),
        )
        unit = scale if scale is not None else abs(median)
        condition = self._condition(audited, b, metrics, unit, scale is not None)
        return Finding(
            claim=self.claim,
            verdict="undecided" if condition is None else condition.verdict,
            metrics=metrics,
            reasons=reasons,
            conditions=() if condition is None else (condition,),
            rule=self._rule(scale),
            curve=self._curve(b, median, unit),
            note=self._note(b, std, median, scale),
        )

    def _condition(
        self,
        audited: AuditedLayer,
        b: NDArray[np.float64],
        metrics: Mapping[str, float | int | None],
        unit: float,
        has_data: bool,
    ) -> Condition | None:
        statistic = "std_over_preactivation_scale" if has_data else "std_over_abs_median"
        value = metrics[statistic]
        if value is None:
            return None
        interval = self._interval(audited, b, value, unit) if unit else (value, value)
        condition = judge(statistic, value, interval, (None, self.tolerance))
        if condition.verdict == "fails" and not has_data:  # the median is no scale: it can clear a bias, not convict it
            condition = replace(condition, verdict="undecided")
        return condition

    def _scale(self, audited: AuditedLayer) -> float | None:
        """sigma ||x||, the typical pre-activation of a random-like layer on the real inputs."""
        if not audited.input_norm or audited.unusable:
            return None
        return audited.entries.std * audited.input_norm

    def _interval(
        self, audited: AuditedLayer, b: NDArray[np.float64], value: float, unit: float
    ) -> tuple[float, float]:
        """95 % percentile bootstrap of std(b), in the unit of the statistic; holds the value even for two biases."""
        generator = devices.numpy_generator(audited.seed, self.claim, audited.layer.name)
        spreads = [b[generator.integers(0, b.size, b.size)].std() for _ in range(_RESAMPLES)]
        low, high = np.quantile(spreads, [0.025, 0.975]) / unit
        return min(float(low), value), max(float(high), value)

    def _rule(self, scale: float | None) -> Rule:
        origin = "netaudit convention: a tenth of the scale"
        if scale is None:
            statement = (
                f"holds if std(b), with its interval, is at most {self.tolerance} |median(b)|; undecided otherwise: "
                f"{NEEDS_DATA}"
            )
            return Rule("constant against its own median", origin, statement)
        statement = (
            f"holds if std(b), with its interval, is at most {self.tolerance} σ‖x‖ over the real inputs; fails if all "
            "of the interval lies above; undecided otherwise"
        )
        return Rule("constant against the pre-activation scale", origin, statement)

    def _curve(self, b: NDArray[np.float64], median: float, unit: float) -> dict[str, object]:
        probability = (np.arange(min(b.size, _POINTS)) + 0.5) / min(b.size, _POINTS)
        return {
            "probability": curve_values(probability),
            "bias": curve_values(np.quantile(b, probability)),
            "median": float(f"{median:.6g}"),
            "band": curve_values([median - self.tolerance * unit, median + self.tolerance * unit]),
        }

    def _note(self, b: NDArray[np.float64], std: float, median: float, scale: float | None) -> str:
        if std == 0:
            return f"Every bias is {median:.6g}."
        share = float((b < 0).mean())
        against = (
            f"{std / scale:.2g} of the pre-activation scale"
            if scale is not None
            else f"without real inputs its scale is unknown (median {median:.2g})"
        )
        return f"The biases have standard deviation {std:.2g}, {against}; {share:.0%} are negative."


def within(b: NDArray[np.float64], median: float, scale: float) -> float:
    """Share of biases within a tenth of ``scale`` from the median."""
    return float((np.abs(b - median) <= 0.1 * scale).mean())

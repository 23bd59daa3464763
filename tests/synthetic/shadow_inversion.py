"""A synthetic payload on the shadow inversion of a layer, made without torch and without the analysis itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from netaudit.analyses.layer.shadow_inversion.payload import (
    FEWEST_KEPT,
    JUDGED,
    LARGEST_ERROR,
    MEASURED,
    METRICS,
    REAL,
    RULE,
    TOLERANCE,
    GridCell,
    InversionCurve,
    Recovered,
    ShadowInversion,
)
from netaudit.results.payload import Condition, Null, Rule, unjudged
from netaudit.vocabulary import Verdict


def example(
    verdict: Verdict = "holds", shape: tuple[int, int] = (200, 320), *, data: bool = False, **other: Any
) -> ShadowInversion:
    """A layer that inverts as a Gaussian one, or one with seventeen times its cross-talk; ``other`` replaces fields.

    With ``data`` it has real activations.
    """
    if verdict == "not_applicable":
        return unjudged(ShadowInversion, METRICS, f"fewer than 2 outputs or {FEWEST_KEPT} inputs")
    m, n = shape
    inflation, ratio = (1.02, 1.0055) if verdict == "holds" else (17.0, 9.1)
    measured = {
        "gain": 1.004,
        "cross_talk_inflation": inflation,
        "relative_error": 0.0915 * ratio,
        "relative_error_ratio": ratio,
        "support_auc": 0.981,
        "support_precision": 0.9,
        "support_recall": 0.913,
    }
    stored = measured | {"gain": 1.21, "cross_talk_inflation": 14.2, "relative_error_ratio": 3.4}
    metrics: dict[str, float | int | None] = {"effective_inputs_share": 1 / inflation, **measured}
    metrics |= {
        "relative_error_ratio_at_predicted_offset": 1.2 * ratio,
        "predicted_relative_error": 0.0915,
        "predicted_support_auc": 0.993,
        "own_offset": 1.9,
        "predicted_offset": 1.5,
        "nonzeros": max(1, round(0.02 * m)),
        "coherence": inflation,
        "coherence_cross_talk": 0.97 * inflation,
        "common_mode": 7.9,
        "common_mode_as_stored": 6.1,
        "control_support_auc": 0.5004,
        "real_error_ratio": 0.62 if data else None,
    }
    metrics |= {f"{name}_as_stored": stored[name] for name in MEASURED}
    assert set(metrics) == set(METRICS)
    limits = (None, TOLERANCE)
    sparse = (
        Condition("cross_talk_inflation", inflation, (0.95 * inflation, 1.05 * inflation), limits, verdict),
        Condition("relative_error_ratio", ratio, (0.95 * ratio, 1.05 * ratio), limits, verdict),
    )
    real = (Condition(REAL, 0.62, (0.58, 0.66), limits, "holds"),)
    parts: dict[str, Any] = {
        "verdict": "holds" if data else verdict,
        "standing": "better" if data else {"holds": "as_gaussian", "fails": "worse"}.get(verdict, "unclear"),
        "metrics": metrics,
        "reasons": {} if data else {REAL: "no_real_activations"},
        "conditions": real if data else sparse,
        "rule": Rule(RULE, dict.fromkeys((REAL,) if data else JUDGED, TOLERANCE)),
        "nulls": (
            *((Null("gaussian", REAL, 8, 0.99, 1.0, 1.01),) if data else ()),
            *(Null("gaussian", name, 20, 0.93, 1.001, 1.08) for name in JUDGED),
            Null("independent", "support_auc", 1, 0.5004, 0.5004, 0.5004),
            *(
                Null(kind, name, 1, value, value, value, 1.3, (128, 128))
                for kind, value in (("permuted", 1.01), ("signs", 1.12))
                for name in JUDGED
            ),
        ),
        "recovered": _recovered() if data else (),
        "curve": _curve(m, n, inflation, ratio),
    }
    return ShadowInversion(**(parts | other))


def _curve(m: int, n: int, inflation: float, ratio: float) -> InversionCurve:
    rng = np.random.default_rng(m + n)
    cells = []
    for k in sorted({max(1, round(m * share)) for share in (0.005, 0.02, 0.1)}):
        for rho in (1.0, 0.5, 0.1):
            predicted = min(1.05, (k / (rho * n)) ** 0.62 * 1.5)
            measured = predicted * ratio * float(rng.normal(1, 0.02))
            cell = GridCell(
                k=k, rho=rho, used=k < rho * n and rho * n >= FEWEST_KEPT and predicted <= LARGEST_ERROR,
                gain=1.01, cross_talk_inflation=inflation, relative_error=measured,
                relative_error_predicted_offset=1.2 * measured, own_offset=1.9, relative_error_none=2 * measured,
                relative_error_hard=measured, support_auc=0.98, support_precision=0.9, support_recall=0.91,
                predicted_relative_error=predicted, predicted_relative_error_none=2 * predicted,
                predicted_relative_error_hard=predicted, predicted_support_auc=0.981, predicted_support_precision=0.89,
                predicted_support_recall=0.92, offset=2.3, threshold=3.6,
            )  # fmt: skip
            cells.append(cell)
    return InversionCurve(tuple(cells))


def _recovered() -> tuple[Recovered, ...]:
    """Real activations that lie along a layer's own spike, which come back better than through a Gaussian matrix."""
    cosines = {
        "stored": (0.9, 0.83, 0.6), "gauge": (0.91, 0.84, 0.62), "permuted": (0.71, 0.66, 0.43),
        "corrected": (0.95, 0.9, 0.66), "gaussian": (0.74, 0.69, 0.45),
    }  # fmt: skip
    return tuple(
        Recovered(
            kind, rho, 128, 61.3, cosine, cosine - 0.03, cosine / 4, 0.31, min(1.0, cosine + 0.05), 1 - cosine**2,
            (1 + cosine) / 2,
        )
        for index, rho in enumerate((1.0, 0.5, 0.1))
        for kind, row in cosines.items()
        for cosine in row[index : index + 1]
    )  # fmt: skip

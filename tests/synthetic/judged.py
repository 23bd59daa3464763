"""The four claims about one layer, judged as an audit judges them."""

from __future__ import annotations

from typing import Any

import torch
from synthetic.places import place
from torch import Tensor

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer import constant_bias, gaussian_weights, shadow_inversion, singular_law
from netaudit.analyses.needs import missing_of_layer
from netaudit.network.layers import FCLayer

CLAIMS = {
    each.ANALYSIS.name: each.ANALYSIS for each in (gaussian_weights, constant_bias, singular_law, shadow_inversion)
}


def explained(claim: str, finding: Any) -> str:
    """Why the claim got its verdict, as the report says it."""
    return "".join(span.text for item in CLAIMS[claim].present(finding, place()).explanation for span in item)


def judge(weight: Tensor, bias: Tensor | None = None, name: str = "layer", **context: Any) -> dict[str, Any]:
    """The finding on each claim; ``context`` goes to the :class:`LayerContext`."""
    layer = LayerContext(FCLayer(name, weight, bias), 0, torch.device("cpu"), **context)
    found = {}
    for claim, analysis in CLAIMS.items():
        missing = missing_of_layer(analysis.needs, layer)
        found[claim] = analysis.measure(layer) if missing is None else analysis.not_applicable(missing)
    return found

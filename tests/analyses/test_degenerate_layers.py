"""No weights take an audit down, or the good layer beside them: every analysis gives an answer, or says why not.

Warnings are errors here, as everywhere in the suite.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import netaudit
from netaudit.analyses.table import BUILT_IN
from netaudit.api import AuditReport

M, N = 40, 56
DENORMAL = 5e-324


def gaussian(m=M, n=N, seed=0, dtype=torch.float32):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def with_entry(value, dtype=torch.float32):
    weight = gaussian(dtype=dtype)
    weight[3, 5] = value
    return weight


def only_entry():
    weight = torch.zeros(M, N)
    weight[3, 5] = 2.0
    return weight


def half_dead():
    weight = gaussian()
    weight[::2] = 0
    return weight


def copies(m=M, n=N):
    weight = gaussian(m, n)
    weight[1::2] = weight[::2]
    return weight


LAYERS = {
    "identity": torch.eye(M),
    "long_identity": torch.eye(M, N),
    "tall_identity": torch.eye(N, M),
    "diagonal": torch.diag(torch.arange(1.0, M + 1)),
    "permutation": torch.eye(M)[torch.randperm(M, generator=torch.Generator().manual_seed(0))],
    "mask": (gaussian() > 0).float(),
    "signs": gaussian().sign(),
    "orthogonal": torch.linalg.qr(gaussian(M, M)).Q,
    "rank_one": torch.outer(gaussian(1, M)[0], gaussian(1, N)[0]),
    "rank_two": gaussian(M, 2) @ gaussian(2, N),
    "outer_of_ones": torch.outer(torch.arange(1.0, M + 1), torch.ones(N)),
    "constant": torch.full((M, N), 0.1),
    "zeros": torch.zeros(M, N),
    "half_dead": half_dead(),
    "dead_columns": half_dead().T.contiguous(),
    "copies": copies(),
    "all_the_same_row": gaussian(1, N).repeat(M, 1),
    "only_entry": only_entry(),
    "huge_entry": with_entry(1e30),
    "largest_entry": with_entry(torch.finfo(torch.float64).max, torch.float64),
    "both_largest": gaussian(dtype=torch.float64).sign() * torch.finfo(torch.float64).max,
    "1e300": gaussian(dtype=torch.float64) * 1e300,
    "1e-300": gaussian(dtype=torch.float64) * 1e-300,
    "float32_largest": gaussian().sign() * torch.finfo(torch.float32).max * torch.rand(M, N),
    "float16_largest": (gaussian().clamp(-3, 3) / 3 * 65504).half(),
    "float16_denormal": (gaussian() * 3e-7).half(),
    "float32_denormal": gaussian() * 1e-42,
    "float64_denormal": torch.from_numpy(np.round(3 * gaussian(dtype=torch.float64).numpy()) * DENORMAL),
    "pruned": gaussian() * (gaussian(seed=1) > 1.2),
    "almost_constant": 1 + 1e-7 * gaussian(),
    "not_a_number": with_entry(float("nan")),
    "infinite": with_entry(float("inf")),
    "one_row": gaussian(1, N),
    "one_column": gaussian(M, 1),
    "one_weight": gaussian(1, 1),
    "two_by_two": gaussian(2, 2),
}  # fmt: skip
NO_NUMBERS = {"rule", "curve", "levels", "step", "orthogonal", "family", "closest", "std"}
BY_ITS_RUNGS = {  # whose rung, and the reason in the table of rungs, says why there is no number
    "directions", "random_like_share", "interval", "directions_interval", "directions_least", "row_scales_spread",
    "column_scales_spread", "sigma", "variance_profile", "spacing_ratio", "spacing_interval", "vector_spread",
}  # fmt: skip
LAYER_ANALYSES = [analysis.name for analysis in BUILT_IN if analysis.scope == "layer"]
GOOD = {"good.weight": gaussian(48, 33, seed=7), "good.bias": torch.zeros(48)}


@pytest.fixture(scope="module")
def report():
    """One audit of all of them, between two good layers."""
    state = dict(GOOD)
    for name, weight in LAYERS.items():
        state |= {f"{name}.weight": weight, f"{name}.bias": weight[:, 0].clone()}
    state |= {"again.weight": GOOD["good.weight"], "again.bias": GOOD["good.bias"]}
    return netaudit.audit(state, device="cpu")


@pytest.fixture(scope="module")
def as_json(report):
    return {layer["name"]: layer["analyses"] for layer in json.loads(report.to_json())["layers"]}


@pytest.mark.parametrize("analysis", LAYER_ANALYSES)
@pytest.mark.parametrize("name", LAYERS)
def test_every_analysis_answers_or_says_why_not(as_json, name, analysis):
    payload = as_json[name][analysis]
    values = payload.get("metrics", payload)
    missing = {key for key, value in values.items() if value is None} - NO_NUMBERS
    if analysis == "random_likeness" and "rung" in payload:
        missing -= BY_ITS_RUNGS
    assert missing <= set(payload.get("reasons", {}))
    if payload.get("verdict") == "not_applicable":
        assert payload["note"].endswith(".")


def test_the_good_layers_are_as_they_are_alone(report):
    alone = netaudit.audit(GOOD, device="cpu", layers=["good"]).layers[0].analyses
    assert report.layers[0].analyses == alone
    assert report.layers[-1].analyses.keys() == alone.keys()


def test_it_is_read_back_and_rendered(report, tmp_path):
    again = AuditReport.from_json(report.to_json())
    assert again == report
    made = again.write(tmp_path, ["json", "html", "text"])
    for kind in ("html", "text"):
        page = made[kind].read_text(encoding="utf-8").lower().replace("nan or infinite", "")
        assert not any(word in page for word in (" nan", " inf ", ">nan", ">inf<"))

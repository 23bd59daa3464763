from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaudit.report.curves import read_curve

CLAIMS = ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion")


def without(curve, *path):
    """A copy of nested data without one entry."""
    key, *rest = path
    if isinstance(curve, list):
        return [without(curve[0], *path[1:]), *curve[1:]] if path[0] == 0 else curve
    return {k: v if k != key else without(v, *rest) for k, v in curve.items() if rest or k != key}


@pytest.mark.parametrize("claim", CLAIMS)
def test_reads_what_analysers_store(build_layer, claim):
    assert not isinstance(read_curve(build_layer("x").finding(claim)), str)


@pytest.mark.parametrize(
    ("claim", "path", "key"),
    [
        ("gaussian_weights", ("density",), "density"),
        ("gaussian_weights", ("clipped",), "clipped"),
        ("gaussian_weights", ("qq", "sample"), "sample"),
        ("constant_bias", ("median",), "median"),
        ("singular_law", ("law_edge",), "law_edge"),
        ("singular_law", ("spikes",), "spikes"),
        ("shadow_inversion", ("cells",), "cells"),
        ("shadow_inversion", ("cells", 0, "used"), "used"),
    ],
)
def test_a_missing_key_is_named(build_layer, claim, path, key):
    finding = build_layer("x").finding(claim)
    assert read_curve(replace(finding, curve=without(finding.curve, *path))) == f"the curve has no {key}"


def test_no_quantiles_is_no_obstacle(build_layer):
    finding = build_layer("x").finding("gaussian_weights")
    curve = read_curve(replace(finding, curve=without(finding.curve, "qq")))
    assert not isinstance(curve, str)
    assert len(curve.sample) == 0


@pytest.mark.parametrize(
    ("claim", "change", "reason"),
    [
        ("gaussian_weights", {"edges": [0, 1]}, "lengths"),
        ("gaussian_weights", {"density": []}, "not a list"),
        ("constant_bias", {"bias": "0123"}, "not a list"),
        ("constant_bias", {"median": None}, "not a number"),
        ("constant_bias", {"median": True}, "not a number"),
        ("constant_bias", {"median": float("nan")}, "not a number"),
        ("constant_bias", {"median": 10**400}, "too large"),
        ("constant_bias", {"band": [0, 1, 2]}, "cannot be drawn"),
        ("constant_bias", {"bias": [0.0] * 601}, "more than 600 values"),
        ("singular_law", {"law_edge": 0}, "at or below 0"),
        ("singular_law", {"edges": list(range(71, 0, -1))}, "do not increase"),
        ("shadow_inversion", {"cells": []}, "no cell"),
        ("shadow_inversion", {"cells": [{}] * 101}, "more than 100 cells"),
        ("shadow_inversion", {"cells": 7}, "cannot be drawn"),
    ],
)
def test_data_that_do_not_fit_are_refused_with_a_reason(build_layer, claim, change, reason):
    finding = build_layer("x").finding(claim)
    answer = read_curve(replace(finding, curve=finding.curve | change))
    assert isinstance(answer, str)
    assert reason in answer


def test_cells_without_a_figure_are_left_out(build_layer):
    finding = build_layer("x").finding("shadow_inversion")
    cells = [finding.curve["cells"][0], finding.curve["cells"][1] | {"relative_error": None}]
    assert len(read_curve(replace(finding, curve={"cells": cells})).cells) == 1


def test_unknown_claims_and_absent_curves(build_layer):
    finding = build_layer("x").finding("singular_law")
    assert read_curve(replace(finding, claim="other")) == "no figure is known for this claim"
    assert read_curve(replace(finding, curve=None)) == "there is no curve to draw"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("edges", "density", "gaussian", "clipped", "qq", "probability", "bias", "median", "band", "u", "law", "cells")


@given(st.sampled_from(CLAIMS), st.dictionaries(st.sampled_from(KEYS), json_values), json_values)
def test_no_json_makes_it_raise(build_layer, claim, curve, cell):
    finding = build_layer("x").finding(claim)
    read_curve(replace(finding, curve=finding.curve | curve))
    read_curve(replace(finding, curve={**finding.curve, "cells": [cell]}))

"""H4: what is measured of layers whose truth is known, and what the report says of it."""

import msgspec
import numpy as np
import pytest
import torch
from synthetic.drawing import svg
from synthetic.places import place
from synthetic.shadow_inversion import example

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.shadow_inversion import ANALYSIS
from netaudit.analyses.layer.shadow_inversion.payload import (
    FEWEST_KEPT,
    JUDGED,
    LARGEST_ERROR,
    METRICS,
    SUMMARY,
    InversionCurve,
    ShadowInversion,
)
from netaudit.analyses.layer.shadow_inversion.present import method, present
from netaudit.network.layers import FCLayer
from netaudit.report.document.formulas import formulas

M, N = 256, 384


def gaussian(m=M, n=N, seed=1):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def spiked(strength, m=M, n=N):
    """A Gaussian layer with a rank-one spike of ``strength`` sigma (mn)^(1/4)."""
    u, v = gaussian(m, 1, seed=2), gaussian(n, 1, seed=3)
    return gaussian(m, n) + strength * (m * n) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T


def measure(weight, **context):
    return ANALYSIS.measure(LayerContext(FCLayer("fc", weight), 0, torch.device("cpu"), **context))


def words(finding):
    return "".join(span.text for item in present(finding, place()).explanation for span in item)


def read(payload):
    return msgspec.json.decode(msgspec.json.encode(payload), type=ShadowInversion)


def test_a_gaussian_layer_does_as_predicted():
    finding = measure(gaussian() * 0.02)
    assert finding.verdict == "holds"
    assert [condition.statistic for condition in finding.conditions] == list(JUDGED)
    for name in JUDGED:
        assert finding.metrics[name] == pytest.approx(1, abs=0.1)
    assert finding.metrics["control_support_auc"] == pytest.approx(0.5, abs=0.05)
    assert set(finding.metrics) == set(METRICS)
    assert finding.recovered == ()
    assert read(finding) == finding
    low, high = finding.interval
    assert low <= finding.value <= high


@pytest.mark.parametrize(
    ("weight", "verdict"),
    [
        (torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (M, N))), "holds"),
        (torch.linalg.qr(gaussian(M, M)).Q.contiguous(), "fails"),
        (spiked(20), "fails"),
    ],
    ids=["uniform", "orthogonal", "spike"],
)
def test_verdicts(weight, verdict):
    assert measure(weight).verdict == verdict


def test_the_metrics_are_medians_over_the_cells_that_count():
    finding = measure(spiked(20))
    used = [cell for cell in finding.curve.cells if cell.used]
    assert 0 < len(used) < len(finding.curve.cells) == 9
    for cell in finding.curve.cells:
        counts = (
            cell.k < cell.rho * N and cell.rho * N >= FEWEST_KEPT and cell.predicted_relative_error <= LARGEST_ERROR
        )
        assert cell.used == counts
    for name in SUMMARY:
        if name != "relative_error_ratio":
            assert finding.metrics[name] == np.median([getattr(cell, name) for cell in used])
    ratios = [cell.relative_error / cell.predicted_relative_error for cell in used]
    assert finding.metrics["relative_error_ratio"] == np.median(ratios)


def test_a_mean_is_seen_in_the_layer_as_stored_alone():
    plain, shifted = measure(gaussian()), measure(gaussian() + 0.2)
    assert shifted.verdict == plain.verdict == "holds"
    assert shifted.metrics["cross_talk_inflation"] == pytest.approx(plain.metrics["cross_talk_inflation"], rel=1e-3)
    assert shifted.metrics["cross_talk_inflation_uncentred"] > 1.5
    assert plain.metrics["cross_talk_inflation_uncentred"] == plain.metrics["cross_talk_inflation"]


def test_nulls():
    quick, none = measure(gaussian(), nulls="quick"), measure(gaussian())
    kinds = [(null.kind, null.statistic) for null in quick.nulls]
    assert kinds[:4] == [*(("gaussian", name) for name in JUDGED), ("independent", "support_auc")]
    assert kinds[4:] == [(kind, name) for kind in ("permuted", "signs") for name in JUDGED]
    assert len(none.nulls) == 4
    assert quick.nulls[3].q01 == quick.metrics["control_support_auc"]


def test_real_activations():
    finding = measure(gaussian(), activations=gaussian(40, M, 3).relu())
    assert [(row.kind, row.rho) for row in finding.recovered] == [
        (kind, rho) for rho in (1.0, 0.5, 0.1) for kind in ("real", "synthetic", "gaussian")
    ]
    real, synthetic, through_gaussian = finding.recovered[:3]
    assert real.cosine == pytest.approx(through_gaussian.cosine, abs=0.05)
    assert real.n == 40
    assert synthetic.k == round(real.k)
    assert read(finding) == finding
    assert f"Real activations come back with cosine {real.cosine:.2g}, through a Gaussian matrix with" in words(finding)
    assert measure(gaussian(), activations=torch.zeros(5, M)).recovered == ()


def test_activations_beyond_float32_give_a_payload_that_can_be_read():
    finding = measure(gaussian(), activations=gaussian(40, M, 3).relu() * 1e30)
    assert finding.recovered[0].relative_error is None
    assert read(finding) == finding
    assert present(finding, place()).blocks[0].rows[0][4].text == "–"


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((1, 100), "Fewer than 2 outputs or 30 inputs."),
        ((100, 29), "Fewer than 2 outputs or 30 inputs."),
        ((2000, 30), "No cell of the grid has k < rho n, rho n >= 30 and predicted error <= 0.5."),
    ],
)
def test_layers_that_cannot_be_judged_say_why(shape, why):
    finding = measure(gaussian(*shape))
    assert finding.metrics == dict.fromkeys(METRICS)
    assert words(finding) == f"Shadow inversion – not applicable. {why}"
    presented = present(finding, place())
    assert presented.figures == presented.blocks == ()


def test_the_tolerance_widens_for_small_layers_and_says_so():
    small, large = measure(gaussian(40, 60)), example("holds")
    assert max(condition.limits[1] for condition in small.conditions) > 1.25
    assert small.rule.widened
    assert "a factor of 1.25; widened to twice the range of Gaussian layers of this shape" in words(small)
    for condition in small.conditions:
        assert f" {condition.limits[1]:.3g}" in words(small).partition("within this factor of 1:")[2]
    assert words(large).count("widened") == 0


def test_what_the_report_says():
    text = words(example("fails", data=True))
    for piece in (
        "Shadow inversion × fails. Off the support the layer returns 17 times the cross-talk of a random-like layer, "
        "the gain is 1, and the error is 9.1 times the prediction; the support is recovered with AUC 0.981 "
        "(independent matrix: 0.5).",
        " Real activations come back with cosine 0.91, through a Gaussian matrix with 0.74; synthetic ones as sparse "
        "with 0.71.",
        "Rule “equivalence with a random-like layer”: holds if each, with its interval, is within this factor of 1: "
        "cross-talk inflation 1.25, gain 1.25, relative error / predicted 1.25; fails if all of one interval lies "
        "beyond; undecided otherwise.",
        "Origin of the tolerance: netaudit convention: a factor of 1.25.",
        "Gaussian null: 20 draws (Gaussian layer, same grid), median 1.001.",
    ):
        assert piece in text
    assert "Real activations" not in words(example("fails"))


def test_table_of_real_activations():
    assert present(example("holds"), place()).blocks == ()
    [table] = present(example("holds", data=True), place("<fc>")).blocks
    assert table.caption == (
        "Real activations of layer <fc> sent down and back (128 inputs), the layer as stored. Relative error after one "
        "gain for all."
    )
    assert [column.title for column in table.columns] == [
        *("h", "ρ", "Non-zeros", "Cosine", "Relative error", "Support AUC")
    ]
    assert len(table.rows) == 9
    assert [row[0].text for row in table.rows[:3]] == [
        "real, through the layer",
        "synthetic, through the layer",
        "real, through a Gaussian matrix",
    ]
    assert [span.text for span in table.rows[0][1:]] == ["1", "61.3", "0.91", "0.172", "0.955"]


def test_figure():
    finding = example("holds")
    [figure] = present(finding, place("<fc>")).figures
    assert figure.stem == "shadow_error"
    assert figure.caption == (
        "Shadow error of layer <fc>: measured (points) and predicted for a Gaussian matrix (lines), over the sparsity "
        "k and the keep probability ρ. Hollow points are left out of the medians."
    )
    first = finding.curve.cells[0]
    assert f" k = 1, ρ = 1: {first.relative_error:.3g} measured, " in figure.alt
    assert figure.alt.count(" predicted;") == len(finding.curve.cells) - 1
    assert 5_000 < len(svg(figure)) < 100_000
    all_used = InversionCurve(tuple(cell for cell in finding.curve.cells if cell.used))
    [other] = present(example("holds", curve=all_used), place()).figures
    assert "Hollow" not in other.caption


def altered(**changes):
    cells = example("holds").curve.cells
    return InversionCurve((msgspec.structs.replace(cells[0], **changes), *cells[1:]))


def test_cells_without_a_place_on_logarithmic_axes_are_left_out():
    assert len(altered(relative_error=0.0).drawn) == len(altered().drawn) - 1 == 8
    nothing = InversionCurve(altered(predicted_relative_error=0.0).cells[:1])
    finding = example("holds", curve=nothing)
    assert present(finding, place()).figures == ()
    assert words(finding).endswith("No figure: no cell of the grid has both a measured and a predicted error.")


@pytest.mark.parametrize(
    "cells",
    [
        [{"k": 1, "rho": 0.1, "relative_error": 1e90, "predicted_relative_error": 1e-90}],
        [{"k": k, "rho": rho / 7} for k in (1, 10**9) for rho in range(1, 8)],
    ],
    ids=["180 decades", "more series than colours"],
)
def test_odd_grids_are_drawn(cells):
    [cell, *_] = example("holds").curve.cells
    curve = InversionCurve(tuple(msgspec.structs.replace(cell, **changes) for changes in cells))
    finding = read(example("holds", curve=curve))
    [figure] = present(finding, place()).figures
    assert svg(figure).startswith("<svg")


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["curve"].pop("cells"),
        lambda p: p["curve"].update(cells=[]),
        lambda p: p["curve"].update(cells=7),
        lambda p: p["curve"].update(cells=p["curve"]["cells"] * 12),
        lambda p: p["curve"]["cells"][0].pop("used"),
        lambda p: p["curve"]["cells"][0].update(k=0),
        lambda p: p["curve"]["cells"][0].update(k=2.5),
        lambda p: p["curve"]["cells"][0].update(rho=0),
        lambda p: p["curve"]["cells"][0].update(relative_error=None),
        lambda p: p["curve"]["cells"][0].update(relative_error=1e101),
        lambda p: p["recovered"][0].update(kind="<b>"),
        lambda p: p["recovered"][0].update(k=1e300),
        lambda p: p["recovered"][0].update(n=-1),
        lambda p: p["recovered"][0].pop("cosine"),
        lambda p: p.update(recovered=p["recovered"] * 12),
    ],
)
def test_what_does_not_fit_is_refused(change):
    fields = msgspec.to_builtins(example("fails", data=True))
    assert msgspec.convert(fields, type=ShadowInversion) == example("fails", data=True)
    change(fields)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, type=ShadowInversion)


def test_a_finding_with_nothing_in_it_is_presented():
    text = words(read(ShadowInversion(verdict="fails", metrics={})))
    assert "Off the support the layer returns – times" in text


def test_the_method_has_the_limits_of_the_grid():
    text = "".join(block for block in method().blocks if isinstance(block, str))
    assert f"a predicted error of at most {LARGEST_ERROR}, beyond which" in text
    assert formulas()["enough"].typst == f"rho n >= {FEWEST_KEPT}"

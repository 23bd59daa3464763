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
    FEWEST_INPUTS,
    FEWEST_KEPT,
    JUDGED,
    LARGEST_ERROR,
    METRICS,
    REAL,
    InversionCurve,
    ShadowInversion,
)
from netaudit.analyses.layer.shadow_inversion.present import method, present
from netaudit.analyses.layer.shadow_inversion.words import line
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
    for name in (*JUDGED, "gain"):
        assert finding.metrics[name] == pytest.approx(1, abs=0.15)
    assert finding.metrics["control_support_auc"] == pytest.approx(0.5, abs=0.05)
    assert set(finding.metrics) == set(METRICS)
    assert finding.metrics["effective_inputs_share"] == 1 / finding.metrics["cross_talk_inflation"]
    for name in ("coherence", "coherence_cross_talk", "common_mode", "common_mode_as_stored"):
        assert finding.metrics[name] == pytest.approx(1, abs=0.1)
    assert finding.metrics["support_auc"] == pytest.approx(finding.metrics["predicted_support_auc"], abs=0.01)
    assert finding.standing == "as_gaussian"
    assert finding.recovered == ()
    assert read(finding) == finding
    low, high = finding.interval
    assert low <= finding.value <= high


def circulant(side):
    row = gaussian(1, side)[0]
    return torch.stack([row.roll(shift) for shift in range(side)])


@pytest.mark.parametrize(
    ("weight", "verdict", "standing"),
    [
        (torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (M, N))), "holds", "as_gaussian"),
        (torch.linalg.qr(gaussian(M, M)).Q.contiguous(), "holds", "better"),
        (torch.eye(M, N) + 1e-3 * gaussian(), "holds", "better"),  # its gain is 2: a multiple of h is all that is asked
        (spiked(20), "fails", "worse"),
    ],
    ids=["uniform", "orthogonal", "identity", "spike"],
)
def test_verdicts(weight, verdict, standing):
    finding = measure(weight)
    assert (finding.verdict, finding.standing) == (verdict, standing)


def test_a_circulant_layer_does_not_fail_for_being_better():
    finding = measure(circulant(M))
    assert finding.verdict == "holds"
    assert finding.metrics["effective_inputs_share"] > 1


def test_the_name_of_a_layer_does_not_change_the_verdict():
    weight, h = spiked(5), gaussian(40, M, 3).relu()
    first, *others = (
        ANALYSIS.measure(LayerContext(FCLayer(name, weight), 0, torch.device("cpu"), activations=h))
        for name in ("fc", "layers.0.weight", "")
    )
    assert all(other == first for other in others)


def rescaled(weight, seed=5):
    rows, columns = (gaussian(side, 1, seed + i).mul(0.5).exp() for i, side in enumerate(weight.shape))
    return rows * weight * columns.T, rows


def test_rescaled_units_change_no_verdict():
    for weight in (gaussian(), spiked(6)):
        one, twin = measure(weight), measure(rescaled(weight)[0])
        assert (twin.verdict, twin.standing) == (one.verdict, one.standing)
        for name in (*JUDGED, "effective_inputs_share", "coherence", "common_mode", "support_auc"):
            assert twin.metrics[name] == pytest.approx(one.metrics[name], rel=1e-3)
        assert abs(twin.metrics["relative_error_ratio_as_stored"] - 1) > 0.1


def test_zero_rows_and_columns_are_left_out():
    weight = gaussian(M + 20, N + 20)
    weight[:20], weight[:, :20] = 0, 0
    alone, padded = measure(weight[20:, 20:]), measure(weight)
    assert padded.verdict == alone.verdict == "holds"
    for name in JUDGED:
        assert padded.metrics[name] == pytest.approx(alone.metrics[name], rel=1e-4)


def test_the_layer_s_own_offset_is_no_worse_than_the_gaussian_one():
    finding = measure(spiked(12) + 0.5 * gaussian(1, N, 4))
    own, given = (finding.metrics[f"relative_error_ratio{which}"] for which in ("", "_at_predicted_offset"))
    assert own < given
    assert finding.metrics["own_offset"] != pytest.approx(finding.metrics["predicted_offset"], rel=0.05)


def test_the_grid_has_every_cell():
    finding = measure(spiked(20))
    used = [cell for cell in finding.curve.cells if cell.used]
    assert 0 < len(used) < len(finding.curve.cells) == 9
    for cell in finding.curve.cells:
        counts = (
            cell.k < cell.rho * N and cell.rho * N >= FEWEST_KEPT and cell.predicted_relative_error <= LARGEST_ERROR
        )
        assert cell.used == counts
    judged = finding.metrics["nonzeros"]
    assert judged == round(0.02 * M)
    [same] = [cell for cell in finding.curve.cells if (cell.k, cell.rho) == (judged, 1.0)]
    assert finding.metrics["cross_talk_inflation"] == pytest.approx(same.cross_talk_inflation, rel=0.25)


def test_a_mean_is_seen_in_the_layer_as_stored_alone():
    plain, shifted = measure(gaussian()), measure(gaussian() + 0.2)
    assert shifted.verdict == plain.verdict == "holds"
    assert shifted.metrics["cross_talk_inflation"] == pytest.approx(plain.metrics["cross_talk_inflation"], rel=0.05)
    assert shifted.metrics["cross_talk_inflation_as_stored"] > 1.5


def test_a_common_mode_is_its_own_finding():
    plain, shifted = measure(gaussian()), measure(gaussian() + 0.3 * gaussian(1, N, 4))
    assert shifted.verdict == plain.verdict == "holds"
    assert shifted.metrics["common_mode"] > 10
    assert shifted.metrics["cross_talk_inflation_as_stored"] > 1.4 * shifted.metrics["cross_talk_inflation"]
    assert "common mode; as stored" in words(shifted)


def test_a_layer_without_unit_scales_is_judged_as_it_is_and_says_so():
    finding = measure(gaussian(M, M).triu())
    assert finding.warnings == ("no_unit_scales",)
    assert "No scales make its rows and columns equal" in words(finding)


def test_nulls():
    quick, none = measure(gaussian(), nulls="quick"), measure(gaussian())
    kinds = [(null.kind, null.statistic) for null in quick.nulls]
    assert kinds[:3] == [*(("gaussian", name) for name in JUDGED), ("independent", "support_auc")]
    assert kinds[3:] == [(kind, name) for kind in ("permuted", "signs") for name in JUDGED]
    assert len(none.nulls) == 3
    assert quick.nulls[2].q01 == quick.metrics["control_support_auc"]


def test_real_activations_decide():
    finding = measure(gaussian(), activations=gaussian(60, M, 3).relu())
    kinds = ("stored", "gauge", "permuted", "corrected", "gaussian")
    assert [(row.kind, row.rho) for row in finding.recovered] == [
        (kind, rho) for rho in (1.0, 0.5, 0.1) for kind in kinds
    ]
    assert [condition.statistic for condition in finding.conditions] == [REAL]
    assert finding.nulls[0].statistic == REAL
    assert finding.metrics[REAL] == pytest.approx(1, abs=0.05)
    assert (finding.verdict, finding.standing) == ("holds", "as_gaussian")
    assert {row.n for row in finding.recovered} == {60}
    assert read(finding) == finding
    assert "The layer inverts its own activations about as well as a random layer: 60 activations" in words(finding)


def own_activations(count=60):
    """A layer with a strong signal, and activations that lie along it."""
    u, v = gaussian(M, 12, 2), gaussian(N, 12, 3)
    weight = gaussian() + 3 * (M * N) ** 0.25 * torch.linalg.qr(u).Q @ torch.linalg.qr(v).Q.T
    h = (gaussian(count, 12, 4) @ torch.linalg.qr(u).Q.T + 0.01 * gaussian(count, M, 5)).relu()
    return weight, h


def test_a_layer_that_knows_its_own_activations_is_better_than_a_random_one_though_it_fails_on_sparse_vectors():
    weight, h = own_activations()
    assert measure(weight).verdict == "fails"
    finding = measure(weight, activations=h)
    assert (finding.verdict, finding.standing) == ("holds", "better")
    rows = {row.kind: row for row in finding.recovered if row.rho == 1}
    assert rows["gauge"].centred_cosine > rows["gaussian"].centred_cosine
    assert rows["gauge"].centred_cosine > rows["permuted"].centred_cosine
    assert "The layer inverts its own activations better than a random layer" in words(finding)
    twin, rows = rescaled(weight)
    assert measure(twin, activations=h * rows.T).standing == "better"


def test_too_few_activations_do_not_decide():
    finding = measure(gaussian(), activations=gaussian(FEWEST_INPUTS - 1, M, 3).relu())
    assert [condition.statistic for condition in finding.conditions] == list(JUDGED)
    assert finding.metrics[REAL] is not None
    assert measure(gaussian(), activations=torch.zeros(5, M)).recovered == ()
    assert measure(gaussian()).reasons[REAL] == "no_real_activations"
    assert measure(gaussian(), activations=torch.zeros(5, M)).reasons[REAL] == "unusable_activations"
    constant = 1e6 + 1e-7 * gaussian().double()  # up to rounding
    assert measure(constant, activations=gaussian(40, M, 3).relu()).reasons[REAL] == "unusable_activations"


def test_activations_beyond_float32_give_a_payload_that_can_be_read():
    finding = measure(gaussian(), activations=gaussian(40, M, 3).relu() * 1e30)
    assert finding.recovered[0].relative_error is None
    assert read(finding) == finding
    assert present(finding, place()).blocks[0].rows[0][7].text == "–"


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((1, 100), "Fewer than 2 outputs or 30 inputs."),
        ((100, 29), "Fewer than 2 outputs or 30 inputs."),
        ((2000, 30), "No k of the grid has k < n and a predicted error of at most 0.5."),
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
        assert f" {condition.limits[1]:.3g}" in words(small).partition("with its interval, is at most:")[2]
    assert words(large).count("widened") == 0


def test_limits_are_one_sided():
    assert {condition.limits[0] for condition in measure(gaussian()).conditions} == {None}


def test_what_the_report_says_of_sparse_vectors():
    text = words(example("fails"))
    for piece in (
        "Shadow inversion × fails. On random sparse vectors (4 non-zeros, no dropout) the layer inverts as a random "
        "layer with 5.9% of its inputs would: the cross-talk is 17 times that of a random layer, the gain 1, the error "
        "at the layer's own best offset 9.1 times the prediction, and the support is found with AUC 0.981 (random "
        "layer 0.993; independent matrix 0.5).",
        "Rule “no worse than a random layer”: holds if each, with its interval, is at most: cross-talk inflation 1.25, "
        "relative error / predicted 1.25; fails if all of one interval lies beyond; undecided "
        "otherwise. Better than a random layer is no failure. An interval is a 95% bootstrap "
        "over what was sent, or the range of 20 Gaussian layers where that is wider.",
        "Origin of the tolerance: netaudit convention: a factor of 1.25.",
        "Gaussian null: 20 draws (Gaussian layers, the same cell), median 1.001.",
    ):
        assert piece in text
    assert "own activations" not in text


def test_what_the_report_says_of_real_activations():
    text = words(example("fails", data=True))
    assert (
        "Shadow inversion ● holds. The layer inverts its own activations better than a random layer: 128 activations "
        "sent down and back correlate with what was sent at 0.88, through a random layer at 0.71, with their entries "
        "permuted at 0.68. What comes back is nearest to what was sent, of all, in 96% (random layer 79%); the "
        "corrected reverse pass gives 0.92 and 100%."
    ) in text
    assert "On random sparse vectors" in text


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (example("holds"), "can be run in reverse as well as a random layer"),
        (example("fails"), "can be run in reverse only as well as a random layer with 5.9% of its inputs"),
        (
            example("fails", data=True),
            "can be run in reverse better than a random layer on its own activations (correlation of what comes back "
            "0.88, random layer 0.71; nearest to what was sent in 96%, random layer 79%)",
        ),
        (example("not_applicable"), ""),
    ],
)
def test_the_line_on_page_one(finding, said):
    assert line(finding) == said


def test_table_of_real_activations():
    assert present(example("holds"), place()).blocks == ()
    [table] = present(example("holds", data=True), place("<fc>")).blocks
    assert table.caption.startswith("Real activations of layer <fc> sent down and back (128 inputs): the cosine of")
    assert [column.title for column in table.columns] == [
        *("h", "ρ", "Cosine", "Centred", "Another's h", "Mean h", "Own nearest", "Relative error", "Support AUC")
    ]
    assert len(table.rows) == 15
    assert [row[0].text for row in table.rows[:5]] == [
        "real, the layer as stored",
        "real, in the fixed gauge",
        "entries permuted, in the fixed gauge",
        "real, corrected reverse pass",
        "real, through Gaussian matrices",
    ]
    assert [span.text for span in table.rows[0][1:]] == ["1", "0.9", "0.87", "0.225", "0.31", "95%", "0.19", "0.95"]


def test_figure():
    finding = example("holds")
    [figure] = present(finding, place("<fc>")).figures
    assert figure.stem == "shadow_error"
    assert figure.caption == (
        "Shadow error of layer <fc> in the fixed gauge, at its own best offset: measured (points) and predicted for a "
        "Gaussian matrix (lines), over the sparsity k and the keep probability ρ. Hollow points: beyond what the "
        "theory speaks of."
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
    assert text == "Shadow inversion × fails No figure: no cell of the grid has both a measured and a predicted error."


def test_the_method_has_the_limits_of_the_grid():
    text = "".join(block for block in method().blocks if isinstance(block, str))
    assert f"whose predicted error is at most {LARGEST_ERROR}, without dropout" in text
    assert f"With {FEWEST_INPUTS} real activations and more the verdict rests on these" in text
    assert formulas()["enough"].typst == f"rho n >= {FEWEST_KEPT}"

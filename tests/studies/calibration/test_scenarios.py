"""The known layers are what they are said to be, in float64 and by independent means."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netaudit.studies.calibration import scenarios
from netaudit.studies.calibration.cells import CLAIMS, LayerCell
from netaudit.studies.calibration.claims import judge_claim, tolerances
from netaudit.studies.calibration.effects import EFFECTS
from netaudit.studies.calibration.measure import draw, judge

SHAPE = (300, 400)
STRENGTHS = {"student_t": 5.0, "correlated": 0.5, "spike": 3.0, "shifted": 0.05, "bias": 2.0}


def weights(scenario, shape=SHAPE, strength=None, seed=0):
    strength = STRENGTHS.get(scenario, 0.0) if strength is None else strength
    made = scenarios.WEIGHTS[scenario](shape, strength, torch.Generator().manual_seed(seed))
    assert made.dtype == torch.float32
    assert tuple(made.shape) == shape
    return made.double().numpy()


@pytest.mark.parametrize("scenario", [s for s in scenarios.WEIGHTS if s not in ("orthogonal", "shifted", "spike")])
def test_entries_have_mean_0_and_variance_1(scenario):
    entries = weights(scenario)
    assert abs(entries.mean()) < 0.02
    assert entries.var() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("scenario", "law"),
    [
        ("gaussian", stats.norm()),
        ("uniform", stats.uniform(-(3**0.5), 2 * 3**0.5)),
        ("laplace", stats.laplace(scale=0.5**0.5)),
        ("student_t", stats.t(5, scale=(3 / 5) ** 0.5)),
        ("correlated", stats.norm()),
    ],
)
def test_entries_follow_their_law(scenario, law):
    entries = weights(scenario).ravel()
    kept = entries if scenario != "correlated" else weights(scenario)[::20].ravel()  # 0.5^20: independent rows
    assert stats.kstest(kept, law.cdf).pvalue > 0.001


def test_rows_are_correlated_as_ar1():
    rows = weights("correlated", strength=0.5)
    for lag, expected in ((1, 0.5), (2, 0.25), (3, 0.125)):
        assert np.mean(rows[lag:] * rows[:-lag]) == pytest.approx(expected, abs=0.02)
    assert np.mean(rows[:, 1:] * rows[:, :-1]) == pytest.approx(0, abs=0.02)
    assert rows[0].var() == pytest.approx(1, abs=0.3)  # stationary from the first row on


def test_an_orthogonal_matrix_has_one_singular_value():
    matrix = weights("orthogonal", shape=(80, 80))
    np.testing.assert_allclose(matrix @ matrix.T, 80 * np.eye(80), atol=1e-3)
    assert abs(np.mean(np.diagonal(matrix))) < 0.5  # LAPACK's own signs would make the first column negative


@pytest.mark.parametrize("shape", [(300, 400), (100, 900)])
def test_a_spike_has_its_strength(shape):
    m, n = shape
    noise = scenarios.spike(shape, 0.0, torch.Generator().manual_seed(3)).double().numpy()
    added = weights("spike", shape, 4.0, seed=3) - noise
    s = np.linalg.svd(added, compute_uv=False)
    assert s[0] == pytest.approx(4 * (m * n) ** 0.25, rel=1e-4)
    assert s[1] < 1e-3


def test_a_shift_is_a_mean():
    assert weights("shifted").mean() == pytest.approx(0.05, abs=0.01)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["uniform", "laplace", "student_t", "correlated", "spike"]), st.integers(2, 12))
def test_any_shape_is_drawn_and_finite(scenario, side):
    assert np.isfinite(weights(scenario, shape=(side, 2 * side))).all()


@pytest.mark.parametrize(
    ("scenario", "strength", "unit", "centre", "spread"),
    [
        ("gaussian", 0.0, 20.0, 0.0, 0.05),
        ("bias", 2.0, 20.0, 0.0, 0.2),
        ("bias_without_inputs", 2.0, 1.0, 1.0, 0.2),
    ],
)
def test_the_bias_spreads_in_the_unit_that_it_is_judged_in(scenario, strength, unit, centre, spread):
    many = scenarios.bias(scenario, (100_000, 400), strength, 0.1, torch.Generator().manual_seed(0))
    assert float(many.std()) == pytest.approx(spread * unit, rel=0.01)
    assert float(many.mean()) == pytest.approx(centre, abs=0.02)


def test_the_same_seed_gives_the_same_layer_and_another_one_another():
    cell = LayerCell("spike", (40, 60), 2.0, CLAIMS, 3)
    one, again, other = (draw(cell, seed) for seed in (0, 0, 1))
    assert torch.equal(one.layer.weight, again.layer.weight)
    assert torch.equal(one.layer.bias, again.layer.bias)
    assert not torch.equal(one.layer.weight, other.layer.weight)
    stronger = draw(LayerCell("spike", (40, 60), 3.0, CLAIMS, 3), 0)
    assert not torch.allclose(one.layer.weight, stronger.layer.weight, atol=0.5)  # its own noise, not the same again


def test_the_first_effect_of_a_claim_is_what_its_verdict_rests_on_first():
    audited = draw(LayerCell("gaussian", (64, 96), 0.0, CLAIMS, 1), 0)
    assert tuple(EFFECTS) == CLAIMS
    for claim, effects in EFFECTS.items():
        found = judge_claim(claim, audited)
        assert found.statistic == effects[0].metric
        for effect in effects:
            assert effect.of(effect.of(found.metrics[effect.metric])) == pytest.approx(found.metrics[effect.metric])
        assert all(effect.tolerance in tolerances()[claim] for effect in effects)


@pytest.mark.parametrize(("seed", "audit_seed"), [(0, 0), (19, 0), (20, 1), (199, 9)])
def test_the_null_is_drawn_anew_for_every_20_layers(seed, audit_seed):
    assert draw(LayerCell("gaussian", (8, 8), 0.0, CLAIMS, 1), seed).seed == audit_seed


def test_a_record_is_what_the_analyses_say():
    cell = LayerCell("student_t", (64, 96), 3.0, ("gaussian_weights", "singular_law"), 1)
    record = judge(cell, 7)
    audited = draw(cell, 7)
    said = {claim: judge_claim(claim, audited) for claim in cell.claims}
    assert record["cell"] == "student_t 64x96 3"
    assert record["seed"] == 7
    assert record["spikes"] == said["singular_law"].metrics["spikes"]
    assert set(record["findings"]) == {"gaussian_weights", "singular_law"}
    for claim, finding in record["findings"].items():
        assert finding["verdict"] == said[claim].verdict
        for metric, value in finding["values"].items():
            assert value == said[claim].metrics[metric] != 0
    assert "spikes" not in judge(LayerCell("bias", (64, 96), 1.0, ("constant_bias",), 1), 0)

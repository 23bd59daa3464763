"""The metrics under WeightWatcher's names: their definitions on a true SVD, their nulls, and what cannot be had."""

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.power_law import ANALYSIS
from netaudit.analyses.layer.power_law.measure import measure, power_law_nulls
from netaudit.analyses.layer.power_law.payload import BESIDE, FEWEST, PowerLaw, columns
from netaudit.analyses.needs import missing_of_layer
from netaudit.network.layers import FCLayer
from netaudit.numerics import lanczos, spectrum
from netaudit.numerics.laws.power_law import LEAST_VALUES, fit
from netaudit.numerics.laws.spikes import bulk_sigma

ALPHA = ("alpha", "xmin", "xmax", "D", "sigma", "num_pl_spikes", "alpha_weighted", "log_alpha_norm")
ALPHA += BESIDE
BEYOND = ("lambda_max", "spectral_norm", "norm", "xmin", "xmax")


def measured(weight, name="layer", seed=0, **context):
    weight = torch.as_tensor(weight)
    return measure(LayerContext(FCLayer(name, weight), seed=seed, device=torch.device("cpu"), **context))


def gaussian(m, n, seed=1):
    return np.random.default_rng(seed).standard_normal((m, n))


def heavy(m, n):
    """Rows of very different sizes: a spectrum whose tail is a power law."""
    generator = np.random.default_rng(5)
    return generator.standard_normal((m, n)) * (generator.pareto(1.0, (m, 1)) + 1) ** 0.5


def nearly_centred(m, n):
    """A mean that the verdicts do not notice, and an exact figure must."""
    return gaussian(m, n) - gaussian(m, n).mean() + 0.005


@pytest.mark.parametrize(
    "weight", [gaussian(60, 90), gaussian(90, 60) + 0.3, nearly_centred(60, 90), heavy(120, 200) * 0.02]
)
def test_definitions(weight):
    found, s = measured(weight), np.linalg.svd(weight, compute_uv=False)
    evals, law = s**2, fit(s**2)
    assert (found.N, found.M, found.num_evals) == (max(weight.shape), min(weight.shape), min(weight.shape))
    assert pytest.approx(max(weight.shape) / min(weight.shape)) == found.Q
    expected = {
        "lambda_max": evals[0],
        "spectral_norm": np.linalg.norm(weight, 2) ** 2,
        "log_spectral_norm": np.log10(evals[0]),
        "norm": np.sum(weight**2),
        "log_norm": np.log10(np.sum(weight**2)),
        "stable_rank": np.sum(weight**2) / evals[0],
        "mp_softrank": bulk_sigma(s[::-1], *weight.shape) ** 2
        * (weight.shape[0] ** 0.5 + weight.shape[1] ** 0.5) ** 2
        / evals[0],
        "sv_max": s[0],
        "sv_min": s[-1],
        "matrix_rank": np.linalg.matrix_rank(weight),
        "rank_loss": 0,
        "alpha": law.alpha,
        "xmin": law.xmin,
        "xmax": evals[0],
        "D": law.D,
        "sigma": (law.alpha - 1) / np.sum(evals >= law.xmin) ** 0.5,
        "num_pl_spikes": np.sum(evals >= law.xmin),
        "alpha_weighted": law.alpha * np.log10(evals[0]),
        "log_alpha_norm": np.log10(np.sum(evals**law.alpha)),
    }
    assert {name: found.weightwatcher_metrics[name] for name in expected} == pytest.approx(expected, rel=1e-7)
    assert found.reasons == {}
    low, high = found.alpha_interval
    assert low < high


def test_a_gaussian_layer_lies_within_its_own_null_and_a_heavy_tail_below():
    for seed in range(4):
        found = measured(gaussian(200, 320, seed))
        assert found.alpha_null.q01 <= found.alpha <= found.alpha_null.q99
        assert found.D_null.q01 <= found.D <= found.D_null.q99
    assert 0.95 < found.mp_softrank < 1.1
    found = measured(heavy(200, 320))
    assert found.alpha < found.alpha_null.q01
    assert found.D_null.q01 > found.D


def test_the_null_is_the_fit_of_gaussian_matrices():
    generator = np.random.default_rng(0)
    laws = [fit(np.linalg.svd(generator.standard_normal((80, 50)), compute_uv=False) ** 2) for _ in range(400)]
    for null, drawn in zip(power_law_nulls(0, 80, 50), ("alpha", "D"), strict=True):
        low, middle, high = np.quantile([getattr(law, drawn) for law in laws], [0.01, 0.5, 0.99])
        assert null.draws == 200
        assert null.median == pytest.approx(middle, rel=0.12)
        assert null.q01 == pytest.approx(low, rel=0.15)
        assert null.q99 == pytest.approx(high, rel=0.4)


def test_units_change_only_what_carries_them():
    one, other = measured(heavy(60, 90)), measured(heavy(60, 90) * 1e-4)
    squares = {"lambda_max", "spectral_norm", "norm", "xmin", "xmax"}
    logs = {"log_norm": -8, "log_spectral_norm": -8, "alpha_weighted": -8 * one.alpha, "log_alpha_norm": -8 * one.alpha}
    expected = {
        name: value * (1e-8 if name in squares else 1e-4 if name in {"sv_max", "sv_min"} else 1) + logs.get(name, 0)
        for name, value in one.weightwatcher_metrics.items()
    }
    assert other.weightwatcher_metrics == pytest.approx(expected, rel=1e-9)
    assert (other.alpha_interval, other.alpha_null) == (pytest.approx(one.alpha_interval), one.alpha_null)


def test_a_transpose_has_the_same_measured():
    one, other = measured(heavy(60, 90)), measured(heavy(60, 90).T.copy())
    assert other.weightwatcher_metrics == pytest.approx(one.weightwatcher_metrics, rel=1e-9)
    assert other.D_null == one.D_null


def test_the_seed_and_the_name_decide_the_interval():
    weight = gaussian(40, 60)
    assert measured(weight) == measured(weight)
    assert measured(weight).alpha_interval != measured(weight, name="other").alpha_interval
    assert measured(weight).alpha_interval != measured(weight, seed=1).alpha_interval
    assert measured(weight).alpha_null != measured(weight, seed=1).alpha_null


def orthogonal(n):
    return np.linalg.qr(gaussian(n, n))[0]


@pytest.mark.parametrize(
    ("weight", "missing", "why", "positive"),
    [
        (gaussian(9, 500), ALPHA, "too_few_eigenvalues", 9),
        (orthogonal(40), ALPHA, "equal_eigenvalues", 40),
        (gaussian(40, 5) @ gaussian(5, 60), ALPHA, "too_few_eigenvalues", 5),
        (gaussian(40, 15) @ gaussian(15, 60), ("mp_softrank",), "bulk_within_rounding", 15),
        (gaussian(40, 39) @ gaussian(39, 60), ("sv_min",), "smallest_too_small", 39),
        (gaussian(40, 60) * 1e-180, BEYOND, "beyond_float64", 40),
        (gaussian(40, 60) * 1e180, BEYOND, "beyond_float64", 40),
    ],
)
def test_what_cannot_be_had_says_why(weight, missing, why, positive):
    found = measured(weight)
    for name in missing:
        assert getattr(found, name) is None
        assert found.reasons[name] == why
    assert found.positive_evals == positive
    assert np.isfinite([found.log_norm, found.log_spectral_norm, found.stable_rank, found.sv_max]).all()


def test_an_estimated_spectrum_has_the_norms_alone(monkeypatch):
    monkeypatch.setattr(lanczos, "probes_for", lambda p: 8)
    monkeypatch.setattr(lanczos, "STEPS", 100)
    weight = torch.as_tensor(gaussian(300, 400) + 0.2).float()
    exact, estimated = measured(weight), measured(weight, method="lanczos")
    for name in ("norm", "lambda_max", "sv_max", "stable_rank", "N", "M", "Q", "num_evals"):
        assert getattr(estimated, name) == pytest.approx(getattr(exact, name), rel=1e-5)
    assert set(estimated.reasons) == {*ALPHA, "sv_min", "mp_softrank", "matrix_rank", "rank_loss", "hill"}
    assert set(estimated.reasons.values()) == {"only_estimated"}


def test_as_many_eigenvalues_as_the_fit_takes():
    assert FEWEST == LEAST_VALUES


def test_ten_eigenvalues_are_enough():
    found = measured(gaussian(10, 300))
    assert found.num_pl_spikes >= 8
    assert found.alpha_null.q01 < found.alpha < found.alpha_null.q99


@pytest.mark.parametrize("weight", [torch.zeros(40, 50), torch.full((40, 50), float("nan")), torch.zeros(0, 50)])
def test_weights_that_cannot_be_judged_are_found_out_before(weight):
    why = missing_of_layer(ANALYSIS.needs, LayerContext(FCLayer("layer", weight), 0, torch.device("cpu")))
    assert why.startswith(("every weight is", "the weight holds", "the weight is empty"))


def test_columns_of_a_data_frame():
    found = measured(gaussian(40, 60))
    row = columns(found)
    assert list(row)[:4] == ["N", "M", "Q", "num_evals"]
    assert list(row)[-11:] == [
        "alpha_low", "alpha_high", "alpha_null_q01", "alpha_null_median", "alpha_null_q99",
        "D_null_q01", "D_null_median", "D_null_q99", "vuong", "alpha_unit_scales", "D_unit_scales",
    ]  # fmt: skip
    assert len(row) == 23 + 11
    assert (row["alpha"], row["alpha_high"]) == (found.alpha, found.alpha_interval[1])
    assert row["D_null_median"] == found.D_null.median
    assert columns(measured(gaussian(9, 60)))["alpha_null_q01"] is None


@settings(max_examples=25, deadline=None)
@example(1, 1, 0.0, 1.0)
@example(40, 40, 1e300, 1e300)
@example(40, 40, 1e6, 1e-7)
@given(
    st.integers(1, 50), st.integers(1, 50), st.sampled_from([0.0, 1.0, -1e4]), st.sampled_from([0.0, 1e-7, 1.0, 1e-160])
)
def test_any_layer_has_a_number_or_a_reason(m, n, mean, sigma):
    weight = torch.as_tensor(gaussian(m, n, seed=m * 100 + n) * sigma + mean)
    context = LayerContext(FCLayer("layer", weight), seed=0, device=torch.device("cpu"))
    assume(not context.unusable)
    found = measure(context)
    assert set(found.reasons) == {name for name, value in msgspec.structs.asdict(found).items() if value is None}
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), PowerLaw) == found


@pytest.mark.parametrize("rank", [39, 30, 3])
def test_the_rank_is_that_of_a_true_decomposition(rank):
    found = measured(gaussian(40, rank) @ gaussian(rank, 60))
    assert (found.matrix_rank, found.rank_loss) == (rank, 40 - rank)


@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (50, 50)])
@pytest.mark.parametrize("kind", ["dead", "duplicate", "constant", "all", "dead and low"])
def test_of_dead_and_repeated_units_the_rank_needs_no_true_decomposition(monkeypatch, shape, kind):
    """With one dead unit AlexNet's fc6 took minutes."""
    weight = gaussian(*shape)
    if kind == "dead and low":
        weight = gaussian(shape[0], 20) @ gaussian(20, shape[1])
    if kind != "duplicate":
        weight[3] = 0
    if kind in ("duplicate", "all"):
        weight[5:9], weight[:, 7] = weight[4], weight[:, 8]
    if kind in ("constant", "all"):
        weight[10], weight[11], weight[12] = 1.0, -2.0, 0.5
    if kind != "dead and low":
        monkeypatch.delattr(spectrum, "true_values")
    found, rank = measured(weight), np.linalg.matrix_rank(weight)
    assert rank < min(shape) or shape[0] > shape[1]
    assert (found.matrix_rank, found.rank_loss) == (rank, min(shape) - rank)


@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (40, 40), (2, 2)])
def test_a_smallest_value_that_the_gram_product_drowns_is_found_without_all_the_others(monkeypatch, shape):
    """At 1e-9 of the largest its square is 1e-18, below float64's rounding."""
    monkeypatch.delattr(spectrum, "true_values")
    u, s, v = np.linalg.svd(gaussian(*shape), full_matrices=False)
    s[-1] = 1e-9 * s[0]
    found = measured(u * s @ v)
    assert found.matrix_rank == min(shape)
    assert found.sv_min == pytest.approx(s[-1], rel=1e-4)


def test_alpha_with_unit_scales_does_not_change_with_the_scales_of_units():
    weight, generator = gaussian(60, 90) + 3 * np.outer(gaussian(60, 1), gaussian(1, 90)), np.random.default_rng(3)
    scaled = weight * np.exp(generator.standard_normal((60, 1))) * np.exp(generator.standard_normal(90))
    one, other = measured(weight), measured(scaled)
    assert other.alpha != pytest.approx(one.alpha, rel=0.05)
    assert other.alpha_unit_scales == pytest.approx(one.alpha_unit_scales, rel=1e-6)
    assert other.D_unit_scales == pytest.approx(one.D_unit_scales, rel=1e-6)


def test_the_hill_plot_passes_through_the_fit_and_has_a_gaussian_band():
    found = measured(gaussian(60, 90))
    curve = found.hill
    assert curve.chosen == found.num_pl_spikes
    assert np.interp(np.log(found.num_pl_spikes), np.log(curve.tail), curve.alpha) == pytest.approx(
        found.alpha, rel=0.15
    )
    inside = [
        low <= a <= high for low, a, high in zip(curve.gaussian_low, curve.alpha, curve.gaussian_high, strict=True)
    ]
    assert np.mean(inside) > 0.9
    low_rank = measured(gaussian(60, 20) @ gaussian(20, 90))
    assert low_rank.hill.gaussian_low == ()


def test_sparse_matrices_have_no_unit_scales_and_say_so():
    weight = np.triu(gaussian(40, 40))
    found = measured(weight)
    assert (found.alpha_unit_scales, found.reasons["alpha_unit_scales"]) == (None, "no_unit_scales")

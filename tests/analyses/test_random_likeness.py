"""The ladder of nulls: planted layers stand on the rung that they were made for, in every gauge."""

import math

import numpy as np
import pytest
import torch
from msgspec.structs import replace

import netaudit
from netaudit.analyses.analysis import Place
from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.initialisation.evidence import sides
from netaudit.analyses.layer.random_likeness.measure import measure
from netaudit.analyses.layer.random_likeness.payload import RandomLikeness
from netaudit.analyses.layer.random_likeness.present import answer, present, set_aside, with_profile
from netaudit.analyses.network.random_likeness.payload import NetworkRandomLikeness
from netaudit.analyses.network.random_likeness.present import line
from netaudit.network.layers import FCLayer
from netaudit.numerics.laws.spikes import landing
from netaudit.results.payload import NotApplicable

SIDE = 200


def ladder(A, seed: int = 0):
    weight = torch.from_numpy(np.ascontiguousarray(A))
    layer = FCLayer(name="layer", weight=weight, bias=None, activation="relu", origin="Linear")
    return measure(LayerContext(layer, seed, torch.device("cpu")))


def gaussian(seed: int, m: int = SIDE, n: int = SIDE):
    return np.random.default_rng(seed).standard_normal((m, n))


def signals(seed: int, strengths, m: int = SIDE, n: int = SIDE):
    rng = np.random.default_rng([seed, 1])
    total = np.zeros((m, n))
    for strength in strengths:
        u, v = rng.standard_normal(m), rng.standard_normal(n)
        total += strength * (m * n) ** 0.25 * np.outer(u / np.linalg.norm(u), v / np.linalg.norm(v))
    return total


def scales(seed: int, m: int = SIDE, n: int = SIDE, spread: float = 0.5):
    rng = np.random.default_rng([seed, 2])
    return np.exp(spread * rng.standard_normal((m, 1))), np.exp(spread * rng.standard_normal(n))


def test_a_gaussian_a_uniform_and_a_shifted_start_are_as_drawn():
    for A in (gaussian(0), np.random.default_rng(1).random((SIDE, 300)) - 0.5, gaussian(2) + 1):
        found = ladder(A)
        assert (found.rung, found.directions, found.random_like_share) == ("as_drawn", 0, 1.0)
        assert [rung.name for rung in found.rungs] == ["as_drawn", "unit_scales", "directions", "local", "none"]


def test_scaled_units_are_random_up_to_their_scales():
    rows, columns = scales(3)
    found = ladder(rows * gaussian(3) * columns)
    assert (found.rung, found.directions, found.random_like_share) == ("unit_scales", 0, 1.0)
    assert found.row_scales_spread == pytest.approx(np.std(np.log(rows)), rel=0.1)
    assert not found.set_aside.single_weights  # large scales are no single weights


def test_planted_directions_are_counted_with_the_share_that_they_leave():
    strengths = [6, 5, 4, 3, 2.5]
    found = ladder(gaussian(4) + signals(4, strengths))
    assert (found.rung, found.directions) == ("directions", 5)
    beyond = sum(landing(strength, 1, SIDE, SIDE) ** 2 for strength in strengths)
    total = SIDE**2 + sum(strength**2 * SIDE for strength in strengths)
    assert found.random_like_share == pytest.approx(1 - beyond / total, abs=0.02)
    assert found.interval[0] < found.random_like_share < found.interval[1]
    assert 3 <= found.directions_least <= 5
    assert found.sign_draws == 19
    assert found.strongest[0].strength == pytest.approx(6, rel=0.1)
    assert not any(direction.common_mode for direction in found.strongest)


@pytest.mark.parametrize("transform", ["rescaled", "permuted", "transposed", "smaller"])
def test_no_gauge_changes_the_answer(transform):
    A = gaussian(5, 120, 180) + signals(5, [7, 4, 3], 120, 180)
    own = ladder(A)
    rows, columns = scales(6, 120, 180, 0.8)
    rng = np.random.default_rng(7)
    other = {
        "rescaled": rows * A * columns,
        "permuted": A[rng.permutation(120)][:, rng.permutation(180)],
        "transposed": A.T,
        "smaller": 1e-200 * A,
    }[transform]
    found = ladder(other)
    assert (found.rung, found.directions) == (own.rung, own.directions) == ("directions", 3)
    assert found.random_like_share == pytest.approx(own.random_like_share, rel=1e-5)
    assert found.rungs[2].distance == pytest.approx(own.rungs[2].distance, abs=1e-5)
    assert found.spacing_ratio == pytest.approx(own.spacing_ratio, rel=1e-4)


def test_a_mean_is_a_direction_of_the_rescaled_twin():
    rows, columns = scales(8)
    found = ladder(rows * (gaussian(8) + 0.4) * columns)
    assert (found.rung, found.directions) == ("directions", 1)
    assert found.strongest[0].common_mode


def test_a_smooth_density_of_its_own_is_random_only_locally():
    rng = np.random.default_rng(9)
    turned = np.linalg.qr(rng.standard_normal((500, 500)))[0]
    spread = np.where(np.arange(500) < 250, 0.15, 1.0)  # inputs of two variances, mixed so that no scales show it
    A = rng.standard_normal((500, 500)) * spread @ turned.T
    found = ladder(A)
    assert (found.rung, found.directions, found.random_like_share) == ("local", None, None)
    assert found.vector_spread == pytest.approx(3, abs=0.3)


@pytest.mark.parametrize("kind", ["orthogonal", "identity", "low_rank"])
def test_what_no_random_matrix_is_stands_on_no_rung(kind):
    A = {
        "orthogonal": np.linalg.qr(gaussian(10))[0],
        "identity": np.eye(SIDE),
        "low_rank": gaussian(11, SIDE, 8) @ gaussian(12, 8, SIDE),
    }[kind]
    found = ladder(A)
    assert (found.rung, found.directions, found.random_like_share) == ("none", None, 0.0)


def test_dead_duplicate_and_single_weights_are_set_aside_and_said():
    A = gaussian(13)
    A[:60], A[70], A[100, 5] = 0, A[71], 60
    found = ladder(A)
    assert found.rung == "as_drawn"
    aside = found.set_aside
    assert (aside.dead_rows, aside.duplicate_rows, aside.single_weights) == (60, 1, 1)
    assert set_aside(aside) == (
        "Set aside before the layer was compared with random matrices: 60 dead outputs, 1 duplicate or constant "
        "output, 1 single huge weight."
    )


def test_measuring_leaves_float64_weights_as_they_are():
    A = gaussian(19, 80, 100) + 0.5
    A[3] = 0  # what is set aside takes another way
    weight = torch.from_numpy(A)
    context = LayerContext(FCLayer(name="layer", weight=weight.clone(), bias=None), 0, torch.device("cpu"))
    sides(context.layer.weight, context.entries.mean, context.entries.std)
    assert torch.equal(context.layer.weight, weight)
    found = measure(context)
    assert torch.equal(context.layer.weight, weight)
    assert found.strongest[0].common_mode  # the mean is not taken off before the directions are found
    assert found.strongest == ladder(A.astype(np.float32)).strongest


def test_what_is_set_aside_is_no_random_like_share_of_the_network():
    half = gaussian(17, 80, 100)
    half[:40] = 0
    weights = {
        "fc1.weight": torch.from_numpy(half).float(),
        "fc2.weight": torch.from_numpy(gaussian(18, 40, 80)).float(),
    }
    report = netaudit.audit(weights, analyses=["random_likeness"], nulls="none")
    found = report.analyses["random_likeness"]
    assert found.random_like_share == 1.0
    assert found.share_of_parameters == pytest.approx((40 * 100 + 40 * 80) / (80 * 100 + 40 * 80), rel=1e-5)
    columns = report.to_dataframe().iloc[0]
    assert (columns["random_likeness.rung"], columns["random_likeness.directions"]) == ("as_drawn", 0)


def test_what_no_rung_was_judged_of_is_undecided():
    A = np.zeros((80, 120))  # a random band: Sinkhorn's iteration is too slow for it
    for row in range(80):
        A[row, row * 111 // 80 :][:9] = np.random.default_rng(row).standard_normal(9)
    found = ladder(A)
    assert [rung.verdict for rung in found.rungs] == ["fails", "not_judged", "not_judged", "not_judged", "fails"]
    assert (found.rung, found.random_like_share) == ("undecided", None)


def test_what_is_left_is_judged_by_the_noise_of_its_own_size():
    rungs = ladder(gaussian(16, 64, 300) + signals(16, [5] * 16, 64, 300)).rungs
    assert rungs[2].directions == 16
    assert rungs[2].null_q99 == pytest.approx(rungs[0].null_q99 * 64 / 48)


def test_one_huge_weight_leaves_the_scaled_twin_its_rung_and_heavy_tails_do_not():
    A = gaussian(17)
    A[3, 5] = 40
    rows, columns = scales(17)
    assert [ladder(each).rung for each in (A, rows * A * columns)] == ["as_drawn", "unit_scales"]
    heavy = ladder(np.random.default_rng(18).standard_t(3, (256, 256)))
    assert heavy.set_aside.single_weights > 3
    assert heavy.rungs[1].reason == "single_weights"


def test_a_small_layer_is_not_judged():
    assert ladder(gaussian(14, 10, 300)) == NotApplicable("The smaller side is below 32.")
    A = gaussian(15, 40, 300)
    A[:20] = 0
    assert "without special weights" in ladder(A).note


def test_no_more_than_one_in_a_hundred_starts_is_mistaken():
    wrong = sum(ladder(gaussian([16, draw], 40, 64)).rung != "as_drawn" for draw in range(100))
    assert wrong <= 1


def test_the_words_say_what_was_found():
    found = ladder(gaussian(4) + signals(4, [6, 5, 4, 3, 2.5]))
    assert answer(found).startswith("random-like up to 5 directions, which leave ")
    place = Place(report=None, layer=None)  # type: ignore[arg-type]
    page = present(found, place)
    assert len(page.blocks[0].rows) == 4
    assert page.figures[0].stem == "ladder"
    assert not page.warnings


def test_page_one_says_how_far_the_share_is_open():
    found = NetworkRandomLikeness(
        rung="directions", directions=3, random_like_share=0.528, interval=(0.485, 0.71), layers={"directions": 4}
    )
    each = RandomLikeness(rung="directions", directions=1, random_like_share=0.5)
    said = line(found, [(name, each) for name in "abcd"])
    assert "(layer a: 1 direction, 50% random-like; " in said
    assert "; layer c: 1 direction, 50% random-like; and 1 more). " in said
    assert said.endswith(
        " 52.8% of the variance of the weights judged, between 48.5% and 71% as far as counting leaves it open, is "
        "random-like."
    )
    exact = replace(found, interval=(0.528, 0.528))
    assert line(exact, []).endswith(" 52.8% of the variance of the weights judged is random-like.")


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ({"as_drawn": 1}, "the one layer judged is a random matrix as drawn."),
        ({"as_drawn": 2}, "2 of 2 layers are random matrices as drawn."),
        (
            {"unit_scales": 1, "local": 1},
            "1 of 2 layers is a random matrix up to the scales of its units; "
            "1 of 2 layers is random only locally, in the spacings of its singular values.",
        ),
    ],
)
def test_one_layer_is_one_matrix(layers, says):
    found = NetworkRandomLikeness(rung="undecided", directions=None, random_like_share=None, layers=layers)
    assert line(found, []) == f"Random-like, up to what: {says}"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("alexnet-cifar10", {"fc6": (11, 0.930), "fc7": (8, 0.955)}),
        ("cifar10-mlp", {"fc2": (34, 0.75)}),
        ("mnist-mlp", {"4": (44, 0.65), "1": (106, 0.22)}),
    ],
)
def test_bundled_networks_are_where_independent_code_put_them(model, expected):
    report = netaudit.audit(model, analyses=["random_likeness"], layers=tuple(expected), nulls="none")
    for layer in report.layers:
        directions, share = expected[layer.name]
        found = layer.analyses["random_likeness"]
        assert found.rung == "directions"
        assert abs(found.directions - directions) <= math.ceil(0.06 * directions)
        assert found.random_like_share == pytest.approx(share, abs=0.015)
    whole = report.analyses["random_likeness"]
    assert whole.rung == "directions"
    assert whole.layers == {"directions": len(expected)}
    assert whole.directions == sum(layer.analyses["random_likeness"].directions for layer in report.layers)
    shares = [layer.analyses["random_likeness"].random_like_share for layer in report.layers]
    assert min(shares) <= whole.random_like_share <= max(shares)


def test_a_float8_layer_stands_where_its_numbers_stand():
    stored = torch.from_numpy(gaussian(19, 64, 96)).to(torch.float8_e4m3fn)
    layers = [FCLayer("layer", weight, None, "relu") for weight in (stored, stored.float())]
    own, wide = (measure(LayerContext(layer, 0, torch.device("cpu"))) for layer in layers)
    assert own.rung == wide.rung == "as_drawn"
    assert own.rungs[1].distance == pytest.approx(wide.rungs[1].distance, rel=1e-5)


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr("netaudit.analyses.layer.random_likeness.profile._WORK", 1)


def apart(m: int = 120, n: int = 180):
    """Ones in two blocks of different ratios of sides, and zeros elsewhere: no unit scales exist."""
    pattern = np.zeros((m, n))
    pattern[: m // 4, : 3 * n // 4] = 1
    pattern[m // 4 :, 3 * n // 4 :] = 1
    return pattern


def test_a_profile_without_unit_scales_follows_its_own_law_in_every_gauge(few_draws):
    A = apart() * gaussian(20, 120, 180)
    rows, columns = scales(20, 120, 180)
    rng = np.random.default_rng(20)
    permuted = A[rng.permutation(120)][:, rng.permutation(180)]
    for other in (A, rows * A * columns, A.T, permuted):
        found = ladder(other)
        profile = found.variance_profile
        assert found.rung == "undecided"
        assert (profile.verdict, profile.components, profile.reason) == ("follows", 2, None)
        assert profile.distance < profile.tolerance / 2
    assert found.rungs[0].distance > 0.15  # to the Marchenko-Pastur law
    assert len(present(found, Place(report=None, layer=None)).figures) == 1  # type: ignore[arg-type]


def test_correlated_weights_do_not_follow_the_law_of_their_profile(few_draws):
    A = gaussian(21, 120, 180)
    for row in range(1, 120):
        A[row] = 0.6 * A[row - 1] + 0.8 * A[row]
    profile = ladder(apart() * A).variance_profile
    assert profile.verdict == "does_not_follow"
    assert profile.interval[0] > profile.tolerance


def test_any_profile_that_can_be_scaled_is_random_up_to_unit_scales():
    rng = np.random.default_rng(22)
    S = rng.gamma(0.5, size=(250, 3)) @ rng.gamma(0.5, size=(3, 300))
    found = ladder(np.sqrt(S) * gaussian(22, 250, 300))
    assert found.rungs[0].distance > 0.1
    assert (found.rung, found.variance_profile) == ("unit_scales", None)


def test_with_unit_scales_the_last_rung_answers_for_every_profile():
    turned = np.linalg.qr(gaussian(23, 250, 250))[0]
    spread = np.where(np.arange(250) < 125, 0.15, 1.0)
    found = ladder(gaussian(24, 250, 250) * spread @ turned.T)
    profile = found.variance_profile
    assert (profile.verdict, profile.reason, profile.components) == ("does_not_follow", "unit_scales", None)
    assert "No profile of variances" in with_profile(profile)


def test_a_large_layer_is_judged_on_a_part(monkeypatch):
    monkeypatch.setattr("netaudit.analyses.layer.random_likeness.profile._MOST_ENTRIES", 1 << 14)
    m, n = 200, 180
    found = ladder(apart(m, n) * gaussian(25, m, n)).variance_profile
    assert found.verdict == "follows"
    assert found.shape == (135, 121)
    assert "random part" in with_profile(found)


def test_the_unit_scales_of_a_layer_are_found_once(monkeypatch):
    from netaudit.analyses.layer.power_law.measure import measure as power_law
    from netaudit.analyses.layer.shadow_inversion.measure import measure as shadow_inversion
    from netaudit.numerics import directions, scales

    weight, found = torch.from_numpy(gaussian(26, 64, 80)).float(), scales.unit_scales
    matrices = []  # the nulls' own among them
    monkeypatch.setattr(scales, "unit_scales", lambda *a, **k: matrices.append(a[0]) or found(*a, **k))
    monkeypatch.setattr(directions, "unit_scales", lambda *a, **k: pytest.fail("found again"))
    context = LayerContext(FCLayer("layer", weight, None, "relu"), 0, torch.device("cpu"))
    assert measure(context).rung == "as_drawn"
    power_law(context)
    shadow_inversion(context)
    assert sum(matrix is context.layer.weight for matrix in matrices) == 1


def test_a_law_that_is_not_found_is_not_judged():
    sizes = np.random.default_rng(27).choice([1e-280, 1.0], (60, 80))
    found = ladder(apart(60, 80) * gaussian(27, 60, 80) * sizes).variance_profile
    assert (found.verdict, found.reason) == ("not_judged", "not_solved")
    assert "were not solved" in with_profile(found)

"""Structured layers and starts are what they are said to be, in float64."""

import numpy as np
import pytest
import torch

from netaudit.numerics.laws.initialisation.families import families
from netaudit.studies.calibration import starts, structured
from netaudit.studies.calibration.answers import initialisation, is_wanted, ladder
from netaudit.studies.calibration.cells import LADDER, LayerCell
from netaudit.studies.calibration.measure import WEIGHTS, draw
from netaudit.studies.calibration.wishes import WISHES
from netaudit.studies.calibration.words import answer, layers

SHAPE = (120, 200)


def weights(scenario, strength, shape=SHAPE):
    made = WEIGHTS[scenario](shape, strength, torch.Generator().manual_seed(1))
    assert (made.dtype, tuple(made.shape)) == (torch.float32, shape)
    return made.double().numpy()


@pytest.mark.parametrize("pattern", structured.PATTERNS)
def test_directions_have_their_strengths(pattern):
    kinds = structured.PATTERNS[pattern]
    one, two = (structured.planted(kinds, SHAPE, 0.0, torch.Generator().manual_seed(seed)) for seed in (1, 1))
    assert torch.equal(one, two)
    generator = torch.Generator().manual_seed(1)
    for side in SHAPE:
        torch.randn(side, sum(count for count, _ in kinds), generator=generator)
    signal = one.double().numpy() - torch.randn(SHAPE, generator=generator).double().numpy()
    found = np.linalg.svd(signal, compute_uv=False) / (SHAPE[0] * SHAPE[1]) ** 0.25
    expected = sorted((strength for count, strength in kinds for _ in range(count)), reverse=True)
    np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-4)
    assert found[len(expected)] < 1e-4


def test_scales_are_log_normal():
    scaled = weights("unit_scales", 0.5, (400, 600))
    assert np.std(np.log(np.mean(scaled**2, axis=1)) / 2) == pytest.approx(0.5, abs=0.1)
    assert np.std(np.log(np.mean(scaled**2, axis=0)) / 2) == pytest.approx(0.5, abs=0.1)
    for scenario, axis in (("row_scales", 1), ("column_scales", 0)):
        only = np.std(np.log(np.mean(weights(scenario, 0.5) ** 2, axis=axis)) / 2)
        other = np.std(np.log(np.mean(weights(scenario, 0.5) ** 2, axis=1 - axis)) / 2)
        assert other < 0.2 < 0.4 < only


@pytest.mark.parametrize(("scenario", "strength"), [("checkerboard", 4.0), ("waves", 0.9)])
def test_profiles_vary_in_places_and_not_by_row_or_column(scenario, strength):
    drawn = np.mean(
        [WEIGHTS[scenario]((40, 40), strength, torch.Generator().manual_seed(s)).numpy() ** 2 for s in range(3000)], 0
    )
    assert drawn.max() / drawn.min() > 3
    for axis in (0, 1):
        assert np.ptp(drawn.mean(axis)) < 0.1 * drawn.mean()


def test_zeros_copies_and_levels():
    assert np.mean(weights("random_zeros", 0.9) == 0) == pytest.approx(0.9, abs=0.01)
    kept = weights("pruned", 0.5)
    assert np.mean(kept == 0) == 0.5
    assert np.abs(kept[kept != 0]).min() > 0.6
    assert np.mean(weights("blocks", 4) != 0) == 0.25
    copies = weights("repeated_rows", 0.5)
    np.testing.assert_array_equal(copies[:60], copies[60:])
    assert np.sum(~weights("dead_rows", 0.1).any(1)) == 12
    turning = weights("circulant", 0, (50, 50))
    np.testing.assert_array_equal(np.roll(turning[0], 1), turning[1])
    for strength, least, most in ((7, 12, 15), (127, 180, 255), (0, 2, 2)):
        assert least <= len(np.unique(weights("levels", strength))) <= most
    assert set(np.unique(weights("ternary", 0))) == {-1, 0, 1}
    assert np.sum(np.abs(weights("huge_weight", 40)) > 20) == 1
    assert np.linalg.matrix_rank(weights("product", 0)) == 120
    assert np.var(weights("product", 0)) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", [name for name in starts.WEIGHTS if not name.endswith("orthogonal")])
def test_a_start_has_the_law_of_its_family(name):
    law = next(family.law for family in families(*SHAPE) if family.name == name.removeprefix(starts.PREFIX))
    entries = weights(name, 0.0)
    assert np.abs(entries).max() <= law.bound
    assert entries.std() == pytest.approx(law.std, rel=0.02)


def test_biases_of_starts():
    of_torch, other = (
        starts.bias(f"start_{name}", SHAPE, torch.Generator()) for name in ("torch_default", "normal_02")
    )
    assert 0.9 * 200**-0.5 < float(of_torch.abs().max()) <= 200**-0.5
    assert not other.any()


def test_answers_name_the_rung_with_its_directions_and_their_intervals():
    planted = draw(LayerCell("three_of_4", (64, 100), 0.5, (), 1), 0)
    found = ladder(planted)
    assert (found["answer"], found["count"]) == ("directions 3", 3)
    assert found["intervals"]["spacing_ratio"]["level"] == 0.95
    low, high = found["intervals"]["random_like_share"]["interval"]
    assert low < found["intervals"]["random_like_share"]["value"] < high
    assert ladder(draw(LayerCell("gaussian", (10, 64), 0.0, (), 1), 0))["answer"] == "not_applicable"
    assert initialisation(draw(LayerCell("start_torch_default", (64, 64), 0.0, (), 1), 0))["answer"] == "as_drawn"


def test_a_small_orthogonal_start_is_recognised():
    """The mean of 640 weights is a thousandth of their squares, which is as much as the gain may be off."""
    for seed in (0, 5):
        assert initialisation(draw(LayerCell("start_orthogonal", (10, 64), 0.0, (), 1), seed))["answer"] == "as_drawn"


def test_few_planted_layers_of_a_small_shape_are_left_undecided():
    """The distance of what is left is judged with its own variance, as that of Gaussian matrices is."""
    found = [ladder(draw(LayerCell("three_of_4", (100, 400), 0.0, (), 1), seed))["answer"] for seed in range(12)]
    assert found.count("directions 3") >= 11


def test_wanted_answers():
    assert is_wanted("directions 3", ("directions",))
    assert not is_wanted("directions 3", ("directions 2", "as_drawn"))


def test_every_structured_layer_has_a_name():
    named = {layers({"scenario": wish.scenario, "strength": wish.strength}) for wish in WISHES}
    assert "signs" in named
    assert "10 directions of strength 5 and 10 of 2" in named
    assert layers({"scenario": "three_of_4", "strength": 0.5}).endswith(", rows and columns × exp(0.5 N)")
    assert layers({"scenario": "start_torch_default", "strength": 0.0}) == "PyTorch's default initialisation"


def test_two_blocks_have_no_unit_scales_and_answer_by_their_profile(monkeypatch):
    monkeypatch.setattr("netaudit.analyses.layer.random_likeness.profile._WORK", 1)  # the fewest draws
    found = [
        ladder(draw(LayerCell(scenario, (64, 96), strength, (), 1, (LADDER,)), 0))["answer"]
        for scenario, strength in (("apart", 0.0), ("apart", 0.5), ("apart_correlated", 0.8))
    ]
    assert [answer(word) for word in found] == ["profile of variances follows"] * 2 + [
        "profile of variances does not follow"
    ]

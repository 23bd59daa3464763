"""One layer beside the identity: the cases of which the answer is known."""

import math

import pytest
import torch

from netaudit.geometry.depth import identity
from netaudit.geometry.depth.identity import COSINE, compare, critical


def draw(d, seed=0):
    return torch.randn(d, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def permutation(d, seed=0):
    return torch.eye(d, dtype=torch.float64)[torch.randperm(d, generator=torch.Generator().manual_seed(seed))]


@pytest.mark.parametrize("d", [3, 20, 60])
def test_the_identity_itself(d):
    found = compare(torch.eye(d), torch.zeros(d))
    assert (found.distance, found.at_most, found.bias, found.matched_distance) == (0, 0, 0, 0)
    assert found.z == pytest.approx(d)
    assert (found.cosine, found.matched) == (pytest.approx(1), pytest.approx(1))
    assert compare(torch.eye(60), None).likeness == "near_identity"


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_permutation(seed):
    matrix = permutation(40, seed)
    found = compare(matrix, None)
    assert found.matched_distance == pytest.approx(0, abs=1e-7)
    assert found.z == pytest.approx(float(matrix.trace()))  # its fixed points
    assert found.likeness == "near_permutation"
    noisy = compare(matrix + 0.15 * draw(40) / math.sqrt(40), None)
    assert noisy.likeness == "near_permutation"
    assert compare(matrix + draw(40) / math.sqrt(40), None).likeness != "near_permutation"


def test_gaussian_layers_are_as_random_ones():
    found = [compare(draw(60, seed), None, of_layers=3) for seed in range(40)]
    assert {each.likeness for each in found} == {"as_random"}
    z = torch.tensor([each.z for each in found])
    assert abs(float(z.mean())) < 0.6
    assert 0.7 < float(z.std()) < 1.4
    for each, seed in zip(found, range(40), strict=True):
        shifted = draw(60, seed) / math.sqrt(60) - torch.eye(60)
        assert float(shifted.norm()) ** 2 / 60 == pytest.approx(2, rel=0.15)  # 1 + c^2
        assert each.matched == pytest.approx(each.matched_shuffled, abs=COSINE / 2)


def test_a_mean_is_no_sign_of_the_identity():
    found = compare(draw(60) + 2.0, None)
    assert found.z > 6
    assert abs(found.z_shuffled) < 3
    assert found.cosine > COSINE
    assert found.likeness == "undecided"


def test_a_layer_that_leans_to_the_identity_and_is_far_from_it():
    found = compare(torch.eye(60) * 0.3 + draw(60) / math.sqrt(60), None)
    assert found.distance > 1
    assert found.likeness == "beyond_null"
    assert compare(-torch.eye(60) + 0.1 * draw(60) / math.sqrt(60), None).likeness == "beyond_null"


def test_a_lean_that_is_certain_and_small_is_that_of_a_random_layer():
    found = compare(torch.eye(200) * 0.05 + draw(200) / math.sqrt(200), None)
    assert found.z_shuffled > 5
    assert found.likeness == "as_random"


@pytest.mark.parametrize("strength", [0.05, 0.2])
def test_a_layer_near_the_identity(strength):
    found = compare(torch.eye(100) + strength * draw(100) / 10, None)
    assert found.likeness == "near_identity"
    assert found.distance <= found.at_most <= 0.5


def test_a_narrow_layer_is_undecided():
    assert compare(draw(8), None).likeness == "undecided"


def test_a_layer_of_zeros():
    found = compare(torch.zeros(30, 30), None)
    assert (found.z, found.z_shuffled, found.cosine, found.matched) == (0, 0, 0, None)
    assert found.distance == pytest.approx(1)


def test_no_permutation_is_searched_for_in_a_wide_layer(monkeypatch):
    monkeypatch.setattr(identity, "LARGEST_MATCHED", 20)
    found = compare(draw(21), None)
    assert (found.matched, found.matched_shuffled, found.matched_distance) == (None, None, None)


def test_the_limit_of_z_is_corrected_for_the_number_of_layers():
    assert critical(1) == pytest.approx(2.5758, abs=1e-4)
    assert critical(10) == pytest.approx(3.2905, abs=1e-4)

"""The lower bound of the directions: the draws of random signs, and the largest singular value of each."""

import numpy as np
import pytest
import torch

from netaudit.analyses.layer.random_likeness import signs
from netaudit.numerics.directions import random_part
from netaudit.numerics.scales import unit_scales

CPU = torch.device("cpu")


def gaussian(m, n, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(301, 333), (7, 1), (64, 64)])
def test_each_entry_has_a_sign_of_its_own(shape):
    drawn = signs._signs(torch.Size(shape), np.random.default_rng(0))
    assert drawn.shape == shape
    assert set(drawn.unique().tolist()) <= {-1, 1}
    if drawn.numel() > 1000:
        noise = drawn.numel() ** -0.5
        assert abs(float(drawn.float().mean())) < 4 * noise
        for shifted in (drawn[1:] * drawn[:-1], drawn[:, 1:] * drawn[:, :-1], drawn[:, 8:] * drawn[:, :-8]):
            assert abs(float(shifted.float().mean())) < 4.1 * noise


def test_the_largest_value_is_found_far_below_its_fluctuation():
    for seed, (m, n) in enumerate([(200, 300), (400, 400), (1500, 2000)]):
        weight = gaussian(m, n, seed)
        scales = unit_scales(weight)
        scaled = weight.double() * torch.from_numpy(scales.rows)[:, None] * torch.from_numpy(scales.columns)
        exact = float(torch.linalg.matrix_norm(scaled, 2)) ** 2
        assert signs._largest_square(weight, scales) == pytest.approx(exact, rel=0.01 * (m * n) ** (-1 / 3))


def test_strong_directions_are_counted_and_weak_ones_hide_behind_them():
    left, right = (torch.linalg.qr(gaussian(side, 11, side))[0] for side in (250, 400))
    strengths = torch.tensor([5.0] * 11) * (250 * 400) ** 0.25
    part = random_part(gaussian(250, 400) + (left * strengths) @ right.T, CPU)
    assert signs.fewest_directions(gaussian(250, 400) + (left * strengths) @ right.T, part, CPU, 0) == (11, 19)
    strengths[:1] = 30.0 * (250 * 400) ** 0.25
    strengths[1:] = 1.8 * (250 * 400) ** 0.25
    weight = gaussian(250, 400) + (left * strengths) @ right.T
    part = random_part(weight, CPU)
    found, draws = signs.fewest_directions(weight, part, CPU, 0)
    assert part.count == 11
    assert 1 <= found < 11
    assert draws == 19


def test_every_draw_has_signs_of_its_own_and_the_largest_of_them_counts(monkeypatch):
    left, right = (torch.linalg.qr(gaussian(side, 3, side))[0] for side in (100, 150))
    weight = gaussian(100, 150) + 6.0 * (100 * 150) ** 0.25 * left @ right.T
    part, drawn = random_part(weight, CPU), []
    assert part.count == 3
    strongest = float(part.values[-1]) ** 2

    def largest(signed, scales):
        drawn.append(signed.sign() * weight.sign())
        return 2 * strongest if len(drawn) == 7 else 0.0

    monkeypatch.setattr(signs, "_largest_square", largest)
    assert signs.fewest_directions(weight, part, CPU, 0) == (0, 19)
    alike = torch.stack(drawn).flatten(1)
    away = (alike @ alike.T / alike.shape[1]).fill_diagonal_(0).abs().max()
    assert away < 5 * weight.numel() ** -0.5
    monkeypatch.setattr(signs, "_largest_square", lambda signed, scales: 0.0)
    assert signs.fewest_directions(weight, part, CPU, 0) == (3, 19)  # never more than were found


def test_of_a_layer_without_directions_nothing_is_drawn():
    weight = gaussian(100, 150)
    assert signs.fewest_directions(weight, random_part(weight, CPU), CPU, 0) == (0, 0)

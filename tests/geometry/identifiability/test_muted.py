"""Neurons whose outputs are not used, by the weights above."""

import torch

from netaudit.geometry.identifiability import bounds
from netaudit.geometry.identifiability.muted import muted


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def found(above, radius, counted=None):
    counted = [True] * len(above) if counted is None else counted
    return muted(above, tensor(*radius), torch.tensor(counted)).tolist()


def test_small_is_small_beside_the_range_of_the_others():
    above, radius = tensor([1.0, 1e-5, 1e-7, 2.0, 1e-7, 1.0, 1.0]), [1.0, 1.0, 1.0, 1.0, 1e3, 1.0, 1.0]
    assert found(above, radius) == [False, False, True, False, False, False, False]
    assert found(above * 1e-200, [1e-50 * r for r in radius]) == [False, False, True, False, False, False, False]


def test_most_may_be_muted():
    assert found(tensor([0.0, 0.0, 0.0, 1.0]), [1.0] * 4) == [True, True, True, False]
    assert found(tensor([0.0, 0.0]), [1.0] * 2) == [True, True]


def test_rows_that_do_not_count_do_not_blind():
    above = tensor([1e200, 1e200, 1e200], [1.0, 2.0, 0.0])
    assert found(above, [1.0] * 3, [False, True]) == [False, False, True]
    assert found(above, [1.0] * 3, [False, False]) == [True] * 3


def test_a_constant_output_is_muted_without_weights_alone():
    assert found(tensor([0.0, 1.0, 1.0]), [0.0, 0.0, 1.0]) == [True, False, False]


def test_what_is_not_bounded_is_not_muted():
    assert found(tensor([1.0, 1.0, 0.0]), [torch.inf, 1.0, torch.inf]) == [False, False, True]


def test_in_parts(monkeypatch):
    above = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).double()
    above[:, 2] = 0
    monkeypatch.setattr(bounds, "CHUNK", 1)
    assert found(above, [1.0] * 4) == [False, False, True, False]

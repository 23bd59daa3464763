"""Single weights that stand out beside their row and column, whatever the scales of the units."""

import numpy as np
import torch

from netaudit.numerics.single_weights import single_weights


def test_one_is_found_under_any_scales():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((100, 130))
    A[3, 7] = 40
    scaled = np.exp(rng.standard_normal((100, 1))) * A * np.exp(rng.standard_normal(130))
    for matrix in (A, scaled, scaled.T[::-1].copy().T[:, ::-1].copy()):
        found = single_weights(torch.from_numpy(np.ascontiguousarray(matrix)))
        assert found.shape == (1, 2)
    assert single_weights(torch.from_numpy(scaled)).tolist() == [[3, 7]]


def test_scales_make_none_and_heavy_tails_make_some():
    rng = np.random.default_rng(1)
    rows, columns = np.exp(rng.standard_normal((200, 1))), np.exp(rng.standard_normal(200))
    assert not len(single_weights(torch.from_numpy(rows * rng.standard_normal((200, 200)) * columns)))
    assert len(single_weights(torch.from_numpy(rng.standard_t(3, (200, 200))))) >= 3


def test_pruned_weights_do_not_count_for_the_scales():
    rng = np.random.default_rng(2)
    A = rng.standard_normal((150, 150)) * (rng.random((150, 150)) < 0.05)
    A[5] = 0
    assert not len(single_weights(torch.from_numpy(A)))


def test_the_weight_stays_as_it_is():
    weight = torch.from_numpy(np.random.default_rng(3).standard_normal((40, 50)))
    before = weight.clone()
    single_weights(weight)
    assert torch.equal(weight, before)

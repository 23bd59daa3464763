import pytest
import torch

from netaudit.shadow.distribution import alpha, draw_sparse, keep_mask, shadow


def test_sparse_draws_are_sparse_and_uniform():
    draws = draw_sparse(50, 7, 2000, torch.Generator().manual_seed(0))
    h = draws.dense()
    assert ((h > 0).sum(1) == 7).all()
    assert draws.values.min() >= 0.5
    assert draws.values.max() <= 1
    chosen = (h > 0).float().mean(0)
    assert chosen.min() > 0.1
    assert chosen.max() < 0.18


def test_the_mask_keeps_rho():
    mask = keep_mask(100, 1000, 0.3, torch.Generator().manual_seed(0))
    assert float(mask.mean()) == pytest.approx(0.3, abs=0.01)
    assert keep_mask(3, 5, 1.0, torch.Generator().manual_seed(0)).min() == 1


def test_a_shadow_is_a_scaled_relu():
    pre = torch.tensor([[-1.0, 2.0, 3.0]])
    assert shadow(pre, torch.tensor([[1.0, 1.0, 0.0]]), 0.5).tolist() == [[0.0, 1.0, 0.0]]
    assert pre.tolist() == [[-1.0, 2.0, 3.0]]
    assert alpha(0.5, 8, 2.0) == 0.125


def test_a_draw_goes_down_through_its_own_rows():
    generator = torch.Generator().manual_seed(0)
    draws = draw_sparse(50, 7, 6, generator)
    for matrix in (torch.randn(50, 30, generator=generator), torch.randn(30, 50, generator=generator).T):
        expected = draws.dense() @ matrix
        assert torch.allclose(draws.down(matrix), expected, atol=1e-5)
        assert torch.allclose(draws.down(matrix, slice(2, 5)), expected[2:5], atol=1e-5)

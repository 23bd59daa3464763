from itertools import pairwise

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from netaudit.shadow.distribution import alpha, draw_values, place
from netaudit.shadow.multilayer import NetShape, down, draw_passes, forward


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def net(*sizes, seed=0):
    """Gaussian matrices, bottom first."""
    source = generator(seed)
    return [torch.randn(m, n, generator=source) for n, m in pairwise(sizes)]


@pytest.mark.parametrize(
    ("sizes", "kept", "top", "says"),
    [
        ((30, 20), (10, 5), 2, "2 widths need 1 sparsities"),
        ((30,), (), 2, "need 0 sparsities"),
        ((30, 20), (31,), 2, "do not fit"),
        ((30, 20), (10,), 0, "do not fit"),
        ((30, 20), (10,), 21, "do not fit"),
    ],
)
def test_shapes_that_make_no_net_are_refused(sizes, kept, top, says):
    with pytest.raises(ValueError, match=says):
        NetShape(sizes, kept, top)


def test_both_ways_against_loops():
    shape = NetShape((40, 25, 12), (20, 10), 3)
    matrices, draws = net(*shape.sizes), draw_passes(shape, draw_values(3, 4, generator(1)), generator(2))
    h = draws.h.dense()
    offsets = (0.01, 0.2)
    x = down(matrices, shape, h, draws.masks)
    back = forward(matrices, x, [t * h.norm(dim=1, keepdim=True) for t in offsets])
    for draw in range(4):
        slow = h[draw].double().numpy()
        for matrix, k, mask in zip(matrices[::-1], (10, 20), draws.masks[::-1], strict=True):
            pre = np.array([sum(matrix[i, j].item() * slow[i] for i in range(len(slow))) for j in range(len(mask[0]))])
            slow = np.maximum(2 / k * pre, 0) * mask[draw].double().numpy()
        assert x[draw].numpy() == pytest.approx(slow, rel=1e-4, abs=1e-6)
        norm = float(h[draw].norm())
        for matrix, t in zip(matrices, offsets, strict=True):
            slow = np.array([max(0.0, float(np.dot(row, slow)) - t * norm) for row in matrix.double().numpy()])
        assert back[draw].numpy() == pytest.approx(slow, rel=1e-4, abs=1e-6)


def test_a_single_layer_is_the_shadow_of_one_layer():
    """k_0 = rho n gives the same scale: 2 / k_0 = 2 / (rho n)."""
    assert alpha(0.25, 400, 1.0) == 2 / 100
    shape = NetShape((400, 50), (100,), 4)
    draws = draw_passes(shape, draw_values(4, 200, generator()), generator(1))
    assert [mask.shape for mask in draws.masks] == [(200, 400)]
    assert float(draws.masks[0].mean()) == pytest.approx(0.25, abs=0.01)
    assert ((draws.h.dense() > 0).sum(1) == 4).all()


def test_values_are_placed_on_new_supports():
    values = draw_values(3, 50, generator())
    one, other = (place(values, 40, generator(seed)) for seed in (1, 2))
    assert torch.equal(one.values, other.values)
    assert not torch.equal(one.support, other.support)
    assert one.dense().sum(1) == pytest.approx(values.sum(1))


def test_everything_stays_on_the_device():
    shape, cuda = NetShape((40, 25, 12), (20, 10), 3), torch.device("cuda:0")
    with FakeTensorMode(allow_non_fake_inputs=True):
        matrices = [torch.empty(25, 40, device=cuda), torch.empty(12, 25, device=cuda)]
        masks = [torch.empty(5, 40, device=cuda), torch.empty(5, 25, device=cuda)]
        x = down(matrices, shape, torch.empty(5, 12, device=cuda), masks)
        back = forward(matrices, x, [torch.empty(5, 1, device=cuda)] * 2)
        assert x.device == back.device == cuda
        assert back.shape == (5, 12)

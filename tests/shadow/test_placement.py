"""Device placement on a fake CUDA device: a tensor left on the CPU raises, as it would on a real one."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from netaudit.analyses.head import up
from netaudit.network.layers import FCLayer
from netaudit.numerics import device as devices
from netaudit.numerics import lanczos
from netaudit.numerics.gram import gram_matrix, gram_product
from netaudit.shadow.inversion import compare, draw_grid, measure
from netaudit.training import ShadowLoss

CUDA = torch.device("cuda:0")


@pytest.fixture
def fake():
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        yield mode


def test_the_shadow_pass_stays_on_the_device():
    grid = draw_grid(40, 60, devices.generator(0, "test"), draws=4)
    with FakeTensorMode(allow_non_fake_inputs=True):
        matrix = torch.empty(40, 60, device=CUDA)
        for figures, z in measure(matrix, 0.1, grid[0], slice(0, 4)):
            assert figures.device == z.device == CUDA
            assert figures.shape == (4, 8)


def test_a_mixed_device_is_caught():
    grid = draw_grid(40, 60, devices.generator(0, "test"), draws=4)
    with FakeTensorMode(allow_non_fake_inputs=True), pytest.raises(RuntimeError, match="device"):
        compare(
            torch.empty(4, 40, device=CUDA), torch.empty(4, 40), grid[0][0].h.support, 1.0, 60, grid[0][0].prediction
        )


@pytest.mark.parametrize("shape", [(40, 60), (60, 40)])
def test_the_spectrum_stays_on_the_device(fake, shape):
    product, sums = gram_matrix(torch.empty(shape), 0.1, 2.0, CUDA)
    assert product.device == sums.device == CUDA
    assert product.dtype == torch.float64
    assert torch.linalg.eigvalsh(product).device == CUDA


def test_the_stack_goes_forward_on_the_device(fake):
    layer = FCLayer("0", torch.empty(5, 8), torch.empty(5))
    assert up(torch.empty(3, 8, device=CUDA), layer, "relu").device == CUDA


def test_lanczos_stays_on_the_device(fake):
    weight = torch.empty(60, 40, device=CUDA)
    start = torch.empty(8, 40, dtype=torch.float64, device=CUDA)
    found = lanczos.tridiagonal(gram_product(weight, 0.1, 1.0, CUDA), start, 12)
    assert [(part.device, part.shape, part.dtype) for part in found] == [(CUDA, (8, 12), torch.float64)] * 2


def test_shadow_training_stays_on_the_device(fake):
    ends = [nn.Linear(40, 30, device=CUDA), nn.Linear(30, 5, device=CUDA)]
    model = nn.Sequential(ends[0], nn.ReLU(), nn.Dropout(0.5), ends[1])
    criterion = ShadowLoss(model)
    y = torch.zeros(8, dtype=torch.long, device=CUDA)
    logits = model(torch.empty(8, 40, device=CUDA))
    x, labels = criterion.draw(logits.detach(), y)
    assert (x.device, labels.device) == (CUDA, CUDA)
    assert criterion(logits, y).device == CUDA

"""The reverse pass of the theory and the corrected one, on planted layers and on bundled networks' held-out inputs."""

import numpy as np
import pytest
import torch

from netaudit.analyses.head import up
from netaudit.network.reader import LayerReader
from netaudit.shadow import invert, reverse_pass
from netaudit.sources.hubs.zoo import open_zoo

cosine = torch.nn.functional.cosine_similarity


def gaussian(m, n, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def returned(weight, h, **how):
    return (invert(weight, h, **how) @ weight.float().T).relu()


def error(weight, h, **how):
    return float((returned(weight, h, **how) - h).square().sum(1).div(h.square().sum(1)).mean())


def test_the_plain_pass_is_the_shadow_of_the_theory():
    weight, h = gaussian(30, 50) * 0.1 + 0.02, gaussian(4, 30, 1).relu()
    A = weight.double().numpy()
    expected = np.maximum(0, 2 / (50 * A.var()) * (h.double().numpy() @ A))
    assert invert(weight, h).numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_gaussian_layer_needs_no_correction():
    weight, h = gaussian(200, 600), gaussian(40, 200, 1).relu()
    plain, corrected = (cosine(returned(weight, h, corrected=c), h).mean() for c in (False, True))
    assert float(corrected) == pytest.approx(float(plain), abs=0.02)


def planted(m=200, n=400):
    """What training leaves: units of different scales, a common mode, and a strong direction."""
    u, v = gaussian(m, 1, 2), gaussian(n, 1, 3)
    spike = 8 * (m * n) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T
    return gaussian(m, 1, 4).mul(0.5).exp() * (gaussian(m, n) + 0.4 * gaussian(1, n, 5) + spike)


def test_the_corrections_restore_a_planted_layer():
    weight, h = planted(), gaussian(60, 200, 1).relu() * (gaussian(60, 200, 6) > 0.5)
    assert error(weight, h, corrected=True) < 0.75 * error(weight, h)


def test_the_corrected_pass_is_that_of_the_formula():
    weight = planted(40, 60)
    layer = reverse_pass(weight, corrected=True)
    gauge, C = layer.gauge, layer.gauge.matrix.double().numpy()
    U, s, V = np.linalg.svd(C, full_matrices=False)
    r = layer.directions.shape[1]
    assert r >= 1
    clipped = s.copy()
    clipped[:r] *= 1 - layer.damping.numpy()
    assert np.ptp(clipped[:r]) < 1e-3 * clipped[0]  # all of them at the edge
    h = gaussian(3, 40, 1).relu()
    there = h.double().numpy() * gauge.rows.numpy()
    expected = np.maximum(0, 2 / 60 * there @ (U * clipped) @ V) * gauge.columns.numpy()
    assert layer.down(h).numpy() == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("shape", [(60, 90), (90, 60)])
def test_rescaled_units_give_the_same_inputs_rescaled(shape):
    weight = planted(*shape)
    rows, columns = gaussian(shape[0], 1, 7).exp(), gaussian(1, shape[1], 8).exp()
    h = gaussian(5, shape[0], 1).relu()
    one = reverse_pass(weight, corrected=True).down(h)
    twin = reverse_pass(rows * weight * columns, corrected=True).down(h * rows.T)
    # an input of the twin is that of the layer over its column's factor
    assert (twin * columns).numpy() == pytest.approx(one.numpy(), rel=2e-2, abs=1e-3 * float(one.max()))


@pytest.mark.parametrize("name", ["mnist-mlp", "cifar10-mlp", "alexnet-cifar10"])
def test_held_out_inputs_of_the_bundled_networks_come_back_nearer(name):
    net = open_zoo(name)
    read, x = LayerReader(net), net.backbone(torch.from_numpy(net.sample.x[:200]))
    for step in net.head.layers[:-1]:
        layer = read(step.name)
        x = up(x, layer, "relu")
        h = x[(x > 0).any(1)]
        plain, corrected = returned(layer.weight, h), returned(layer.weight, h, corrected=True)
        assert float(cosine(corrected, h).mean()) > float(cosine(plain, h).mean())
        assert float((corrected - h).square().sum(1).div(h.square().sum(1)).mean()) < 0.3
        nearest = (corrected @ torch.nn.functional.normalize(h).T).argmax(1)
        assert float((nearest == torch.arange(len(h))).float().mean()) > 0.85


def test_dropout_needs_a_generator_and_zero_rows_do_no_harm():
    weight = gaussian(20, 30)
    weight[4], weight[:, 6] = 0, 0
    h = gaussian(3, 20, 1).relu()
    x = invert(weight, h, corrected=True, rho=0.5, generator=torch.Generator().manual_seed(0))
    assert bool(torch.isfinite(x).all())
    assert float(x[:, 6].abs().max()) == 0
    assert 0.1 < float((x == 0).float().mean()) < 0.95
    assert invert(weight, torch.zeros(2, 20), corrected=True).abs().max() == 0


@pytest.mark.parametrize(
    ("h", "how", "reason"),
    [
        (torch.zeros(3, 7), {}, "does not fit a layer"),
        (torch.zeros(3), {}, "does not fit a layer"),
        (torch.zeros(3, 5), {"rho": 0.5}, "a generator draws the dropout"),
        (torch.zeros(3, 5), {"rho": 0.0}, "rho lies in"),
    ],
)
def test_what_does_not_fit_is_refused(h, how, reason):
    with pytest.raises(ValueError, match=reason):
        invert(gaussian(5, 9), h, **how)


def test_a_layer_too_large_to_decompose_is_refused(monkeypatch):
    monkeypatch.setattr("netaudit.shadow.reverse.LARGEST_CORRECTED", 4)
    with pytest.raises(ValueError, match="too large to find the directions"):
        invert(gaussian(5, 9), torch.zeros(1, 5), corrected=True)

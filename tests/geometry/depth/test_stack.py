"""Runs of square layers: the bound holds at every place, and zero is zero."""

import math

import pytest
import torch

from netaudit.geometry import depth_limit
from netaudit.geometry.depth.stack import decay


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def shrinking(d=20, depth=60, factor=0.7):
    """P_k = G factor^k / sqrt(d), b_k = g factor^k."""
    return [
        (torch.eye(d) + draw(d, d, seed=k) * factor**k / math.sqrt(d), draw(d, seed=1000 + k) * factor**k)
        for k in range(depth)
    ]


@pytest.fixture(scope="module")
def limit():
    return depth_limit(shrinking(), draw(6, 20).abs())


def test_the_bound_holds_at_every_layer_and_input(limit):
    data = limit.data
    assert data.errors.shape == data.bounds.shape == data.steps.shape == (6, 60)
    assert bool((data.errors <= data.bounds).all())
    for m, (error, bound) in {0: (12.0, 100.0), 10: (0.6, 3.0), 20: (0.02, 0.1)}.items():
        assert 0 < float(data.errors[:, m].max()) < error
        assert 0 < float(data.bounds[:, m].max()) < bound


def test_a_slow_twin():
    layers, x = shrinking(depth=5), draw(20).abs()
    data = depth_limit(layers, x[None]).data
    points = [x]
    for weight, bias in layers:
        points.append(torch.clamp(weight.double() @ points[-1] + bias, min=0))
    bounds = [
        float(torch.linalg.svdvals(weight - torch.eye(20))[0] * point.norm() + bias.norm())
        for (weight, bias), point in zip(layers, points, strict=False)
    ]
    for m in range(5):
        assert float(data.errors[0, m]) == pytest.approx(float((points[5] - points[m]).norm()))
        assert float(data.steps[0, m]) == pytest.approx(float((points[m + 1] - points[m]).norm() / points[m].norm()))
        assert float(data.bounds[0, m]) == pytest.approx(sum(bounds[m:]), rel=0.03)
    assert float(data.lengths[0]) == pytest.approx(float(points[5].norm()))


def test_layers_that_are_the_identity_change_nothing():
    found = depth_limit([(torch.eye(7), torch.zeros(7))] * 4, draw(3, 7).abs())
    for part in (found.data.steps, found.data.errors, found.data.bounds):
        assert float(part.abs().max()) == 0
    assert [layer.z for layer in found.layers] == pytest.approx([7] * 4)
    assert found.decay is None


def test_negative_inputs_are_counted_in_the_bound():
    """r(x) is not x there: without its part the bound of the identity would be 0."""
    x = -draw(3, 7).abs()
    found = depth_limit([(torch.eye(7), None)] * 3, x)
    assert found.data.errors[:, 0].tolist() == pytest.approx(x.norm(dim=1).tolist())
    assert bool((found.data.errors <= found.data.bounds).all())


def test_a_last_layer_without_relu():
    layers = [*shrinking(depth=2), (-torch.eye(20), None)]
    x = draw(4, 20).abs()
    with_relu, without = (depth_limit(layers, x, last_relu=each).data for each in (True, False))
    assert float(with_relu.lengths.max()) == 0
    assert float(without.lengths.min()) > 0
    assert bool((without.errors <= without.bounds).all())
    assert float(with_relu.steps.max()) < math.inf


def test_the_weights_alone():
    found = depth_limit(shrinking())
    assert found.data is None
    assert len(found.layers) == 60
    exponent, low, high = found.decay
    assert low < exponent < high


def test_a_power_law_is_read_back():
    exponent, low, high = decay([k**-1.5 for k in range(1, 30)])
    assert exponent == low == high == pytest.approx(1.5)


@pytest.mark.parametrize(
    "layers",
    [
        [(torch.eye(3), None), (torch.eye(4), None)],
        [(torch.zeros(3, 4), None)],
        [(torch.eye(3), torch.zeros(4))],
        [(torch.eye(3), None), (torch.full((3, 3), math.nan), None)],
    ],
)
def test_layers_that_are_no_run(layers):
    with pytest.raises(ValueError, match=r"layer \d is not"):
        depth_limit(layers)

"""Every breakpoint along a segment: against closed forms, against dense sampling, and at ties."""

import math

import numpy as np
import pytest
import torch
from geometry.networks import Functional, Pooled, Residual, gaussian, tent
from torch import nn
from torch.nn import functional

from netaudit.geometry import exact_line
from netaudit.geometry.line import Event


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8, 10])
def test_a_tent_map_has_all_its_pieces(depth):
    line = exact_line(tent(depth), [0.0], [1.0])
    assert (line.pieces, len(line.events)) == (2**depth, 2**depth - 1)
    assert line.knots.tolist() == [k / 2**depth for k in range(2**depth + 1)]
    assert line.values.ravel().tolist() == [float(k % 2) for k in range(2**depth + 1)]
    assert [sum(event.layer == layer for event in line.events) for layer in range(depth)] == [
        2**k for k in range(depth)
    ]


def test_a_layer_is_crossed_by_each_of_its_neurons_once():
    layers = gaussian(7, 50, 1)
    direction = np.random.default_rng(1).normal(size=7)
    line = exact_line(layers, -1e3 * direction, 1e3 * direction)
    assert line.pieces == 51
    assert sorted(event.neuron for event in line.events) == list(range(50))
    weight, bias = layers[0]
    assert np.sort(-bias / (weight @ direction) / 2e3 + 0.5) == pytest.approx(line.knots[1:-1], abs=1e-12)


def test_an_affine_network_is_one_piece():
    line = exact_line(nn.Sequential(nn.Linear(3, 4), nn.Identity(), nn.Linear(4, 2)), torch.zeros(3), torch.ones(3))
    assert (line.knots.tolist(), line.events, line.layers) == ([0.0, 1.0], (), ())


@pytest.mark.parametrize(("make", "shape"), [(Residual, (3, 9, 9)), (Pooled, (2, 12)), (Functional, (3, 6, 6))])
@pytest.mark.parametrize("seed", range(3))
def test_a_line_is_the_network_itself(make, shape, seed):
    torch.manual_seed(seed)
    module = make()
    x0, x1 = 2 * torch.randn(2, *shape, dtype=torch.float64)
    line = exact_line(module, x0, x1)
    t = torch.cat([torch.linspace(0, 1, 500, dtype=torch.float64), torch.from_numpy(line.knots)])
    with torch.no_grad():
        dense = module.double().eval()(x0 + t.view(-1, *[1] * len(shape)) * (x1 - x0)).numpy()
    assert line.pieces > 20
    assert np.abs(line.at(t.numpy()) - dense).max() < 1e-12
    assert set(line.event_t) == set(line.knots[1:-1])
    assert {event.layer for event in line.events} >= set(range(len(line.layers) - 1))


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([nn.Conv1d(2, 3, 3), nn.AdaptiveMaxPool1d(4)], (2, 12)),
        ([nn.Conv2d(2, 3, 3), nn.AdaptiveMaxPool2d((3, None)), nn.AdaptiveAvgPool2d((2, 3))], (2, 9, 8)),
        ([nn.Conv3d(1, 2, 2), nn.AdaptiveMaxPool3d(2)], (1, 4, 5, 4)),
        ([nn.ConvTranspose1d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2), nn.ReLU()], (2, 6)),
        ([nn.ConvTranspose2d(2, 3, 3, stride=2, dilation=2), nn.ReLU6()], (2, 3, 4)),
        ([nn.ConvTranspose3d(1, 2, 2), nn.LeakyReLU(0.3)], (1, 2, 3, 2)),
        *(
            ([nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode=mode), nn.PReLU(3)], (2, 5, 6))
            for mode in ("reflect", "replicate", "circular")
        ),
        ([nn.Conv1d(2, 3, 3, padding="same", padding_mode="reflect"), nn.Hardtanh(-0.2, 0.3)], (2, 7)),
        ([nn.ConstantPad2d((1, 0, 2, 1), 0.7), nn.Conv2d(1, 2, 3), nn.ReLU()], (1, 4, 4)),
        ([nn.ReflectionPad1d(2), nn.ZeroPad1d(1), nn.Conv1d(1, 2, 3), nn.Softshrink(0.2)], (1, 6)),
        ([nn.Upsample(scale_factor=2), nn.Conv2d(1, 4, 3), nn.RReLU(), nn.PixelShuffle(2)], (1, 4, 4)),
        ([nn.Upsample(size=(7, 5), mode="bilinear", align_corners=True), nn.Conv2d(1, 2, 2), nn.ReLU()], (1, 3, 3)),
        ([nn.Identity(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(12, 30), nn.ReLU()], (3, 4)),
    ],
    ids=lambda part: "-".join(type(layer).__name__ for layer in part) if isinstance(part, list) else "",
)
def test_each_layer_on_a_line_is_the_module_itself(layers, shape):
    torch.manual_seed(0)
    x0, x1 = 3 * torch.randn(2, *shape, dtype=torch.float64)
    features = nn.Sequential(*layers, nn.Flatten()).double().eval()
    module = nn.Sequential(features, nn.LazyLinear(30), nn.ReLU(), nn.Linear(30, 2)).double().eval()
    module(x0[None])
    line = exact_line(module, x0, x1)
    t = torch.cat([torch.linspace(0, 1, 500, dtype=torch.float64), torch.from_numpy(line.knots)])
    with torch.no_grad():
        dense = module(x0 + t.view(-1, *[1] * len(shape)) * (x1 - x0)).numpy()
    assert line.pieces > 10
    assert np.abs(line.at(t.numpy()) - dense).max() < 1e-12


def test_events_are_the_changes_of_state_between_pieces():
    layers = gaussian(6, 60, 40, 30, 2)
    x0, x1 = np.random.default_rng(2).normal(size=(2, 6)) * 3
    line = exact_line(layers, x0, x1)
    middles = (line.knots[:-1] + line.knots[1:]) / 2
    x, expected = x0 + middles[:, None] * (x1 - x0), set()
    for number, (weight, bias) in enumerate(layers[:-1]):
        z = x @ weight.T + bias
        changed = np.argwhere((z[1:] > 0) != (z[:-1] > 0)).tolist()
        expected |= {Event(number, neuron, line.knots[piece + 1]) for piece, neuron in changed}
        x = np.maximum(z, 0)
    assert len(line.events) == len(expected) > 40
    assert set(line.events) == expected
    for layer in range(3):
        assert line.crossed[layer] == len({event.neuron for event in expected if event.layer == layer})


def test_events_of_a_pool_are_the_changes_of_its_winner():
    torch.manual_seed(3)
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(3, 2)).double()
    x0, x1 = torch.randn(2, 2, 9, 9, dtype=torch.float64)
    line = exact_line(module, x0, x1)
    middles = torch.from_numpy(line.knots[:-1] + line.knots[1:]) / 2
    with torch.no_grad():
        z = module[0](x0 + middles.view(-1, 1, 1, 1) * (x1 - x0))
    winners = functional.max_pool2d(z, 3, 2, return_indices=True)[1].flatten(1)
    changed = (winners[1:] != winners[:-1]).nonzero().tolist()
    assert set(line.events) == {Event(0, window, line.knots[piece + 1]) for piece, window in changed}
    assert len(changed) > 20


def test_the_parts_of_a_segment_have_the_pieces_of_the_whole():
    layers = gaussian(5, 30, 30, 1)
    x0, x1 = np.random.default_rng(4).normal(size=(2, 5))
    whole, back = exact_line(layers, x0, x1), exact_line(layers, x1, x0)
    assert (1 - back.knots[::-1]) == pytest.approx(whole.knots, abs=1e-13)
    cut = x0 + 0.37 * (x1 - x0)
    parts = exact_line(layers, x0, cut), exact_line(layers, cut, x1)
    assert parts[0].pieces + parts[1].pieces == whole.pieces + 1
    moved = [(layers[0][0] / 7, layers[0][1] - layers[0][0] @ np.ones(5) * 3), *layers[1:]]
    assert exact_line(moved, 7 * (x0 + 3), 7 * (x1 + 3)).pieces == whole.pieces


def test_rescaled_and_permuted_neurons_have_the_same_knots():
    layers = gaussian(5, 30, 20, 2)
    x0, x1 = np.random.default_rng(5).normal(size=(2, 5))
    draw = np.random.default_rng(6)
    order, scale = draw.permutation(30), 10.0 ** draw.uniform(-9, 9, 30)
    (a, b), (c, d), top = layers
    other = [((a * scale[:, None])[order], (b * scale)[order]), ((c / scale)[:, order], d), top]
    one, two = exact_line(layers, x0, x1), exact_line(other, x0, x1)
    assert two.knots == pytest.approx(one.knots, abs=1e-13)
    assert [event.neuron if event.layer else order[event.neuron] for event in two.events] == [
        event.neuron for event in one.events
    ]


@pytest.mark.parametrize("memory", [1, 20_000, 10**6])
def test_the_result_does_not_depend_on_the_memory(memory):
    torch.manual_seed(7)
    module, (x0, x1) = Residual(), torch.randn(2, 3, 9, 9)
    whole, parts = exact_line(module, x0, x1), exact_line(module, x0, x1, memory=memory)
    assert parts.knots == pytest.approx(whole.knots, abs=1e-13)
    assert parts.values == pytest.approx(whole.values, abs=1e-13)
    assert [event[:2] for event in parts.events] == [event[:2] for event in whole.events]


def test_twins_share_a_knot():
    third = 1 / 3
    line = exact_line(
        [([[1.0], [third], [-7.0]], [-third, -third * third, 7 * third]), ([[1.0, 1.0, 1.0]], [0.0])], [0.0], [1.0]
    )
    assert line.pieces == 2
    assert [event[:2] for event in line.events] == [(0, 0), (0, 1), (0, 2)]


def test_a_neuron_that_touches_its_break_makes_no_event():
    distance = [([[1.0], [-1.0]], [-0.3, 0.3])]  # |t - 0.3|
    line = exact_line([*distance, ([[1.0, 1.0], [-1.0, -1.0]], [0.0, 0.0]), ([[1.0, 1.0]], [0.0])], [0.0], [1.0])
    assert [event[:2] for event in line.events] == [(0, 0), (0, 1)]
    assert line.values.ravel() == pytest.approx([0.3, 0.0, 0.7])


def test_a_neuron_that_is_zero_up_to_rounding_makes_no_events():
    weights = np.random.default_rng(8).normal(size=(20, 6))
    twins = np.concatenate([weights, 3 * weights])
    differences = np.concatenate([3 * np.eye(20), -np.eye(20)], axis=1)
    x0, x1 = np.random.default_rng(9).normal(size=(2, 6))
    layers = [(twins, np.zeros(40)), (differences, np.zeros(20)), (np.ones((1, 20)), np.zeros(1))]
    line = exact_line(layers, x0, x1)
    crossed = int(((weights @ x0 > 0) != (weights @ x1 > 0)).sum())
    assert line.crossed == (2 * crossed, 0)
    assert line.pieces == crossed + 1


def test_ties_after_a_relu_make_no_events_of_a_pool():
    torch.manual_seed(10)
    module = nn.Sequential(nn.Conv1d(1, 1, 1), nn.ReLU(), nn.MaxPool1d(2)).double()
    with torch.no_grad():
        module[0].weight.fill_(1.0)
        module[0].bias.zero_()
    # of the two entries of the window, the first is on until 1/4 and the second from 3/4
    line = exact_line(module, torch.tensor([[1.0, -3.0]]), torch.tensor([[-3.0, 1.0]]))
    assert line.events == (Event(0, 0, 0.25), Event(0, 1, 0.75))
    assert line.values.ravel().tolist() == [1.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("ends", "says"),
    [(([0.0], [0.0, 1.0]), "one shape"), (([0.0], [math.nan]), "finite"), (([0.0, 1.0], [1.0, 1.0]), "layer 0")],
)
def test_ends_that_do_not_fit(ends, says):
    with pytest.raises(ValueError, match=says):
        exact_line(tent(1), *ends)


def test_layers_that_do_not_fit():
    with pytest.raises(ValueError, match="layer 1"):
        exact_line([([[1.0]], [0.0]), ([[1.0, 2.0]], [0.0])], [0.0], [1.0])
    with pytest.raises(ValueError, match="at least one layer"):
        exact_line([], [0.0], [1.0])

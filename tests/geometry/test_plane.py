"""Linear regions in a plane: against every activation pattern that a linear program finds, and by Euler's relation."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from geometry.networks import gaussian, run
from scipy.optimize import linprog
from torch import nn

from netaudit.errors import NetauditError
from netaudit.geometry import exact_line, exact_plane

SQUARE = [(-2.0, -2.0), (2.0, -2.0), (2.0, 2.0), (-2.0, 2.0)]
AXES = [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]


def area(points):
    x, y = np.asarray(points).T
    return (x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def patterns_by_linear_programs(layers):
    """Every pattern of a network of two inputs whose region inside the square holds a disc."""
    found = set()
    for pattern in product([0, 1], repeat=sum(len(bias) for _, bias in layers[:-1])):
        rest, matrix, shift = list(pattern), np.eye(2), np.zeros(2)
        sides, limits = [np.eye(2), -np.eye(2)], [np.full(4, 2.0)]
        for weight, bias in layers[:-1]:
            matrix, shift = weight @ matrix, weight @ shift + bias
            on, rest = np.array(rest[: len(bias)]), rest[len(bias) :]
            sign = np.where(on, -1, 1)
            sides.append(sign[:, None] * matrix)
            limits.append(-sign * shift)
            matrix, shift = matrix * on[:, None], shift * on
        a, b = np.concatenate(sides), np.concatenate(limits)
        norms = np.linalg.norm(a, axis=1)
        if (b[norms == 0] < 0).any():
            continue  # a neuron that is constant here, and not in this state
        bounds = [(None, None), (None, None), (0, 1)]
        disc = linprog([0, 0, -1], np.c_[a, norms], b, bounds=bounds, method="highs")
        if disc.status == 0 and -disc.fun > 1e-9:
            found.add(pattern)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_regions_are_those_of_all_patterns(seed):
    layers = gaussian(2, 4, 3, 1, seed=seed)
    plane = exact_plane(layers, *AXES, corners=SQUARE)
    expected = patterns_by_linear_programs(layers)
    assert plane.count == len(expected) > 5
    assert {tuple(pattern) for pattern in plane.patterns.tolist()} == expected


def test_polygons_fill_the_square_and_fit_together():
    layers = gaussian(10, 25, 25, 25, 3, seed=1)
    inputs = np.random.default_rng(2).normal(size=(3, 10))
    plane = exact_plane(layers, *inputs, corners=[(-1, -1), (2, -1), (2, 2), (-1, 2)])
    assert plane.count > 500
    assert len({pattern.tobytes() for pattern in plane.patterns}) == plane.count
    assert len(plane.vertices) - len(plane.edges) + plane.count == 1
    areas = [area(plane.vertices[list(polygon)]) for polygon in plane.polygons]
    assert min(areas) > 0
    assert sum(areas) == pytest.approx(9, rel=1e-12)
    s, t = plane.vertices.T[:, :, None]
    assert plane.values == pytest.approx(
        run(layers, inputs[0] + s * (inputs[1] - inputs[0]) + t * (inputs[2] - inputs[0]))
    )
    assert set(plane.edge_layer) == {-1, 0, 1, 2}


def test_a_network_is_affine_on_each_polygon():
    layers = gaussian(4, 12, 9, 2, seed=3)
    inputs = np.random.default_rng(4).normal(size=(3, 4)) * 2
    plane = exact_plane(layers, *inputs)
    for polygon in plane.polygons:
        corners = plane.vertices[list(polygon)]
        share = np.random.default_rng(5).dirichlet(np.ones(len(polygon)))
        s, t = share @ corners
        inside = run(layers, inputs[0] + s * (inputs[1] - inputs[0]) + t * (inputs[2] - inputs[0]))
        assert share @ plane.values[list(polygon)] == pytest.approx(inside, abs=1e-12)


def test_a_side_of_the_triangle_is_a_line():
    layers = gaussian(4, 30, 20, 2, seed=6)
    inputs = np.random.default_rng(7).normal(size=(3, 4)) * 2
    plane, line = exact_plane(layers, *inputs), exact_line(layers, inputs[0], inputs[1])
    on_side = np.sort(plane.vertices[plane.vertices[:, 1] == 0][:, 0])
    assert on_side == pytest.approx(line.knots, abs=1e-12)


@pytest.mark.parametrize("neurons", [1, 4, 9])
def test_lines_in_general_position(neurons):
    layers = gaussian(2, neurons, 1, seed=8)
    plane = exact_plane(layers, *AXES, corners=[(-1e4, -1e4), (1e4, -1e4), (1e4, 1e4), (-1e4, 1e4)])
    assert plane.count == 1 + neurons + neurons * (neurons - 1) // 2


def test_the_regions_do_not_depend_on_the_memory_or_the_unit():
    layers = gaussian(2, 8, 8, 1, seed=9)
    plane = exact_plane(layers, *AXES, corners=SQUARE)
    parts = exact_plane(layers, *AXES, corners=SQUARE, memory=1)
    assert plane.count == parts.count
    scale = 10.0 ** np.random.default_rng(10).uniform(-6, 6, 8)
    (a, b), (c, d), top = layers
    rescaled = [(a * scale[:, None], b * scale), (c / scale, d), top]
    assert exact_plane(rescaled, *AXES, corners=SQUARE).count == plane.count


def test_a_module_with_two_breaks():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv1d(1, 3, 2), nn.ReLU6(), nn.Flatten(), nn.Linear(9, 4), nn.Hardtanh(), nn.Linear(4, 1)
    )
    plane = exact_plane(module, *torch.randn(3, 1, 4) * 9)
    assert plane.patterns.max() == 2
    assert len(plane.vertices) - len(plane.edges) + plane.count == 1
    assert len({pattern.tobytes() for pattern in plane.patterns}) == plane.count > 10


def test_what_is_refused():
    with pytest.raises(NetauditError, match="more than 10 linear regions"):
        exact_plane(gaussian(2, 30, 1), *AXES, corners=SQUARE, most=10)
    for corners in ([(0, 0), (1, 0)], [(0, 0), (1, 0), (0.1, 0.1), (0, 1)]):
        with pytest.raises(ValueError, match="corners"):
            exact_plane(gaussian(2, 3, 1), *AXES, corners=corners)


@pytest.mark.parametrize("seed", range(40))
def test_small_integers_with_all_their_ties(seed):
    """Parallel, coincident and concurrent boundaries, neurons that are zero on whole regions, breaks at the ends."""
    draw = np.random.default_rng(seed)
    sizes = [2, *draw.integers(2, 7, size=draw.integers(1, 4)), 2]
    layers = [
        (draw.integers(-2, 3, size=(m, n)).astype(float), draw.integers(-2, 3, size=m).astype(float))
        for n, m in pairwise(sizes)
    ]
    plane = exact_plane(layers, *AXES, corners=SQUARE)
    areas = [area(plane.vertices[list(polygon)]) for polygon in plane.polygons]
    assert len(plane.vertices) - len(plane.edges) + plane.count == 1
    assert (min(areas) > 0, sum(areas)) == (True, pytest.approx(16))
    assert len({pattern.tobytes() for pattern in plane.patterns}) == plane.count
    for polygon in plane.polygons:
        share = draw.dirichlet(np.ones(len(polygon)))
        inside = run(layers, share @ plane.vertices[list(polygon)])
        assert share @ plane.values[list(polygon)] == pytest.approx(inside, abs=1e-9)
    x0, x1 = draw.integers(-3, 4, size=(2, 2)).astype(float)
    line = exact_line(layers, x0, x1)
    x, expected = x0 + (line.knots[:-1, None] + line.knots[1:, None]) / 2 * (x1 - x0), set()
    for number, (weight, bias) in enumerate(layers[:-1]):
        on = x @ weight.T + bias > 1e-11
        expected |= {(number, j, line.knots[i + 1]) for i, j in np.argwhere(on[1:] != on[:-1]).tolist()}
        x = np.maximum(x @ weight.T + bias, 0)
    assert set(line.events) == expected


@pytest.mark.parametrize("seed", range(6))
def test_max_pooling_cuts_where_its_winner_changes(seed):
    torch.manual_seed(seed)
    pool = nn.MaxPool2d(3, 2) if seed % 2 else nn.MaxPool2d(2)
    top = nn.Linear(12, 6)
    module = nn.Sequential(nn.Conv2d(1, 3, 2), pool, nn.ReLU(), nn.Flatten(), top, nn.ReLU(), nn.Linear(6, 2)).double()
    inputs = torch.randn(3, 1, 6, 6, dtype=torch.float64) if seed % 2 else torch.randn(3, 1, 5, 5, dtype=torch.float64)
    plane = exact_plane(module, *inputs)
    areas = [area(plane.vertices[list(polygon)]) for polygon in plane.polygons]
    assert len(plane.vertices) - len(plane.edges) + plane.count == 1
    assert (min(areas) > 0, sum(areas)) == (True, pytest.approx(0.5))
    assert len({pattern.tobytes() for pattern in plane.patterns}) == plane.count > 20
    assert {-1, 0} < set(plane.edge_layer) <= {-1, 0, 1, 2}
    draw = np.random.default_rng(seed)
    share = draw.dirichlet(np.ones(3), 20_000)[:, :2]
    s, t = torch.from_numpy(share).T[:, :, None, None, None]
    x = inputs[0] + s * (inputs[1] - inputs[0]) + t * (inputs[2] - inputs[0])
    with torch.no_grad():
        z = module[0](x)
        winners = nn.functional.max_pool2d(z, pool.kernel_size, pool.stride, return_indices=True)[1].flatten(1)
        on, above = module[:3](x).flatten(1) > 0, module[:6](x) > 0
    seen = torch.unique(torch.cat([winners, on, above], 1), dim=0)
    assert 0.8 * plane.count < len(seen) <= plane.count
    for polygon in plane.polygons:
        weights = draw.dirichlet(np.ones(len(polygon)))
        s, t = weights @ plane.vertices[list(polygon)]
        with torch.no_grad():
            inside = module((inputs[0] + s * (inputs[1] - inputs[0]) + t * (inputs[2] - inputs[0]))[None])[0].numpy()
        assert weights @ plane.values[list(polygon)] == pytest.approx(inside, abs=1e-12)

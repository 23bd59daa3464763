import numpy as np
import pytest
import torch

from netaudit.shadow.multilayer import NetShape
from netaudit.studies.theory import deep
from netaudit.studies.theory.coordinates import worst_over_average
from netaudit.studies.theory.deep import (
    Errors,
    Point,
    Sweep,
    as_predicted,
    falls,
    first_power,
    in_words,
    measured,
    run_sweep,
)
from netaudit.studies.theory.lab import Lab

CPU = torch.device("cpu")
WIDE = Sweep((2000, 500, 60), tuple((4 * k, k, 2) for k in (12, 50, 200, 500)), 32, 8)


def lab(seed=0):
    return Lab(seed, CPU)


@pytest.fixture(scope="module")
def wide():
    return run_sweep(lab(), WIDE)


def ratios(points):
    return [point.shape.top / point.shape.kept[-1] for point in points]


def synthetic(power, spread=0.01, scale=1.0, factor=1.5):
    """Points whose error is a power of k_2/k_1, predicted exactly, with eight replicates."""
    noise = np.random.default_rng(0).normal(1, spread, (4, 2, 8))
    points = []
    for index, k in enumerate((10, 20, 40, 80)):
        shape, error = NetShape((400, 100, 20), (400, k), 2), scale * (2 / k) ** power
        plain, dropped = (Errors(e, e * noise[index, row], (0.0, 0.0)) for row, e in enumerate((error, factor * error)))
        points.append(Point(shape, plain, dropped))
    return points


def test_the_error_falls_and_dropout_costs_less_than_double(wide):
    assert falls("", ratios(wide), measured(wide)).passed is True
    assert falls("", ratios(wide), measured(wide, dropout=True)).passed is True
    means = measured(wide).mean(0)
    assert means[0] > 0.8  # saturated
    assert means[-1] < 0.15
    ratio = (wide[-1].dropout.measured / wide[-1].plain.measured).mean()
    assert 1.2 < ratio < 2
    for point in wide:
        assert point.plain.measured.shape == (8,)


def test_small_errors_are_as_predicted(wide):
    for dropout in (False, True):
        assert as_predicted("", wide, 0.25, dropout).passed is True


def test_structure_in_the_weights_is_seen(monkeypatch):
    """A mean of a tenth of sigma: the net is no longer what the theorem is about."""
    monkeypatch.setattr(deep, "gaussian", lambda m, n, g: torch.randn(m, n, generator=g) + 0.1)
    points = run_sweep(lab(), Sweep(WIDE.sizes, WIDE.points[-1:], 32, 8))
    assert as_predicted("", points, 0.25).passed is False


@pytest.mark.parametrize(("power", "passed"), [(1.0, True), (0.5, False), (2.0, False), (0.76, None)])
def test_the_slope_tells_powers_apart(power, passed):
    points = synthetic(power, spread=0.1 if passed is None else 0.001)
    points = [point for point in points if point.plain.predicted <= deep.SMALL]
    assert first_power("", ratios(points), points, 0.25).passed is passed


def test_only_small_errors_are_asked_for_a_first_power():
    bent = [*synthetic(0.2, scale=0.5)[:1], *synthetic(1.0)[1:]]
    assert bent[0].plain.predicted > deep.SMALL
    assert first_power("", ratios(bent), bent, 0.25).passed is True


def test_an_error_that_rises_does_not_fall():
    points = synthetic(1.0)
    rising = [points[0], points[2], points[1], points[3]]
    assert falls("", ratios(points), measured(rising)).passed is False


def test_a_sweep_is_measured_once_and_follows_from_the_seed():
    small = Sweep((400, 100, 20), ((200, 60, 2),), 8, 3)
    run = lab()
    assert run_sweep(run, small) is run_sweep(run, small)
    again, other = run_sweep(lab(), small), run_sweep(lab(1), small)
    assert again[0].plain.measured.tolist() == run_sweep(run, small)[0].plain.measured.tolist()
    assert again[0].plain.measured.tolist() != other[0].plain.measured.tolist()


def test_errors_are_in_units_of_tau():
    """Against the definition, with everything written out, for one net and one h."""
    sweep = Sweep((60, 30, 12), ((40, 20, 3),), 1, 2)
    run = lab()
    [point] = run_sweep(run, sweep)
    key = f"{sweep.sizes} {sweep.points}"
    values = run.generator(key, "values", str(point.shape))
    h3 = (torch.rand(1, 3, generator=values) / 2 + 0.5).double().numpy()[0]
    source = run.generator(key, "0")
    A1, A2 = (torch.randn(m, n, generator=source).double().numpy() for n, m in ((60, 30), (30, 12)))
    n0, n1 = ((torch.rand(1, n, generator=source) < k / n).double().numpy()[0] for n, k in ((60, 40), (30, 20)))
    h = np.zeros(12)
    h[torch.rand(1, 12, generator=source).topk(3, dim=1).indices[0].numpy()] = h3
    x = np.maximum(2 / 40 * A1.T @ (np.maximum(2 / 20 * A2.T @ h, 0) * n1), 0) * n0
    t1, t2 = (t * np.linalg.norm(h) for t in point.plain.offsets)
    back = np.maximum(A2 @ np.maximum(A1 @ x - t1, 0) - t2, 0)
    expected = ((back - h) ** 2).sum() / (3 * h3.mean() ** 2)
    assert point.plain.measured[0] == pytest.approx(expected, rel=1e-4)


def test_the_worst_coordinate_is_at_least_the_average_of_a_dense_h():
    found = worst_over_average(lab(), NetShape((300, 80, 10), (300, 80), 10), shadows=20, nets=4)
    assert found.shape == (4,)
    assert (found >= 1).all()
    assert (found <= 10).all()


def test_settings_in_words():
    assert in_words(NetShape((400, 100, 20), (200, 60), 2)) == "k₂=2 k₁=60 k₀=200"
    assert WIDE.settings()["widths"] == "60–500–2000"

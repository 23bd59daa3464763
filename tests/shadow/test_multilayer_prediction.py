from itertools import pairwise

import numpy as np
import pytest
import torch

from netaudit.numerics import device as devices
from netaudit.shadow.multilayer import NetShape, down, draw_passes, forward
from netaudit.shadow.multilayer_prediction import best_offsets, channel, squared_errors
from netaudit.shadow.prediction import predict, soft_error


def values(k, draws=16):
    return np.random.default_rng(k).uniform(0.5, 1, (draws, k))


@pytest.mark.parametrize(("kept", "keep"), [(500, 1.0), (120, 1.0), (120, 0.5)])
def test_one_layer_is_the_closed_form_of_one_layer(kept, keep):
    h, shape = values(6), NetShape((500, 200), (kept,), 6)
    one = predict(h, 200, 500, kept / 500 * keep)
    s = np.sqrt(2 / (kept * keep))
    for t in (0.0, 1.3, 3.0):
        ours = squared_errors(h, shape, (t * s,), keep).mean()
        assert ours == pytest.approx(soft_error(h, 200, 500, kept / 500 * keep, t), rel=1e-12)
    assert squared_errors(h, shape, best_offsets(h, shape, keep), keep).mean() == pytest.approx(
        one.relative_error, rel=1e-3
    )


def simulate(shape, nets, draws, keep=1.0):
    """Mean relative error and predicted one, with offsets from the prediction."""
    h = values(shape.top, draws)
    offsets = best_offsets(h, shape, keep)
    errors = []
    for seed in range(nets):
        generator = devices.generator(seed, "test")
        sizes = shape.sizes
        matrices = [torch.randn(m, n, generator=generator) for n, m in pairwise(sizes)]
        passes = draw_passes(shape, torch.from_numpy(h).float(), generator)
        dense = passes.h.dense()
        norm = dense.norm(dim=1, keepdim=True)
        x = down(matrices, shape, dense, passes.masks)
        if keep < 1:
            x = x * (torch.rand(x.shape, generator=generator) < keep) / keep
        back = forward(matrices, x, [t * norm for t in offsets])
        errors.append(float(((back - dense).square().sum(1) / norm[:, 0] ** 2).mean()))
    return float(np.mean(errors)), float(squared_errors(h, shape, offsets, keep).mean())


@pytest.mark.parametrize(
    ("shape", "keep"),
    [
        (NetShape((2000, 500, 60), (1200, 300), 3), 1.0),
        (NetShape((2000, 500, 60), (1200, 300), 3), 0.5),
        (NetShape((1599, 399, 80), (1599, 399), 40), 1.0),
        (NetShape((3000, 800, 200, 30), (3000, 800, 200), 2), 1.0),
    ],
    ids=["two layers", "with dropout", "nothing dropped", "three layers"],
)
def test_nets_meet_the_prediction(shape, keep):
    measured, predicted = simulate(shape, nets=24, draws=32, keep=keep)
    assert predicted < 0.35
    assert measured == pytest.approx(predicted, rel=0.08)


@pytest.mark.parametrize(
    ("sizes", "top", "kept", "measured"),
    [
        ((24000, 6000, 500), 5, 800, 0.28),
        ((24000, 6000, 500), 5, 1600, 0.14),
        ((16000, 3000, 1000), 20, 800, 0.48),
        ((16000, 3000, 1000), 20, 1600, 0.29),
    ],
)
def test_the_errors_measured_when_the_method_was_written(sizes, top, kept, measured):
    """Independent simulations of wide nets with k_0 = 4 k_1 at the best constant offsets, to two digits."""
    shape, h = NetShape(sizes, (4 * kept, kept), top), values(top, 64)
    assert squared_errors(h, shape, best_offsets(h, shape)).mean() == pytest.approx(measured, rel=0.08)


def test_the_best_offsets_are_best():
    shape, h = NetShape((2000, 500, 60), (800, 200), 3), values(3)
    best = best_offsets(h, shape)
    least = squared_errors(h, shape, best).mean()
    for layer in (0, 1):
        for factor in (0.8, 1.2):
            moved = [t * factor if j == layer else t for j, t in enumerate(best)]
            assert squared_errors(h, shape, moved).mean() >= least - 1e-6
    assert squared_errors(h, shape, (0.0, 0.0)).mean() > 1.5 * least


def test_an_offset_below_zero_keeps_the_gain():
    """Cutting at 0 loses gain even where the cross-talk is small; lifting it over the kink gives it back."""
    shape = NetShape((24000, 6000, 500), (12000, 3000), 5)
    s = np.sqrt(2 * (2 / 3000) / 12000)
    gains = [channel(shape, (t * s,)).gain for t in (1.0, 0.0, -1.0, -8.0)]
    assert gains == sorted(gains)
    assert gains[-1] == pytest.approx(1, abs=1e-3)


def test_an_offset_that_cuts_everything_leaves_nothing():
    shape, h = NetShape((2000, 500, 60), (800, 200), 3), values(3)
    assert squared_errors(h, shape, (1e3, 0.1)) == pytest.approx(np.ones(16))


@pytest.mark.parametrize("keep", [1.0, 0.5])
@pytest.mark.parametrize(("n", "k"), [(150, 150), (400, 120)])
@pytest.mark.parametrize("h", [0.0, 0.5, 1.0])
def test_the_channel_against_draws_of_the_model_it_assumes(n, k, h, keep):
    """Independent coordinates at fixed norms, everything else drawn: mean and variance of z above two layers."""
    shape, k0, t, draws = NetShape((900, n, 20), (600, k), 1), 600, 0.002, 8000
    source = np.random.default_rng(1)
    g = source.standard_normal((draws, n))
    hidden = 2 / k * np.maximum(g, 0) * (source.random((draws, n)) < k / n)
    norm2 = 2 / k
    s = np.sqrt(2 * norm2 / (k0 * keep) * (1 + (2 - k0 * keep / 900 / 2) * hidden**2 / norm2))
    y = np.maximum(hidden + s * source.standard_normal((draws, n)) - t, 0)
    z = (y * (h * g + np.sqrt(1 - h**2) * source.standard_normal((draws, n)))).sum(axis=1)
    found = channel(shape, (t,), keep)
    assert z.mean() == pytest.approx(found.gain * h, abs=4 * z.std() / np.sqrt(draws))
    assert z.var() == pytest.approx(found.variance + found.spread * h**2, rel=0.07)

"""The fixed gauge, the common mode and the coherence."""

import numpy as np
import pytest
import torch

from netaudit.numerics import device as devices
from netaudit.shadow.coherence import coherence
from netaudit.shadow.gauge import column_mode, fixed_gauge
from netaudit.shadow.inversion import DRAW_METRICS, draw_sparse, invert, judged_cell

CPU = torch.device("cpu")


def gaussian(m, n, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def inflation(matrix, k=None):
    m, n = matrix.shape
    cell = judged_cell(m, n, devices.generator(0, "test"), 0.9)
    if k is not None:
        from dataclasses import replace

        cell = replace(cell, h=draw_sparse(m, k, 512, devices.generator(1, "test")))
    [found] = invert(matrix, [[cell]], CPU)
    return float(found.measured[:, DRAW_METRICS.index("cross_talk_inflation")].mean())


def test_products_in_the_gauge_are_those_of_the_scaled_matrix():
    matrix = gaussian(40, 60) + 0.3
    matrix[3] = 0
    matrix[:, [5, 9]] = 0
    gauge = fixed_gauge(matrix)
    live = matrix[gauge.live_rows][:, gauge.live_columns].double()
    B = gauge.rows[:, None] * live * gauge.columns
    assert B.square().mean(0).numpy() == pytest.approx(np.ones(58), abs=1e-8)
    h, x = gaussian(3, 39, 1), gaussian(3, 58, 2)
    assert gauge.down(h).numpy() == pytest.approx((h.double() @ B).numpy(), abs=1e-4)
    assert gauge.up(x).numpy() == pytest.approx((x.double() @ B.T).numpy(), abs=1e-4)
    assert float(gauge.matrix.double().square().mean()) == pytest.approx(1, rel=1e-5)
    assert gauge.scaled


@pytest.mark.parametrize("shape", [(300, 500), (10, 1000), (64, 784)])
def test_independent_entries_have_a_common_mode_of_about_one_and_keep_it(shape):
    """Taking the column means out whole would make the ten rows of a head correlated: coherence 1000 / 81, not 1."""
    matrix = gaussian(*shape)
    gauge = fixed_gauge(matrix)
    assert gauge.common_mode == pytest.approx(1, abs=0.25)
    assert column_mode((matrix - matrix.mean()) / matrix.std(correction=0)) == pytest.approx(1, abs=0.25)
    assert coherence(gauge.matrix, CPU, devices.generator(0, "test")).kappa == pytest.approx(1, abs=0.35)


def test_without_the_common_mode_cross_talk_does_not_grow_with_the_non_zeros():
    matrix = gaussian(400, 600) + 0.25 * gaussian(1, 600, 1)
    gauge = fixed_gauge(matrix)
    assert gauge.common_mode > 15
    with_it = inflation(matrix / matrix.std(), 40) / inflation(matrix / matrix.std(), 4)
    without = inflation(gauge.matrix, 40) / inflation(gauge.matrix, 4)
    assert with_it > 2
    assert without == pytest.approx(1, abs=0.15)


def test_rescaled_units_do_not_move_it():
    matrix = gaussian(60, 90)
    twin = gaussian(60, 1, 1).exp() * matrix * gaussian(1, 90, 2).exp()
    one, other = fixed_gauge(matrix), fixed_gauge(twin)
    assert other.matrix.numpy() == pytest.approx(one.matrix.numpy(), abs=1e-4)
    assert other.common_mode == pytest.approx(one.common_mode, rel=1e-5)


@pytest.mark.parametrize("factor", [1.0, 1e200, 1e-200])
def test_a_matrix_without_unit_scales_is_taken_as_it_is(factor):
    matrix = gaussian(30, 30).double().triu() * factor
    gauge = fixed_gauge(matrix)
    assert not gauge.scaled
    live = matrix[gauge.live_rows][:, gauge.live_columns]
    scaled = gauge.matrix.double() * gauge.unit + gauge.removed
    assert (scaled / scaled.abs().max()).numpy() == pytest.approx((live / live.abs().max()).numpy(), abs=1e-5)


def test_coherence_is_the_mean_square_of_the_products_of_rows(monkeypatch):
    matrix = gaussian(50, 30) + 0.4 * gaussian(50, 1, 1)
    matrix = (matrix / matrix.square().mean().sqrt()).float()
    A = matrix.double().numpy()
    products = A @ A.T / 30
    own = 30 * (np.sum(products**2) - np.sum(np.diag(products) ** 2)) / (50 * 49)
    for panel in (7, 256):
        monkeypatch.setattr("netaudit.shadow.coherence._PANEL", panel)
        assert coherence(matrix, CPU, devices.generator(0, "test")).kappa == pytest.approx(own, rel=1e-5)


def test_orthogonal_rows_have_no_coherence_and_less_cross_talk_than_random_ones():
    rows = torch.linalg.qr(gaussian(200, 200)).Q * 200**0.5
    found = coherence(rows, CPU, devices.generator(0, "test"))
    assert found.kappa == pytest.approx(0, abs=1e-6)
    assert found.cross_talk == pytest.approx(0.5, abs=0.03)
    assert inflation(rows) == pytest.approx(found.cross_talk, rel=0.08)


@pytest.mark.parametrize("strength", [0.0, 2.0, 5.0])
def test_cross_talk_follows_from_the_coherence(strength):
    u, v = gaussian(300, 1, 2), gaussian(400, 1, 3)
    matrix = gaussian(300, 400) + strength * (300 * 400) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T
    gauge = fixed_gauge(matrix)
    found = coherence(gauge.matrix, CPU, devices.generator(0, "test"))
    assert inflation(gauge.matrix) == pytest.approx(found.cross_talk, rel=0.1)


def test_many_rows_are_sampled_without_bias(monkeypatch):
    matrix = fixed_gauge(gaussian(400, 300) + 0.5 * gaussian(400, 1, 1)).matrix
    whole = coherence(matrix, CPU, devices.generator(0, "test")).kappa
    monkeypatch.setattr("netaudit.shadow.coherence._ROWS", 200)
    assert coherence(matrix, CPU, devices.generator(0, "test")).kappa == pytest.approx(whole, rel=0.15)


@pytest.mark.parametrize(
    "matrix", [torch.ones(1, 1), torch.ones(40, 60), gaussian(40, 1).exp() * gaussian(1, 60).exp()]
)
def test_rounding_is_not_taken_for_a_random_matrix(matrix):
    """In the fixed gauge all entries are 1: without their mean nothing is left."""
    gauge = fixed_gauge(matrix)
    assert not gauge.matrix.any()
    assert gauge.common_mode == 0

"""The null without a matrix against the null with one."""

import numpy as np
import pytest
import torch

from netaudit.numerics import device as devices
from netaudit.shadow.gaussian_layer import GaussianLayers, control_auc, independent, orthonormal
from netaudit.shadow.inversion import DRAW_METRICS, draw_grid, invert

CPU = torch.device("cpu")
JUDGED = [
    DRAW_METRICS.index(name) for name in ("gain", "cross_talk_inflation", "relative_error", "relative_error_none")
]


def generator(seed=0):
    return devices.generator(seed, "test")


@pytest.mark.parametrize(("m", "n"), [(48, 48), (30, 90), (90, 40)])
def test_the_figures_have_the_law_of_a_formed_matrix(m, n):
    grid, source = draw_grid(m, n, generator(), draws=24), generator(1)
    formed, drawn, layers = [], [], GaussianLayers(grid, n)
    for _ in range(300):
        formed.append([c.measured.mean(0)[JUDGED] for c in invert(torch.randn(m, n, generator=source), grid, CPU)])
        drawn.append([c.measured.mean(0)[JUDGED] for c in layers.invert(source)])
    one, other = np.array(formed), np.array(drawn)
    error = np.sqrt((one.var(0) + other.var(0)) / 300)
    assert np.abs(one.mean(0) - other.mean(0)).max() < 4.5 * error.max()
    assert (np.abs(one.mean(0) - other.mean(0)) < 4.5 * error).all()
    # the spread over matrices sets the interval of a verdict: it must be the same, not only the mean
    assert np.exp(np.abs(np.log(other.std(0) / one.std(0)))).max() < 1.35


def test_draws_of_one_matrix_stay_correlated():
    """Equal h twice, without dropout, must give equal z: drawing each row by itself would not."""
    [row] = draw_grid(40, 60, generator(), draws=2)[:1]
    cell = row[0]
    cell.h.support[1], cell.h.values[1] = cell.h.support[0], cell.h.values[0]
    [found] = GaussianLayers([[cell]], 60).invert(generator(1))
    assert found.measured[0] == pytest.approx(found.measured[1], rel=1e-4, nan_ok=True)


def test_an_independent_matrix_has_the_covariance_of_the_shadows():
    x = torch.randn(3, 50, generator=generator())
    z = independent(x, 200_000, generator(1))
    assert (z @ z.T / 200_000).numpy() == pytest.approx((x @ x.T).numpy(), abs=0.02 * 50)


def test_shadows_that_are_all_zero_do_no_harm():
    assert torch.isfinite(independent(torch.zeros(3, 5), 7, generator())).all()


@pytest.mark.parametrize("shape", [(50, 8), (8, 50)])
def test_the_columns_are_orthonormal_and_span_h(shape):
    H = torch.randn(shape, generator=generator())
    H[:, 1] = H[:, 0]  # the same h drawn twice
    U = orthonormal(H)
    assert (U.T @ U).numpy() == pytest.approx(np.eye(U.shape[1]), abs=1e-5)
    assert (U @ (U.T @ H)).numpy() == pytest.approx(H.numpy(), abs=1e-5)


def test_the_control_is_at_chance():
    matrix = torch.randn(400, 800, generator=generator())
    for row in draw_grid(400, 800, generator()):
        assert control_auc(matrix, row[0], generator(1)) == pytest.approx(0.5, abs=0.06)

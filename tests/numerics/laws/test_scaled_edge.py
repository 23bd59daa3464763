"""The edge of scaled noise: exceeded as often as it says, and nearer than the plain law's."""

import numpy as np
import pytest
import torch

from netaudit.numerics.laws import scaled_edge, spikes, tracy_widom
from netaudit.numerics.scales import unit_scales


@pytest.mark.parametrize("shape", [(48, 64), (40, 200)])
def test_it_is_exceeded_at_its_level(shape):
    rng, m, n = np.random.default_rng(shape), *shape
    p_values = []
    for _ in range(400):
        A = rng.standard_normal(shape)
        scales = unit_scales(torch.from_numpy(A))
        s = np.linalg.svd(scales.rows[:, None] * A * scales.columns, compute_uv=False)[::-1]
        p_values.append(scaled_edge.p_value(float((s[-1] / spikes.bulk_sigma(s, m, n)) ** 2), m, n))
    below = np.mean(np.array(p_values) < 0.1)
    assert 0.06 <= below <= 0.15  # 10 % within three standard errors and the 0.1 units of the fit
    assert np.mean(np.array(p_values) < 0.01) <= 0.03


def test_scaling_brings_the_edge_closer_at_every_size():
    for p in (32, 128, 1024, 8192):
        plain = tracy_widom.edge(1.0, p, 2 * p) ** 2
        assert 0.9 * plain < scaled_edge.edge_square(p, 2 * p) < plain


def test_the_p_value_is_that_of_the_edge():
    assert scaled_edge.p_value(scaled_edge.edge_square(200, 300, 0.99), 200, 300) == pytest.approx(0.01, rel=1e-6)

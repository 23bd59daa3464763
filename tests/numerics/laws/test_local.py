"""Local statistics at matrices whose values are known."""

import numpy as np
import pytest

from netaudit.numerics.laws import local


def test_singular_values_of_random_matrices_repel_each_other():
    rng = np.random.default_rng(0)
    values = np.linalg.svd(rng.standard_normal((700, 900)), compute_uv=False)[::-1]
    found = local.spacing_ratio(values)
    assert found is not None
    assert found.low < local.RANDOM_RATIO < found.high
    assert found.mean == pytest.approx(local.RANDOM_RATIO, abs=0.03)


def test_independent_values_do_not():
    found = local.spacing_ratio(np.sort(np.random.default_rng(1).random(4000)))
    assert found is not None
    assert found.low < local.POISSON_RATIO < found.high < local.RANDOM_RATIO
    assert pytest.approx(0.3863, abs=1e-4) == local.POISSON_RATIO


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(200):
        found = local.spacing_ratio(np.sort(rng.random(400)))
        assert found is not None
        hits += found.low < local.POISSON_RATIO < found.high
    assert 0.9 <= hits / 200 <= 0.99  # 95 % nominal, within three standard errors


@pytest.mark.parametrize("values", [np.arange(1.0, 15.0), np.repeat(np.arange(40.0), 2)])
def test_too_few_or_equal_values_say_nothing(values):
    assert local.spacing_ratio(values) is None


def test_random_directions_are_spread_and_unit_vectors_are_not():
    vectors = np.linalg.qr(np.random.default_rng(3).standard_normal((500, 60)))[0]
    assert local.participation(vectors) == pytest.approx(3, abs=0.1)
    assert local.participation(np.eye(50)[:, :4]) == pytest.approx(52)

import numpy as np
import pytest

from netaudit.studies.harness.intervals import mean_interval


def test_intervals_cover_as_often_as_they_say():
    draws = np.random.default_rng(0).standard_normal((1500, 5))
    covered = [low < 0 < high for _, (low, high) in map(mean_interval, draws)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_a_narrower_level_is_inside():
    _, (low, high) = mean_interval([1.0, 2.0, 4.0])
    _, (inner_low, inner_high) = mean_interval([1.0, 2.0, 4.0], 0.5)
    assert low < inner_low < 7 / 3 < inner_high < high


def test_equal_replicates_have_no_width():
    assert mean_interval([0.1] * 5) == (pytest.approx(0.1), (pytest.approx(0.1), pytest.approx(0.1)))


def test_one_replicate_has_no_interval():
    with pytest.raises(ValueError, match="two replicates at least, got 1"):
        mean_interval([1.0])

"""The greedy sweep against dynamic programming whose intervals are tested by linear programs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from netaudit.geometry.fewest_pieces import ends, fewest_pieces


def covers(t, f, start, end, error):
    """Whether some straight line stays within the error on an interval: a linear program in its slope and height."""
    places = np.unique(np.r_[start, t[(t > start) & (t < end)], end])
    line = np.c_[places, np.ones_like(places)]
    value = np.interp(places, t, f)
    limits = np.r_[value + error, error - value]
    return linprog([0, 0], np.r_[line, -line], limits, bounds=[(None, None)] * 2, method="highs").status == 0


def fewest_of(t, f, error, places):
    """The fewest pieces that end at some of the given places, by dynamic programming."""
    fewest, reach = [0] + [10**6] * (len(places) - 1), 1
    for i in range(len(places) - 1):
        reach = max(reach, i + 1)
        while reach + 1 < len(places) and covers(t, f, places[i], places[reach + 1], error):
            reach += 1
        for j in range(i + 1, reach + 1):
            fewest[j] = min(fewest[j], fewest[i] + 1)
    return fewest[-1]


def zigzag(seed, count=12):
    draw = np.random.default_rng(seed)
    return np.r_[0, np.sort(draw.uniform(size=count - 2)), 1], np.cumsum(draw.normal(size=count))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.03, 0.1, 0.3])
def test_the_sweep_is_optimal(seed, share):
    t, f = zigzag(seed)
    error = share * (f.max() - f.min())
    own = ends(t, f, error)
    # with an error a little larger, so that a place off by rounding still serves
    assert len(own) == fewest_of(t, f, error * (1 + 1e-9), np.unique(np.r_[t, own, np.linspace(0, 1, 20)]))
    assert all(covers(t, f, *piece, error * (1 + 1e-9)) for piece in zip([0, *own[:-1]], own, strict=True))
    further = [min(end + 1e-6, 1) for end in own[:-1]]
    assert not any(covers(t, f, *piece, error) for piece in zip([0, *own[:-2]], further, strict=False))


def test_a_piece_may_end_between_two_knots():
    # 0 up to 1/2, then a slope of 2: the first line stays within 0.1 until 0.5 + 0.1 (1 + sqrt 2) / 2 or so
    [first, last] = ends([0, 0.5, 1], [0.0, 0.0, 1.0], 0.1)
    assert 0.6 < first < 0.75
    assert last == 1


@pytest.mark.parametrize(("error", "pieces"), [(0, 8), (0.2, 8), (0.4999, 4), (0.5, 1)])
def test_a_zigzag_between_0_and_1(error, pieces):
    t = np.linspace(0, 1, 9)
    found = fewest_pieces(t, [0, 1] * 4 + [0], error)
    assert found == pieces if error != 0.4999 else 1 < found < 8


def test_no_error_leaves_the_true_bends():
    t = np.sort(np.r_[0, 1, np.random.default_rng(0).uniform(size=50)])
    bends = [0, 0.3, 0.31, 0.8, 1]
    t = np.unique(np.r_[t, bends])
    assert fewest_pieces(t, np.interp(t, bends, [0, 1, -1, 5, 5]), 0) == 4


def test_several_outputs_share_their_pieces():
    t = np.linspace(0, 1, 5)
    f = np.array([[0, 0], [1, 0], [0, 0], [0, 1], [0, 0]])
    assert [fewest_pieces(t, f[:, 0], 0), fewest_pieces(t, f[:, 1], 0), fewest_pieces(t, f, 0)] == [3, 3, 4]
    assert fewest_pieces(t, f, [0, 1]) == 3


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0.01, 100))
def test_units_and_direction_do_not_matter(seed, share, unit):
    t, f = zigzag(seed, 30)
    error = share * (f.max() - f.min())
    pieces = fewest_pieces(t, f, error)
    assert 1 <= pieces <= 29
    assert fewest_pieces(t * 3 - 1, f * unit + 7, error * unit * (1 + 1e-9)) <= pieces
    assert fewest_pieces(t, -f, error) == pieces
    assert abs(fewest_pieces(1 - t[::-1], f[::-1], error * (1 + 1e-9)) - pieces) <= 0 or share < 1e-6


def test_many_points_on_a_curve_take_few_pieces():
    t = np.linspace(0, 1, 2001)  # |f''| / 16 h^2 <= error for the best line on a piece of length h
    assert fewest_pieces(t, t**2, 1 / 800) == 10
    assert fewest_pieces(t, t**2, 1 / 801) == 11


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="do not fit"):
        fewest_pieces([0, 1], [0, 1, 2], 0.1)
    with pytest.raises(ValueError, match="negative"):
        fewest_pieces([0, 1], [0, 1], -0.1)

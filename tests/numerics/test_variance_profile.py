"""A smooth profile of variances, estimated from one matrix."""

import numpy as np
import pytest

from netaudit.numerics.variance_profile import estimate, without_scales


def drawn(S, seed=0):
    return np.sqrt(S) * np.random.default_rng(seed).standard_normal(S.shape)


def triangle(m, n):
    S = np.ones((m, n))
    S[m // 2 :, : n // 2] = 0
    return S


def found(A):
    return estimate(without_scales(A) ** 2, np.random.default_rng(1))


def test_one_variance_takes_one_component():
    profile = found(drawn(np.ones((100, 150))))
    assert profile.components == 1
    assert profile.variances.std() < 0.25


def test_blocks_are_found_with_their_number():
    S = np.ones((120, 160))
    S[:40, :60], S[40:, 60:] = 25, 9
    S[80:, :60] = 0
    S[:40, 60:] = 0
    profile = found(drawn(S))
    assert profile.components in (2, 3)
    zero = profile.variances[S == 0]
    assert zero.max() < 0.05 * profile.variances.mean()


def test_held_out_entries_ask_for_no_component_of_noise():
    assert [found(drawn(np.ones((60, 90)), seed)).components for seed in range(10)].count(1) >= 9


def test_scales_and_permutations_change_nothing():
    A, rng = drawn(triangle(60, 90)), np.random.default_rng(2)
    rows, columns = rng.permutation(60), rng.permutation(90)
    other = (np.exp(rng.standard_normal((60, 1))) * A * np.exp(rng.standard_normal(90)))[rows][:, columns]
    assert without_scales(other) == pytest.approx(without_scales(A)[rows][:, columns], rel=1e-9)


def test_sums_of_rows_and_columns_are_kept():
    squares = without_scales(drawn(triangle(60, 90))) ** 2
    S = estimate(squares, np.random.default_rng(3)).variances
    for axis in (0, 1):
        assert S.sum(axis) == pytest.approx(squares.sum(axis), rel=1e-3)

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.numerics.scales import TOLERANCE, NoUnitScales, unit_scales


def drawn(m, n, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def scaled(matrix, found):
    return found.rows[:, None] * matrix.double().numpy() * found.columns


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 40), st.integers(4, 40), st.floats(-2, 2), st.integers(0, 99))
def test_rows_and_columns_have_unit_mean_squares(m, n, mean, seed):
    matrix = drawn(m, n, seed) + mean
    B = scaled(matrix, unit_scales(matrix))
    assert (B**2).mean(0) == pytest.approx(1, abs=1e-8)
    assert (B**2).mean(1) == pytest.approx(1, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 30), st.integers(3, 30), st.integers(0, 99))
def test_rescaled_units_leave_it_as_it_is(m, n, seed):
    matrix = drawn(m, n, seed)
    own = drawn(1, m + n, seed + 1)[0].mul(2).exp()
    twin = own[:m, None] * matrix * own[m:]
    assert scaled(twin, unit_scales(twin)) == pytest.approx(scaled(matrix, unit_scales(matrix)), rel=1e-6, abs=1e-9)


def test_a_permutation_permutes_and_a_transposition_swaps_the_scales():
    matrix = drawn(30, 50) * drawn(1, 50, 1).exp()
    found = unit_scales(matrix)
    rows, columns = np.random.default_rng(0).permutation(30), np.random.default_rng(1).permutation(50)
    permuted = unit_scales(matrix[rows][:, columns])
    assert permuted.rows == pytest.approx(found.rows[rows], rel=1e-8)
    assert permuted.columns == pytest.approx(found.columns[columns], rel=1e-8)
    other = unit_scales(matrix.T)
    assert other.rows == pytest.approx(found.columns, rel=1e-7)
    assert other.columns == pytest.approx(found.rows, rel=1e-7)


def test_zero_rows_and_columns_keep_scale_1_and_are_reported():
    matrix = drawn(20, 30)
    matrix[[3, 7]] = 0
    matrix[:, 5] = 0
    found = unit_scales(matrix)
    assert found.zero_rows.tolist() == [3, 7]
    assert found.zero_columns.tolist() == [5]
    assert found.rows[[3, 7]].tolist() == [1, 1]
    assert found.columns[5] == 1
    keep = np.delete(np.arange(20), [3, 7]), np.delete(np.arange(30), 5)
    alone = unit_scales(matrix[keep[0]][:, keep[1]])
    assert found.rows[keep[0]] == pytest.approx(alone.rows, rel=1e-9)
    assert found.columns[keep[1]] == pytest.approx(alone.columns, rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_any_dtype_is_summed_in_float64(dtype):
    matrix = drawn(40, 60).to(dtype)
    found, exact = unit_scales(matrix), unit_scales(matrix.double())
    assert found.rows == pytest.approx(exact.rows, rel=1e-12)
    assert found.error <= TOLERANCE


def test_squares_of_entries_will_do():
    matrix = drawn(25, 35) * 7
    by_squares, found = unit_scales(matrix.square(), squares=True), unit_scales(matrix)
    assert by_squares.rows == pytest.approx(found.rows, rel=1e-8)
    assert by_squares.columns == pytest.approx(found.columns, rel=1e-8)


@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_entries_whose_squares_overflow(factor):
    matrix = drawn(12, 9)
    assert scaled(matrix * factor, unit_scales(matrix * factor)) == pytest.approx(
        scaled(matrix, unit_scales(matrix)), rel=1e-7
    )


def test_several_blocks_are_one_matrix(monkeypatch):
    matrix = drawn(50, 20)
    whole = unit_scales(matrix)
    monkeypatch.setattr("netaudit.numerics.scales._BLOCK", 60)
    assert unit_scales(matrix).rows == pytest.approx(whole.rows, rel=1e-9)


def test_an_identity_has_unit_scales():
    found = unit_scales(torch.eye(8) * 3)
    assert scaled(torch.eye(8) * 3, found) == pytest.approx(np.eye(8) * np.sqrt(8))


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (torch.zeros(0, 4), "empty"),
        (torch.zeros(3, 4), "every entry is zero"),
        (torch.tensor([[1.0, float("nan")]]), "NaN or infinite"),
        (torch.tensor([[1.0, float("inf")]]), "NaN or infinite"),
        (torch.ones(6, 6).triu(), "no scales make all rows and columns equal"),  # the limit would be the identity
    ],
)
def test_what_has_no_unit_scales_says_why(matrix, reason):
    with pytest.raises(NoUnitScales, match=reason):
        unit_scales(matrix)


def test_float8_is_read_as_the_numbers_that_it_holds():
    matrix = torch.randn(20, 30, generator=torch.Generator().manual_seed(0)).to(torch.float8_e4m3fn)
    assert np.allclose(unit_scales(matrix).rows, unit_scales(matrix.float()).rows, rtol=1e-12)


def test_two_rows_with_an_entry_near_zero_converge_slowly_or_say_so():
    slow = torch.randn(2, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 1.203125
    found = unit_scales(slow)  # 300 passes are too few
    assert np.allclose((scaled(slow, found) ** 2).mean(axis=1), 1, atol=1e-8)
    with pytest.raises(NoUnitScales, match="after 3000 passes"):
        unit_scales(torch.tensor([[1.0, 1e-5], [1.0, 1.0]], dtype=torch.float64))

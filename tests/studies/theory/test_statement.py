import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netaudit.report.chart import Axis, series
from netaudit.studies.harness.intervals import mean_interval
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.statement import Check, Statement, check, exponent, point, slopes, tightest


def made(*checks):
    panel = chart("p", "P.", Axis("x"), Axis("y"), [series("s", [(1, 2.123456789), (3, 4)])])
    return Statement("id", "T", "S.", "F.", checks, {"n": 3}, (panel,))


@pytest.mark.parametrize(
    ("interval", "passed"),
    [
        ((0.96, 1.04), True),
        ((0.95, 1.05), True),
        ((0.94, 1.04), None),
        ((0.96, 1.06), None),
        ((0.5, 2.0), None),
        ((1.06, 1.2), False),
        ((0.5, 0.94), False),
    ],
)
def test_a_check_is_passed_when_its_whole_interval_is_inside(interval, passed):
    found = Check("c", 1.0, interval, 0.95, 1.05)
    assert found.passed is passed
    assert (found.room >= 0) == (passed is True)


@pytest.mark.parametrize(
    ("low", "high", "passed"), [(None, 2.0, True), (None, 1.0, None), (None, 0.5, False), (1.2, None, False)]
)
def test_a_tolerance_may_have_one_side(low, high, passed):
    assert Check("c", 1.0, (0.9, 1.1), low, high).passed is passed


@pytest.mark.parametrize(
    ("intervals", "holds"),
    [
        ([(0.96, 1.04)], True),
        ([(0.96, 1.04), (0.9, 1.0)], None),
        ([(0.96, 1.04), (0.9, 1.0), (2.0, 3.0)], False),
    ],
)
def test_a_statement_holds_when_all_checks_do(intervals, holds):
    statement = made(*(Check("c", 1.0, ends, 0.95, 1.05) for ends in intervals))
    assert statement.holds is holds
    data = statement.to_dict()
    assert data["holds"] is holds
    assert data["value"] == 1.0
    assert data["interval"] == list(intervals[-1])  # the check that decides
    assert [one["passed"] for one in data["checks"]] == [one.passed for one in statement.checks]


def test_the_json_has_six_digits_and_no_tuples():
    data = made(Check("c", 1 / 3, (0.1, 0.9))).to_dict()
    assert data["value"] == 0.333333
    assert data["panels"][0]["series"][0]["y"] == [2.12346, 4]
    assert json.loads(json.dumps(data)) == data


def test_the_worst_cell_decides_and_is_named():
    cells = [("a", Check("", 1.0, (0.99, 1.01), 0.95, 1.05)), ("b", Check("", 1.03, (1.02, 1.06), 0.95, 1.05))]
    worst = tightest("ratio", cells)
    assert worst.what == "ratio (2 cells, worst at b)"
    assert worst.passed is None
    assert tightest("ratio", cells[:1]).what == "ratio (a)"


@given(st.integers(0, 10_000))
def test_intervals_of_replicates(seed):
    samples = np.random.default_rng(seed).standard_normal(8) + 5
    mean, (low, high) = mean_interval(samples)
    assert low < mean < high
    shifted = check("c", samples * 2 + 1)
    assert shifted.interval == pytest.approx((2 * low + 1, 2 * high + 1))
    _, value, bottom, top = point(1.0, samples, log=True)
    assert value == mean
    assert bottom * top == pytest.approx(mean**2)


def test_a_wide_interval_stays_on_a_logarithmic_axis():
    _, _, low, _ = point(1.0, [0.1, 9.0], log=True)
    assert low > 0


@given(st.floats(-3, 3), st.floats(0.1, 10))
def test_powers_have_their_exponent_everywhere(power, scale):
    x = [1.0, 2.0, 5.0, 20.0]
    y = np.stack([scale * np.array(x) ** power, 2 * np.array(x) ** power])
    assert slopes(x, y) == pytest.approx(np.full((2, 3), power), abs=1e-9)
    assert exponent(x, y) == pytest.approx([power, power], abs=1e-9)


def test_a_chart_s_text_says_where_its_series_go():
    rows = [(1.0, 2.0), (2.0, None), (4.0, 1 / 3)]
    drawn = chart("p", "P.", Axis("x"), Axis("y"), [series("measured", rows), series("", [(1, 5), (2, 6), (3, 7)])])
    assert drawn.alt == "measured: 2 at 1, 0.333 at 4. predicted: 5 at 1, 6 at 2, 7 at 3."
    named = chart("p", "P.", Axis("x", ticks=((0, "sign"),)), Axis("y"), [series("s", [(0, 1.5)])])
    assert named.alt == "s: 1.5 at sign."

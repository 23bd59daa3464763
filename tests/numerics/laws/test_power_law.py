import math
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.numerics.laws import power_law
from netaudit.numerics.laws.ensembles import gaussian_singular_values
from netaudit.numerics.laws.power_law import LEAST_VALUES, PowerLaw, fit, interval


def slow_fit(values):
    """Every tail in turn, straight from the formulas: (alpha, xmin, D, n) of the one with the smallest D."""
    x = sorted(float(value) for value in values)
    few = len(x) < 20
    best = None
    for start in range(len(x) - (8 if few else 2) + 1):
        tail, xmin = x[start:], x[start]
        if start and xmin == x[start - 1]:
            continue
        n, total = len(tail), math.fsum(math.log(value / xmin) for value in tail)
        if total <= 1e-10 * n:
            continue
        alpha = 1 + (n - 1 if few else n) / total
        distance = max(abs(1 - (value / xmin) ** (1 - alpha) - j / n) for j, value in enumerate(tail))
        if best is None or distance < best[2]:
            best = (alpha, xmin, distance, n)
    return best


def agrees_with_the_slow_fit(values):
    law = fit(np.array(values))
    alpha, xmin, distance, n = slow_fit(values)
    assert pytest.approx(distance, abs=1e-9) == law.D
    if law.tail == n:  # two tails may be equally good up to rounding
        assert (law.alpha, law.xmin) == pytest.approx((alpha, xmin), rel=1e-9)
    return law.tail == n


@pytest.mark.parametrize("size", [10, 15, 19, 20, 21, 60, 300])
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_a_plain_loop(size, seed):
    generator = np.random.default_rng([size, seed])
    for values in (
        generator.pareto(1.5, size) + 1,
        generator.lognormal(size=size),
        gaussian_singular_values(size, 2 * size, generator) ** 2,
    ):
        assert agrees_with_the_slow_fit(values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-6, 1e6), min_size=LEAST_VALUES, max_size=70).filter(lambda v: max(v) > 1.001 * min(v)))
def test_no_tail_fits_better_than_the_one_found(values):
    agrees_with_the_slow_fit(values)


@settings(max_examples=30, deadline=None)
@given(st.integers(10, 200), st.integers(0, 99), st.floats(1e-30, 1e30))
def test_the_units_do_not_matter(size, seed, scale):
    values = np.random.default_rng(seed).pareto(1.2, size) + 1
    one, other = fit(values), fit(values[::-1] * scale)
    assert (other.alpha, other.D, other.sigma) == pytest.approx((one.alpha, one.D, one.sigma), rel=1e-6)
    assert (other.xmin, other.xmax) == pytest.approx((one.xmin * scale, one.xmax * scale))
    assert other.tail == one.tail == np.sum(values >= one.xmin)


@pytest.mark.parametrize("alpha", [1.8, 2.5, 3.5])
def test_exact_power_laws_are_found(alpha):
    law = fit(np.random.default_rng(0).pareto(alpha - 1, 5000) + 1)
    assert law.alpha == pytest.approx(alpha, rel=0.05)
    assert law.D < 0.02
    assert law.tail > 1000
    assert law.sigma == pytest.approx((law.alpha - 1) / law.tail**0.5)


def test_the_start_of_a_tail_is_found():
    generator = np.random.default_rng(1)
    body, tail = generator.uniform(0, 10, 3000), 10 * (generator.pareto(1.5, 2000) + 1)
    law = fit(np.concatenate([tail, body]))
    assert law.xmin == pytest.approx(10, rel=0.15)
    assert law.alpha == pytest.approx(2.5, rel=0.06)


@pytest.mark.parametrize(("m", "n"), [(500, 500), (1000, 500), (300, 1000)])
def test_gaussian_spectra_have_an_exponent_but_no_power_law(m, n):
    generator = np.random.default_rng(0)
    laws = [fit(gaussian_singular_values(m, n, generator) ** 2) for _ in range(60)]
    assert np.quantile([law.alpha for law in laws], 0.05) > 4
    assert 8 < np.median([law.alpha for law in laws]) < 12
    assert np.quantile([law.alpha for law in laws], 0.95) < 40
    low, middle, high = np.quantile([law.D for law in laws], [0.05, 0.5, 0.95])
    assert 0.1 < low < middle < high < 0.15
    assert middle == pytest.approx(0.127, abs=0.005)
    assert fit(generator.pareto(1.5, min(m, n)) + 1).D < 0.06


def test_what_the_report_says_of_gaussian_matrices_is_so():
    generator = np.random.default_rng(1)
    square = [fit(gaussian_singular_values(512, 512, generator) ** 2) for _ in range(200)]
    oblong = [fit(gaussian_singular_values(1000, 4000, generator) ** 2) for _ in range(60)]

    def share(laws, low, high, figure="alpha"):
        return np.mean([low <= getattr(law, figure) <= high for law in laws])

    assert share(square, 5, 24) == pytest.approx(0.9, abs=0.06)
    assert share(oblong, 9, 55) == pytest.approx(0.9, abs=0.1)
    assert share(square, 2, 6) == pytest.approx(1 / 6, abs=0.06)
    for laws in (square, oblong):
        assert share(laws, 0.105, 0.145, "D") > 0.9


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "it takes 10 positive values, and there are 0"),
        (range(1, 10), "it takes 10 positive values, and there are 9"),
        ([3.0] * 40, "the values are equal"),
        (1 + 1e-13 * np.arange(40), "the values are equal"),
    ],
)
def test_what_cannot_be_fitted_says_why(values, why):
    assert fit(np.array(values, dtype=np.float64)) == why


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_values_must_be_positive_and_finite(bad):
    with pytest.raises(ValueError, match="positive and finite"):
        fit(np.append(np.arange(1.0, 20.0), bad))


@pytest.mark.parametrize("top", [(5, 9, 30), (5, 7, 12, 60)])
def test_a_short_tail_can_fit_best(top):
    values = np.append(1 + 1e-6 * np.arange(30), top)
    assert fit(values).tail == len(top)
    assert agrees_with_the_slow_fit(values)


def test_equal_values_do_not_split_a_tail():
    law = fit(np.repeat([1.0, 2.0, 3.0, 5.0, 9.0], 8))
    assert isinstance(law, PowerLaw)
    assert law.tail % 8 == 0


def test_the_interval_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(60):
        low, high = interval(np.concatenate([generator.pareto(1.5, 300) + 1, generator.random(700)]), generator)
        hits += low <= 2.5 <= high
    assert hits >= 52  # 57 expected at 95 %; fewer than 52 has a chance of 1 %


def test_the_interval_of_a_gaussian_spectrum_is_as_wide_as_alpha_varies():
    generator = np.random.default_rng(0)
    low, high = interval(gaussian_singular_values(500, 500, generator) ** 2, generator)
    assert low < 6
    assert high > 12


def test_the_thinned_tails_of_the_interval_change_little(monkeypatch):
    values = np.random.default_rng(0).pareto(1.5, 1000) + 1
    thinned = interval(values, np.random.default_rng(1))
    monkeypatch.setattr(power_law, "_CANDIDATES", None)
    assert thinned == pytest.approx(interval(values, np.random.default_rng(1)), abs=0.03)


def test_the_seed_decides_the_interval():
    values = np.random.default_rng(0).pareto(1.5, 100) + 1
    first = interval(values, np.random.default_rng(1))
    assert first == interval(values, np.random.default_rng(1)) != interval(values, np.random.default_rng(2))


def test_equal_values_have_no_interval():
    assert interval(np.ones(40), np.random.default_rng(0)) is None


def test_thousands_of_values_take_no_time():
    values = np.random.default_rng(0).pareto(1.5, 4096) + 1
    times = []
    for _ in range(5):
        start = process_time()
        fit(values)
        times.append(process_time() - start)
    assert min(times) < 0.1  # all tails in turn take 0.2 s

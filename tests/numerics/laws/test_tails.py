"""Beside an exponent: Hill's estimates by a plain loop, and Vuong's test on laws whose tail is known."""

import numpy as np
import pytest
from scipy import stats

from netaudit.numerics.laws.power_law import fit
from netaudit.numerics.laws.tails import hill, lengths, vuong


def test_hill_is_the_maximum_likelihood_of_each_tail():
    x = np.random.default_rng(0).lognormal(size=80)
    tails = lengths(80, 20)
    assert (tails[0], tails[-1]) == (5, 80)
    assert (np.diff(tails) > 0).all()
    for k, alpha in zip(tails, hill(x, tails), strict=True):
        tail = np.sort(x)[-k:]
        assert alpha == pytest.approx(1 + 1 / np.log(tail / tail[0]).mean())


def test_a_tail_of_equal_values_has_no_exponent():
    assert np.isnan(hill(np.array([1.0, 2, 2, 2, 2, 2]), np.array([5]))).all()


def test_vuong_is_that_of_the_two_laws_at_their_maximum_likelihood():
    x = np.random.default_rng(1).lognormal(2.0, 0.5, 4000)
    xmin, alpha = 1e-9, 1 + 1 / np.log(x / 1e-9).mean()  # so low that nothing of the log-normal law is cut off
    mu, s = np.log(x).mean(), np.log(x).std()
    difference = stats.pareto(alpha - 1, scale=xmin).logpdf(x) - stats.lognorm(s, scale=np.exp(mu)).logpdf(x)
    expected = difference.mean() * np.sqrt(x.size) / difference.std()
    assert vuong(x, xmin, alpha) == pytest.approx(expected, rel=1e-3)


def test_a_power_law_is_not_called_log_normal_and_a_log_normal_is():
    generator = np.random.default_rng(2)
    values = [vuong(x, 1.0, fit_from_one(x)) for x in (generator.pareto(1.5, 1000) + 1 for _ in range(40))]
    assert sum(v < -1.96 for v in values) <= 4
    x = generator.lognormal(0, 0.5, 1000)
    assert vuong(x, float(x.min()), 1 + 1 / np.log(x / x.min()).mean()) < -5


def fit_from_one(x):
    return 1 + 1 / np.log(x).mean()


def test_few_values_have_no_test():
    law = fit(np.arange(1.0, 12))
    assert vuong(np.arange(1.0, 12), law.xmax, law.alpha) is None

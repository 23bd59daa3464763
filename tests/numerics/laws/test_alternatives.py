"""Which simple distribution weights follow, and by how much: against exact log-likelihoods from SciPy."""

import numpy as np
import pytest
import torch
from scipy import stats

from netaudit.numerics.entries import describe
from netaudit.numerics.laws.alternatives import fit


def counted(x):
    found = describe(torch.from_numpy(x)).nonzero
    assert found.counts.sum() == np.count_nonzero(x)
    return found


def sample(name, n=100_000, seed=0):
    rng = np.random.default_rng(seed)
    draws = {
        "gaussian": rng.standard_normal,
        "uniform": lambda n: rng.uniform(-1, 1, n),
        "laplace": lambda n: rng.laplace(size=n),
        "student_t": lambda n: rng.standard_t(4, n),
    }
    return draws[name](n)


def test_values_that_are_all_the_same_have_no_distribution():
    assert fit(counted(np.where(np.arange(64) < 32, 0.0, 2.0))) == ()


@pytest.mark.parametrize("name", ["gaussian", "uniform", "laplace", "student_t"])
def test_each_family_is_recognised(name):
    fits = fit(counted(sample(name)))
    assert fits[0].name == name
    assert [f.gain for f in fits] == sorted((f.gain for f in fits), reverse=True)
    assert next(f.gain for f in fits if f.name == "gaussian") == 0


def test_the_parameters_are_recovered():
    x = sample("student_t")
    best = fit(counted(x))[0]
    assert best.degrees == pytest.approx(4, rel=0.05)
    assert best.scale * x.std() == pytest.approx(1, rel=0.02)
    laplace = sample("laplace") * 3 + 7
    assert fit(counted(laplace))[0].scale * laplace.std() == pytest.approx(3, rel=0.02)


@pytest.mark.parametrize("degrees", [1.5, 3.0, 8.0])
def test_the_gain_is_the_exact_difference_of_log_likelihoods_whatever_the_tails(degrees):
    x = np.random.default_rng(3).standard_t(degrees, 200_000)
    found, gains = counted(x), {f.name: f for f in fit(counted(x))}

    gaussian = stats.norm(x.mean(), x.std()).logpdf(x).mean()
    median = float(np.median(x))
    spread = np.abs(x - median).mean()
    assert gains["laplace"].gain == pytest.approx(-np.log(2 * spread) - 1 - gaussian, abs=1e-6)
    t = gains["student_t"]
    law = stats.t(t.degrees, found.mean + found.std * t.location, found.std * t.scale)
    exact = law.logpdf(x).mean() - gaussian - np.log(x.size) / (2 * x.size)
    assert t.gain == pytest.approx(exact, rel=1e-3, abs=1e-5)


def test_the_gain_is_the_difference_of_entropies_and_does_not_grow_with_the_sample():
    """Uniform against Gaussian of the same variance: (ln(2 pi e) - ln 12) / 2 nats."""
    exact = (np.log(2 * np.pi * np.e) - np.log(12)) / 2
    for n in (20_000, 400_000):
        assert fit(counted(sample("uniform", n)))[0].gain == pytest.approx(exact, abs=0.006)


def test_the_parameter_of_a_student_t_must_earn_its_penalty():
    for seed in range(5):
        assert fit(counted(sample("gaussian", 2000, seed)))[0].name == "gaussian"


def test_outliers_beyond_every_bin_do_not_break_the_fit():
    found = counted(np.concatenate([sample("gaussian"), [1e9]]))
    assert all(np.isfinite([f.gain, f.location, f.scale]).all() for f in fit(found))

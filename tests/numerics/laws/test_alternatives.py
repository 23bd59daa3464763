import numpy as np
import pytest

from netaudit.numerics.laws.alternatives import EDGES, fit


def counted(x):
    z = (x - x.mean()) / x.std()
    counts = np.histogram(z, np.concatenate([[-np.inf], EDGES, [np.inf]]))[0].astype(float)
    return counts, float(z.min()), float(z.max())


def sample(name, n=100_000, seed=0):
    rng = np.random.default_rng(seed)
    draws = {
        "gaussian": rng.standard_normal,
        "uniform": lambda n: rng.uniform(-1, 1, n),
        "laplace": lambda n: rng.laplace(size=n),
        "student_t": lambda n: rng.standard_t(4, n),
    }
    return draws[name](n)


def test_values_that_are_all_the_same_have_no_uniform_distribution():
    counts = np.zeros(len(EDGES) + 1)
    counts[len(EDGES) // 2] = 64
    fits = fit(counts, 0.0, 0.0)
    assert "uniform" not in {f.name for f in fits}
    assert all(np.isfinite([f.location, f.scale, f.gain]).all() for f in fits)


@pytest.mark.parametrize("name", ["gaussian", "uniform", "laplace", "student_t"])
def test_each_family_is_recognised(name):
    fits = fit(*counted(sample(name)))
    assert fits[0].name == name
    assert [f.gain for f in fits] == sorted((f.gain for f in fits), reverse=True)
    assert next(f.gain for f in fits if f.name == "gaussian") == 0


def test_the_parameters_are_recovered():
    x = sample("student_t")
    best = fit(*counted(x))[0]
    assert best.degrees == pytest.approx(4, rel=0.05)
    assert best.scale * x.std() == pytest.approx(1, rel=0.02)
    laplace = sample("laplace") * 3 + 7
    assert fit(*counted(laplace))[0].scale * laplace.std() == pytest.approx(3, rel=0.02)


def test_the_gain_is_the_difference_of_entropies_and_does_not_grow_with_the_sample():
    """Uniform against Gaussian of the same variance: (ln(2 pi e) - ln 12) / 2 nats."""
    exact = (np.log(2 * np.pi * np.e) - np.log(12)) / 2
    for n in (20_000, 400_000):
        assert fit(*counted(sample("uniform", n)))[0].gain == pytest.approx(exact, abs=0.012)  # bins lose a little


def test_the_parameter_of_a_student_t_must_earn_its_penalty():
    for seed in range(5):
        assert fit(*counted(sample("gaussian", 2000, seed)))[0].name == "gaussian"


def test_outliers_beyond_every_bin_do_not_break_the_fit():
    counts, low, high = counted(np.concatenate([sample("gaussian"), [1e9]]))
    assert all(np.isfinite([f.gain, f.location, f.scale]).all() for f in fit(counts, low, high))

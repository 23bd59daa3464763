import numpy as np
import pytest

from netaudit.numerics.laws import tracy_widom
from netaudit.numerics.laws.ensembles import gaussian_largest


def test_published_quantiles():
    # Bejan 2005, table of F1
    for p, s in ((0.9, 0.4501), (0.95, 0.9793), (0.99, 2.0234)):
        assert tracy_widom.quantile(p) == pytest.approx(s, abs=1e-4)
        assert float(tracy_widom.cdf(s)) == pytest.approx(p, abs=1e-4)


def test_published_moments():
    s = np.linspace(-9, 10, 401)  # the rule adds a twelfth of its step squared to the variance: 2e-4
    mass, middle = np.diff(tracy_widom.cdf(s)), (s[1:] + s[:-1]) / 2
    mean = np.sum(mass * middle)
    assert mean == pytest.approx(-1.2065336, abs=1e-4)
    assert np.sum(mass * (middle - mean) ** 2) == pytest.approx(1.6077810, abs=1e-3)


@pytest.mark.parametrize("shape", [(64, 64), (256, 256), (512, 512), (512, 2048)])
def test_scores_of_gaussian_spectra(shape):
    generator = np.random.default_rng(0)
    scores = [tracy_widom.score(gaussian_largest(*shape, generator), 1.0, *shape) for _ in range(400)]
    assert np.mean(scores) == pytest.approx(-1.21, abs=0.2)
    assert np.std(scores) == pytest.approx(1.27, abs=0.15)


def test_edge_is_rarely_exceeded_and_scales_with_sigma():
    generator = np.random.default_rng(1)
    largest = np.array([gaussian_largest(100, 200, generator) for _ in range(2000)])
    assert np.mean(largest > tracy_widom.edge(1.0, 100, 200)) <= 0.004
    assert np.mean(largest > tracy_widom.edge(1.0, 100, 200, p=0.5)) == pytest.approx(0.5, abs=0.06)
    assert tracy_widom.edge(3.0, 100, 200) == pytest.approx(3 * tracy_widom.edge(1.0, 200, 100))


def test_quantile_refuses_the_ends():
    with pytest.raises(ValueError, match="p must lie in"):
        tracy_widom.quantile(1.0)

"""The share of neurons that flip: against a bivariate Gaussian, and against layers that are drawn."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from netaudit.geometry.random_layer import angle, flip_probability, next_angle, over_dispersion


def by_quadrature(x0, x1, bias, std, mean):
    centre = np.array([mean * x0.sum() + bias, mean * x1.sum() + bias])
    covariance = std**2 * np.array([[x0 @ x0, x0 @ x1], [x0 @ x1, x1 @ x1]])
    both = multivariate_normal.cdf([0, 0], centre, covariance, abseps=1e-11)
    alone = norm.cdf(0, centre, np.sqrt(np.diag(covariance)))
    return alone.sum() - 2 * both


@pytest.mark.parametrize("seed", range(4))
def test_with_biases_it_is_two_quadrants_of_a_bivariate_gaussian(seed):
    draw = np.random.default_rng(seed)
    x0, x1, bias = draw.normal(size=5), draw.normal(size=5), np.r_[0, draw.normal(size=4), 30]
    mean = seed / 10
    expected = [by_quadrature(x0, x1, b, 0.7, mean) for b in bias]
    assert flip_probability(x0, x1, bias, 0.7, mean) == pytest.approx(expected, abs=1e-9)


def test_without_a_bias_it_is_theta_over_pi():
    assert flip_probability([1.0, 0.0], [0.0, 3.0]) == pytest.approx([0.5])
    assert flip_probability([1.0, 0.0], [[1.0, 1.0], [-2.0, 0.0]]).ravel() == pytest.approx([0.25, 1])
    assert flip_probability([1.0, 0.0], [1.0, 1.0], [0.0, 0.0]) == pytest.approx([0.25, 0.25])


def test_inputs_in_one_direction():
    assert flip_probability([1.0, 0.0], [1.0, 0.0], [0.0, 1.0, -1.0]).tolist() == [0, 0, 0]
    expected = norm.cdf(1) - norm.cdf(0.5)
    assert flip_probability([1.0, 0.0], [2.0, 0.0], [0.0, 1.0, -1.0]) == pytest.approx([0, expected, expected])


def test_an_input_of_zeros_leaves_the_biases_alone():
    found = flip_probability([0.0, 0.0], [[3.0, 0.0], [0.0, 0.0]], [1.0, -1.0, 0.0], std=0.5)
    expected = [[norm.cdf(-2 / 3), norm.cdf(-2 / 3), 0.5], [0, 0, 0]]
    assert found == pytest.approx(np.array(expected))
    assert flip_probability([0.0, 0.0], [1.0, 1.0]) == pytest.approx([0.5])


def test_small_angles_keep_their_digits():
    assert angle([1.0, 0.0], [1.0, 1e-12]) == pytest.approx(1e-12, rel=1e-9)
    assert angle([1.0, 0.0], [-1.0, 1e-12]) == pytest.approx(np.pi)


def test_a_random_stack_follows_the_law_layer_by_layer():
    draw = np.random.default_rng(1)
    x = draw.normal(size=(2, 400))
    x[1] = np.cos(0.925) * x[0] + np.sin(0.925) * x[1]
    theta = float(angle(*x))
    for _ in range(3):
        z = x @ (draw.normal(size=(4000, x.shape[1])) * np.sqrt(2 / x.shape[1])).T
        share = float(((z[0] > 0) != (z[1] > 0)).mean())
        law = float(flip_probability(*x)[0])
        assert share == pytest.approx(law, abs=4 * np.sqrt(law * (1 - law) / 4000))
        assert law == pytest.approx(theta / np.pi, abs=0.015)
        x, theta = np.maximum(z, 0), float(next_angle(theta))


def test_angles_shrink_as_the_arc_cosine_kernel_says():
    theta, shares = 0.2945 * np.pi, []
    for _ in range(4):
        shares.append(theta / np.pi)
        theta = next_angle(theta)
    assert shares == pytest.approx([0.2945, 0.2625, 0.2375, 0.2172], abs=1e-4)
    assert (float(next_angle(0.0)), float(next_angle(np.pi))) == pytest.approx((0, np.pi / 2))


def test_a_random_layer_is_not_over_dispersed_and_a_coherent_one_is():
    draw = np.random.default_rng(2)
    x0, x1 = draw.normal(size=(2, 300, 50))
    law = flip_probability(x0, x1).ravel()

    def dispersion(weight):
        flips = ((x0 @ weight.T > 0) != (x1 @ weight.T > 0)).sum(1)
        return over_dispersion(flips, 200 * law, 200 * law * (1 - law))

    rows = draw.normal(size=(200, 50))
    assert dispersion(rows) == pytest.approx(1, abs=0.5)
    assert dispersion(rows + 2 * draw.normal(size=50)) > 5

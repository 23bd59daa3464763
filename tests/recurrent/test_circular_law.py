"""Random matrices fill the disc whatever the law of their entries; others are told apart; symmetries change nothing."""

import numpy as np
import pytest

from netaudit.recurrent import circular_law
from netaudit.recurrent.disc import gaussians

N = 64


def generator(seed=0):
    return np.random.default_rng(seed)


def orthogonal(seed=0):
    return np.linalg.qr(generator(seed).normal(size=(N, N)))[0]


@pytest.mark.parametrize("entries", ["standard_normal", "uniform", "shifted"])
def test_random_matrices_are_never_called_others(entries):
    numbers = generator()
    drawn = {
        "standard_normal": lambda: numbers.standard_normal((N, N)),
        "uniform": lambda: numbers.uniform(-1, 1, (N, N)),
        "shifted": lambda: 1 + numbers.standard_normal((N, N)),
    }[entries]
    found = [circular_law(drawn()) for _ in range(100)]
    assert sum(one.verdict == "other" for one in found) == 0
    # without its mean's direction a matrix counts as slightly further from normal, and is left undecided more often
    assert sum(one.verdict == "circular" for one in found) > (60 if entries == "shifted" else 80)
    more = [one.outliers - (entries == "shifted") for one in found]  # the mean is one direction
    assert min(more) == 0
    assert sum(more) <= 2  # one of 1,000 matrices reaches beyond 999 draws


@pytest.mark.parametrize(
    ("matrix", "verdict"),
    [
        (orthogonal(), "orthogonal"),
        (orthogonal().astype(np.float16), "orthogonal"),
        (generator().normal(size=(N, N)) + generator().normal(size=(N, N)).T, "other"),
        (np.triu(generator().normal(size=(N, N)), -8), "other"),
        (generator().normal(size=(N, 8)) @ generator(1).normal(size=(8, N)), "other"),
    ],
    ids=["orthogonal", "orthogonal in float16", "symmetric", "nearly triangular", "rank 8"],
)
def test_others_are_told_apart(matrix, verdict):
    assert circular_law(matrix).verdict == verdict


def test_an_ellipse_is_no_disc_with_many_outliers():
    """Entries that correlate by 0.6 with those across the diagonal: a tenth of the eigenvalues lies beyond the disc."""
    numbers = generator(2)
    drawn = [matrix + matrix.T / 3 for matrix in numbers.normal(size=(10, N, N))]
    assert {circular_law(matrix).verdict for matrix in drawn} == {"other"}


def test_two_discs_are_not_one_although_they_are_as_far_from_normal():
    numbers, half, zeros = generator(3), N // 2, np.zeros((N // 2, N // 2))
    found = []
    for _ in range(10):
        one, other = numbers.normal(size=(2, half, half))
        found.append(circular_law(np.block([[one, zeros], [zeros, 20 * other]])))
    assert {law.verdict for law in found} == {"other"}
    assert sum(law.limits[0] <= law.normality <= law.limits[1] for law in found) >= 5  # the distance alone tells them


def test_what_lies_within_the_noise_of_a_limit_is_left_undecided():
    """Entries that correlate by 0.38 lie at 0.57, where 0.56 is tolerated and Gaussian matrices vary by 0.03."""
    found = [circular_law(matrix + 0.2 * matrix.T) for matrix in generator(2).normal(size=(20, N, N))]
    assert sum(law.verdict == "undecided" for law in found) >= 15


def test_a_planted_mode_is_an_outlier_where_it_was_put():
    u = generator(3).normal(size=N)
    u /= np.linalg.norm(u)
    matrix = generator(4).normal(size=(N, N)) / np.sqrt(N) + 2.5 * np.outer(u, u)
    found = circular_law(matrix)
    assert found.outliers == 1
    assert found.eigenvalues[0].real * matrix.std() * np.sqrt(N) == pytest.approx(2.5, rel=0.1)
    assert found.verdict == "circular"  # all others fill the disc


def test_order_sign_scale_and_transposition_change_nothing():
    matrix = generator(5).normal(size=(N, N))
    own = circular_law(matrix)
    order, signs = generator(6).permutation(N), generator(7).choice([-1, 1], N)
    for other in (matrix[order][:, order], signs[:, None] * matrix * signs, 1e200 * matrix, matrix.T):
        found = circular_law(other)
        assert (found.verdict, found.outliers, found.real) == (own.verdict, own.outliers, own.real)
        # the entries' mean is not that of the matrix with signs, and sigma is about the mean
        assert found.distance == pytest.approx(own.distance, abs=0.01)
        assert found.normality == pytest.approx(own.normality, rel=1e-2)


def test_gaussian_matrices_have_the_known_number_of_real_eigenvalues_and_half_the_normality():
    null = gaussians(0, N)
    fewest, most = null.real
    assert fewest < np.sqrt(2 * N / np.pi) < most
    assert null.normality[0] < 0.5 < null.normality[1]
    assert np.median(null.squares) == pytest.approx(0.5, abs=0.02)  # the disc is filled evenly


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        (np.ones((N, N)), "all entries are equal"),
        (np.zeros((N, N)), "all entries are equal"),
        (np.full((N, N), np.nan), "finite"),
        (np.ones((N, N - 1)), "square"),
        (generator().normal(size=(31, 31)), "at least 32"),
    ],
)
def test_what_has_no_answer_is_refused(matrix, why):
    with pytest.raises(ValueError, match=why):
        circular_law(matrix)

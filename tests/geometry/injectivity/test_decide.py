"""The answers, against closed cases, dense sampling, exact laws, and hostile inputs."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from geometry.injectivity.truth import by_sampling, check_witness
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.errors import DeviceError, NetauditError
from netaudit.geometry import injective
from netaudit.geometry.injectivity.laws import chance_injective

PENTAGON = np.column_stack([f(2 * np.pi * np.arange(5) / 5) for f in (np.cos, np.sin)])
PAIRS = np.vstack([np.eye(4), -np.eye(4)])
DOMAINS = ("all", "orthant")


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_pentagon():
    found = injective(PENTAGON)
    assert (found.answer, found.step, found.witness) == ("yes", "exact_search", None)
    # The corner towards row 0 is the only row that can be missed beside its neighbours: 4 rows leave a gap.
    check_witness(injective(PENTAGON[:4]), PENTAGON[:4])


def test_opposite_pairs_are_a_knife_edge():
    found = injective(PAIRS)
    assert (found.answer, found.step) == ("yes", "antipodal_pairs")
    assert "does not survive a small change" in found.reason
    noisy = PAIRS + 1e-5 * random(8, 4)
    check_witness(injective(noisy), noisy)
    scaled = PAIRS * np.array([[3.0], [0.1], [7e40], [1], [1], [1], [1e-40], [0.3]])
    assert injective(scaled).step == "antipodal_pairs"


def test_one_last_bit_is_seen():
    """Opposite rows but for the last bit of one number are not opposite, and no rounding may say yes."""
    bent = PAIRS[:, :2][[0, 1, 4, 5]].copy()
    assert injective(bent).answer == "yes"
    bent[3] = [1e-300, -1.0]
    assert injective(bent).answer != "yes"
    bent[3] = [2.0**-52, -1.0]
    check_witness(injective(bent), bent, residual=1.0)


def test_opposite_to_the_last_bit_only_after_division():
    """b / 1.9 rounds to the same number for two neighbours b, so that only integers see that the rows differ."""
    b = next(x for x in 1.9 + np.arange(99) * 2.0**-52 if x / 1.9 == np.nextafter(x, 2) / 1.9)
    rows = np.array([[1.9, b], [-1.9, -b], [0, 1], [0, -1]])
    assert injective(rows).step == "antipodal_pairs"
    rows[1, 1] = -np.nextafter(b, 2)
    assert injective(rows).answer != "yes"


def test_repeated_rows_are_one_sided():
    weight = np.vstack([np.eye(4), np.eye(4)])
    found = injective(weight)
    assert (found.step, found.fewest_active) == ("one_sided", 0)
    check_witness(found, weight, residual=0.0)


def test_the_biased_pair():
    assert injective([[1.0], [-1.0]], [1.0, -1.0]).answer == "yes"
    # No float64 lies in the gap between the two boundaries, so that there are no two inputs to show.
    assert injective([[1.0], [-1.0]], [1.0, np.nextafter(-1.0, -2.0)]).answer == "undecided"
    check_witness(injective([[1.0], [-1.0]], [1.0, -1.0 - 1e-12]), [[1.0], [-1.0]], [1.0, -1.0 - 1e-12], residual=0.0)
    check_witness(injective([[1.0], [-1.0]], [-1.0, -1.0]), [[1.0], [-1.0]], [-1.0, -1.0], residual=0.0)


@pytest.mark.parametrize("seed", range(5))
def test_counting(seed):
    for m, n, step in ((7, 3, "general_position"), (5, 3, "counting"), (2, 3, "counting"), (1, 1, "counting")):
        weight = random(m, n, seed=seed)
        for bias in (None, random(m, seed=seed + 50)):
            found = injective(weight, bias)
            assert found.step in (step, "one_sided")
            check_witness(found, weight, bias)


def test_counting_at_real_shapes():
    for m, n, step in ((300, 700, "counting"), (500, 400, "counting"), (880, 400, "general_position")):
        weight = random(m, n).astype(np.float32)
        found = injective(weight, steps=0)
        assert found.step == step
        assert found.witness.residual < 1e-8
        z = weight.astype(np.float64) @ np.column_stack([found.witness.first, found.witness.second])
        np.testing.assert_allclose(*np.maximum(z, 0).T, atol=1e-9 * found.witness.distance)
        assert np.linalg.norm(found.witness.first - found.witness.second) == found.witness.distance > 0


def test_rate_of_small_gaussian_layers():
    rate = np.mean([injective(random(8, 2, seed=seed)).answer == "yes" for seed in range(200)])
    assert abs(rate - chance_injective(8, 2)) < 0.09


def test_rate_on_the_orthant():
    """Related work has 0.55 for 5 Gaussian rows on a quarter of the plane, of 600 draws."""
    rate = np.mean([injective(random(5, 2, seed=seed), domain="orthant").answer == "yes" for seed in range(200)])
    assert abs(rate - 0.55) < 0.11


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("n", "rows"), [(1, (2, 4)), (2, (3, 9)), (3, (6, 14))])
def test_against_sampling(n, rows, biased, domain):
    """Small whole numbers: full of ties, repeated and opposite rows; every cell is wide."""
    generator = np.random.default_rng([n, biased, domain == "all"])
    answers = []
    for _ in range(25):
        m = int(generator.integers(*rows, endpoint=True))
        weight = generator.integers(-2, 2, (m, n), endpoint=True).astype(float)
        bias = generator.integers(-1, 2, m, endpoint=True).astype(float) if biased else None
        found = injective(weight, bias, domain)
        assert found.answer == by_sampling(weight, bias, domain)
        if found.answer == "no":
            check_witness(found, weight, bias)
        answers.append(found.answer)
    assert {"yes", "no"} == set(answers)


whole = st.integers(2, 3).flatmap(
    lambda n: st.lists(st.lists(st.integers(-3, 3), min_size=n, max_size=n), min_size=2 * n, max_size=12)
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(whole, st.sampled_from(DOMAINS), st.randoms(use_true_random=False))
def test_what_changes_nothing(rows, domain, shuffler):
    weight = np.array(rows, dtype=float)
    answer = injective(weight, domain=domain).answer
    assert answer != "undecided"
    order = list(range(len(rows)))
    shuffler.shuffle(order)
    scales = np.array([shuffler.choice([0.5, 1.0, 3.0, 2.0**300]) for _ in rows])
    assert injective((weight * scales[:, None])[order], domain=domain).answer == answer
    assert injective(np.vstack([weight, np.zeros_like(weight[:1])]), domain=domain).answer == answer
    # A change of inputs that maps the domain onto itself: any invertible one for all of R^n.
    n = weight.shape[1]
    change = np.diag(np.arange(1.0, n + 1))[::-1]
    if domain == "all":
        change = change + np.triu(np.ones((n, n)), 1) @ change
    assert injective(weight @ change, domain=domain).answer == answer
    # More rows and fewer inputs can only help.
    if answer == "yes":
        assert injective(np.vstack([weight, weight[0] + 1]), domain=domain).answer == "yes"
        assert injective(weight, domain="orthant").answer == "yes"


def test_input_kinds_agree():
    weight, bias = random(24, 3).astype(np.float32), random(24, seed=1).astype(np.float32)
    found = injective(weight, bias)
    for w, b in (
        (weight.astype(np.float64), bias.astype(np.float64)),
        (torch.from_numpy(weight), torch.from_numpy(bias)),
        (torch.from_numpy(weight.T.copy()).T, torch.from_numpy(bias).requires_grad_()),
        (np.asfortranarray(weight), bias.tolist()),
    ):
        again = injective(w, b)
        assert (again.answer, again.step, again.examined) == (found.answer, found.step, found.examined)
    assert injective(torch.tensor([[1, 0], [0, 1], [-1, 0], [0, -1]])).answer == "yes"
    assert injective(torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]], dtype=torch.bfloat16)).answer == "yes"


def test_shadow_direction():
    """h -> ReLU(W^T h) of 2 outputs and 40 inputs is injective on h >= 0; 2 outputs of 3 inputs hardly."""
    assert injective(random(2, 40).T, domain="orthant").answer == "yes"
    weight = -np.abs(random(2, 3)).T
    check_witness(injective(weight, domain="orthant"), weight)


def test_rows_that_are_always_active_on_the_orthant():
    found = injective(np.eye(3), [0.0, 1.0, 0.0], "orthant")
    assert (found.answer, found.step) == ("yes", "antipodal_pairs")
    assert injective(np.eye(3), [0.0, -1.0, 0.0], "orthant").answer == "no"


def test_rows_that_are_never_active_on_the_orthant():
    weight = np.array([[-1.0, -1], [-2, 0], [-1, -3], [1, 1]])
    found = injective(weight, [0.0, -1, 0, 0], "orthant")
    assert (found.step, found.fewest_active) == ("counting", 1)
    check_witness(found, weight, [0.0, -1, 0, 0])


def test_no_flat_is_examined_twice():
    """6^0 + ... + 6^4 = 1555 sequences of rows, of which most are the same sets in another order."""
    found = injective(random(40, 5))
    assert found.answer == "yes"
    assert found.examined < 600


@pytest.mark.parametrize("scale", [1e300, 1e-300, 5e-324])
def test_any_scale(scale):
    weight = np.round(4 * random(12, 2)) * scale
    assert injective(weight).answer == injective(np.round(4 * random(12, 2))).answer == "yes"
    found = injective(weight[:4], random(4) * scale)
    assert found.answer == "no"
    assert found.witness.residual < 1e-10


def test_mixed_scales():
    weight = random(12, 2) * 10.0 ** np.linspace(-290, 290, 12)[:, None]
    assert injective(weight).answer == injective(random(12, 2)).answer
    # Rows 0 and 3 are opposite but for 1 part in 10^600: not injective, at inputs that no float64 can write down.
    assert injective([[1e-300, 1e300], [1.0, 0], [-1, 0], [0, -1e-300], [1.0, 1.0]]).answer == "undecided"


def test_rows_and_columns_of_zeros():
    weight = np.zeros((3, 2))
    found = injective(weight)
    assert (found.step, found.shape) == ("zero_column", (3, 2))
    check_witness(found, weight, residual=0.0)
    weight = random(20, 3)
    weight[:, 1] = 0
    for domain in DOMAINS:
        found = injective(weight, domain=domain)
        assert found.step == "zero_column"
        check_witness(found, weight, residual=0.0)
    constant = np.vstack([PAIRS, np.zeros((2, 4))])
    assert injective(constant, np.r_[np.zeros(8), 5.0, -5.0]).step == "antipodal_pairs"


def test_dependent_columns():
    weight = np.round(8 * random(30, 3))
    weight = np.column_stack([weight, weight @ [1, 2, -1]])
    for domain in DOMAINS:
        check_witness(injective(weight, domain=domain), weight)


@pytest.mark.parametrize(
    ("weight", "bias", "domain", "message"),
    [
        ([[np.nan]], None, "all", "not finite"),
        ([[1.0]], [np.inf], "all", "bias holds numbers that are not finite"),
        (np.zeros((0, 3)), None, "all", r"shape \(0, 3\)"),
        (np.zeros((3, 0)), None, "all", r"shape \(3, 0\)"),
        ([1.0, 2.0], None, "all", r"shape \(2,\)"),
        ([[1.0]], [1.0, 2.0], "all", "bias has 2 numbers, the weight 1 rows"),
        ([[1.0 + 1j]], None, "all", "complex128"),
        ([["a"]], None, "all", "is of type"),
        ([[1.0], [1.0, 2.0]], None, "all", "no array"),
        ([[1.0]], None, "half", "'half' is no domain"),
    ],
)
def test_refusals(weight, bias, domain, message):
    with pytest.raises(NetauditError, match=message):
        injective(weight, bias, domain)


def test_a_device_that_is_not_there():
    with pytest.raises(DeviceError, match="no device"):
        injective(random(150, 20), device="abacus")


def test_limits_end_in_undecided():
    weight = random(42, 6)
    assert injective(weight, limit=20, steps=0).answer == "undecided"
    found = injective(weight, limit=20, steps=20)
    assert (found.answer, found.step, found.witness, found.examined) == ("undecided", "none", None, 20)
    assert found.fewest_active >= 6


def test_arrays_need_no_pytorch():
    code = (
        "import sys; from netaudit.geometry import injective; injective([[1.0], [-1.0]]); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

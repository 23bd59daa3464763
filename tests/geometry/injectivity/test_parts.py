"""Integers, the search for witnesses, the inverse Lipschitz bound, laws, and real inputs."""

from itertools import product

import numpy as np
import pytest
import torch
from geometry.injectivity.truth import check_witness, patterns
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.geometry import injective
from netaudit.geometry.injectivity import exact, laws
from netaudit.geometry.injectivity import rows as rows_module
from netaudit.geometry.injectivity.gordan import Circuit, proved
from netaudit.geometry.injectivity.local import at_inputs
from netaudit.geometry.injectivity.rays import inverse_lipschitz
from netaudit.geometry.injectivity.rows import Rows
from netaudit.geometry.injectivity.witness import collision

CPU = torch.device("cpu")


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(st.integers(-4, 4), min_size=n, max_size=n), min_size=1, max_size=6)
    )
)
def test_ranks_and_kernels(rows):
    width = len(rows[0])
    rank = exact.rank(rows)
    assert rank == np.linalg.matrix_rank(np.array(rows, dtype=float))
    basis = exact.kernel(rows, width)
    assert len(basis) == width - rank
    assert all(exact.dot(row, vector) == 0 for row in rows for vector in basis)
    assert exact.rank(basis) == len(basis)


def test_rank_that_float64_gets_wrong():
    rows = [exact.integers(np.array(row))[0] for row in ([1.0, 1.0], [1.0, 1.0 + 2.0**-52])]
    assert exact.rank(rows) == 2
    assert np.linalg.matrix_rank(np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])) == 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_floats_are_integers_times_a_power(values):
    from fractions import Fraction

    whole, power = exact.integers(np.array(values))
    assert [Fraction(k) * Fraction(2) ** power for k in whole] == [Fraction(v) for v in values]


def test_signs_are_proved():
    """10^16 + 1 - 10^16: float64 says 0 in this order, integers say 1."""
    rows = Rows(np.array([[1.0, 1.0, -1.0], [1.0, -1.0, -1.0], [1.0, 0.0, -1.0]]), None, False)
    assert rows.signs(np.array([1e16, 1.0, 1e16])).tolist() == [1, -1, 0]
    assert rows.signs(np.array([1e-300, 1e-320, 1e-300])).tolist() == [1, -1, 0]


def test_a_circuit_needs_the_right_signs():
    plane = Rows(np.array([[1.0, 0], [0, 1], [1, 1], [-1, -1]]), None, False)
    assert proved(plane, Circuit((0, 1, 3), ()))
    assert not proved(plane, Circuit((0, 1, 2), ()))
    assert not proved(plane, Circuit((0, 1), ()))
    quarter = Rows(plane.weight, None, True)
    assert proved(quarter, Circuit((2,), (0, 1)))
    assert not proved(quarter, Circuit((3,), (0, 1)))


def test_points_where_the_active_rows_span_prove_nothing():
    rows = Rows(np.vstack([np.eye(3), -np.eye(3)[:2], [[1.0, 1, 0]]]), None, False)
    assert collision(rows, np.array([1.0, 1, 1])) is None
    assert collision(rows, np.array([1.0, 1, -1])).active == 3
    assert collision(rows, np.array([1.0, np.nan, 1])) is None


def planted(m, n, active, domain, seed=0):
    """Gaussian rows of which only some are active at one hidden point."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(n)
    x = np.abs(x) if domain == "orthant" else x
    weight = generator.standard_normal((m, n))
    flip = np.sign(weight @ x)
    flip[:active] *= -1
    return (weight * -flip[:, None]).astype(np.float32)


@pytest.mark.parametrize("domain", ["all", "orthant"])
def test_the_search_finds_what_was_planted(domain):
    weight = planted(400, 40, 20, domain)[np.random.default_rng(1).permutation(400)]
    found = injective(weight, domain=domain, steps=100)
    assert found.step == "witness_search"
    assert found.fewest_active < 40
    check_witness(found, weight)
    again = injective(weight, domain=domain, steps=100)
    assert np.array_equal(found.witness.first, again.witness.first)


def test_the_search_beats_random_points():
    weight = random(250, 50)
    found = injective(weight)
    assert (found.answer, found.step) == ("no", "witness_search")
    assert found.fewest_active < 50 < (random(2000, 50, seed=1) @ weight.T >= 0).sum(1).min()
    check_witness(found, weight)


def test_gaussian_layers_far_above_the_threshold_stay_undecided():
    found = injective(random(800, 40), steps=60)
    assert (found.answer, found.witness) == ("undecided", None)
    assert found.fewest_active > 40


def test_known_bounds():
    angles = 2 * np.pi * np.arange(5) / 5
    assert inverse_lipschitz(np.column_stack([np.cos(angles), np.sin(angles)])) == pytest.approx(0.3717, abs=1e-4)
    pairs = np.vstack([np.eye(4), -np.eye(4)])
    assert inverse_lipschitz(pairs) == pytest.approx(8**-0.5)
    assert inverse_lipschitz(1e-200 * pairs) == pytest.approx(1e-200 * 8**-0.5)
    assert inverse_lipschitz(np.vstack([np.eye(4), np.eye(4)])) == 0
    assert inverse_lipschitz([[1.0], [-1.0]], [1.0, -1.0]) == pytest.approx(0.5**0.5)
    assert inverse_lipschitz(np.eye(4), domain="orthant") == pytest.approx(0.5)
    assert inverse_lipschitz(random(100, 20)) is None
    assert inverse_lipschitz(np.zeros((3, 2))) == 0


@pytest.mark.parametrize("domain", ["all", "orthant"])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_bound_against_dense_points(domain, biased, whole):
    """No cell may lie below the bound, and one comes close to it; the whole numbers have ties."""
    generator = np.random.default_rng(5)
    weight = generator.integers(-2, 2, (16, 2), endpoint=True).astype(float) if whole else random(16, 2, seed=3)
    bias = generator.integers(-1, 1, 16, endpoint=True).astype(float) if biased else None
    x = generator.standard_normal((40_000, 2)) * 10.0 ** generator.uniform(-2, 3, (40_000, 1))
    x = np.abs(x) if domain == "orthant" else x
    active = patterns(x @ weight.T + (0 if bias is None else bias) >= 0)
    smallest = min(np.linalg.svd(weight[on], compute_uv=False)[-1] if on.sum() > 1 else 0 for on in active)
    outputs = weight.any(axis=1).sum()
    assert inverse_lipschitz(weight, bias, domain) == pytest.approx(smallest / outputs**0.5, abs=1e-7)


def test_bound_holds_for_pairs_of_inputs():
    weight = random(18, 3, seed=2)
    bound = inverse_lipschitz(weight)
    x, y = random(20_000, 3, seed=3), random(20_000, 3, seed=4)
    apart = np.linalg.norm(np.maximum(x @ weight.T, 0) - np.maximum(y @ weight.T, 0), axis=1)
    assert 0 < bound <= (apart / np.linalg.norm(x - y, axis=1)).min()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n", [3, 4])
def test_the_two_exact_ways_agree(n, seed):
    """The search through flats in integers, and all rays in float64."""
    domain = ("all", "orthant")[seed % 2]
    weight, bias = random(5 * n, n, seed=seed), 0.2 * random(5 * n, seed=seed + 99) if seed % 4 > 1 else None
    answer = injective(weight, bias, domain).answer
    assert answer == ("yes" if inverse_lipschitz(weight, bias, domain) > 0 else "no")


def test_law_for_two_inputs_by_enumeration():
    """Lines in general position in the plane differ in the signs of their rows alone: all patterns are as likely."""
    for m in (4, 5, 6, 7):
        angles = np.pi * np.arange(m) / m
        rows = np.column_stack([np.cos(angles), np.sin(angles)])
        middle = np.pi * (0.5 + (np.arange(2 * m) + 0.5) / m)
        on = rows @ np.stack([np.cos(middle), np.sin(middle)]) > 0
        enough = [(on == (np.array(s) > 0)[:, None]).sum(0).min() for s in product((0, 1), repeat=m)]
        assert np.mean(np.array(enough) >= 2) == laws.chance_injective(m, 2)
        assert np.mean(np.array(enough) >= 1) == laws.chance_not_one_sided(m, 2)
    assert [laws.chance_injective(m, 2) for m in (8, 10)] == [0.625, 1 - 80 / 512]
    assert laws.chance_injective(12, 3) is None


def test_real_inputs():
    weight = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    x = torch.tensor([[1.0, 2, 0], [0.5, 0, 0], [0, 0, 0], [1, -2, 3]])
    found = at_inputs(weight, None, x, CPU, orthant=True)
    assert found.active.tolist() == [4, 4, 4, 3]
    assert found.support.tolist() == [2, 1, 0, 3]
    assert found.injective.tolist() == [True, True, True, True]
    assert found.smallest[0] == pytest.approx(1.0)
    assert found.smallest[1] == pytest.approx(2**0.5)
    blind = at_inputs(-weight, torch.tensor([0.0, 0, 0, 0]), x[3:], CPU, orthant=False)
    assert (blind.active.item(), blind.injective.item(), blind.smallest.item()) == (1, False, 0.0)
    twice = at_inputs(torch.ones(5, 2), None, torch.ones(1, 2), CPU, orthant=False)
    assert (twice.active.item(), twice.injective.item()) == (5, False)


def test_k_budget():
    assert [laws.k_budget(rows) for rows in (4096, 9216, 25088)] == [305, 687, 1872]


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_are_scaled_alike_in_whatever_parts(monkeypatch, order):
    generator = np.random.default_rng(0)
    matrix = generator.standard_normal((30, 50)) * 10.0 ** generator.integers(-320, 300, (30, 1))
    matrix = np.asarray(np.vstack([matrix, np.zeros(50), np.full(50, 5e-324), np.full(50, 1.7e308)]), order=order)
    whole = rows_module.unit_rows(matrix)
    norms = np.linalg.norm(whole, axis=1)
    assert norms[30] == 0
    assert np.delete(norms, 30) == pytest.approx(1, abs=1e-14)
    monkeypatch.setattr(rows_module, "_BLOCK", 1)
    assert rows_module.unit_rows(matrix) == pytest.approx(whole, rel=1e-14, abs=0)  # sums are taken in another order


def test_the_residual_is_computed_when_it_is_asked_for(monkeypatch):
    """It takes integers of every active row, which an audit of a large layer does without."""
    weight = np.random.default_rng(0).standard_normal((60, 40))
    asked = []
    monkeypatch.setattr(rows_module.Rows, "integers", lambda self, row: asked.append(row) or exact_row(self, row))
    found = injective(weight).witness
    assert not asked
    assert 0 <= found.residual < 1e-8
    assert len(asked) == found.active


def exact_row(rows, row):
    return exact.integers(rows.weight[row])[0]

"""Bounds of pre-activations against exact arithmetic."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.geometry.identifiability import bounds
from netaudit.geometry.identifiability.bounds import Box, preactivations

LEAST = 1e-100
"""Products of smaller numbers may be below the least number of float64."""
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 0.1, -0.3, 1e-8]), st.floats(-1e3, 1e3).filter(lambda x: abs(x) >= LEAST)
)


def tensor(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def box(low, high):
    return Box(tensor(low), tensor(high))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=40), NUMBERS)
def test_the_extremes_lie_between_the_outer_and_the_inner_bounds(terms, bias):
    weight = [term[0] for term in terms]
    low, high = ([pick(term[1:]) for term in terms] for pick in (min, max))
    outer, inner = preactivations(tensor([weight]), tensor([bias]), box(low, high))
    ends = [[Fraction(w) * Fraction(end) for end in pair] for w, *pair in zip(weight, low, high, strict=True)]
    smallest, largest = (sum(map(pick, ends), Fraction(bias)) for pick in (min, max))
    assert Fraction(float(outer.low)) <= smallest <= Fraction(float(inner.low))
    assert Fraction(float(inner.high)) <= largest <= Fraction(float(outer.high))
    size = sum(max(map(abs, pair)) for pair in ends) + abs(Fraction(bias))
    assert Fraction(float(inner.low)) - Fraction(float(outer.low)) <= size * 5 * (len(terms) + 2) / 2**52


def test_sums_of_zeros_are_exact():
    outer, inner = preactivations(torch.tensor([[0.3, 0.7]]), torch.zeros(1).double(), box([0.0, 0.0], [1.0, 1.0]))
    assert float(outer.low) == float(inner.low) == 0
    assert outer.relu().low.tolist() == [0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_any_dtype_and_any_part(dtype, monkeypatch):
    weight = torch.randn(9, 5, generator=torch.Generator().manual_seed(0)).to(dtype)
    inputs = box([-1.0] * 5, [2.0] * 5)
    whole, _ = preactivations(weight, torch.ones(9).double(), inputs)
    wide = weight.double()
    assert whole.low.tolist() == pytest.approx((1 + wide.clamp(max=0).sum(1) * 2 - wide.clamp(min=0).sum(1)).tolist())
    monkeypatch.setattr(bounds, "CHUNK", 8 * 5 * 2)
    in_parts, _ = preactivations(weight, torch.ones(9).double(), inputs)
    assert torch.allclose(in_parts.low, whole.low, rtol=1e-14, atol=1e-14)
    assert torch.allclose(in_parts.high, whole.high, rtol=1e-14, atol=1e-14)


def test_what_overflows_is_not_bounded():
    huge = torch.full((2, 3), 1e300, dtype=torch.float64)
    huge[1] *= -1
    outer, _ = preactivations(huge, torch.zeros(2).double(), box([0.0] * 3, [1e300] * 3))
    assert outer.low.tolist() == [0, -torch.inf]
    outer, _ = preactivations(torch.tensor([[1.0, -1.0]]), torch.zeros(1).double(), outer.relu())
    assert (outer.low.tolist(), outer.high.tolist()) == ([-torch.inf], [torch.inf])

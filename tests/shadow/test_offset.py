"""The exact best offset against a search."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.shadow.offset import best_offset, errors_at


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(2, 12), st.floats(-1, 1), st.integers(0, 999))
def test_no_offset_on_a_fine_grid_is_better(draws, m, shift, seed):
    generator = torch.Generator().manual_seed(seed)
    h = torch.randn(draws, m, generator=generator).relu() + 0.01
    z = h + shift + torch.randn(draws, m, generator=generator)
    found = errors_at(z, h, best_offset(z, h)).mean()
    for t in np.linspace(-4, 4, 801):
        assert found <= errors_at(z, h, float(t)).mean() + 1e-6


def test_what_comes_back_shifted_is_shifted_back():
    h = torch.tensor([[0.0, 1.0, 0.0, 2.0]])
    assert best_offset(h + 3, h) * float(h.norm()) == pytest.approx(3)
    assert best_offset(h - 0.5, h) * float(h.norm()) == pytest.approx(-0.5)


def test_where_every_offset_does_harm_nothing_passes():
    h, z = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, -50.0]])
    assert errors_at(z, h, best_offset(z, h)).tolist() == [1.0]

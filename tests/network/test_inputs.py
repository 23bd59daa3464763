"""Which of the real inputs are used, and in what order."""

from __future__ import annotations

import numpy as np
import pytest

from netaudit.network.inputs import Sample


def sample(y: object, n: int) -> Sample:
    return Sample(np.arange(n, dtype=np.float32)[:, None], y if y is None else np.asarray(y), "0" * 64, "a.npz")


def test_mixed_inputs_stay_as_they_are():
    given = sample([2, 0, 1, 0, 2, 1], 6)
    assert given.drawn(10, seed=0) is given


@pytest.mark.parametrize("y", [None, np.repeat(np.arange(5), 100)])
def test_the_first_of_sorted_inputs_are_of_all_kinds(y):
    used = sample(y, 500).drawn(1000, seed=0)
    assert sorted(used.x[:, 0]) == list(range(500))
    assert used.total is None
    assert y is None or (used.y == used.x[:, 0] // 100).all()
    firsts = used.x[:128, 0] // 100
    assert np.bincount(firsts.astype(int), minlength=5).min() > 10


def test_of_many_inputs_a_share_of_each_class_is_drawn():
    used = sample(np.repeat(np.arange(5), 1000), 5000).drawn(1000, seed=0)
    assert used.total == 5000
    assert np.bincount(used.y).tolist() == [200] * 5
    assert np.bincount(used.y[:128], minlength=5).min() > 10

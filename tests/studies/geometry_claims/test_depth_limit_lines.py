"""The lines of depth_limit: each draws what it says, and a few draws of each come out as the line asks."""

import pytest
import torch

from netaudit.studies.geometry_claims.depth_limit import LINES, layer, noticed

FAST = [line for line in LINES if line.settings[2] <= 64]


@pytest.mark.parametrize("line", FAST, ids=lambda line: line.key)
def test_a_few_draws_of_each_line(line):
    found = [noticed(line, seed) for seed in range(4)]
    if line.kind == "power":
        assert all(found)
    elif line.kind == "false_alarm":
        assert not any(found)


def test_no_two_lines_have_one_key():
    assert len({line.key for line in LINES}) == len(LINES)


@pytest.mark.parametrize(("drawn", "kurtosis"), [(0, 3.0), (1, 6.0), (3, 3.0)])
def test_what_is_drawn(drawn, kurtosis):
    entries = layer(drawn, 300, 0.0, torch.Generator().manual_seed(0))
    centred = entries - entries.mean()
    assert float((centred**4).mean() / (centred**2).mean() ** 2) == pytest.approx(kurtosis, rel=0.15)
    assert (float(entries.mean() / entries.std()) > 0.9) == (drawn == 3)

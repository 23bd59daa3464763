"""The same points as the plain algorithm that goes through the starts one at a time."""

import importlib.util
from pathlib import Path

import torch
from torch import nn

from netaudit.recurrent import fixed_points, read_cells

PEER = Path(__file__).parents[1] / "peers" / "fixed_points_one_at_a_time.py"


def test_the_points_are_those_of_the_peer():
    spec = importlib.util.spec_from_file_location("peer", PEER)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    torch.manual_seed(0)
    module = nn.RNN(2, 5)
    with torch.no_grad():
        module.weight_hh_l0 += 2 * torch.eye(5)
    [cell] = read_cells(module)
    starts = torch.tanh(torch.randn(4, 5, dtype=torch.float64))
    ours = fixed_points(cell, starts, torch.zeros(2))
    theirs = peer.fixed_points(cell, starts, torch.zeros(1, 2, dtype=torch.float64))
    assert len(theirs) > 1
    assert torch.cdist(theirs, ours.points).min(1).values.max() < 1e-6
    descended = ours.points[ours.starts > 0]  # the peer has no run of the network itself
    assert torch.cdist(descended, theirs).min(1).values.max() < 1e-6

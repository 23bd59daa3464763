"""Whoever watches an audit of the network sees how much of the countable work is done, and else the step's name."""

from itertools import pairwise

import numpy as np
import pytest

import netaudit
from netaudit.cli.progress import progress_bar

COUNTED = {
    "labels_back": "labels sent down and back",
    "hidden_units": "hidden units, layer by layer",
    "linear_regions": "linear regions, segment by segment",
    "injectivity": "injectivity of ",
    "initialisation": "change since the first weights",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What an audit with real inputs and first weights tells its progress."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 5))
    path = tmp_path_factory.mktemp("data") / "data.npz"
    random = np.random.default_rng(0)
    np.savez(path, x=random.standard_normal((30, 20)).astype(np.float32), y=np.arange(30) % 5)
    told = []
    first = {name: tensor.detach() + 0.1 for name, tensor in net.state_dict().items()}
    netaudit.audit(
        net, data=path, init=first, nulls="none", progress=lambda *step: told.append(step),
        analyses=["gaussian_weights", *COUNTED],
    )  # fmt: skip
    return told


@pytest.mark.parametrize("name", COUNTED)
def test_countable_work_is_counted(told, name):
    steps = [(done, total) for message, done, total in told if COUNTED[name] in message and total]
    assert len(steps) >= 3
    assert len({total for _, total in steps}) == 1
    assert all(0 <= done < total for done, total in steps)
    assert all(one < other for (one, _), (other, _) in pairwise(steps))


def test_every_analysis_of_the_network_is_named_with_its_place(told):
    places = [message.partition(" (")[2] for message, _, _ in told if message.endswith(" of 5)")]
    assert places == [f"{place} of 5)" for place in range(1, 6)]


def test_another_kind_of_work_has_its_own_clock(monkeypatch):
    import rich.progress

    resets = []
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(rich.progress.Progress, "reset", lambda bar, task, *, total: resets.append(total))
    with progress_bar(quiet=False) as show:
        for step in (("a", 0, 3), ("a", 2, 3), ("b", 0, 3), ("b", 1, 3), ("c", 0, 0), ("c", 0, 0)):
            show(*step)
    assert resets == [3, 3, None]

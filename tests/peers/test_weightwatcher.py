"""The metrics under WeightWatcher's names, against WeightWatcher 0.7.7 on the same matrices: ``make test-peers``.

WeightWatcher lives in an environment of its own, named by the variable NETAUDIT_PEERS_PYTHON, and only writes a JSON.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.power_law.measure import measure
from netaudit.network.layers import FCLayer

PYTHON = os.environ.get("NETAUDIT_PEERS_PYTHON")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not PYTHON, reason="WeightWatcher has an environment of its own: make test-peers"),
]

SHAPES = [(512, 512), (300, 1000), (1000, 300)]
FEW = [(10, 400), (15, 40), (19, 64)]  # with fewer than 20 eigenvalues WeightWatcher has another formula for alpha


def gaussian(generator, m, n):
    return generator.standard_normal((m, n))


def student_t(generator, m, n):
    return generator.standard_t(3, (m, n))


def spiked(generator, m, n):
    A = gaussian(generator, m, n)
    for strength in (2, 4, 8, 16):
        u, v = gaussian(generator, m, 1), gaussian(generator, 1, n)
        A += strength * (m * n) ** 0.25 * (u / np.linalg.norm(u)) @ (v / np.linalg.norm(v))
    return A


def with_mean(generator, m, n):
    return gaussian(generator, m, n) + 0.3


def small(generator, m, n):
    """WeightWatcher drops the eigenvalues below 1e-5, of which the square matrix has some."""
    return gaussian(generator, m, n) * 0.03


MATRICES = {
    f"{kind.__name__}_{m}x{n}": kind(np.random.default_rng([m, n]), m, n).astype(np.float32)
    for kind in (gaussian, student_t, spiked, with_mean, small)
    for m, n in SHAPES + FEW
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """WeightWatcher's row for each matrix."""
    folder = tmp_path_factory.mktemp("peers")
    np.savez(folder / "matrices.npz", **MATRICES)
    script = Path(__file__).with_name("weightwatcher_details.py").resolve()
    subprocess.run([PYTHON, script, folder / "matrices.npz", folder / "details.json"], check=True, cwd=folder)
    return json.loads((folder / "details.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=list(MATRICES))
def both(request, theirs):
    """``(ours, theirs)`` for one matrix, by column."""
    layer = FCLayer(request.param, torch.from_numpy(MATRICES[request.param]))
    ours = measure(LayerContext(layer, seed=0, device=torch.device("cpu")))
    assert not ours.reasons
    return ours.weightwatcher_metrics, theirs[request.param]


def test_every_metric_of_one_definition_agrees(both):
    ours, theirs = both
    same = {name: value for name, value in ours.items() if name != "mp_softrank"}
    assert same == pytest.approx({name: theirs[name] for name in same}, rel=1e-4)


def test_the_soft_rank_agrees_as_far_as_two_ways_to_sigma_do(both):
    ours, theirs = both
    assert ours["mp_softrank"] == pytest.approx(theirs["mp_softrank"], rel=1 / 3)

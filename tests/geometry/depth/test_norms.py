"""The enclosure of the spectral norm, against a singular value decomposition."""

import pytest
import torch

from netaudit.geometry.depth import norms
from netaudit.geometry.depth.norms import spectral_norm


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


MATRICES = {
    "square": draw(60, 60),
    "tall": draw(50, 7),
    "wide": draw(7, 50),
    "rank one": torch.outer(draw(40), draw(30)),
    "orthogonal": torch.linalg.qr(draw(64, 64)).Q,
    "two equal values": torch.diag(torch.tensor([2.0, 2.0, 1e-9])),
    "tiny": 1e-200 * draw(9, 9),
    "huge": 1e200 * draw(9, 9),
    "float32": draw(20, 20).float(),
}


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("gram", [True, False])
def test_the_norm_lies_between(name, gram, monkeypatch):
    if not gram:
        monkeypatch.setattr(norms, "LARGEST_GRAM", 0)
    matrix = MATRICES[name]
    truth = float(torch.linalg.svdvals(matrix.double())[0])
    low, high = spectral_norm(matrix)
    assert low <= truth * (1 + 1e-12)
    assert truth <= high
    assert low == pytest.approx(truth, rel=0.05)
    assert high == pytest.approx(truth, rel=0.03) or not gram


def test_nothing_has_norm_zero():
    assert spectral_norm(torch.zeros(4, 4)) == spectral_norm(torch.zeros(0, 0)) == (0.0, 0.0)

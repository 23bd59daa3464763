"""Weights that layers compute, against what the layers themselves compute."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune


def legacy(change: str, layer: nn.Module, **options: object) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed: nn.Module = getattr(nn.utils, change)(layer, **options)
    return changed


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("change", [lambda fc, dim: legacy("weight_norm", fc, dim=dim), parametrizations.weight_norm])
def test_weight_norm(composed, change, dim) -> None:
    torch.manual_seed(0)
    fc = change(nn.Linear(6, 4), dim=dim)
    with torch.no_grad():
        for parameter in fc.parameters():
            parameter.add_(torch.rand(parameter.shape))
    fc(torch.zeros(1, 6))
    found = composed({f"fc.{key}": tensor for key, tensor in fc.state_dict().items()})
    torch.testing.assert_close(found["fc.weight"], fc.weight.detach())
    assert found.layers() == {"fc": (4, 6)}
    assert "weight norm" in found.origin("fc.weight")


def test_weight_norm_of_a_convolution_is_a_convolution(composed) -> None:
    conv = parametrizations.weight_norm(nn.Conv1d(3, 5, 7))
    found = composed(conv.state_dict())
    torch.testing.assert_close(found["weight"], conv.weight.detach())
    assert found.layers() == {}


def test_pruning_of_weight_and_bias(composed) -> None:
    fc = nn.Linear(8, 4)
    prune.random_unstructured(fc, "weight", 0.5)
    prune.random_unstructured(fc, "bias", 0.5)
    found = composed({f"fc.{key}": tensor for key, tensor in fc.state_dict().items()})
    assert torch.equal(found["fc.weight"], fc.weight.detach())
    assert torch.equal(found["fc.bias"], fc.bias.detach())
    assert found.layers() == {"fc": (4, 8)}


@pytest.mark.parametrize("change", [lambda fc: legacy("spectral_norm", fc), parametrizations.spectral_norm])
def test_spectral_norm(composed, change) -> None:
    torch.manual_seed(0)
    fc = change(nn.Linear(6, 4))
    fc(torch.zeros(1, 6))
    fc.eval()
    fc(torch.zeros(1, 6))
    found = composed({f"fc.{key}": tensor for key, tensor in fc.state_dict().items()})
    torch.testing.assert_close(found["fc.weight"], fc.weight.detach())
    assert found.origin("fc.weight").startswith("spectral norm")


class Doubled(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x


def test_other_parametrisations_of_a_file_are_refused(composed) -> None:
    fc = nn.Linear(6, 4)
    parametrize.register_parametrization(fc, "weight", Doubled())
    found = composed({f"fc.{key}": tensor for key, tensor in fc.state_dict().items()})
    assert list(found.refusals()) == ["fc.parametrizations.weight.original"]
    assert found.layers() == {}


def test_parts_beside_the_weight_that_they_make_are_refused(composed) -> None:
    weight = torch.rand(4, 6)
    found = composed({"fc.weight": weight, "fc.weight_orig": weight, "fc.weight_mask": torch.ones(4, 6)})
    assert "stored twice" in found.refusals()["fc.weight_orig"]
    assert found.layers() == {"fc": (4, 6)}

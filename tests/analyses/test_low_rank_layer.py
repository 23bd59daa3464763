"""A layer that is a product of two thin factors, as an adapter alone is: its rank is that of the factors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import netaudit
from netaudit.sources.open import open_network

R, SHAPE = 8, (96, 80)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    factors = {"A": torch.randn(R, SHAPE[1], generator=generator), "B": torch.randn(SHAPE[0], R, generator=generator)}
    save_file(
        {f"base_model.model.fc.lora_{key}.weight": factor for key, factor in factors.items()},
        tmp_path / "adapter_model.safetensors",
    )
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 8, "lora_alpha": 16}')
    return tmp_path


def test_the_layer_brings_its_factors(adapter: Path) -> None:
    network = open_network(adapter)
    layer = network.read(next(network.specs()))
    assert layer.factors is not None
    left, right = layer.factors
    assert (left.dtype, left.shape, right.shape) == (torch.float64, (SHAPE[0], R), (R, SHAPE[1]))
    torch.testing.assert_close((left @ right).float(), layer.weight)


def test_its_rank_is_that_of_the_factors(adapter: Path) -> None:
    report = netaudit.audit(adapter, analyses=["singular_law", "power_law"])
    (layer,) = report.layers
    law, power = layer.analyses["singular_law"], layer.analyses["power_law"]
    assert (power.matrix_rank, power.rank_loss, power.sv_min) == (R, SHAPE[1] - R, None)
    assert power.positive_evals == R
    assert law.spectrum.method == "exact"
    assert law.metrics["spikes"] in (R, R + 1)  # without the mean one more
    assert law.spikes[0].strength is None  # no noise to be compared with
    network = open_network(adapter)
    weight = network.read(next(network.specs())).weight.double().numpy()
    assert power.sv_max == pytest.approx(np.linalg.norm(weight, 2), rel=1e-6)

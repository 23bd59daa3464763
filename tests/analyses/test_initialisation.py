"""Whether a layer is as a usual start draws it: real starts, real training, and what is neither."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import netaudit
from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.initialisation.measure import measure
from netaudit.analyses.layer.initialisation.payload import Initialisation
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable


def judge(weight: Tensor, bias: Tensor | None = None, **more: Any) -> Initialisation:
    """The verdict on one layer."""
    fan_out = more.pop("fan_out", None)
    layer = FCLayer("layer", weight.detach(), None if bias is None else bias.detach(), fan_out=fan_out)
    found = measure(LayerContext(layer, 0, torch.device("cpu"), **more))
    assert isinstance(found, Initialisation)
    return found


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_pytorchs_own_start_is_recognised_in_every_type_of_number(dtype: torch.dtype) -> None:
    layer = nn.Linear(300, 200).to(dtype)
    found = judge(layer.weight, layer.bias)
    assert (found.verdict, found.families) == ("as_drawn", ("torch_default",))


def test_a_start_that_was_saved_in_bfloat16_and_read_into_float32_is_recognised() -> None:
    layer = nn.Linear(1000, 1000)
    assert judge(layer.weight.bfloat16().float(), layer.bias.bfloat16().float()).family == "torch_default"


def test_the_part_of_a_fused_projection_is_told_by_the_whole() -> None:
    fused = nn.init.xavier_uniform_(torch.empty(768, 256))
    assert judge(fused[:256], fan_out=768).families == ("xavier_uniform",)
    assert judge(fused[:256]).verdict == "unknown_start"


def test_a_residual_layer_is_told_by_the_number_of_blocks() -> None:
    weight = torch.empty(200, 200).normal_(0, 0.02 / np.sqrt(24))
    assert judge(weight, blocks=12).families == ("gpt2_residual",)
    assert judge(weight).verdict == "unknown_start"


def test_the_mean_of_a_small_orthogonal_start_does_not_hide_it() -> None:
    for _ in range(20):  # one in five 40 x 40 matrices has a mean whose loss would show
        assert judge(nn.init.orthogonal_(torch.empty(40, 40))).families == ("orthogonal",)
        assert judge(nn.init.orthogonal_(torch.empty(64, 33))).families == ("orthogonal",)


@pytest.mark.parametrize(("weight", "family"), [(torch.zeros(50, 60), "zeros"), (torch.eye(50, 60), "identity")])
def test_exact_starts(weight: Tensor, family: str) -> None:
    assert judge(weight, torch.zeros(50)).family == family
    assert judge(weight, torch.linspace(0, 1, 50)).verdict == "unknown_start"


@pytest.mark.parametrize("gain", [1.0, 2**0.5])
@pytest.mark.parametrize("shape", [(100, 200), (200, 100)])
def test_an_orthogonal_start_is_one(shape: tuple[int, int], gain: float) -> None:
    weight = nn.init.orthogonal_(torch.empty(shape), gain)
    assert judge(weight).family == judge(weight.bfloat16()).family == "orthogonal"
    assert judge(1.3 * weight / gain).verdict == "unknown_start"


@pytest.mark.parametrize("scale", [0.37, 1.05])
def test_a_scaled_start_is_unknown_and_never_trained(scale: float) -> None:
    assert judge(scale * nn.Linear(300, 200).weight).verdict == "unknown_start"


@pytest.mark.parametrize("law", ["laplace", "t", "student_t3"])
def test_a_start_of_another_law_is_unknown_and_never_trained(law: str) -> None:
    generator = np.random.default_rng(2)
    draw = {"laplace": generator.laplace, "t": lambda size: generator.standard_t(6, size),
            "student_t3": lambda size: generator.standard_t(3, size)}[law]  # fmt: skip
    for _ in range(5):
        assert judge(torch.from_numpy(0.03 * draw(size=(200, 150)))).verdict == "unknown_start"


def test_fewer_than_a_thousand_weights_are_too_few() -> None:
    layer = nn.Linear(64, 10)
    found = judge(layer.weight, layer.bias)
    assert found.verdict == "too_small"
    assert "torch_default" in found.families


@pytest.mark.parametrize("bias", [0.0, 0.1, 1.0])
def test_a_bias_of_one_constant_is_a_start(bias: float) -> None:
    assert judge(nn.Linear(200, 200).weight, torch.full((200,), bias)).verdict == "as_drawn"


def test_a_bias_that_has_moved_is_none() -> None:
    bias = torch.zeros(200)
    bias[3] = 1e-4
    assert judge(nn.Linear(200, 200).weight, bias).verdict == "unknown_start"
    assert judge(nn.Linear(200, 200).weight, torch.empty(200).normal_(0, 1e-6)).verdict == "as_drawn"


def test_weak_training_that_every_family_rejects_is_called_trained() -> None:
    weight = torch.empty(300, 200).normal_(0, 0.02)
    u, v = torch.randn(300), torch.randn(200)
    spike = 2 * 0.02 * (300 * 200) ** 0.25 * torch.outer(u / u.norm(), v / v.norm())
    assert judge(weight).verdict == "as_drawn"
    found = judge(weight + spike)
    assert found.verdict == "trained"
    assert found.tests["largest_singular_value"] < 1e-4


def test_the_level_is_shared_by_the_layers() -> None:
    weight = torch.empty(300, 200).normal_(0, 0.02)
    weight[0] *= 1.3
    alone, among = judge(weight), judge(weight, of_layers=100)
    assert among.p_adjusted == pytest.approx(min(1.0, 100 * alone.p_adjusted))


def test_weights_that_timm_leaves_at_two_are_no_training() -> None:
    weight = torch.empty(500, 400).normal_(0, 0.02)
    weight[7, 9] = -2.0
    assert judge(weight).verdict == "as_drawn"
    weight[:, 3] = -2.0
    assert judge(weight).verdict != "as_drawn"


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_weights_whose_squares_are_not_finite_have_no_known_start(scale: float) -> None:
    assert judge(scale * torch.randn(50, 60, dtype=torch.float64)).verdict == "unknown_start"


def test_constant_weights_have_no_start() -> None:
    layer = FCLayer("layer", torch.full((50, 60), 0.02))
    found = measure(LayerContext(layer, 0, torch.device("cpu")))
    assert isinstance(found, NotApplicable)
    assert "constant" in found.note


@pytest.mark.parametrize(("name", "layers"), [("mnist-mlp", ["4", "7"]), ("cifar10-mlp", ["fc2", "fc3"])])
def test_the_bundled_networks_were_trained(name: str, layers: list[str]) -> None:
    report = netaudit.audit(name, analyses=["initialisation"], nulls="none", layers=layers)
    assert {layer.analyses["initialisation"].verdict for layer in report.layers} == {"trained"}


STARTS = [
    ("resnet18", {"torch_default"}, ["fc"]),
    ("mobilenet_v3_small", {"normal_01", "kaiming_normal_fan_out"}, ["classifier.*", "features.9.*", "features.11.*"]),
]


@pytest.mark.parametrize(("name", "families", "layers"), STARTS)
def test_the_starts_of_torchvisions_models_are_recognised(name: str, families: set[str], layers: list[str]) -> None:
    import torchvision

    model = torchvision.models.get_model(name, weights=None)
    report = netaudit.audit(model, analyses=["initialisation"], nulls="none", layers=layers)
    assert report.layers
    for layer in report.layers:
        found = layer.analyses["initialisation"]
        assert found.verdict == "as_drawn", layer.name
        assert set(found.families) & families, layer.name
    assert report.raises("untrained")


@pytest.mark.parametrize(
    ("name", "families", "layers"),
    [
        ("vit_tiny_patch16_224", {"normal_02"}, ["blocks.0.attn*", "blocks.3.mlp*", "head"]),
        ("convnext_atto", {"normal_02"}, ["head.fc"]),
        ("mobilenetv3_small_050", {"uniform_fan_out"}, ["classifier"]),
    ],
)
def test_the_starts_of_timms_models_are_recognised(name: str, families: set[str], layers: list[str]) -> None:
    import timm

    model = timm.create_model(name, pretrained=False)
    report = netaudit.audit(model, analyses=["initialisation"], nulls="none", layers=layers)
    assert report.layers
    for layer in report.layers:
        found = layer.analyses["initialisation"]
        assert found.verdict == "as_drawn", layer.name
        assert set(found.families) & families, layer.name

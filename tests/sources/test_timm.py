from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save

from netaudit.errors import SourceError
from netaudit.network.network import Network
from netaudit.sources.hubs.architecture import MismatchError
from netaudit.sources.open import open_network


def head(network: Network) -> list[tuple[str, str]]:
    return [(layer.name, layer.activation) for layer in network.head.layers] if network.head else []


def test_vgg16_keeps_fc6_and_fc7_as_convolutions() -> None:
    network = open_network("timm:vgg16", pretrained=False)
    specs = {spec.name: spec for spec in network.specs()}
    assert {name: spec.shape for name, spec in specs.items()} == {
        "pre_logits.fc1": (4096, 512 * 7 * 7),
        "pre_logits.fc2": (4096, 4096),
        "head.fc": (1000, 4096),
    }
    assert specs["pre_logits.fc1"].origin == "Conv2d 7x7 covering its whole input"
    assert head(network) == [("pre_logits.fc1", "relu"), ("pre_logits.fc2", "relu"), ("head.fc", "linear")]
    assert (network.info.kind, list(network.versions)) == ("timm", ["timm"])


@pytest.mark.parametrize(
    "name",
    [
        "vgg11_bn",
        "resnet18",
        "test_vit",
        "test_convnext",
        "test_efficientnet",
        "test_nfnet",
        "mixer_s32_224",
        "levit_128s",
    ],
)
def test_every_parameter_is_counted_once(name: str) -> None:
    network = open_network(f"timm:{name}", pretrained=False)
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total
    with torch.device("meta"):
        assert network.parameters_total == sum(p.numel() for p in timm.create_model(name).parameters())


def make(name: str) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module: torch.nn.Module = timm.create_model(name)
    return module


def test_published_weights_come_from_the_hub(hub_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    state = make("test_vit").state_dict()
    hub_server.files["/timm/test_vit.r160_in1k/resolve/main/model.safetensors"] = save(state)
    for network in (open_network("test_vit"), open_network("timm:test_vit.r160_in1k")):
        assert network.info.weights == "timm/test_vit.r160_in1k/model.safetensors"
        layer = network.read(next(spec for spec in network.specs() if spec.name == "head"))
        assert torch.equal(layer.weight, state["head.weight"])
    assert [file.name for file in network.files] == ["model.safetensors"]


def test_published_weights_under_old_names_are_converted_by_timm(tmp_path: Path) -> None:
    state = make("test_convnext").state_dict()
    old = {
        "stem.": "downsample_layers.0.",
        "conv_dw": "dwconv",
        "mlp.fc": "pwconv",
        ".blocks.": ".",
        "head.norm": "norm",
    }
    facebook = {}
    for name, tensor in state.items():
        for new, before in old.items():
            name = name.replace(new, before)
        name = name.replace("head.fc", "head")
        for stage in range(4):
            name = name.replace(f"stages.{stage}.downsample.", f"downsample_layers.{stage}.")
        facebook[name] = tensor
    torch.save(facebook, tmp_path / "convnext.pth")
    network = open_network("test_convnext", weights=tmp_path / "convnext.pth")
    read = {spec.name: network.read(spec).weight for spec in network.specs()}
    assert torch.equal(read["head.fc"], state["head.fc.weight"])
    assert torch.equal(
        read["stages.2.blocks.0.mlp.fc1"].reshape(-1), state["stages.2.blocks.0.mlp.fc1.weight"].reshape(-1)
    )


def test_a_file_that_does_not_fit(tmp_path: Path) -> None:
    torch.save({"head.weight": torch.ones(3, 3)}, tmp_path / "mine.pt")
    with pytest.raises(
        MismatchError, match=r"^mine\.pt does not fit test_vit: head\.weight is \[3, 3\], not \[1000, 64\]"
    ):
        open_network("test_vit", weights=tmp_path / "mine.pt")


def test_an_unknown_tag_names_the_known_ones() -> None:
    with pytest.raises(SourceError, match=r"timm has no weights vgg16\.nope") as caught:
        open_network("vgg16.nope")
    assert "vgg16.tv_in1k" in caught.value.hints[0]


def test_no_weights_published() -> None:
    with pytest.raises(SourceError, match="timm publishes no weights for test_maxvit"):
        open_network("test_maxvit")


def test_weights_at_a_url(server: Any, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from netaudit.sources.hubs import timm as room

    state = make("test_vit").state_dict()
    torch.save(state, tmp_path / "net.pth")
    server.files["/test_vit.pth"] = (tmp_path / "net.pth").read_bytes()
    config = timm.models.get_pretrained_cfg("test_vit")
    config.hf_hub_id, config.url = None, f"{server.url}/test_vit.pth"
    monkeypatch.setattr(room, "get_pretrained_cfg", lambda _: config)
    network = open_network("timm:test_vit")
    assert network.files == (cache / "test_vit.pth",)
    assert network.info.weights == "test_vit.pth"

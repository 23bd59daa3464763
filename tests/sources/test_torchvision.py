from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.vision_transformer import MLPBlock

from netaudit.errors import SourceError
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import ModelInfo, Network
from netaudit.sources.hubs.architecture import Architecture, MismatchError, open_architecture
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights


def plan(name: str) -> Network:
    return open_network(f"torchvision:{name}", pretrained=False)


def head(network: Network) -> list[tuple[str, str]]:
    return [(layer.name, layer.activation) for layer in network.head.layers] if network.head else []


def test_alexnet() -> None:
    network = plan("alexnet")
    assert {spec.name: (spec.shape, spec.activation) for spec in network.specs()} == {
        "classifier.1": ((4096, 9216), "relu"),
        "classifier.4": ((4096, 4096), "relu"),
        "classifier.6": ((1000, 4096), "linear"),
    }
    assert head(network) == [("classifier.1", "relu"), ("classifier.4", "relu"), ("classifier.6", "linear")]
    assert [e.reason for e in network.layers if isinstance(e, SkippedLayer)] == ["convolution"] * 5
    assert (network.info.kind, network.info.name, network.info.weights) == ("torchvision", "alexnet", None)
    assert list(network.versions) == ["torchvision"]
    with pytest.raises(SourceError, match="no weights were loaded"):
        network.read(next(network.specs()))


def test_resnet18() -> None:
    network = plan("resnet18")
    assert [(spec.name, spec.shape) for spec in network.specs()] == [("fc", (1000, 512))]
    assert head(network) == [("fc", "linear")]


def test_vit_b_16() -> None:
    network = plan("vit_b_16")
    specs = {spec.name: spec for spec in network.specs()}
    assert len(specs) == 12 * 6 + 1  # q, k, v, out, two of the MLP; the head
    block = "encoder.layers.encoder_layer_3."
    assert specs[block + "self_attention.in_proj.k"].rows == (768, 1536)
    assert specs[block + "self_attention.out_proj"].shape == (768, 768)
    assert specs[block + "mlp.0"].activation == "gelu"
    assert head(network) == [("heads.head", "linear")]


# torchvision's own count of the network that goes with its weights. Detection is left out: there the norms of the
# backbone are parameters here, and buffers in the published networks.
COUNTED = [
    *("vgg11_bn", "resnet18", "vit_h_14", "swin_v2_t", "maxvit_t", "convnext_tiny", "densenet121"),
    *("googlenet", "inception_v3", "regnet_y_400mf", "efficientnet_b0", "mobilenet_v3_small", "mnasnet0_5", "r3d_18"),
    *("mvit_v2_s", "deeplabv3_mobilenet_v3_large", "squeezenet1_1", "shufflenet_v2_x0_5"),
]


@pytest.mark.parametrize("name", COUNTED)
def test_every_parameter_is_counted_once(name: str) -> None:
    network = plan(name)
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total
    assert network.parameters_total == models.get_model_weights(name).DEFAULT.meta["num_params"]


def test_a_detector_that_cannot_be_traced() -> None:
    network = plan("fasterrcnn_mobilenet_v3_large_320_fpn")
    assert [spec.name for spec in network.specs()][:2] == ["roi_heads.box_head.fc6", "roi_heads.box_head.fc7"]
    assert network.head is None  # its names and shapes allow no one stack, and its two outputs are parallel


def test_quantised_models_are_refused() -> None:
    with pytest.raises(SourceError, match="int8") as caught:
        plan("quantized_resnet18")
    assert caught.value.hints[0].endswith(": resnet18")


NAME = "shufflenet_v2_x0_5"
WEIGHTS = models.ShuffleNet_V2_X0_5_Weights.DEFAULT


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return dict(models.shufflenet_v2_x0_5().state_dict())


def publish(server: Any, monkeypatch: pytest.MonkeyPatch, path: Path, state: Any) -> str:
    """Serve a state dict as if it were torchvision's own file; its name."""
    torch.save(state, path)
    name = f"shufflenet-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth"
    server.files[f"/models/{name}"] = path.read_bytes()
    monkeypatch.setattr(WEIGHTS.value, "url", f"{server.url}/models/{name}")
    return name


def test_published_weights_are_fetched_once_and_read(
    server: Any, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    name = publish(server, monkeypatch, tmp_path / "net.pth", state)
    seen: list[Any] = []
    network = open_network(NAME, progress=lambda *args: seen.append(args))
    assert network.files == (cache / name,)
    assert network.info.weights == name
    assert seen[-1][0] == f"downloading {name}"
    layer = network.read(next(spec for spec in network.specs() if spec.name == "fc"))
    assert torch.equal(layer.weight, state["fc.weight"])

    server.stop()
    assert open_network(NAME).files == (cache / name,)


def test_pytorchs_own_unpickler_is_never_asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (cache / "ran",)

    cache.mkdir(parents=True)
    torch.save({"fc.weight": Evil()}, cache / Path(WEIGHTS.url).name)
    with pytest.raises(SourceError, match="holds no tensors"):
        open_network(NAME)
    assert not (cache / "ran").exists()


def test_a_file_for_the_architecture(tmp_path: Path, state: Any) -> None:
    wrapped = {"model": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 3}
    torch.save(wrapped, tmp_path / "mine.pt")
    network = open_network(NAME, weights=tmp_path / "mine.pt")
    assert (network.info.kind, network.info.weights) == ("torchvision", "mine.pt")
    assert torch.equal(network.read(next(network.specs())).weight, state["fc.weight"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.pop("fc.weight"), r"missing fc\.weight$"),
        (lambda s: [s.pop(k) for k in list(s)[:20]], r"missing conv1\.0\.weight, .* and \d+ more$"),
        (lambda s: s.update(extra=torch.ones(1)), r"unexpected extra$"),
        (lambda s: s.update({"fc.weight": torch.ones(9, 7)}), r"fc\.weight is \[9, 7\], not \[1000, 1024\]$"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path: Path, state: Any, change: Any, reason: str) -> None:
    changed = dict(state)
    change(changed)
    torch.save(changed, tmp_path / "mine.pt")
    with pytest.raises(MismatchError, match=rf"^mine\.pt does not fit {NAME}: {reason}") as caught:
        open_network(NAME, weights=tmp_path / "mine.pt")
    assert len(str(caught.value).splitlines()) == 1


def test_counters_that_old_files_lack_may_be_missing(tmp_path: Path, state: Any) -> None:
    torch.save({k: v for k, v in state.items() if "num_batches" not in k}, tmp_path / "mine.pt")
    assert open_network(NAME, weights=tmp_path / "mine.pt").store.shape("fc.weight") == (1000, 1024)


def test_published_files_may_hold_more(
    server: Any, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    publish(server, monkeypatch, tmp_path / "net.pth", {**state, "aux.weight": torch.ones(2)})
    assert open_network(NAME).store.shape("fc.weight") == (1000, 1024)


def test_old_densenet_names(tmp_path: Path) -> None:
    from netaudit.sources.hubs.torchvision import _densenet

    old = {"features.denseblock1.denselayer12.norm.1.weight": 1, "features.transition1.norm.weight": 2}
    assert _densenet(old) == {  # type: ignore[arg-type]
        "features.denseblock1.denselayer12.norm1.weight": 1,
        "features.transition1.norm.weight": 2,
    }


def test_a_module_that_renames_while_it_loads(tmp_path: Path) -> None:
    # vit_b_16's published file says mlp.linear_1, its module mlp.0; its own loading code knows.
    state = OrderedDict()
    for name in ("linear_1", "linear_2"):
        for part, tensor in (("weight", torch.randn(4, 4)), ("bias", torch.randn(4))):
            state[f"{name}.{part}"] = tensor
    torch.save(state, tmp_path / "mlp.pt")
    architecture = Architecture(ModelInfo("mlp", "torchvision"), lambda: MLPBlock(4, 4, 0.0), (4,))
    network = open_architecture(architecture, open_weights(tmp_path / "mlp.pt"))
    read = {spec.name: network.read(spec) for spec in network.specs()}
    assert list(read) == ["0", "3"]
    assert torch.equal(read["3"].weight, state["linear_2.weight"])


def test_metadata_of_the_file_reaches_the_module(tmp_path: Path) -> None:
    # MNASNet's loading code refuses a state dict without its version.
    with torch.random.fork_rng():
        net: nn.Module = models.mnasnet0_5()
    torch.save(net.state_dict(), tmp_path / "net.pt")
    network = open_network("mnasnet0_5", weights=tmp_path / "net.pt")
    assert torch.equal(network.read(next(network.specs())).weight, net.state_dict()["classifier.1.weight"])


def test_inputs_run_through_the_trunk(tmp_path: Path, state: Any) -> None:
    torch.save(state, tmp_path / "mine.pt")
    network = open_network(NAME, weights=tmp_path / "mine.pt")
    assert network.backbone is not None
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 3, 64, 64, generator=generator)
    net = models.shufflenet_v2_x0_5()
    net.load_state_dict(state)
    with torch.no_grad():
        expected = net.eval()(x)
    fc = network.read(next(network.specs()))
    assert fc.bias is not None
    assert torch.allclose(network.backbone(x) @ fc.weight.T + fc.bias, expected, atol=1e-4)
    with pytest.raises(SourceError, match=r"does not take inputs of shape \(784,\)"):
        network.backbone(torch.zeros(2, 784))

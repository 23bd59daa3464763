"""Files of the transformers library: what is a layer in each family, as its own modules and its own forward say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from netaudit.network.network import LayerSpec, Network
from netaudit.sources.open import open_network

FAMILIES: dict[str, Any] = json.loads(Path(__file__).with_name("transformer_families.json").read_text())
SEEN_AS = {"x_proj": {"gate": "x"}, "in_proj": {"gate": "z"}}
"""Parts that have another name than where the forward was seen to take them."""
HEADS = {
    "bert": [("bert.pooler.dense", "tanh"), ("classifier", "linear")],
    "bert_masked": [("cls.predictions.decoder", "linear")],
    "roberta": [("classifier.dense", "tanh"), ("classifier.out_proj", "linear")],
    "distilbert": [("pre_classifier", "relu"), ("classifier", "linear")],
    "electra": [("classifier.dense", "gelu"), ("classifier.out_proj", "linear")],
    "deberta": [("pooler.dense", "gelu"), ("classifier", "linear")],
    "deberta_v2": [("pooler.dense", "gelu"), ("classifier", "linear")],
    "bart_classifier": [("classification_head.dense", "tanh"), ("classification_head.out_proj", "linear")],
    "gpt2": [("lm_head", "linear")],
    "gpt2_base": None,
    "llama": [("lm_head", "linear")],
    "llama_tied": [("lm_head", "linear")],
    "whisper": [("proj_out", "linear")],
    "vit": [("classifier", "linear")],
    "t5": [("lm_head", "linear")],
    "clip": None,
    "sam": None,
}


def tensors_of(family: dict[str, Any]) -> dict[str, Tensor]:
    """Random numbers of the family's shapes."""
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) for name, shape in family["tensors"].items()}


def opened(folder: Path, family: dict[str, Any], tensors: dict[str, Tensor]) -> Network:
    """The folder of such a model, opened."""
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(family["config"]))
    return open_network(folder)


def layers_of(network: Network) -> dict[str, LayerSpec]:
    """The audited layers; every parameter is counted once."""
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total
    return {entry.name: entry for entry in network.layers if isinstance(entry, LayerSpec)}


def expected(family: dict[str, Any], tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[tuple[str, Tensor]]]:
    """The layers that are told by their names, and of each fused one those parts that are known, with its name."""
    whole, fused = {}, []
    for key, said in family["layers"].items():
        name = key.removesuffix(".weight")
        tensor = tensors[key].mT if said.get("turned") else tensors[key]
        if name.endswith("in_proj_weight"):
            said = {"parts": {"q": [], "k": [], "v": []}}
        prefix, _, kind = name.rpartition(".")
        each = {f"{prefix}.{e}.{kind}": one for e, one in enumerate(tensor)} if tensor.dim() == 3 else {name: tensor}
        for layer, matrix in each.items():
            if parts := said.get("parts"):
                for part, ranges in parts.items():
                    rows = torch.cat([torch.arange(*pair) for pair in ranges])
                    own = SEEN_AS.get(kind, {}).get(part, part)
                    fused.append((f"{layer}.{own}", matrix[rows]))
            else:
                whole[layer] = matrix
    for name, key in family["tied_output"].items():
        whole[name] = tensors[key]
    return whole, fused


@pytest.mark.parametrize("name", FAMILIES)
def test_layers_of_a_family(name: str, tmp_path: Path) -> None:
    family = FAMILIES[name]
    tensors = tensors_of(family)
    network = opened(tmp_path / "net", family, tensors)
    found = layers_of(network)
    whole, fused = expected(family, tensors)
    groups = {layer.rpartition(".")[0] for layer, _ in fused}
    assert {layer for layer in found if layer.rpartition(".")[0] not in groups} == set(whole)
    for layer, matrix in (*whole.items(), *fused):
        assert torch.equal(network.read(found[layer]).weight, matrix), layer
    for group in groups:  # with the parts that the forward does not show, every row is in one of them
        parts = [spec for layer, spec in found.items() if layer.rpartition(".")[0] == group]
        rows = torch.cat([network.read(spec).weight for spec in parts])
        assert len(rows) == len(rows.unique(dim=0))
        of_fused = [matrix for layer, matrix in fused if layer.rpartition(".")[0] == group]
        assert len(rows) > sum(map(len, of_fused)) or len(parts) == len(of_fused)
    if name in HEADS:
        steps = [(step.name, step.activation) for step in network.head.layers] if network.head else None
        assert steps == HEADS[name]


@pytest.mark.parametrize("prefix", ["module.", "model.", "transformer.", "_orig_mod."])
@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "falcon_grouped", "t5", "gpt_oss"])
def test_a_prefix_changes_no_layer(name: str, prefix: str, tmp_path: Path) -> None:
    family = FAMILIES[name]
    tensors = tensors_of(family)
    plain = layers_of(opened(tmp_path / "plain", family, tensors))
    wrapped = layers_of(opened(tmp_path / "wrapped", family, {f"{prefix}{key}": t for key, t in tensors.items()}))
    assert [(n.removeprefix(prefix), s.shape) for n, s in wrapped.items()] == [(n, s.shape) for n, s in plain.items()]


RENAMED = ("gpt_neox", "vit", "deit", "dinov2_gated", "mixtral", "qwen2_moe", "granitemoe", "deepseek_v2")
"""Families whose files have other names than the modules of transformers 5."""


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in RENAMED])
def test_a_module_has_the_layers_of_its_file(name: str, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from transformer_families import build

    model = build(name)
    model.save_pretrained(tmp_path)
    stored, live = open_network(tmp_path), open_network(model)
    of_file, of_module = layers_of(stored), layers_of(live)
    assert {layer: spec.shape for layer, spec in of_file.items()} == {n: spec.shape for n, spec in of_module.items()}
    for layer, spec in of_file.items():
        one, other = stored.read(spec), live.read(of_module[layer])
        assert torch.equal(one.weight, other.weight), layer
        assert (one.bias is None) == (other.bias is None), layer
        assert one.bias is None or (other.bias is not None and torch.equal(one.bias, other.bias)), layer

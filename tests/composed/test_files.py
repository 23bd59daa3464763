"""Composed weights from opened files: the configuration beside them, one weight at a time, nothing left."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from netaudit.composed.rule import Made
from netaudit.composed.store import ComposedStore
from netaudit.errors import SourceError
from netaudit.formats.safetensors import SafetensorsStore
from netaudit.formats.torch_save import CheckpointStore
from netaudit.formats.weights_file import Declared
from netaudit.sources.memory import open_memory
from netaudit.sources.open import open_network
from netaudit.sources.stores import MemoryStore


def test_an_adapter_and_its_configuration(tmp_path) -> None:
    a, b = torch.rand(2, 6), torch.rand(4, 2)
    save_file({"q_proj.lora_A.weight": a, "q_proj.lora_B.weight": b}, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"lora_alpha": 8, "r": 2}))
    network = open_network(tmp_path)
    [spec] = network.specs()
    torch.testing.assert_close(network.read(spec).weight, 4 * b @ a)
    assert network.parameters_total == 24


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"model_type": ["gpt2"]}', '{"a": 1, "a": 2}', "\x00", '{"n_head": -4, "n_embd": "x"}']
)
def test_a_configuration_that_says_nothing_is_passed_over(tmp_path, text) -> None:
    save_file({"attn.qkv_proj.weight": torch.rand(24, 16)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(text)
    [spec] = open_network(tmp_path).specs()
    assert spec.origin == "fused, parts not separated"


def test_one_expert_is_read_alone(tmp_path, monkeypatch) -> None:
    down = torch.rand(3, 8, 6)
    save_file({"experts.down_proj": down}, tmp_path / "model.safetensors")
    network = open_network(tmp_path)
    monkeypatch.setattr(SafetensorsStore, "read", lambda *_: pytest.fail("all experts were read"))
    for expert, spec in enumerate(network.specs()):
        assert torch.equal(network.read(spec).weight, down[expert])


def experts_in_codes(kind: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    if kind == "MXFP4":
        return {
            "mlp.experts.down_proj_blocks": torch.randint(256, (6, 8, 2, 16), generator=generator).to(torch.uint8),
            "mlp.experts.down_proj_scales": torch.randint(120, 130, (6, 8, 2), generator=generator).to(torch.uint8),
        }
    scale = {"fp8, a scale an expert": (6,), "fp8, blocks": (6, 1, 2), "fp8, one scale": (1,)}[kind]
    codes = torch.randn((6, 8, 256), generator=generator).to(torch.float8_e4m3fn)
    return {"mlp.experts.down_proj": codes, "mlp.experts.down_proj_scale": torch.rand(scale, generator=generator) + 1}


@pytest.mark.parametrize("ending", ["safetensors", "pt", "wrapped.pt"])
@pytest.mark.parametrize("kind", ["MXFP4", "fp8, a scale an expert", "fp8, blocks", "fp8, one scale"])
def test_of_experts_in_codes_one_is_read_and_dequantised_alone(tmp_path, monkeypatch, kind, ending) -> None:
    tensors = experts_in_codes(kind)
    whole = open_memory(tensors)
    expected = {spec.name: whole.read(spec).weight for spec in whole.specs()}
    assert len(expected) == 6
    wrapper = "model._orig_mod." if ending == "wrapped.pt" else ""
    save = save_file if ending == "safetensors" else torch.save
    save({f"{wrapper}{name}": tensor for name, tensor in tensors.items()}, tmp_path / f"net.{ending}")
    network = open_network(tmp_path / f"net.{ending}")
    for store in (SafetensorsStore, CheckpointStore):
        read = store.read
        monkeypatch.setattr(
            store,
            "read",
            lambda self, name, read=read: (
                pytest.fail("all experts") if self.shape(name)[:1] == (6,) else read(self, name)
            ),
        )
    for spec in network.specs():
        assert torch.equal(network.read(spec).weight, expected[spec.name.removeprefix("model.")])


def test_float8_without_scales_and_with_nothing_else(tmp_path) -> None:
    codes = torch.rand(4, 6).to(torch.float8_e4m3fn)
    save_file({"q.weight": codes, "q.input_scale": torch.ones(1)}, tmp_path / "model.safetensors")
    network = open_network(tmp_path)
    assert not list(network.specs())
    assert any("without its scale" in getattr(entry, "reason", "") for entry in network.layers)


def test_a_state_dict_in_memory() -> None:
    network = open_memory({"fc.weight_orig": torch.ones(4, 6), "fc.weight_mask": torch.zeros(4, 6)})
    [spec] = network.specs()
    assert not network.read(spec).weight.any()


@pytest.mark.parametrize("compute", [lambda read: read("a").reshape(5, 5), lambda read: read("a")])
def test_parts_that_do_not_fit_are_an_error_of_one_line(compute) -> None:
    made = Made("w", (2, 2), compute, "made")
    store = ComposedStore(
        MemoryStore({"a": torch.zeros(3)}), {"w": Declared((2, 2), "float32", "w")}, {"w": made}, {"w": ("a",)}
    )
    with pytest.raises(SourceError, match=r"^w"):
        store.read("w")

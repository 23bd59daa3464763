"""Modules of PEFT, torchao, bitsandbytes and transformers, where these are installed: none is needed by netaudit."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from netaudit.network.network import Network
from netaudit.sources.memory import open_memory
from netaudit.sources.open import open_network

pytestmark = pytest.mark.filterwarnings("ignore")


def perceptron() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32))


def run(network: Network, x: Tensor) -> Tensor:
    """What the head computes of its input."""
    assert network.head is not None
    for step in network.head.layers:
        layer = network.read(network.spec(step.name))
        x = F.linear(x, layer.weight, layer.bias)
        x = x.relu() if step.activation == "relu" else x
    return x


def shapes(network: Network) -> dict[str, tuple[int, int]]:
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total
    return {spec.name: spec.shape for spec in network.specs()}


ADAPTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "lora": ("LoraConfig", {"r": 2, "lora_alpha": 6}),
    "rslora": ("LoraConfig", {"r": 2, "lora_alpha": 6, "use_rslora": True}),
    "dora": ("LoraConfig", {"r": 2, "lora_alpha": 6, "use_dora": True}),
    "loha": ("LoHaConfig", {"r": 2, "alpha": 4}),
    "lokr": ("LoKrConfig", {"r": 2, "alpha": 4}),
    "ia3": ("IA3Config", {"feedforward_modules": []}),
    "vera": ("VeraConfig", {"r": 4}),
}


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_adapter_of_peft_is_merged_and_the_head_computes_what_the_model_computes(kind: str) -> None:
    peft = pytest.importorskip("peft")
    config, options = ADAPTERS[kind]
    net = peft.get_peft_model(perceptron(), getattr(peft, config)(target_modules=["0"], **options)).eval()
    for parameter in net.parameters():
        if parameter.requires_grad:
            parameter.data.normal_(std=0.3)
    merged = copy.deepcopy(net)
    merged.merge_adapter()
    x = torch.randn(3, 64)
    for one in (net, merged):
        network = open_memory(one)
        assert shapes(network) == {"base_model.model.0": (48, 64), "base_model.model.2": (32, 48)}
        torch.testing.assert_close(run(network, x), net(x).detach(), rtol=1e-4, atol=1e-4)
    with net.disable_adapter():
        torch.testing.assert_close(run(open_memory(net), x), net(x).detach(), rtol=1e-4, atol=1e-4)
    plain = open_memory(copy.deepcopy(net).merge_and_unload())
    torch.testing.assert_close(run(plain, x), net(x).detach(), rtol=1e-4, atol=1e-4)


def test_a_layer_that_peft_trained_as_a_whole_is_audited_once() -> None:
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=2, target_modules=["0"], modules_to_save=["2"])
    net = peft.get_peft_model(perceptron(), config)
    for network in (open_memory(net), open_memory(net.state_dict())):
        assert list(shapes(network)) == ["base_model.model.0", "base_model.model.2.modules_to_save.default"]


@pytest.mark.parametrize("config", ["Int8WeightOnlyConfig", "Float8WeightOnlyConfig"])
def test_weights_of_torchao_are_dequantised_or_named(config: str, tmp_path: Path) -> None:
    quantization = pytest.importorskip("torchao.quantization")
    net = perceptron()
    before = net[0].weight.detach().clone()
    quantization.quantize_(net, getattr(quantization, config)())
    for network in (open_memory(net), open_memory(net.state_dict())):
        assert shapes(network) == {"0": (48, 64), "2": (32, 48)}
        assert float((network.read(network.spec("0")).weight - before).abs().max()) < 0.05 * float(before.abs().max())
        assert network.spec("0").origin.startswith("dequantised from ")
    torch.save(net.state_dict(), tmp_path / "net.pt")
    stored = open_network(tmp_path / "net.pt")
    assert shapes(stored) == {"0": (48, 64), "2": (32, 48)}
    for name in ("0", "2"):
        live = network.read(network.spec(name)).weight
        torch.testing.assert_close(stored.read(stored.spec(name)).weight, live, rtol=1e-6, atol=0)


@pytest.mark.parametrize("bits", [4, 8])
def test_layers_of_bitsandbytes(bits: int, tmp_path: Path) -> None:
    library = pytest.importorskip("bitsandbytes")
    net = perceptron()
    before = net[0].weight.detach().clone()
    layer: Any
    if bits == 4:
        layer = library.nn.Linear4bit(64, 48, quant_type="nf4")
        layer.weight = library.nn.Params4bit(before.clone(), requires_grad=False, quant_type="nf4")
    else:
        layer = library.nn.Linear8bitLt(64, 48, has_fp16_weights=False)
        layer.weight = library.nn.Int8Params(before.clone(), requires_grad=False, has_fp16_weights=False)
    layer.bias = net[0].bias
    net[0] = layer.to("cpu")
    torch.save(net.state_dict(), tmp_path / "net.pt")
    networks = [open_memory(net), open_memory(net.state_dict()), open_network(tmp_path / "net.pt")]
    weights = [network.read(network.spec("0")).weight for network in networks]
    assert [shapes(network) for network in networks] == [{"0": (48, 64), "2": (32, 48)}] * 3
    assert all(torch.equal(weight, weights[0]) for weight in weights)
    step = float(before.abs().max()) * (0.16 if bits == 4 else 0.005)  # half the widest gap of NF4; of 255 levels
    assert float((weights[0] - before).abs().max()) <= step


def tiny(name: str) -> Any:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    sizes |= {"vocab_size": 50, "max_position_embeddings": 32}
    torch.manual_seed(0)
    if name == "llama":
        return transformers.LlamaForCausalLM(transformers.LlamaConfig(num_key_value_heads=2, **sizes))
    if name == "phi3":
        return transformers.Phi3ForCausalLM(transformers.Phi3Config(num_key_value_heads=2, pad_token_id=0, **sizes))
    if name == "bert":
        return transformers.BertForSequenceClassification(transformers.BertConfig(**sizes))
    config = transformers.T5Config(d_model=32, d_ff=48, d_kv=8, num_layers=1, num_heads=4, vocab_size=50)
    return transformers.T5ForConditionalGeneration(config)


@pytest.mark.parametrize("name", ["llama", "phi3", "bert"])
def test_a_model_of_transformers_is_that_of_its_folder(name: str, tmp_path: Path) -> None:
    model = tiny(name)
    model.save_pretrained(tmp_path)
    module, folder = open_memory(model), open_network(tmp_path)
    assert shapes(module) == shapes(folder)
    assert module.parameters_total == folder.parameters_total
    for spec in module.specs():
        assert torch.equal(module.read(spec).weight, folder.read(folder.spec(spec.name)).weight)
    assert module.head is not None
    assert folder.head is not None
    assert module.head.layers == folder.head.layers


def test_an_encoder_with_a_decoder_is_traced_on_what_it_shows() -> None:
    network = open_memory(tiny("t5"))
    assert network.graph is not None
    assert network.notes == ()


@pytest.mark.parametrize("kind", ["LoraConfig", "LoHaConfig", "LoKrConfig"])
def test_a_model_of_transformers_with_adapters_keeps_its_head(kind: str) -> None:
    peft = pytest.importorskip("peft")
    net = peft.get_peft_model(tiny("llama"), getattr(peft, kind)(target_modules=["down_proj"], r=2))
    network = open_memory(net)
    assert network.head is not None
    assert [step.name for step in network.head.layers] == ["base_model.model.lm_head"]

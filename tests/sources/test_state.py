from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import netaudit
from netaudit.errors import SourceError
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import Network
from netaudit.sources.open import open_network
from netaudit.sources.planners.choices import Choices


def net(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {"fc1.weight": torch.randn(48, 64), "fc1.bias": torch.randn(48), "fc2.weight": torch.randn(10, 48)}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    generator = {"out.weight": torch.randn(64, 128), "out.bias": torch.zeros(64)}
    beside = {"optimizer": {"state": {0: {"exp_avg": torch.zeros(48, 64)}}}, "rng": torch.zeros(9, dtype=torch.uint8)}
    average = {f"module.{name}": tensor for name, tensor in net(2).items()}
    torch.save({"model": net(1), "generator": generator, "ema": average, **beside}, tmp_path / "net.pt")
    return tmp_path / "net.pt"


def skipped(network: Network) -> dict[str, tuple[str, int]]:
    entries = [entry for entry in network.layers if isinstance(entry, SkippedLayer)]
    return {entry.name: (entry.reason, entry.parameters) for entry in entries}


def test_what_was_not_taken_is_listed_and_counted(checkpoint: Path) -> None:
    network = open_network(checkpoint)
    assert [spec.name for spec in network.specs()] == ["fc1", "fc2"]
    assert skipped(network) == {
        "generator": ("not taken: 2 tensors, 8,256 parameters: --state generator audits it", 8256),
        "ema": ("an averaged copy of model (3 tensors, 3,600 parameters): --state ema audits it", 0),
        "optimizer": ("optimiser state, not a parameter (1 tensor)", 0),
        "rng": ("not taken: 1 tensor, 0 parameters", 0),
    }
    assert network.parameters_total == 3600 + 8256


@pytest.mark.parametrize("state", ["ema", "ema."])
def test_another_state_is_audited_when_asked(checkpoint: Path, state: str) -> None:
    network = open_network(checkpoint, choices=Choices(state=state))
    assert [spec.name for spec in network.specs()] == ["ema.fc1", "ema.fc2"]
    assert torch.equal(network.read(network.spec("ema.fc1")).weight, net(2)["fc1.weight"])
    other = "another network than the one that was chosen"
    assert skipped(network)["model"] == (f"{other} (3 tensors, 3,600 parameters): --state model audits it", 0)
    assert network.parameters_total == sum(spec.parameters for spec in network.specs()) == 3600  # the chosen one's
    named = open_network(checkpoint, choices=Choices(state="model"))
    assert skipped(named)["generator"] == (f"{other} (2 tensors, 8,256 parameters): --state generator audits it", 0)
    assert named.parameters_total == 3600


def test_of_networks_side_by_side_the_share_is_of_the_chosen_one(tmp_path: Path) -> None:
    networks = {f"{name}.{key}": tensor for name in ("G", "G_ema", "D") for key, tensor in net(1).items()}
    torch.save(networks, tmp_path / "gan.pt")
    for state in ("G", "G_ema", "D"):
        network = open_network(tmp_path / "gan.pt", choices=Choices(state=state))
        assert [spec.name for spec in network.specs()] == [f"{state}.fc1", f"{state}.fc2"]
        assert network.parameters_total == 3600


def test_a_copy_inside_the_chosen_state_is_still_a_copy(tmp_path: Path) -> None:
    inner = {f"{name}.{key}": tensor for name in ("model", "model_ema") for key, tensor in net(1).items()}
    torch.save({"state_dict": inner, "other": net(2)}, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", choices=Choices(state="state_dict"))
    assert [spec.name for spec in network.specs()] == ["model.fc1", "model.fc2"]
    assert network.parameters_total == 3600


def test_a_state_that_is_not_there(checkpoint: Path) -> None:
    with pytest.raises(SourceError, match=r"^net.pt: holds nothing under 'emma'$") as caught:
        open_network(checkpoint, choices=Choices(state="emma"))
    assert caught.value.hints == ("it holds generator, ema, rng, model, fc1, fc2",)


def test_an_order_makes_the_head(tmp_path: Path) -> None:
    weights = {"b.weight": torch.zeros(64, 64), "a.weight": torch.zeros(64, 64), "top.weight": torch.zeros(10, 64)}
    save_file(weights, tmp_path / "net.safetensors")
    assert open_network(tmp_path / "net.safetensors").head is None
    head = open_network(tmp_path / "net.safetensors", choices=Choices(order=("b", "a", "top"))).head
    assert head is not None
    assert [(step.name, step.activation) for step in head.layers] == [("b", "relu"), ("a", "relu"), ("top", "linear")]
    assert head.inferred
    assert head.note == "The order was given by the user; ReLU between the layers was assumed."


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (("fc2", "fc1"), "fc2 gives 10, fc1 takes 64"),
        (("fc1", "fc3"), "no audited layer is called 'fc3'"),
        (("fc2", "fc2"), "a layer comes twice"),
    ],
)
def test_an_order_that_does_not_fit(order: tuple[str, ...], reason: str) -> None:
    with pytest.raises(SourceError, match=rf"^--order: {re.escape(reason)}$"):
        open_network(net(1), choices=Choices(order=order))


def test_a_known_architecture_takes_no_such_choice() -> None:
    with pytest.raises(SourceError, match=r"^--order goes with a file or a state dict"):
        open_network("mnist-mlp", choices=Choices(order=("7",)))
    with pytest.raises(SourceError, match=r"^--order goes with a file or a state dict: of a module"):
        open_network(torch.nn.Linear(3, 3), choices=Choices(order=("*",)))


def test_the_report_says_what_was_chosen_and_why_there_is_no_head(tmp_path: Path) -> None:
    state = tmp_path / "net.safetensors"
    save_file({"b.weight": torch.randn(40, 40), "a.weight": torch.randn(40, 40)}, state)
    report = netaudit.audit(state, nulls="none", layers=["a", "b"], exclude=["zzz*"], as_layer=["b*"])
    assert report.provenance.settings["as_layer"] == ["b*"]
    assert report.events == ("--exclude zzz* matches no layer",)
    assert report.head.note.startswith("The order of the layers is not known: --order")
    asked = netaudit.audit(state, nulls="none", order=["b", "a"], analyses=["gaussian_weights"])
    assert asked.head.layers == ("b", "a")


def test_a_part_beside_that_could_take_the_outputs_leaves_no_head(tmp_path: Path) -> None:
    above = {"out.weight": torch.randn(64, 10), "out.bias": torch.zeros(64)}
    torch.save({"model": net(1), "generator": above}, tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt")
    assert network.head is None
    assert "'generator' beside it could take the 10 outputs of fc2: if it does not, --order fc1,fc2" in (
        network.head_gap() or ""
    )
    for said in (Choices(state="model"), Choices(order=("fc1", "fc2"))):
        head = open_network(tmp_path / "net.pt", choices=said).head
        assert head is not None
        assert [step.name for step in head.layers] == ["fc1", "fc2"]


@pytest.mark.parametrize("half", [False, True])
def test_the_average_of_a_module_is_named_as_a_copy(tmp_path, half: bool) -> None:
    """As Ultralytics writes it: whole modules, whose own names begin with the key that they lie under."""
    torch.manual_seed(0)
    net = nn.ModuleDict({"model": nn.Sequential(nn.Linear(6, 5), nn.MultiheadAttention(5, 1), nn.Linear(5, 4))})
    average = copy.deepcopy(net).half() if half else copy.deepcopy(net)
    torch.save({"epoch": 1, "model": net, "ema": average, "updates": 3}, tmp_path / "last.pt")
    found = open_network(tmp_path / "last.pt")
    entry = next(entry for entry in found.layers if entry.name == "ema")
    assert entry.reason.startswith("an averaged copy of model")
    assert found.parameters_total == sum(parameter.numel() for parameter in net.parameters())


def test_the_average_of_a_network_whose_parts_are_made_by_rules_is_a_copy(tmp_path) -> None:
    state = {"blocks.0.attn.qkv.weight": torch.rand(12, 4), "head.weight": torch.rand(3, 4)}
    torch.save({"model": state, "ema": {key: tensor.clone() for key, tensor in state.items()}}, tmp_path / "last.pt")
    found = open_network(tmp_path / "last.pt")
    assert "blocks.0.attn.qkv.q" in {entry.name for entry in found.layers}
    assert next(entry for entry in found.layers if entry.name == "ema").reason.startswith("an averaged copy of model")


def test_an_adapter_alone_needs_no_order(tmp_path) -> None:
    torch.save({"q.lora_A.weight": torch.rand(2, 6), "q.lora_B.weight": torch.rand(4, 2)}, tmp_path / "adapter.pt")
    found = open_network(tmp_path / "adapter.pt")
    assert found.head_gap() == "an adapter alone has none: --base TARGET adds it to its model"

"""The one way to a layer: what is skipped is never read, and what is kept is read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import netaudit
from netaudit.errors import SourceError
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, ModelInfo, Network
from netaudit.network.reader import LayerReader
from netaudit.sources.memory import open_memory
from netaudit.sources.stores import MemoryStore


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each tensor was read from a store."""
    counter: Counter[str] = Counter()
    read = MemoryStore.read

    def counted(self: MemoryStore, name: str) -> torch.Tensor:
        counter[name] += 1
        return read(self, name)

    monkeypatch.setattr(MemoryStore, "read", counted)
    return counter


def reasons(network: Network) -> dict[str, str | None]:
    return {layer.name: layer.reason if isinstance(layer, SkippedLayer) else None for layer in network.layers}


def test_what_is_left_out_or_refused_is_skipped_with_the_reason_and_never_read(
    mlp: nn.Module, reads: Counter[str]
) -> None:
    network = open_memory(mlp)
    first, second, third = network.specs()
    selected = network.select(exclude=["1"]).guarded(lambda spec: "too large" if spec.name == "4" else None)
    assert reasons(selected) == {"1": "left out by --exclude", "4": "too large", "6": None}
    assert [spec.name for spec in selected.specs()] == ["6"]
    assert [layer.parameters for layer in selected.layers] == [layer.parameters for layer in network.layers]
    for spec, reason in ((first, "left out by --exclude"), (second, "too large")):
        message = f"^the layer {spec.name} is skipped: {reason}$"
        with pytest.raises(SourceError, match=message):
            selected.read(spec)
        with pytest.raises(SourceError, match=message):
            selected.spec(spec.name)
        with pytest.raises(SourceError, match=message):
            LayerReader(selected, keep=[spec.name])(spec.name)
    assert not reads
    assert torch.equal(selected.read(third).weight, mlp[6].weight)
    with pytest.raises(SourceError, match=r"^the layer fc9 does not exist$"):
        network.spec("fc9")
    assert reasons(network) == {"1": None, "4": None, "6": None}


def test_the_guard_holds_whenever_layers_are_chosen(mlp: nn.Module) -> None:
    guard: Callable[[LayerSpec], str | None] = lambda spec: "too large" if spec.name == "4" else None  # noqa: E731
    guarded = open_memory(mlp).guarded(guard)
    assert guarded.limit is guard
    assert reasons(guarded.select(["[46]"])) == {"1": "not selected by --layers", "4": "too large", "6": None}


def test_why_the_head_cannot_be_run(mlp: nn.Module) -> None:
    network = open_memory(mlp)
    assert network.head_gap() is None
    gap = "the head's layer 4 is skipped: not selected by --layers"
    assert network.select(["1", "6"]).head_gap() == gap
    none = Network(ModelInfo("a", "file"), network.layers, network.store, network.parameters_total)
    assert none.head_gap() == "no head of fully connected layers at the top was found"


def test_a_kept_layer_is_read_once_as_long_as_all_fit(mlp: nn.Module, reads: Counter[str]) -> None:
    network = open_memory(mlp)
    size = sum(mlp[i].weight.nbytes + mlp[i].bias.nbytes for i in (1, 6))
    read = LayerReader(network, keep=["1", "4", "6"], budget=size)
    for _ in range(3):
        for name in ("1", "4", "6"):
            assert torch.equal(read(name).weight, mlp[int(name)].weight)
    assert (reads["1.weight"], reads["4.weight"], reads["6.weight"]) == (1, 3, 1)
    read.release()
    assert read("1") is read("1")
    assert reads["1.weight"] == 2
    unkept = LayerReader(network)
    assert unkept("1") is not unkept("1")


def test_two_layers_of_one_name_are_told_apart() -> None:
    network = open_memory({"fc.weight": torch.ones(2, 3), "fc.kernel": torch.zeros(3, 4), "fc.w": torch.ones(5, 5)})
    assert [(spec.name, spec.shape) for spec in network.specs()] == [
        *(("fc", (2, 3)), ("fc.kernel", (4, 3)), ("fc.w", (5, 5))),
    ]
    assert LayerReader(network)("fc").shape == (2, 3)
    assert LayerReader(network)("fc.kernel").shape == (4, 3)


def test_the_module_is_the_caller_s_own_or_not_known(mlp: nn.Module) -> None:
    assert open_memory(mlp).module() is mlp
    with pytest.raises(SourceError, match=r"^the architecture of state_dict is not known$"):
        open_memory(mlp.state_dict()).module()


def test_the_graph_is_that_of_the_forward_pass(mlp: nn.Module) -> None:
    graph = open_memory(mlp).graph
    assert graph is not None
    assert [weight for weight, _ in graph.multiplications()] == ["1.weight", "4.weight", "6.weight"]
    assert open_memory(mlp.state_dict()).graph is None


def data(tmp_path: Any) -> Any:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.random((30, 64), dtype=np.float32), y=rng.integers(0, 10, 30))
    return tmp_path / "data.npz"


def test_an_audit_reads_each_layer_once(mlp: nn.Module, tmp_path: Any, reads: Counter[str]) -> None:
    netaudit.audit(mlp, data=data(tmp_path), nulls="none")
    assert set(reads) == {f"{i}.{kind}" for i in (1, 4, 6) for kind in ("weight", "bias")}
    assert set(reads.values()) == {1}


@pytest.mark.parametrize("how", ["exclude", "layers", "too large"])
def test_an_audit_never_reads_a_skipped_layer_of_the_head(
    mlp: nn.Module, tmp_path: Any, reads: Counter[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    options: dict[str, Any] = {"exclude": {"exclude": ["4"]}, "layers": {"layers": ["1", "6"]}}.get(how, {})
    if how == "too large":  # the first layer needs 590 kB of working memory, the second 768 kB, the third 66 kB
        monkeypatch.setattr("netaudit.numerics.memory.physical_memory", lambda: 700_000)
    report = netaudit.audit(mlp, data=data(tmp_path), nulls="none", **options)
    assert {name for name in reads if name.startswith("4")} == set()
    assert [layer.name for layer in report.layers] == ["1", "6"]
    assert report.analyses["labels_back"].note.startswith("The head's layer 4 is skipped: ")

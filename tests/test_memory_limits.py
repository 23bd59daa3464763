"""Memory: every limit counts, and what does not fit is skipped with its reason while the rest goes on."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import netaudit
from netaudit.analyses.layer import constant_bias
from netaudit.auditing import available_memory, work
from netaudit.auditing.available_memory import Room, refusal
from netaudit.errors import NetauditError, out_of_memory
from netaudit.network.network import LayerSpec
from netaudit.sources.memory import open_memory
from netaudit.sources.open import open_network
from netaudit.sources.stores import MemoryStore


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def container(tmp_path: Path, lines: str) -> list[tuple[int, int]]:
    (tmp_path / "own").write_text(lines)
    found = available_memory._container(tmp_path / "cgroup", tmp_path / "own")
    return [(room.allowed, room.left) for room in found]


def test_the_limit_of_a_container_counts_without_the_pages_that_can_be_given_up(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    group(root / "a" / "b", memory__max="max", memory__current=500)
    group(
        root / "a", memory__max=1000, memory__current=700, memory__stat="anon 300\nactive_file 100\ninactive_file 200\n"
    )
    assert container(tmp_path, "0::/a/b\n") == [(1000, 600)]


def test_inside_a_container_its_own_group_is_the_root(tmp_path: Path) -> None:
    group(tmp_path / "cgroup", memory__max=900, memory__current=1000)
    assert container(tmp_path, "0::/docker/123/../456\n") == [(900, 0)]


def test_the_first_version_of_control_groups(tmp_path: Path) -> None:
    memory = tmp_path / "cgroup" / "memory"
    group(memory, memory__limit_in_bytes=2**63 - 4096, memory__usage_in_bytes=1)
    stat = "inactive_file 1\ntotal_inactive_file 20\ntotal_active_file 30\n"
    group(memory / "job", memory__limit_in_bytes=800, memory__usage_in_bytes=250, memory__stat=stat)
    assert container(tmp_path, "9:cpu:/x\n4:memory:/job\n0::/\n") == [(800, 600)]
    assert container(tmp_path, "nothing that is understood\n") == []


@pytest.mark.parametrize(("option", "limit"), [("-v", "RLIMIT_AS"), ("-d", "RLIMIT_DATA")])
def test_a_limit_of_the_shell_counts_less_what_is_taken(option: str, limit: str) -> None:
    resource = pytest.importorskip("resource")
    code = (
        "import resource, sys\n"
        "from netaudit.auditing.available_memory import rooms\n"
        f"resource.setrlimit(resource.{limit}, (3_000_000_000, resource.getrlimit(resource.{limit})[1]))\n"
        "print([(r.allowed, r.left) for r in rooms() if sys.argv[1] in r.whose])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, check=True)
    found = re.fullmatch(r"\[\(3000000000, (\d+)\)\]\n", done.stdout)
    assert found is not None
    assert resource.getpagesize() < 3_000_000_000 - int(found[1]) < 2_500_000_000 or sys.platform != "linux"


def test_what_is_free_counts_and_the_words_do_not_change_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = LayerSpec("fc", (1000, 1000), "fc.weight")  # 80 MB for ten copies and 24 MB for its spectrum
    words = []
    for left in (10_000_000, 20_000_000):
        monkeypatch.setattr(work, "rooms", lambda left=left: (Room(10**9, left, "this machine has"),))
        words.append(work.size_guard("exact")(spec))
    assert words == ["needs about 0.1 GB of working memory; this machine has 1.0 GB, of which too little is free"] * 2
    monkeypatch.setattr(work, "rooms", lambda: (Room(10**9, 2 * 10**8, "this machine has"),))
    assert work.size_guard("exact")(spec) is None


def test_the_limit_that_can_never_be_kept_is_named_first() -> None:
    limits = (Room(10**9, 10**6, "this machine has"), Room(2 * 10**6, 10**6, "the container (cgroup) allows"))
    assert refusal(5 * 10**6, limits) == "the container (cgroup) allows 0.0 GB"
    assert refusal(10**6, limits) is None
    assert refusal(10**6, ()) is None


OUT = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]


@pytest.mark.parametrize("error", OUT, ids=lambda error: type(error).__name__)
def test_memory_that_runs_out_on_a_layer_costs_that_layer(mlp: torch.nn.Module, error: Exception) -> None:
    alone = netaudit.audit(mlp, layers=["1", "6"], nulls="none", analyses=["constant_bias"])
    measure = constant_bias.ANALYSIS.measure

    def short(context: object) -> object:
        if context.layer.name == "4":  # type: ignore[attr-defined]
            raise error
        return measure(context)

    analysis = replace(constant_bias.ANALYSIS, measure=short)  # type: ignore[arg-type]
    report = netaudit.audit(mlp, analyses=[analysis, "hidden_units"], nulls="none")
    assert [layer.name for layer in report.layers] == ["1", "6"]
    skipped = {entry.name: entry.reason for entry in report.skipped}
    assert skipped["4"] == "memory ran out while it was audited"
    assert report.provenance.weights_sha256 == alone.provenance.weights_sha256
    assert report.coverage == alone.coverage
    told = {reason for pair in report.analyses["hidden_units"].pairs for reason in pair.reasons}
    assert told == {"lower_not_audited", "upper_not_audited"}
    assert "memory ran out" in report.to_html()


def test_memory_that_runs_out_on_the_network_costs_that_analysis(
    mlp: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def short(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr("netaudit.analyses.network.labels_back.measure.recover", short)
    monkeypatch.setattr("netaudit.analyses.head_inputs.forward", short)
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 64), np.float32))
    report = netaudit.audit(mlp, data=tmp_path / "data.npz", nulls="none")
    assert report.analyses["labels_back"].note == "Not judged: memory ran out."
    assert report.analyses["shadow_images"].note == "The real inputs were not used: memory ran out."
    assert len(report.layers) == 3


def test_a_layer_that_does_not_fit_any_more_is_not_read(mlp: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process took the memory after the first layer."""
    read = MemoryStore.read
    reads = []

    def noted(self: MemoryStore, name: str) -> torch.Tensor:
        reads.append(name)
        if name.startswith("4"):
            raise AssertionError("a layer that does not fit was read")
        return read(self, name)

    monkeypatch.setattr(MemoryStore, "read", noted)
    monkeypatch.setattr(
        work, "rooms", lambda: (Room(10**9, 300_000 if "1.weight" in reads else 10**9, "this machine has"),)
    )
    report = netaudit.audit(mlp, nulls="none")
    assert [layer.name for layer in report.layers] == ["1", "6"]
    assert "of which too little is free" in report.skipped[-1].reason
    assert report.analyses["labels_back"].note.startswith("The head's layer 4 is skipped: ")


def test_a_layer_left_out_is_read_by_nobody(
    mlp: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not for the head, not for real inputs, not for what changed since the first weights."""
    read = MemoryStore.read

    def refusing(self: MemoryStore, name: str) -> torch.Tensor:
        assert not name.startswith("4")
        return read(self, name)

    monkeypatch.setattr(MemoryStore, "read", refusing)
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 64), np.float32))
    first = {name: torch.randn_like(tensor) for name, tensor in mlp.state_dict().items()}
    report = netaudit.audit(mlp, exclude=["4"], init=first, data=tmp_path / "data.npz", nulls="none")
    assert [change.layer for change in report.analyses["initialisation"].since.changes] == ["1", "6"]


def test_all_layers_lost_is_one_line(mlp: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(self: MemoryStore, name: str) -> torch.Tensor:
        raise MemoryError

    monkeypatch.setattr(MemoryStore, "read", short)
    with pytest.raises(NetauditError, match="memory ran out while it was audited"):
        netaudit.audit(mlp, nulls="none")


def test_a_network_that_does_not_fit_is_not_built_for_real_inputs(
    mlp: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(work, "rooms", lambda: (Room(10**6, 10**6, "this machine has"),))
    refused = work.module_too_large(open_network("mnist-mlp"))
    assert refused == "the network needs 0.0 GB of memory; this machine has 0.0 GB"
    assert work.module_too_large(open_memory(mlp)) is None  # it is in memory already
    monkeypatch.setattr("netaudit.auditing.guard.module_too_large", lambda network: refused)
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 64), np.float32))
    report = netaudit.audit(mlp, data=tmp_path / "data.npz", nulls="none", analyses=["shadow_images"])
    assert report.analyses["shadow_images"].note == f"The real inputs were not used: {refused}."


@pytest.mark.parametrize("error", [ValueError("a bug"), RuntimeError("mat1 and mat2 shapes")])
def test_other_errors_are_no_lack_of_memory(error: Exception) -> None:
    assert not out_of_memory(error)

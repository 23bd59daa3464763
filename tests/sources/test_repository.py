"""``hf:owner/name`` as a target: the hub's real client against a server on this machine, and its cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save, save_file

import netaudit
from netaudit.cli.main import main
from netaudit.errors import SourceError
from netaudit.sources.hubs import repository
from netaudit.sources.open import open_network

NAME = "someone/net"
COMMIT = "1" * 40
TENSORS = {"fc1.weight": torch.ones(5, 6), "fc2.weight": torch.ones(3, 5)}


@pytest.fixture
def hub(hub_server: Any) -> Any:
    """A hub that holds repositories: ``hub.add(name, revision, files)``."""
    hub_server.commit = COMMIT

    def add(files: dict[str, bytes], name: str = NAME, revision: str = "main") -> None:
        listed = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
        for known in (revision, COMMIT):
            hub_server.files[f"/api/models/{name}/revision/{known}"] = json.dumps(listed).encode()
            for file, content in files.items():
                hub_server.files[f"/{name}/resolve/{known}/{file}"] = content

    hub_server.add = add
    return hub_server


def fetched(hub: Any) -> set[str]:
    """The names of the files whose content was asked for."""
    got = (line.removeprefix("GET ") for line in hub.requests if line.startswith("GET "))
    return {path.partition("/resolve/")[2].partition("/")[2] for path in got if "/resolve/" in path}


SHARDED = {
    "model.safetensors.index.json": json.dumps(
        {
            "weight_map": {
                "fc1.weight": "model-00001-of-00002.safetensors",
                "fc2.weight": "model-00002-of-00002.safetensors",
            }
        }
    ).encode(),
    "model-00001-of-00002.safetensors": save({"fc1.weight": TENSORS["fc1.weight"]}),
    "model-00002-of-00002.safetensors": save({"fc2.weight": TENSORS["fc2.weight"]}),
}
CODE = {
    "modeling_net.py": b"raise SystemExit",
    "config.json": b'{"model_type": "net"}',
    "README.md": b"",
    ".gitattributes": b"",
}


@pytest.mark.parametrize("target", [f"hf:{NAME}", f"hf:{NAME}@main", f"hf:{NAME}@{COMMIT}"])
def test_weights_and_configuration_are_fetched_and_never_code(hub: Any, target: str) -> None:
    hub.add({"model.safetensors": save(TENSORS), "pytorch_model.bin": b"not looked at", "onnx/model.onnx": b"", **CODE})
    seen: list[tuple[str, float, float]] = []
    network = open_network(target, progress=lambda *args: seen.append(args))
    assert fetched(hub) == {"model.safetensors", "config.json"}
    assert (network.info.name, network.info.kind, network.info.weights) == (NAME, "hub", "model.safetensors")
    assert network.info.revision == COMMIT
    assert network.notes == (f"Of {NAME}, model.safetensors was taken, and not pytorch_model.bin.",)
    assert {spec.name for spec in network.specs()} == {"fc1", "fc2"}
    size = len(save(TENSORS))
    assert (f"downloading model.safetensors of {NAME}", size, size) in seen


def test_an_index_brings_its_shards_and_no_other_file(hub: Any) -> None:
    hub.add({**SHARDED, "model.safetensors": b"a copy", "other.safetensors": b"another", **CODE})
    network = open_network(f"hf:{NAME}")
    assert fetched(hub) == {*SHARDED, "config.json"}
    assert [spec.name for spec in network.specs()] == ["fc1", "fc2"]
    assert "model.safetensors, other.safetensors" in network.notes[0] or "other.safetensors" in network.notes[0]
    assert len(network.files) == 3


def test_a_shard_with_a_path_is_not_fetched(hub: Any) -> None:
    index = json.dumps({"weight_map": {"a": "../../x.safetensors", "b": "sub/y.safetensors", "c": ".z"}}).encode()
    hub.add({"model.safetensors.index.json": index, "../../x.safetensors": b"", "sub/y.safetensors": b"", ".z": b""})
    with pytest.raises(SourceError):
        open_network(f"hf:{NAME}")
    assert fetched(hub) == {"model.safetensors.index.json"}


def test_an_adapter_and_its_base_from_the_hub(hub: Any) -> None:
    factors = {"fc1.lora_A.weight": torch.ones(2, 6), "fc1.lora_B.weight": torch.ones(5, 2)}
    config = b'{"peft_type": "LORA", "r": 2, "lora_alpha": 4}'
    weights = save({f"base_model.model.{name}": tensor for name, tensor in factors.items()})
    hub.add({"adapter_model.safetensors": weights, "adapter_config.json": config}, "someone/lora")
    hub.add({"model.safetensors": save(TENSORS)})
    report = netaudit.audit("hf:someone/lora", base=f"hf:{NAME}", analyses=["hidden_units"])
    base = report.provenance.settings["base"]
    assert (base["name"], base["revision"], base["weights"]) == (NAME, COMMIT, "model.safetensors")
    assert base["sha256"] == hashlib.sha256(save(TENSORS)).hexdigest()
    assert (report.model.name, report.model.revision) == ("someone/lora", COMMIT)
    assert "added to its base" in report.layers[0].origin


@pytest.mark.parametrize(
    ("files", "reason", "hint"),
    [
        (["a.gguf", "b.gguf"], "with 2 weights files, any of which could be meant", "a.gguf, b.gguf.*hf download"),
        (["a.safetensors", "b.safetensors"], "with 2 weights files", "a.safetensors"),
        (["config.json", "weights/model.safetensors"], "without a weights file", "at the top"),
        (["training_args.bin", "net.bin"], "without a weights file of a known name", "it holds net.bin$"),
    ],
)
def test_a_repository_without_one_weights_file(hub: Any, files: list[str], reason: str, hint: str) -> None:
    hub.add(dict.fromkeys(files, b""))
    with pytest.raises(SourceError, match=rf"^hf:{NAME}: a repository {reason}") as caught:
        open_network(f"hf:{NAME}")
    assert __import__("re").search(hint, caught.value.hints[0])
    assert not fetched(hub)


@pytest.mark.parametrize(
    ("code", "status", "reason", "hint"),
    [
        ("RepoNotFound", 404, "no such repository, or a private one", "hf auth login"),
        ("", 401, "no such repository, or a private one", "hf auth login"),
        ("RevisionNotFound", 404, "has no revision v9", "the branch main"),
        ("GatedRepo", 403, "a gated repository", f"/{NAME}, then `hf auth login`"),
        ("", 500, "cannot be fetched", "hf download"),
    ],
)
def test_what_the_hub_refuses_is_one_line_with_what_to_do(
    hub: Any, code: str, status: int, reason: str, hint: str
) -> None:
    hub.refused[f"/api/models/{NAME}/revision/v9"] = (status, {"X-Error-Code": code} if code else {})
    with pytest.raises(SourceError, match=rf"^hf:{NAME}@v9: .*{reason}") as caught:
        open_network(f"hf:{NAME}@v9")
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hints[0]


def test_files_of_a_gated_repository(hub: Any) -> None:
    hub.add({"model.safetensors": b""})  # everybody may list them
    del hub.files[f"/{NAME}/resolve/main/model.safetensors"]
    hub.refused[f"/{NAME}/resolve/main/model.safetensors"] = (403, {"X-Error-Code": "GatedRepo"})
    with pytest.raises(SourceError, match="a gated repository"):
        open_network(f"hf:{NAME}")


def test_no_network_is_one_line_and_a_cached_snapshot_is_taken(hub: Any) -> None:
    hub.add({"model.safetensors": save(TENSORS)})
    assert open_network(f"hf:{NAME}").notes == ()
    hub.stop()
    network = open_network(f"hf:{NAME}")
    assert network.info.revision == COMMIT
    assert network.notes == (f"The hub could not be reached, so that the copy of {NAME} in its cache was taken.",)
    with pytest.raises(SourceError, match=r"^hf:someone/other: cannot be fetched: Connection refused") as caught:
        open_network("hf:someone/other")
    assert "hf download someone/other" in caught.value.hints[0]


def test_a_repository_that_is_gone_is_not_taken_from_the_cache(hub: Any) -> None:
    hub.add({"model.safetensors": save(TENSORS)})
    open_network(f"hf:{NAME}")
    del hub.files[f"/api/models/{NAME}/revision/main"]
    hub.refused[f"/api/models/{NAME}/revision/main"] = (404, {"X-Error-Code": "RepoNotFound"})
    with pytest.raises(SourceError, match="no such repository"):
        open_network(f"hf:{NAME}")


def test_a_hub_that_does_not_answer(hub: Any) -> None:
    hub.silent.add(f"/api/models/{NAME}/revision/main")
    with pytest.raises(SourceError, match="cannot be fetched"):
        repository.fetch(NAME, timeout=0.2)


@pytest.fixture
def offline_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache as its client writes it, on a machine without a network: blobs, links to them, and refs."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    place = tmp_path / "hub" / "models--someone--net"
    for revision, commit, value in (("main", "a" * 40, 1.0), ("refs/pr/1", "b" * 40, 2.0)):
        snapshot = place / "snapshots" / commit
        for folder in (place / "blobs", snapshot, (place / "refs" / revision).parent):
            folder.mkdir(parents=True, exist_ok=True)
        save_file({"fc.weight": torch.full((3, 4), value)}, place / "blobs" / commit)
        (snapshot / "model.safetensors").symlink_to(Path("../../blobs") / commit)
        (place / "refs" / revision).write_text(commit)
    return place


@pytest.mark.parametrize(
    ("at", "commit", "value"),
    [
        *(("", "a", 1.0), ("@main", "a", 1.0), ("@refs/pr/1", "b", 2.0)),
        *((f"@{'a' * 40}", "a", 1.0), (f"@{'b' * 40}", "b", 2.0)),
    ],
)
def test_a_cached_snapshot_needs_no_network(offline_cache: Path, at: str, commit: str, value: float) -> None:
    network = open_network(f"hf:{NAME}{at}")
    assert network.info.revision == commit * 40
    assert float(network.read(next(network.specs())).weight[0, 0]) == value


@pytest.mark.parametrize("target", [f"hf:{NAME}@v9", f"hf:{NAME}@{'c' * 40}", "hf:someone/other", "hf:gpt2"])
def test_offline_without_a_snapshot(offline_cache: Path, target: str) -> None:
    with pytest.raises(SourceError, match=rf"^{target}: not in the hub's cache, .* HF_HUB_OFFLINE") as caught:
        open_network(target)
    assert "hf download" in caught.value.hints[0]


def test_half_a_snapshot_is_none(offline_cache: Path) -> None:
    snapshot = offline_cache / "snapshots" / ("a" * 40)
    for name in ("model.safetensors.index.json", "model-00001-of-00002.safetensors"):
        (snapshot / name).write_bytes(SHARDED[name])
    with pytest.raises(SourceError, match="not in the hub's cache"):
        open_network(f"hf:{NAME}")


def test_the_command_line_and_its_folder(
    offline_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for at in ("", "@refs/pr/1"):
        with pytest.raises(SystemExit) as caught:
            main(["audit", f"hf:{NAME}{at}", "--analyses", "hidden_units", "--format", "json"])
        assert caught.value.code == 0, capsys.readouterr().err
    reports = {path.name: json.loads((path / "audit.json").read_text()) for path in (tmp_path / "reports").iterdir()}
    assert set(reports) == {"someone--net", "someone--net--refs--pr--1"}
    assert reports["someone--net"]["model"]["revision"] == "a" * 40
    assert str(tmp_path) not in json.dumps(reports)

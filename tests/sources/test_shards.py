from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import safetensors, shards
from netaudit.network.layers import SkippedLayer
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights

INDEX = "model.safetensors.index.json"
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def tensors() -> dict[str, Tensor]:
    a = torch.randn(6, 4)
    return {
        "h.2.fc.weight": a.half(),
        "h.2.fc.bias": torch.zeros(6),
        "h.10.fc.weight": a.bfloat16(),
        "h.1.fc.weight": a.double(),
        "h.1.norm.weight": torch.ones(4),
        "embed.weight": a,
        "step": torch.tensor(3),
    }


def write(folder: Path, contents: Mapping[str, Mapping[str, Tensor]], weight_map: Any = None) -> Path:
    """Shards and their index, which tells the truth unless ``weight_map`` says otherwise."""
    for shard, held in contents.items():
        save_file(dict(held), folder / shard)
    truth = {name: shard for shard, held in contents.items() for name in held}
    index = {"metadata": {"total_size": 1}, "weight_map": truth if weight_map is None else weight_map}
    (folder / INDEX).write_text(json.dumps(index))
    return folder / INDEX


def split(stored: Mapping[str, Tensor], first: set[str]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in stored.items():
        groups.setdefault(ONE if name in first else TWO, {})[name] = tensor
    return groups


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(sorted(tensors()))))
def test_however_it_is_split_it_is_the_one_file(first: set[str]) -> None:
    stored = tensors()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_file(stored, folder / "one.safetensors")
        one, sharded = open_network(folder / "one.safetensors"), open_network(write(folder, split(stored, first)))
        assert sharded.layers == one.layers
        assert sharded.head == one.head
        assert sharded.parameters_total == one.parameters_total
        assert sharded.store.names() == one.store.names()
        for tensor in one.store.names():
            assert sharded.store.shape(tensor) == one.store.shape(tensor)
            assert sharded.store.dtype(tensor) == one.store.dtype(tensor)
            assert torch.equal(sharded.store.read(tensor).float(), one.store.read(tensor).float())


def test_shards_of_torch_save_are_the_same(tmp_path: Path) -> None:
    stored = tensors()
    contents = split(stored, {"h.2.fc.weight", "embed.weight"})
    (tmp_path / "bin").mkdir()
    names = {ONE: "pytorch_model-00001-of-00002.bin", TWO: "pytorch_model-00002-of-00002.bin"}
    for shard, held in contents.items():
        torch.save(held, tmp_path / "bin" / names[shard])
    index = {"weight_map": {name: names[shard] for shard, held in contents.items() for name in held}}
    (tmp_path / "bin" / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    write(tmp_path, contents)
    one, other = open_network(tmp_path), open_network(tmp_path / "bin")
    assert (other.info.weights, len(other.files)) == ("pytorch_model.bin.index.json", 3)
    assert (other.layers, other.head, other.store.names()) == (one.layers, one.head, one.store.names())
    assert all(torch.equal(other.store.read(name), tensor) for name, tensor in stored.items())
    index["weight_map"]["h.2.fc.bias"] = TWO
    (tmp_path / "bin" / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with pytest.raises(UnsafeFileError, match="names the shard") as caught:
        open_network(tmp_path / "bin")
    assert caught.value.hints == ("a shard is a .bin file beside its index, named without a folder",)


def test_a_folder_or_its_index(tmp_path: Path) -> None:
    index = write(tmp_path, split(tensors(), {"h.2.fc.weight"}))
    for target, name in ((tmp_path, tmp_path.name), (index, INDEX), (str(index), INDEX)):
        network = open_network(target)
        assert (network.info.name, network.info.kind, network.info.weights) == (name, "file", INDEX)
        assert network.files == (index, tmp_path / ONE, tmp_path / TWO)
        layer = network.read(next(spec for spec in network.specs() if spec.name == "h.2.fc"))  # from both shards
        assert torch.equal(layer.weight, open_network(tmp_path).store.read("h.2.fc.weight"))
        assert layer.bias is not None


def test_weights_of_a_named_architecture(tmp_path: Path) -> None:
    state = open_network("mnist-mlp").store
    write(tmp_path, split({name: state.read(name) for name in state.names()}, {"7.weight"}))
    network = open_network("mnist-mlp", weights=tmp_path)
    assert (network.info.weights, len(network.files)) == (INDEX, 3)
    spec = next(spec for spec in network.specs() if spec.name == "7")
    assert torch.equal(network.read(spec).weight, state.read("7.weight"))


def test_the_hub_s_cache_is_made_of_links(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "main"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    write(blobs, split(tensors(), {"embed.weight"}))
    for number, name in enumerate((ONE, TWO, INDEX)):
        (blobs / name).rename(blobs / str(number))
        (snapshot / name).symlink_to(Path("../../blobs") / str(number))
    assert open_network(snapshot).parameters_total == 24 * 4 + 6 + 4


def test_one_shard_is_open_at_a_time_and_none_when_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, split(tensors(), {"h.2.fc.weight"}))
    real, now, most, read = safetensors.safe_open, 0, 0, []

    @contextmanager
    def counted(*args: Any, **options: Any) -> Iterator[Any]:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        with real(*args, **options) as file:
            yield Recorded(file)
        now -= 1

    class Recorded:
        def __init__(self, file: Any) -> None:
            self.keys = file.keys
            self.file = file

        def get_tensor(self, name: str) -> Tensor:
            read.append(name)
            found: Tensor = self.file.get_tensor(name)
            return found

    monkeypatch.setattr(safetensors, "safe_open", counted)
    network = open_network(tmp_path)
    assert (now, most, read) == (0, 1, [])
    layers = [network.read(spec) for spec in network.specs()]
    assert (now, most) == (0, 1)
    assert len(layers) == 3
    assert read == ["h.1.fc.weight", "h.2.fc.weight", "h.2.fc.bias", "h.10.fc.weight"]


@pytest.mark.parametrize(
    "name",
    [
        *("../evil.safetensors", "a/b.safetensors", "/etc/b.safetensors", "..", ".", "", "./b.safetensors"),
        *("a\\b.safetensors", "C:b.safetensors", "net.pt", "net.bin", "a\n.safetensors", "a\x1b[31m.safetensors"),
        *("a\0.safetensors", "b.safetensors/", "\u202ea.safetensors", "\ud800.safetensors"),
    ],
)
def test_a_shard_is_a_bare_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "net").mkdir()
    save_file({"w": torch.ones(2, 2)}, tmp_path / "evil.safetensors")
    index = write(tmp_path / "net", {ONE: {"v": torch.ones(2, 2)}}, {"v": ONE, "w": name})
    with pytest.raises(UnsafeFileError, match=rf"^{INDEX}: names the shard .*; refused$") as caught:
        shards.open_shards(index, lambda _: pytest.fail("opened"))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "it is no JSON"),
        ("[" * 5000, "it is no JSON"),
        ("\udcff", "it is no JSON"),
        ("[1]", "it is no table"),
        ("{}", "it has no weight_map from tensors to files"),
        ('{"weight_map": {}}', "it has no weight_map"),
        ('{"weight_map": ["a.safetensors"]}', "it has no weight_map"),
        ('{"weight_map": {"w": 3}}', "it has no weight_map"),
        ('{"weight_map": {"w": "a.safetensors", "v": {}}}', "it has no weight_map"),
    ],
)
def test_what_is_no_index(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / INDEX).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SourceError, match=rf"^{INDEX}: not an index of shards, or a damaged one \({reason}"):
        open_network(tmp_path)


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_random_bytes_are_an_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / INDEX).write_bytes(content)
        with pytest.raises(SourceError, match=rf"^{INDEX}: "):
            open_network(Path(folder))


@pytest.mark.parametrize("where", ["weight_map", "w"])
def test_a_key_that_comes_twice_is_refused(tmp_path: Path, where: str) -> None:
    index = write(tmp_path, {ONE: {"w": torch.ones(2, 2)}})
    once = f'"w": "{ONE}"' if where == "w" else f'"weight_map": {{"w": "{ONE}"}}'
    index.write_text(index.read_text().replace(once, f"{once}, {once}"))
    with pytest.raises(UnsafeFileError, match=rf"^{INDEX}: two tensors of one name; refused$"):
        open_network(tmp_path)


def test_an_endless_index_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = write(tmp_path, {ONE: {"w": torch.ones(2, 2)}})
    monkeypatch.setattr(shards, "LONGEST_INDEX", index.stat().st_size)
    open_network(tmp_path)
    index.write_text(index.read_text() + " ")
    with pytest.raises(UnsafeFileError, match="an index longer than"):
        open_network(tmp_path)


def test_a_shard_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, split(tensors(), {"embed.weight"}))
    (tmp_path / TWO).unlink()
    with pytest.raises(SourceError, match=rf"/{TWO}: no such file or directory$") as caught:
        open_network(tmp_path)
    assert caught.value.hints == (f"{INDEX} names it: all its shards belong beside it",)


def test_a_shard_that_is_no_regular_file(tmp_path: Path) -> None:
    write(tmp_path, split(tensors(), {"embed.weight"}))
    (tmp_path / TWO).unlink()
    os.mkfifo(tmp_path / TWO)
    with pytest.raises(SourceError, match=rf"/{TWO}: not a regular file$"):
        open_network(tmp_path)
    (tmp_path / INDEX).unlink()
    os.mkfifo(tmp_path / INDEX)
    with pytest.raises(SourceError, match=rf"/{INDEX}: not a regular file$"):
        open_network(tmp_path)


def test_a_shard_that_is_damaged(tmp_path: Path) -> None:
    write(tmp_path, split(tensors(), {"embed.weight"}))
    (tmp_path / TWO).write_bytes((tmp_path / TWO).read_bytes()[:-1])
    with pytest.raises(SourceError, match=rf"^{TWO}: not a safetensors file, or a damaged one"):
        open_network(tmp_path)


def test_a_tensor_that_its_shard_lacks(tmp_path: Path) -> None:
    held = {"w": torch.ones(2, 2)}
    write(tmp_path, {ONE: held, TWO: {"v": torch.ones(2, 2)}}, {"w": ONE, "v": ONE})
    network = open_network(tmp_path)
    assert network.layers[-1] == SkippedLayer("v", (), f"missing: {INDEX} places it in {ONE}, which lacks it")
    assert "w" in network.store.names()
    write(tmp_path, {ONE: held, TWO: {"v": torch.ones(2, 2)}}, {"v": ONE})
    with pytest.raises(SourceError, match=rf"^{ONE}: lacks v, which {INDEX} places in it$"):  # all of it
        open_network(tmp_path)


def test_a_tensor_that_the_index_does_not_name_is_skipped(tmp_path: Path) -> None:
    held = {"a.weight": torch.ones(2, 3), "b.weight": torch.ones(4, 3), "b.bias": torch.ones(4)}
    write(tmp_path, {ONE: held}, {"a.weight": ONE, "b.weight": ONE})
    network = open_network(tmp_path)
    assert [(spec.name, spec.bias) for spec in network.specs()] == [("a", None), ("b", None)]
    assert network.layers[-1] == SkippedLayer("b.bias", (4,), "in a shard, but not named by the index: not read", 4)


@pytest.mark.parametrize("taken", [ONE, TWO])
def test_of_two_shards_with_one_tensor_the_index_takes_one(tmp_path: Path, taken: str) -> None:
    w, u, v = torch.ones(3, 2, 2).unbind()
    contents = {ONE: {"w.weight": w.clone(), "u.weight": u.clone()}, TWO: {"w.weight": w * 2, "v.weight": v.clone()}}
    write(tmp_path, contents, {"w.weight": taken, "u.weight": ONE, "v.weight": TWO})
    network = open_network(tmp_path)
    assert sorted(spec.name for spec in network.specs()) == ["u", "v", "w"]
    assert torch.equal(network.read(network.spec("w")).weight, contents[taken]["w.weight"])
    stale = TWO if taken == ONE else ONE
    reason = f"a stale copy in {stale}: {INDEX} takes the tensor from {taken}"
    assert network.layers[-1] == SkippedLayer(f"w.weight in {stale}", (2, 2), reason)
    assert network.parameters_total == 12


def test_a_single_file_beside_the_index_is_named_and_not_read(tmp_path: Path) -> None:
    write(tmp_path, {ONE: {"w.weight": torch.ones(2, 2)}})
    save_file({"w.weight": torch.full((2, 2), 7.0)}, tmp_path / "model.safetensors")
    network = open_network(tmp_path)
    assert network.read(network.spec("w")).weight.max() == 1
    [beside] = [entry for entry in network.layers if isinstance(entry, SkippedLayer)]
    assert (beside.name, beside.parameters) == ("model.safetensors", 0)
    assert beside.reason == f"a file beside {INDEX}, whose shards were taken: not read"


def test_the_hub_s_cache_folder_stands_for_its_main_snapshot(tmp_path: Path) -> None:
    home = tmp_path / "models--acme--tiny"
    for commit, number in (("c0ffee", 1.0), ("f00d", 2.0)):
        (home / "snapshots" / commit).mkdir(parents=True)
        save_file({"w.weight": torch.full((2, 2), number)}, home / "snapshots" / commit / "model.safetensors")
    with pytest.raises(SourceError, match=r"there is no refs/main$") as caught:
        open_network(home)
    assert caught.value.hints == ("name one snapshot: c0ffee, f00d",)
    (home / "refs").mkdir()
    for commit, number in (("f00d", 2.0), ("c0ffee", 1.0)):
        (home / "refs" / "main").write_text(commit)
        network = open_network(home)
        assert network.info.revision == commit
        assert network.read(network.spec("w")).weight[0, 0] == number
    (home / "refs" / "main").write_text("../../../etc")
    with pytest.raises(SourceError, match="which is not there"):
        open_network(home)
    assert open_network(home / "snapshots" / "f00d").info.revision == "f00d"


def test_two_shards_with_one_tensor_that_the_index_lacks_are_refused(tmp_path: Path) -> None:
    w, u, v = torch.ones(3, 2, 2).unbind()
    weight_map = {"v": TWO, "u": ONE}
    write(tmp_path, {ONE: {"w": w.clone(), "u": u.clone()}, TWO: {"w": w * 2, "v": v.clone()}}, weight_map)
    with pytest.raises(UnsafeFileError, match=rf"^{INDEX}: two shards hold w; refused$"):
        open_network(tmp_path)


@pytest.mark.parametrize(
    ("names", "opened"),
    [
        (["net.safetensors"], "net.safetensors"),
        (["net.safetensors", "model.safetensors", "a.pt", "config.json"], "model.safetensors"),
        (["model.safetensors", INDEX], INDEX),
        (["consolidated.safetensors", INDEX, "text.safetensors.index.json"], INDEX),
        (["a.safetensors", "b.safetensors", "unet.safetensors.index.json"], "unet.safetensors.index.json"),
        (["pytorch_model.bin", "pytorch_model.bin.index.json", "net.safetensors"], "net.safetensors"),
        (["pytorch_model.bin", "optimizer.bin"], "pytorch_model.bin"),
        (["pytorch_model.bin.index.json", "optimizer.pt"], "pytorch_model.bin.index.json"),
    ],
)
def test_which_file_of_a_folder(tmp_path: Path, names: list[str], opened: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"\0content")
    with pytest.raises(SourceError, match=f"^{opened}: not a"):
        open_weights(tmp_path)


@pytest.mark.parametrize(
    ("names", "reason", "hint"),
    [
        (["a.safetensors", "b.safetensors"], "2 .safetensors files and no index", "name one .*: a.safetensors, b.safe"),
        (["a" + INDEX, "b" + INDEX, "c.safetensors"], "2 indices of shards", f"name one .*: a{INDEX}, b{INDEX}$"),
        (["optimizer.bin", "c.bin"], "without a weights file of a known name", "name one .*: c.bin$"),
        (["a.pt", "b.txt"], "without a weights file of a known name", "name one .*: a.pt$"),
        (["a\x1b.pth"], "without a weights file of a known name", r"name one .*: a\\x1b.pth$"),
        ([], "without a weights file of a known name", "it holds none; netaudit reads"),
    ],
)
def test_a_folder_that_does_not_say(tmp_path: Path, names: list[str], reason: str, hint: str) -> None:
    for name in names:
        (tmp_path / name).write_text("content")
    with pytest.raises(SourceError, match=f"a folder (with )?{reason}$") as caught:
        open_weights(tmp_path)
    assert len(caught.value.hints) == 1
    assert re.search(hint, caught.value.hints[0])

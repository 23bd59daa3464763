from __future__ import annotations

import argparse
import builtins
import datetime
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import tempfile
import warnings
import zipfile
from collections import Counter, OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import torch_zip
from netaudit.formats.torch_save import CheckpointStore, open_checkpoint
from netaudit.formats.weights_file import WeightsFile
from netaudit.sources.weights import open_weights


class Runs:
    """Pickles as a call of ``function(*arguments)``."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def save(path: Path, value: Any, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


def rezip(path: Path, *, compression: int = zipfile.ZIP_STORED, **changes: bytes | None) -> Path:
    """Write a zip file anew, with records replaced (by their short name, dots and slashes as ``_``) or dropped."""
    with zipfile.ZipFile(path) as old:
        members = [(name, old.read(name)) for name in old.namelist()]
    with zipfile.ZipFile(path, "w", compression) as new:
        for name, data in members:
            short = name.partition("/")[2].replace(".", "_").replace("/", "_")
            replaced = changes.get(short, data)
            if replaced is not None:
                new.writestr(name, replaced)
    return path


def assert_same(opened: WeightsFile, state: Any) -> None:
    """The file gives the tensors of a state dict, bit by bit."""
    assert list(opened.declared) == list(state)
    beside = {name for held in opened.others.values() for name in held}
    assert set(opened.store.names()) == {*state, *beside}
    for name, tensor in state.items():
        read = opened.store.read(name)
        assert (read.dtype, read.shape) == (tensor.dtype, tensor.shape) == (read.dtype, opened.store.shape(name))
        assert torch.equal(
            read.reshape(-1).view(torch.uint8), tensor.detach().reshape(-1).contiguous().view(torch.uint8)
        )


def test_every_kind_of_tensor_comes_back(tmp_path: Path) -> None:
    a = torch.randn(4, 6)
    tensors = {
        "plain": a,
        "view": a[1:3, 2:],
        "transposed": a.t(),
        "parameter": torch.nn.Parameter(torch.randn(3)),
        "half": a.half(),
        "bfloat16": a.bfloat16(),
        "float8": a.to(torch.float8_e4m3fn),
        "exponents": torch.arange(6).to(torch.float8_e8m0fnu),
        "unsigned": torch.arange(6).to(torch.uint16),
        "complex": torch.complex(a, -a),
        "counter": torch.tensor(7),
        "empty": torch.zeros(0, 4),
        "flags": torch.tensor([True, False]),
    }
    for legacy in (False, True):
        path = save(tmp_path / "net.pt", tensors, _use_new_zipfile_serialization=not legacy)
        assert_same(open_checkpoint(path), tensors)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=5), st.booleans())
def test_zip_and_legacy_files_hold_the_same(shapes: list[tuple[int, int]], legacy: bool) -> None:
    tensors = {f"layer{i}.weight": torch.randn(shape) for i, shape in enumerate(shapes)}
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder) / "net.pth", tensors, _use_new_zipfile_serialization=not legacy)
        store = open_checkpoint(path).store
        assert isinstance(store, CheckpointStore)
        assert all(torch.equal(store.read(name), tensor) for name, tensor in tensors.items())


MEASURE = """
import sys
from pathlib import Path
from netaudit.numerics.memory import peak_memory, release_memory
from netaudit.sources.weights import open_weights
from netaudit.formats.weights_file import WeightsFile

for path in sys.argv[1:]:
    store = open_weights(Path(path)).store
    store.read("l0.weight")
    before = peak_memory()
    for name in store.names():
        assert float(store.read(name)[0, 0]) == 1.5
        release_memory()  # as an audit does: the store's memory is measured, not what the C library keeps
    print(peak_memory() - before)
"""


def test_memory_stays_at_one_layer(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    size = 8_000_000
    tensors = {f"l{i}.weight": torch.full((2000, 1000), 1.5) for i in range(20)}  # in its own process
    save_file(tensors, tmp_path / "net.safetensors")
    save(tmp_path / "old.pt", tensors, _use_new_zipfile_serialization=False)
    files = [save(tmp_path / "net.pt", tensors), tmp_path / "old.pt", tmp_path / "net.safetensors"]
    command = [sys.executable, "-c", MEASURE, *map(str, files)]
    grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert [int(one) < 2 * size for one in grown] == [True, True, True], f"grew by {grown} bytes, a layer has {size}"


def test_tied_tensors_have_one_identity(tmp_path: Path) -> None:
    a = torch.randn(4, 4)
    for legacy in (False, True):
        path = save(tmp_path / "net.pt", {"x": a, "y": a, "t": a.t()}, _use_new_zipfile_serialization=not legacy)
        declared = open_checkpoint(path).declared
        assert declared["x"].identity == declared["y"].identity != declared["t"].identity


def test_nested_checkpoints_and_prefixes(tmp_path: Path) -> None:
    state = OrderedDict({"module.fc.weight": torch.ones(2, 3)})
    opened = open_checkpoint(save(tmp_path / "net.pt", {"epoch": 3, "model_state_dict": state, "optimizer": {}}))
    assert (list(opened.declared), opened.nested_under) == (["fc.weight"], "model_state_dict")
    assert torch.equal(opened.store.read("fc.weight"), torch.ones(2, 3))


def test_metadata_of_the_modules_is_kept(tmp_path: Path) -> None:
    state = torch.nn.BatchNorm1d(3).state_dict()
    metadata = open_checkpoint(save(tmp_path / "net.pt", state)).metadata
    assert metadata is not None
    assert metadata[""]["version"] == 2


ARGUMENTS = argparse.Namespace(lr=0.1, data=Path("a/b"), nested=argparse.Namespace(sizes=[1, 2]))


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "beside",
    [np.float64(0.5), np.int64(3), ARGUMENTS, np.random.RandomState(3).get_state(), np.array(["a"]), Counter("ab")],
)
def test_what_scripts_keep_beside_the_weights(tmp_path: Path, beside: Any, legacy: bool) -> None:
    stored = {"state_dict": {"w": torch.ones(2, 2)}, "beside": beside}
    path = save(tmp_path / "net.pt", stored, _use_new_zipfile_serialization=not legacy)
    opened = open_checkpoint(path)
    assert (list(opened.declared), opened.notes) == (["w"], ())


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (Runs(os.system, "touch ran"), "os.system|posix.system"),
        (Runs(builtins.eval, "open('ran', 'w')"), "builtins.eval"),
        (Runs(__import__, "ran"), "builtins.__import__"),
        (Runs(subprocess.run, ["touch", "ran"]), "subprocess.run"),
        ({"deep": [Runs(print, Runs(os.system, "touch ran"))]}, "os.system|posix.system"),
        (argparse.Namespace(x=Runs(os.system, "touch ran")), "os.system|posix.system"),
    ],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_refused_unrun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: Any, asked: str, legacy: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = save(tmp_path / "evil.pt", {"w": torch.ones(2, 2), "x": value}, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UnsafeFileError, match=rf"^evil.pt: asks to run `({asked})`; refused$") as caught:
        open_checkpoint(path)
    assert "torch.save(model.state_dict()" in caught.value.hints[0]
    assert "\x1b" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


class Detector(torch.nn.Module):
    """A module of a script's own: submodules, a tied weight, a buffer that is not saved, a recurrent cell."""

    def __init__(self) -> None:
        super().__init__()
        self.model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.BatchNorm1d(5))
        self.lstm = torch.nn.LSTM(5, 4)
        self.head = torch.nn.Linear(4, 3, bias=False)
        self.again = torch.nn.Linear(4, 3, bias=False)
        self.again.weight = self.head.weight
        self.register_buffer("grid", torch.ones(2), persistent=False)
        self.names = {0: "person"}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    ("wrap", "under"),
    [
        (lambda module: module, ""),
        (lambda module: {"epoch": 3, "model": module, "ema": module, "optimizer": torch.optim.Adam}, "model"),
        (lambda module: torch.nn.DataParallel(module), ""),
        (lambda module: [module], None),
    ],
)
def test_a_pickled_module_gives_its_state_dict_without_its_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrap: Any, under: str | None, legacy: bool
) -> None:
    module = Detector()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old format keeps the source of a class, and says where it finds none
        path = save(tmp_path / "net.pt", wrap(module), _use_new_zipfile_serialization=not legacy)
    monkeypatch.delattr(sys.modules[__name__], "Detector")
    opened = open_checkpoint(path)
    prefix = "0." if under is None else ""
    state = {prefix + name: tensor for name, tensor in module.state_dict().items()}
    assert_same(opened, state)
    assert opened.nested_under == (under or "")
    assert opened.declared[list(state)[-1]].identity == opened.declared[list(state)[-2]].identity
    assert ".Detector" in opened.notes[0]


@pytest.mark.parametrize("protocol", range(6))
def test_a_plain_pickle_of_tensors_or_arrays_is_read(tmp_path: Path, protocol: int) -> None:
    state = {"fc.weight": torch.randn(3, 4), "half": torch.randn(2).half(), "view": torch.randn(4, 4)[1:3, 1:]}
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"model": state, "history": np.ones(3)}, protocol))
    assert_same(open_checkpoint(tmp_path / "net.pkl"), state)
    arrays = {"fc.weight": np.eye(3, 4), "turned": np.asfortranarray(np.eye(3, 2)), "n": np.arange(3)}
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"model": arrays | {"names": np.array(["a"])}}, protocol))
    opened = open_checkpoint(tmp_path / "net.pkl")
    assert_same(opened, {name: torch.from_numpy(array) for name, array in arrays.items()})


def test_a_frozen_checkpoint_of_a_script_of_its_own(tmp_path: Path) -> None:
    """What was refused: a schedule's function, NumPy's random state, a trainer's own objects."""
    scheduler = torch.optim.lr_scheduler.OneCycleLR
    stored = {
        "state_dict": {"fc.weight": torch.ones(2, 3)},
        "anneal": vars(scheduler)["_annealing_cos"].__func__ if hasattr(scheduler, "_annealing_cos") else getattr,
        "callbacks": {Runs: Runs(sorted, [1])},
        "when": datetime.datetime(2026, 1, 1),
    }
    opened = open_checkpoint(save(tmp_path / "net.ckpt", stored))
    assert (list(opened.declared), opened.nested_under) == (["fc.weight"], "state_dict")
    assert "datetime.datetime" in opened.notes[0]


def test_a_dtensor_that_one_rank_holds_is_read_and_a_part_is_named(tmp_path: Path) -> None:
    program = """
import sys, torch, torch.distributed as dist
from torch.distributed.tensor import DeviceMesh, DTensor, Replicate, Shard
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
mesh = DeviceMesh("cpu", [0])
whole = DTensor.from_local(torch.full((4, 6), 2.0), mesh, [Replicate()])
part = DTensor.from_local(torch.ones(2, 6), mesh, [Shard(0)], shape=torch.Size([4, 6]), stride=(6, 1), run_check=False)
torch.save({"whole.weight": whole, "part.weight": part}, sys.argv[1])
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "net.pt")], check=True)
    opened = open_checkpoint(tmp_path / "net.pt")
    assert torch.equal(opened.store.read("whole.weight"), torch.full((4, 6), 2.0))
    part = opened.declared["part.weight"]
    assert (part.shape, part.refusal) == ((4, 6), "DTensor: a part [2, 6] of a distributed tensor; not read")


def test_a_bare_pickle_is_refused_unrun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in (2, 4):  # 4 names globals in another way
        (tmp_path / "evil.pth").write_bytes(pickle.dumps(Runs(os.system, "touch ran"), protocol))
        with pytest.raises(UnsafeFileError, match=r"asks to run `(os|posix).system`"):
            open_checkpoint(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "content", [b"hello, world\n" * 100, bytes(range(256)) * 40, b"\x80\x02", b"PK\x03\x04" + b"x" * 99]
)
def test_other_content_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(SourceError, match=r"^net.pt: (not a checkpoint of PyTorch|a damaged)") as caught:
        open_checkpoint(tmp_path / "net.pt")
    assert len(str(caught.value).splitlines()) == 1
    assert "weights_only" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 255), st.booleans())
def test_a_damaged_file_is_an_error_or_reads(position: int, byte: int, legacy: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder) / "net.pt", {"w": torch.ones(4, 4)}, _use_new_zipfile_serialization=not legacy)
        content = bytearray(path.read_bytes())
        content[position % len(content)] = byte
        path.write_bytes(content)
        with suppress(SourceError):  # and nothing else
            opened = open_checkpoint(path)
            for name in opened.store.names():
                opened.store.read(name)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_file(tmp_path: Path, legacy: bool, share: float) -> None:
    path = save(tmp_path / "net.pt", {"w": torch.ones(100, 100)}, _use_new_zipfile_serialization=not legacy)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    least = "at least 40,\\d{3}" if not legacy else f"{len(content):,}"
    missing = (
        "a damaged or cut zip file"
        if not legacy and share == 0.99
        else f"ends early: {path.stat().st_size:,} of {least} bytes"
    )
    with pytest.raises(SourceError, match=rf"net.pt: {missing}"):
        open_checkpoint(path)


def test_a_checkpoint_without_tensors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^net.pt: holds no tensors$"):
        open_checkpoint(save(tmp_path / "net.pt", {"epoch": 3}))


def test_tar_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "net.pt", "w") as archive:
        (tmp_path / "storages").write_bytes(b"x")
        archive.add(tmp_path / "storages", "storages")
    with pytest.raises(UnsafeFileError, match="a tar archive"):
        open_checkpoint(tmp_path / "net.pt")


def test_torchscript_gives_its_tensors_and_its_code_is_not_read(tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch says that TorchScript is deprecated
        torch.jit.save(torch.jit.trace(net, torch.ones(2, 4)), tmp_path / "net.pt")
    opened = open_checkpoint(tmp_path / "net.pt")
    assert opened.notes == ("A TorchScript archive: its tensors are read, and its code is not.",)
    assert_same(opened, net.state_dict())


def test_another_zip_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    with pytest.raises(SourceError, match=r"no data.pkl"):
        open_checkpoint(tmp_path / "net.pt")


def test_compressed_records_are_refused(tmp_path: Path) -> None:
    path = rezip(save(tmp_path / "net.pt", {"w": torch.zeros(500, 500)}), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UnsafeFileError, match="is compressed, encrypted or a folder; refused"):
        open_checkpoint(path)


def test_two_records_of_one_name_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", {"w": torch.ones(2, 2)})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("net/data/0", b"x" * 16)
    with pytest.raises(UnsafeFileError, match="two records of one name"):
        open_checkpoint(path)


def test_a_big_endian_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="big-endian"):
        open_checkpoint(rezip(save(tmp_path / "net.pt", {"w": torch.ones(2, 2)}), byteorder=b"big"))


def test_a_storage_longer_than_its_record_is_refused(tmp_path: Path) -> None:
    # With mmap=True PyTorch reads on into the next record; here two floats are missing from the first.
    path = rezip(save(tmp_path / "net.pt", {"w": torch.ones(4), "v": torch.zeros(64)}), data_0=b"\0" * 8)
    with pytest.raises(UnsafeFileError, match="is declared with other bytes than its record has"):
        open_checkpoint(path)


def test_a_legacy_storage_of_another_size_than_declared_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", {"w": torch.ones(24)}, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    at = content.index(b"K\x18N")  # 24 elements; now 2^31 - 1 of them, 8 GB
    path.write_bytes(content[:at] + b"J" + struct.pack("<i", 2**31 - 1) + content[at + 2 :])
    with pytest.raises(UnsafeFileError, match="w is declared with other bytes than its record has"):
        open_checkpoint(path)


def test_a_broadcast_view_is_declared_unreadable(tmp_path: Path) -> None:
    for legacy in (False, True):
        huge = torch.ones(1).expand(100_000, 100_000)
        path = save(tmp_path / "net.pt", {"fc.weight": huge}, _use_new_zipfile_serialization=not legacy)
        assert "broadcast" in open_checkpoint(path).declared["fc.weight"].refusal


@pytest.mark.filterwarnings("ignore")
def test_sparse_quantised_and_empty_tensors_are_declared_unreadable(tmp_path: Path) -> None:
    tensors = {
        "sparse": torch.ones(2, 2).to_sparse(),
        "quantised": torch.quantize_per_channel(torch.ones(2, 2), torch.ones(2), torch.zeros(2), 0, torch.qint8),
        "meta": torch.empty(2, 2, device="meta"),
        "good": torch.ones(2, 2),
    }
    opened = open_checkpoint(save(tmp_path / "net.pt", tensors))
    assert {name: declared.refusal for name, declared in opened.declared.items()} == {
        "sparse": "sparse coo tensor: not read",
        "quantised": "quantised tensor: not read",
        "meta": "has no data",
        "good": "",
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", [torch.qint8, torch.quint8, torch.qint32])
def test_a_quantised_tensor_of_one_scale_is_dequantised(tmp_path: Path, dtype: torch.dtype, legacy: bool) -> None:
    quantised = torch.quantize_per_tensor(torch.randn(4, 6), 0.03, 5, dtype)
    tensors = {"turned": quantised.t(), "part": quantised[1:3]}
    opened = open_checkpoint(save(tmp_path / "net.pt", tensors, _use_new_zipfile_serialization=not legacy))
    assert opened.declared["turned"].note == f"dequantised from {str(dtype).removeprefix('torch.q')} codes"
    for name, tensor in tensors.items():
        assert opened.declared[name].dtype == "float32"
        assert torch.equal(opened.store.read(name), tensor.dequantize())


def test_an_endless_index_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "net.pt", {"w": torch.ones(2, 2)})
    monkeypatch.setattr(torch_zip, "LONGEST", 10)
    with pytest.raises(UnsafeFileError, match="an index longer than 10 bytes"):
        open_checkpoint(path)


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", {"w": torch.ones(20, 20)})
    store = open_weights(path).store
    save(path, {"v": torch.ones(1), "w": torch.zeros(20, 20)})
    with pytest.raises(SourceError, match="changed while it was read"):
        store.read("w")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises(SourceError, match="not a regular file"):
        open_weights(tmp_path / "pipe.pt")
    (tmp_path / "empty.pt").touch()
    with pytest.raises(SourceError, match="an empty file"):
        open_weights(tmp_path / "empty.pt")
    with pytest.raises(SourceError, match="no such file"):
        open_weights(tmp_path / "absent.pt")
    with pytest.raises(SourceError, match="a folder"):
        open_weights(tmp_path)
    (tmp_path / "link.pt").symlink_to(save(tmp_path / "real.pt", {"w": torch.ones(2, 2)}))
    assert list(open_weights(tmp_path / "link.pt").declared) == ["w"]


def test_hostile_names_are_printed_safely(tmp_path: Path) -> None:
    path = rezip(save(tmp_path / "net.pt", {"\x1b[31mred\n": torch.ones(4)}), data_0=b"\0" * 8)
    with pytest.raises(UnsafeFileError, match=r"\\x1b\[31mred\\n"):
        open_checkpoint(path)

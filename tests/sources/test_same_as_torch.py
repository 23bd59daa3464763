"""The numbers of a file of torch.save are those that torch.load gives, whatever the file, or they are refused.

Honest files and hand-made ones are drawn at random: calls that torch.save would not write, storages declared twice,
states that exchange a tensor's numbers, records in any order under any headers.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from handmade_checkpoint import Call, Member, Pairs, Storage, legacy_file, pickled, zip_file
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._tensor import _rebuild_from_type_v2
from torch._utils import (
    _rebuild_parameter,
    _rebuild_parameter_with_state,
    _rebuild_tensor,
    _rebuild_tensor_v2,
    _rebuild_tensor_v3,
)
from torch.serialization import set_crc32_options

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats.torch_save import open_checkpoint
from netaudit.formats.weights_file import WeightsFile

FOLDER = tempfile.TemporaryDirectory()
BYTES = 48
"""Of each record: a whole number of elements of each dtype."""
KEYS = ("0", "1", "2")
KINDS = (torch.FloatStorage, torch.HalfStorage, torch.DoubleStorage, torch.IntStorage, torch.BFloat16Storage)
ITEMSIZE = {"Float": 4, "Half": 2, "Double": 8, "Int": 4, "BFloat16": 2, "Untyped": 1}
SHAPES = ((2, 2), (3,), (1, 4), (0, 3), ())
NAMES = ("a", "b", "a.b", "1", 1, "a.1")


def numbers(seed: int) -> bytes:
    return np.random.default_rng(seed).normal(size=BYTES // 8).tobytes()


@st.composite
def storage(draw: Any, untyped: bool = False, legacy: bool = False) -> Storage:
    kind = torch.storage.UntypedStorage if untyped else draw(st.sampled_from(KINDS[:1] * 15 + KINDS))
    size = ITEMSIZE[kind.__name__.removesuffix("Storage")]
    count = draw(st.sampled_from([BYTES // size] * 19 + [BYTES // size - 1]))
    view = None
    if legacy and draw(st.booleans()):
        offset = draw(st.integers(0, 2))
        view = (draw(st.sampled_from("vw")), offset, count - 2)
    return Storage(kind, draw(st.sampled_from(KEYS)), count, view)


@st.composite
def tensor(draw: Any, legacy: bool = False) -> Any:
    shape = draw(st.sampled_from(SHAPES))
    stride = draw(st.sampled_from([(*shape[1:], 1), (1, *shape[:-1])])) if shape else ()
    place = (draw(st.integers(0, 2)), shape, stride)
    metadata = draw(st.sampled_from([()] * 6 + [({},), ({"neg": True},), ({"conj": True},)]))
    how = draw(st.integers(0, 9))
    if how == 0:
        return Call(_rebuild_tensor, draw(storage(legacy=legacy)), *place)
    if how == 1 and not legacy:
        dtype = draw(st.sampled_from([torch.uint16, torch.float32, torch.float8_e4m3fn]))
        return Call(_rebuild_tensor_v3, draw(storage(untyped=True)), *place, False, OrderedDict(), dtype, *metadata)
    arguments = (draw(storage(legacy=legacy)), *place, False, OrderedDict(), *metadata)
    made = Call(_rebuild_tensor_v2, *arguments)
    if how == 2:  # the state of a tensor is another storage
        return Call(_rebuild_tensor_v2, *arguments, state=(draw(storage(legacy=legacy)), *place))
    if how == 3:
        return Call(_rebuild_parameter, made, False, OrderedDict())
    state = draw(st.sampled_from([{}, {"mine": 1}, {"data": draw(tensor(legacy=legacy))}, None])) if how < 6 else None
    if how == 4:
        return Call(_rebuild_parameter_with_state, made, False, OrderedDict(), state)
    if how == 5:
        given_ = state if draw(st.booleans()) else (None, state)
        return Call(_rebuild_from_type_v2, _rebuild_tensor_v2, torch.Tensor, arguments, given_)
    return made


def states(legacy: bool) -> Any:
    leaf = tensor(legacy=legacy)
    inner = st.lists(st.tuples(st.sampled_from(NAMES), leaf), min_size=1, max_size=2).map(lambda kept: Pairs(*kept))
    value = st.one_of(leaf, leaf, leaf, inner, st.lists(leaf, min_size=1, max_size=2))
    return st.lists(st.tuples(st.sampled_from(NAMES), value), min_size=1, max_size=4).map(lambda kept: Pairs(*kept))


@st.composite
def archives(draw: Any) -> bytes:
    """A zip file of one index: its records anywhere under any headers, and perhaps a trick."""
    padded = st.sampled_from([0, 0, 4, 37])
    alignment = draw(st.sampled_from([None, b"64", b"0", b"1", b"junk", b"9" * 30]))
    order = draw(st.sampled_from([b"little"] * 12 + [None, None, b"big", b"middle"]))
    records = [("data.pkl", INDEX), (".format_version", b"1"), ("version", b"3\n")]
    records += [(f"data/{key}", numbers(int(key))) for key in KEYS]
    records += [(name, data) for name, data in ((".storage_alignment", alignment), ("byteorder", order)) if data]
    ways = {"streamed": st.booleans(), "zip64": st.booleans(), "checksum": st.sampled_from([None, None, 7])}
    whole = {key: draw(value) for key, value in ways.items()}
    members = [
        Member(f"net/{name}", data, padding=draw(padded), **whole) for name, data in draw(st.permutations(records))
    ]
    trick = draw(st.integers(0, 19))
    at = draw(st.integers(0, len(members) - 1))
    one = members[at]
    decoy = Member(one.name, numbers(9), padding=4)
    if trick == 0:  # two records of one name
        members.insert(draw(st.integers(0, len(members))), decoy)
    elif trick == 1:  # another name before the data
        members[at] = Member(one.name, one.data, local_name=one.name[:-1] + "9")
    elif trick == 2:
        members[at] = Member(one.name, one.data, deflated=True)
    elif trick == 3:  # another folder
        members.insert(0, Member(one.name.replace("net", "other"), numbers(9)))
    elif trick == 4:
        members[at] = Member(one.name, one.data, declared=max(len(one.data) - 8, 0))
    elif trick == 5:
        return zip_file(members, comment=b"mine")
    elif trick == 6:
        return zip_file(members, before=numbers(3))
    elif trick == 7:
        return zip_file([*members, decoy], range(len(members)))  # not in the directory
    return zip_file(members, draw(st.permutations(range(len(members)))))


INDEX = pickled(
    {
        f"fc{key}": Call(
            _rebuild_tensor_v2, Storage(torch.FloatStorage, key, BYTES // 4), 0, (3, 4), (4, 1), False, None
        )
        for key in KEYS[::-1]
    }
)[0]


def flat(value: Any, prefix: str = "") -> list[tuple[str, torch.Tensor]]:
    """Every tensor of nested containers under its dotted name, told in the plainest way."""
    if isinstance(value, torch.Tensor):
        return [(prefix, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [pair for key, inner in items for pair in flat(inner, f"{prefix}.{key}" if prefix else str(key))]


def loads(path: Path) -> list[list[tuple[str, torch.Tensor]]]:
    """What torch.load gives, each way that it does."""
    given_ = []
    for mapped in (False, True):
        with warnings.catch_warnings(), suppress(Exception):
            warnings.simplefilter("ignore")
            given_.append(flat(torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)))
    return given_


def bits(tensor: torch.Tensor) -> Any:
    plain = tensor.detach()
    plain = (plain.resolve_neg() if plain.is_neg() else plain).resolve_conj().contiguous()
    return plain.dtype, plain.shape, plain.reshape(-1).view(torch.uint8).tolist()


def read(path: Path) -> WeightsFile | None:
    try:
        return open_checkpoint(path)
    except SourceError:
        return None


def assert_same(path: Path, data: bytes) -> bool:
    """Whether the file was read; what was read is what torch.load gives, under names that mean one tensor each."""
    path.write_bytes(data)
    file = read(path)
    if file is None:
        return False
    for torch_s in loads(path):
        names = [name for name, _ in torch_s]
        assert len(set(names)) == len(names)
        for name, tensor in torch_s:
            assert name in file.declared
            if not file.declared[name].refusal:
                assert bits(file.store.read(name)) == bits(tensor), name
    return True


@settings(max_examples=500, deadline=None)
@given(archives())
def test_an_archive(data: bytes) -> None:
    assert_same(Path(FOLDER.name) / "archive.pt", data)


@settings(max_examples=500, deadline=None)
@given(states(legacy=False))
def test_an_index(state: Any) -> None:
    records = {"data.pkl": pickled(state)[0], "version": b"3", **{f"data/{key}": numbers(int(key)) for key in KEYS}}
    data = zip_file([Member(f"net/{name}", data) for name, data in records.items()])
    assert_same(Path(FOLDER.name) / "index.pt", data)


@settings(max_examples=500, deadline=None)
@given(states(legacy=True))
def test_a_file_before_pytorch_1_6(state: Any) -> None:
    data = legacy_file(state, {key: numbers(int(key)) for key in KEYS})
    assert_same(Path(FOLDER.name) / "legacy.pt", data)


def saved(folder: Path, name: str = "net.pt", checksums: bool = True) -> Path:
    generator = torch.Generator().manual_seed(0)
    shared = torch.randn(8, 9, generator=generator)
    state = {"fc2.weight": shared[:4], "fc1.weight": shared.T, "fc3.bias": shared[0].half(), "empty": torch.empty(0, 3)}
    set_crc32_options(checksums)
    torch.save(state, folder / name)
    set_crc32_options(True)
    return folder / name


def repacked(path: Path, *options: str) -> Path:
    """Unpacked and packed again with the usual tools, which list folders too."""
    folder = path.parent / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    path.unlink()
    subprocess.run(["zip", "-q", "-r", *options, path.absolute(), "."], cwd=folder, check=True)
    return path


def in_code_page(path: Path) -> Path:
    """Packed by a program of Windows: a name that is not in UTF-8."""

    class Info(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
            return self.filename.encode("cp437"), 0

    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(Info(name.replace("net/", "nätwerk/")), data)
    return path


HONEST = {
    "as it was saved": saved,
    "with a name that is not ASCII": lambda folder: saved(folder, "nätwerk.pt"),
    "without checksums": lambda folder: saved(folder, checksums=False),
    "zip -0 -r": lambda folder: repacked(saved(folder), "-0"),
    "a name in a code page": lambda folder: in_code_page(saved(folder)),
}


@pytest.mark.parametrize("way", HONEST)
def test_an_honest_file(tmp_path: Path, way: str) -> None:
    if way.startswith("zip") and shutil.which("zip") is None:
        pytest.skip("zip is not installed")
    path = HONEST[way](tmp_path)
    assert len(loads(path)) == 2
    assert assert_same(path, path.read_bytes())


def test_a_compressed_file_is_refused_and_the_hint_says_why(tmp_path: Path) -> None:
    """torch.load and torch.load(mmap=True) give other numbers: which are the model's?"""
    with zipfile.ZipFile(saved(tmp_path)) as archive:
        members = [Member(name, archive.read(name), deflated=True) for name in archive.namelist()]
    (tmp_path / "b.pt").write_bytes(zip_file(members))
    plain, mapped = (dict(one) for one in loads(tmp_path / "b.pt"))
    assert not torch.equal(plain["fc2.weight"], mapped["fc2.weight"])
    with pytest.raises(UnsafeFileError, match="is compressed") as refused:
        open_checkpoint(tmp_path / "b.pt")
    assert "mmap=True" in refused.value.hints[0]


def test_what_torch_load_reads_in_another_way_than_declared_is_refused(tmp_path: Path) -> None:
    """One case each, by hand; the tests above draw them at random."""
    row = Storage(torch.FloatStorage, "0", BYTES // 4)
    made = (_rebuild_tensor_v2, row, 0, (2, 2), (2, 1), False, None)
    other = Call(_rebuild_tensor_v2, Storage(torch.FloatStorage, "1", BYTES // 4), *made[2:])
    halves = Call(_rebuild_tensor_v2, Storage(torch.HalfStorage, "0", BYTES // 2), *made[2:])
    cases = {
        "a storage that is declared in two ways": Pairs(("a", Call(*made)), ("b", halves)),
        "a state of what has none": Pairs(("a", Call(*made, state=(other.arguments[0], *made[2:5])))),
        "a tensor whose state has other numbers than itself": Pairs(
            ("a", Call(_rebuild_parameter_with_state, Call(*made), False, None, {"data": other}))
        ),
        "a dict with one key twice": Pairs((1, Call(*made)), ("1", other)),
        "holds two tensors of the name a.b": Pairs(("a.b", Call(*made)), ("a", Pairs(("b", other)))),
    }
    for said, state in cases.items():
        records = {"data.pkl": pickled(state)[0], "version": b"3", "data/0": numbers(0), "data/1": numbers(1)}
        path = tmp_path / "net.pt"
        path.write_bytes(zip_file([Member(f"net/{name}", data) for name, data in records.items()]))
        assert len(loads(path)) == 2, said
        with pytest.raises(SourceError, match=said):
            open_checkpoint(path)

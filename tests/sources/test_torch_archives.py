"""Zip files of torch.save packed anew or changed: what is read is what torch.load gives, or the file is refused."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats.torch_save import open_checkpoint
from netaudit.formats.weights_file import WeightsFile

FOLDER = tempfile.TemporaryDirectory()
STATE = {f"fc{number}.weight": torch.full((16, 16), float(number)) for number in range(4)}


def saved(**options: Any) -> bytes:
    file = io.BytesIO()
    torch.save({"state_dict": STATE, "extra": torch.full((16, 16), 9.0)}, file, **options)
    return file.getvalue()


def packed(members: list[tuple[str, bytes]], *, stream: bool = False) -> bytes:
    """A stored zip file; streamed, so that sizes stand behind the data and not before it."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += data
            return len(data)

    file: Any = Stream() if stream else io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return bytes(file.data) if stream else bytes(file.getvalue())


def members(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def opened(path: Path, data: bytes) -> WeightsFile:
    path.write_bytes(data)
    return open_checkpoint(path)


def assert_as_torch_reads(file: WeightsFile, data: bytes) -> None:
    loaded = torch.load(io.BytesIO(data), weights_only=True)
    state = loaded.get("state_dict", loaded)
    assert list(file.declared) == list(state)
    for name, tensor in state.items():
        assert torch.equal(file.store.read(name), tensor), name


@pytest.mark.parametrize("stream", [False, True])
def test_an_honest_archive_packed_anew_is_read(tmp_path: Path, stream: bool) -> None:
    original = members(saved())
    other_name = [(name.replace("archive/", "my net/", 1), data) for name, data in original]
    ways = {
        "as it was": original,
        "another name": other_name,
        "another order": original[::-1],
        "without the alignment": [one for one in original if "alignment" not in one[0]],
        "with something beside it": [*original, ("archive/notes.txt", b"mine")],
    }
    for way, changed in ways.items():
        data = packed(changed, stream=stream)
        assert_as_torch_reads(opened(tmp_path / "net.pt", data), data)
        assert open_checkpoint(tmp_path / "net.pt").store.read("fc2.weight")[0, 0] == 2, way


def test_storages_are_found_by_their_names(tmp_path: Path) -> None:
    """Swapping the names of two records swaps what torch.load gives."""
    swapped = saved().replace(b"/data/1", b"/data/@").replace(b"/data/2", b"/data/1").replace(b"/data/@", b"/data/2")
    file = opened(tmp_path / "net.pt", swapped)
    assert_as_torch_reads(file, swapped)
    assert file.store.read("fc1.weight")[0, 0] == 2


@pytest.mark.parametrize("alignment", [b"0", b"", b"-1", b"nonsense", b"9" * 30])
def test_the_alignment_record_says_nothing(tmp_path: Path, alignment: bytes) -> None:
    """PyTorch's own reader divides by it, which ends the process where it is 0; the child is there for that."""
    changed = [(name, alignment if name.endswith("storage_alignment") else data) for name, data in members(saved())]
    (tmp_path / "net.pt").write_bytes(packed(changed))
    program = (
        "import sys; from pathlib import Path; from netaudit.formats.torch_save import open_checkpoint;"
        "print(float(open_checkpoint(Path(sys.argv[1])).store.read('fc3.weight')[0, 0]))"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "net.pt"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "3.0"), done.stderr


def locator_moved(data: bytes) -> bytes:
    at = data.rindex(b"PK\x06\x07")
    return data[: at + 8] + struct.pack("<Q", struct.unpack("<Q", data[at + 8 : at + 16])[0] - 1) + data[at + 16 :]


def local_name(data: bytes) -> bytes:
    at = data.index(b"archive/data/1")
    return data[:at] + b"archive/data/7" + data[at + 14 :]


def commented(data: bytes) -> bytes:
    return data[:-2] + b"\x02\0hi"


TRICKS = {
    "another name before the data": (local_name, "records of two names"),
    "a 64-bit end elsewhere": (locator_moved, "before or behind|damaged"),
    "a comment": (commented, "before or behind"),
    "another archive before it": (lambda data: saved() + data, "before or behind|records of two names|damaged"),
    "two records of one name": (
        lambda data: packed([*members(data), ("archive/DATA/1", b"x" * 1024)]),
        "two records of one name",
    ),
}


@pytest.mark.parametrize(("trick", "said"), TRICKS.values(), ids=TRICKS.keys())
def test_what_two_readers_would_read_in_two_ways_is_refused(tmp_path: Path, trick: Any, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        opened(tmp_path / "net.pt", trick(saved()))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 255), st.booleans())
def test_a_changed_byte_never_gives_other_numbers_than_torch_reads(position: int, byte: int, late: bool) -> None:
    """Half of the changes hit the directory at the end, and the records' headers between the data."""
    data = bytearray(saved())
    start = data.index(b"PK\x01\x02") if late else 0
    data[start + position % (len(data) - start)] = byte
    path = Path(FOLDER.name) / "changed.pt"
    path.write_bytes(data)
    with suppress(SourceError):
        file = open_checkpoint(path)
        names = {name: file.store.read(name) for name in file.declared if not file.declared[name].refusal}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loaded = torch.load(io.BytesIO(bytes(data)), weights_only=True)
        except Exception:  # noqa: BLE001 - PyTorch refuses more
            return
        flat = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else {}
        for name, tensor in flat.items():
            if isinstance(tensor, torch.Tensor) and name in names:
                assert torch.equal(names[name], tensor) or names[name].isnan().any()


def test_shards_of_one_layout_are_not_tied(tmp_path: Path) -> None:
    paths = [tmp_path / "one.bin", tmp_path / "two.bin"]
    for path in paths:
        torch.save({f"{path.stem}.weight": torch.randn(4, 4)}, path)
    identities = {tensor.identity for path in paths for tensor in open_checkpoint(path).declared.values()}
    assert len(identities) == 2


def test_a_storage_without_a_record_is_refused(tmp_path: Path) -> None:
    lost = [one for one in members(saved()) if not one[0].endswith("data/2")]
    with pytest.raises(UnsafeFileError, match=re.escape("fc2.weight is declared with other bytes than its record has")):
        opened(tmp_path / "net.pt", packed(lost))

"""A file that is changed or deleted while it is read is one line, in every format."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from one_network import WRITERS, network, shards
from safetensors import safe_open

from netaudit.errors import SourceError
from netaudit.formats import table
from netaudit.formats.format import Beginning
from netaudit.formats.steady_store import SteadyFile
from netaudit.sources.open import open_network


def deleted(path: Path) -> None:
    path.unlink()


def longer(path: Path) -> None:
    """With the time of before."""
    before = path.stat()
    with path.open("ab") as file:
        file.write(b"more")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def written_anew(path: Path) -> None:
    """The same bytes, with the time of before, in another file."""
    before, other = path.stat(), path.parent / "other"
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [longer, written_anew, touched, deleted])
def test_each_change_is_noticed_by_itself(tmp_path: Path, change: Callable[[Path], None]) -> None:
    (tmp_path / "file").write_bytes(b"12")
    file = SteadyFile(tmp_path / "file")
    assert file.during(lambda: 1) == 1
    with pytest.raises(SourceError, match=r"changed while|cannot be read"):
        file.during(lambda: change(file.path))


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_after_it_was_opened(tmp_path: Path, writer: Any) -> None:
    """One opening and four changes: what is read before the first is read, and nothing behind it."""
    path = writer(tmp_path, network())
    opened = open_network(path)
    first = next(opened.specs())
    opened.read(first)
    if writer is shards:  # the shard that holds it, and not the index
        path = next(shard for shard in opened.files[1:] if first.weight in safe_open(shard, "numpy").keys())  # noqa: SIM118
    for change in (longer, touched, written_anew, deleted):
        change(path)
        said = r"cannot be read: no such file or directory$" if change is deleted else r": changed while it was read$"
        with pytest.raises(SourceError, match=said):
            opened.read(first)


def test_while_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = WRITERS[0](tmp_path, network())
    look = Beginning.of

    def gone(path: Path) -> Beginning:
        path.unlink()
        return look(path)

    monkeypatch.setattr(table.Beginning, "of", gone)
    with pytest.raises(SourceError, match=r"^\S+: cannot be read: no such file or directory$"):
        open_network(path)


def test_the_system_s_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails, or a share that is gone."""
    opened = open_network(WRITERS[0](tmp_path, network()))
    store: Any = opened.store

    def fails(name: str) -> None:
        raise OSError(5, "Input/output error")

    while hasattr(store, "store"):
        store = store.store
    monkeypatch.setattr(store, "read", fails)
    with pytest.raises(SourceError, match=r"^\S+: cannot be read: input/output error$"):
        opened.read(next(opened.specs()))

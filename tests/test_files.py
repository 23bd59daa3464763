import errno
import os
import stat

import pytest

from netaudit.errors import ReportError
from netaudit.files import make_folder, remove_unfinished, write_atomically


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "audit.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_an_error_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, number, reason):
    path = tmp_path / "audit.json"
    path.write_bytes(b"old")

    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ReportError, match=rf"audit\.json: cannot write: {reason}$"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "audit.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_being_written_can_be_removed_at_once(tmp_path, monkeypatch):
    """What an interruption does, whose process ends without coming back to the writing."""
    seen = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: (remove_unfinished(), seen.extend(tmp_path.iterdir())))
    with pytest.raises(ReportError, match="cannot write"):
        write_atomically(tmp_path / "audit.json", b"new")
    assert (seen, list(tmp_path.iterdir())) == ([], [])


def test_a_file_that_grows_too_large_is_one_line(tmp_path, run_python):
    """The kernel's own refusal in the middle of a write, as on a full disk."""
    pytest.importorskip("resource")
    code = f"""
import resource
from pathlib import Path
from netaudit.errors import ReportError
from netaudit.files import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(Path({str(tmp_path)!r}) / "audit.pdf", bytes(100000))
except ReportError as error:
    print(error)
"""
    assert run_python(code) == f"{tmp_path}/audit.pdf: cannot write: the file is larger than is allowed here\n"
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportError, match="the folder does not exist"):
        write_atomically(tmp_path / "none" / "a", b"")
    with pytest.raises(ReportError, match="not a regular file"):
        write_atomically(tmp_path, b"")
    with pytest.raises(ReportError, match="a part of the path is not a folder"):
        write_atomically(tmp_path / "file" / "a", b"")
    with pytest.raises(ReportError, match="the name is too long"):
        write_atomically(tmp_path / ("x" * 300), b"")


def test_a_device_is_not_replaced(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(ReportError, match="not a regular file"):
        write_atomically(fifo, b"x")
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_make_folder(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportError, match="file: cannot write: it exists and is not a folder"):
        make_folder(tmp_path / "file")

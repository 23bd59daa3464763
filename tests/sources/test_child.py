"""The process that reads a file with a native parser: whatever becomes of it is one line, and the next file is read."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from misbehaving_reader import NUMBERS

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import child, child_watch
from netaudit.formats.child import Child

ENDS = {
    "crash": r"^a\.h5: crashed the reader of HDF5 \(SIGSEGV\)$",
    "die": r"^a\.h5: could not be read: the process that read it was killed, as a rule for want of memory$",
    "fill": r"^a\.h5: takes more than 256 MiB of memory to read$",
    "spin": r"^a\.h5: takes more than 1 s of computing to read$",
    "leave": r"^a\.h5: crashed the reader of HDF5 \(exit code 3\)$",
    "stumble": r"^a\.h5: damaged, or of a kind that is not known \(IndexError\)$",
    "refuse": r"^a\.h5: refused$",
}


@pytest.fixture(params=["limits of the system", "a watch"])
def _bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways: macOS and Windows leave it to a watch."""
    if request.param == "a watch":
        pytest.importorskip("psutil")
    elif sys.platform != "linux":
        pytest.skip("this system keeps no limits")
    monkeypatch.setattr(child_watch, "NEEDED", request.param == "a watch")


def reader(**arguments: Any) -> Child:
    return Child("misbehaving_reader:opened", "HDF5", "a.h5", arguments)


def read(made: Child, key: str) -> torch.Tensor:
    return made.read(key, "float32", (2, 3))


@pytest.mark.usefixtures("_bounds")
@pytest.mark.parametrize("end", ENDS)
def test_however_opening_ends_it_is_one_line(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(child, "SECONDS", 1 if end == "spin" else 30)
    monkeypatch.setattr(child, "MEMORY", 2**28)
    with pytest.raises(SourceError, match=ENDS[end]) as error:
        reader(at_once=end).describe(dict[str, str])
    assert isinstance(error.value, UnsafeFileError) == (end == "refuse")


@pytest.mark.usefixtures("_bounds")
@pytest.mark.parametrize("end", sorted(ENDS.keys() - {"spin"}))
def test_however_one_tensor_ends_the_next_is_read(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(child, "SECONDS", 1 if end == "spin" else 30)
    monkeypatch.setattr(child, "MEMORY", 2**28)
    made = reader()
    assert made.describe(dict[str, str]) == {"said": "\udcff"}
    with pytest.raises(SourceError, match=ENDS[end]):
        read(made, end)
    assert torch.equal(read(made, "well"), torch.from_numpy(NUMBERS))


def test_without_psutil_where_it_is_needed_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_watch, "NEEDED", True)
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(SourceError, match=r"^a\.h5: reading it needs the package psutil, which is not installed$"):
        read(reader(), "well")


def test_what_libraries_print_is_no_answer() -> None:
    assert torch.equal(read(reader(), "chatter"), torch.from_numpy(NUMBERS))


def test_other_answers_than_declared_are_not_believed() -> None:
    with pytest.raises(SourceError, match="has other tensors than the reader of HDF5 said"):
        read(reader(), "give_less")
    with pytest.raises(SourceError, match="the reader of HDF5 gave no answer"):
        Child("misbehaving_reader:undescribed", "HDF5", "a.h5", {}).describe(dict[str, str])


def test_the_process_ends_with_its_file() -> None:
    made = reader()
    read(made, "well")
    assert made._process is not None
    process = made._process
    assert process.poll() is None
    del made
    gc.collect()
    assert process.poll() is not None


def test_ctrl_c_ends_the_process_and_its_half_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    made = reader()
    read(made, "well")
    process = made._process
    assert process is not None

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(child, "_fill", interrupted)
        with pytest.raises(KeyboardInterrupt):
            read(made, "well")
    assert process.poll() is not None
    assert torch.equal(read(made, "well"), torch.from_numpy(NUMBERS))


def test_it_ends_with_the_process_that_asks(tmp_path: Path) -> None:
    program = """
        import json, os, signal, sys
        sys.path[:] = json.loads(sys.argv[1])
        from netaudit.formats.child import Child
        made = Child("misbehaving_reader:opened", "HDF5", "a.h5", {})
        made.describe(dict[str, str])
        print(made._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run = [sys.executable, "-c", textwrap.dedent(program), json.dumps(sys.path)]
    number = int(subprocess.run(run, stdout=subprocess.PIPE, text=True).stdout)
    for _ in range(100):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


def test_a_module_beside_the_user_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python looks into the working directory first, where a stranger's files may lie."""
    for name in ("json", "h5py", "numpy", "signal"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    assert torch.equal(read(reader(), "well"), torch.from_numpy(NUMBERS))
    assert not (tmp_path / "ran").exists()


def test_without_processes_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(
        SourceError, match=r"^a\.h5: no process could be started to read it: No such file or directory$"
    ):
        read(reader(), "well")

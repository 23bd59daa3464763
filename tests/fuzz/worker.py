"""One process that tries the cases of a format one after the other, and says what came of each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import netaudit
from fuzz import guard, in_process
from fuzz.makers import Valid
from fuzz.readers import Reading, WrongError, check_error
from fuzz.references import Tensors, same
from fuzz.table import Fuzzed, case
from netaudit.errors import NetauditError

CPU = 4.0
"""Seconds of processor time that one file of some kilobytes may take."""
REFERENCE = 5
"""Seconds that the other library may take; then there is nothing to compare."""
EVERY = 6
"""One case of so many is read in the slower way, where there is one."""
_PACKAGE = str(Path(netaudit.__file__).parent)

Say = Callable[..., None]


def work(
    fuzzed: Fuzzed, valid: list[Valid], seed: int, numbers: range, folder: Path, say: Say, *, real: bool = False
) -> None:
    """Try cases. Negative numbers are the valid files as they are: these must be read.

    Args:
        fuzzed: the format.
        valid: its valid files.
        seed: of all cases.
        numbers: which cases.
        folder: where the files are written; it is emptied.
        say: is told the number of a case and its stage, then what came of it.
        real: have a native parser run in a process of its own, as it does outside of these tests.
    """
    watch = guard.Guard()
    watch.child = real
    os.chdir(folder)
    names = {}
    with in_process.readers(real=False):
        for one in valid:
            names |= _pairs(fuzzed, one, folder)
    if fuzzed.drawn is not None:  # the libraries that draw make folders of their own when they are loaded
        _write(valid[0], folder)
        fuzzed.drawn(folder / valid[0].target)
    guard.limit_memory()
    for number in numbers:
        one, done = (valid[number], "as it is") if number < 0 else damaged_case(fuzzed, valid, seed, number)
        path = folder / one.target
        _write(one, folder)
        say(number, stage="netaudit")
        with in_process.readers(real=real):
            found, reading = _read(fuzzed, path, folder, number, watch)
        if number < 0 and found["outcome"] != "read":
            found["faults"].append(f"valid: a valid file is {found['outcome']}: {found['error']}")
        if reading is not None and fuzzed.reference is not None:
            say(number, stage="reference")
            reference = _reference(fuzzed, path)
            if reference is not None:
                found["compared"] = True
                found["faults"] += _differences(fuzzed, reading, reference, names)
        say(number, **found, done=done)


def damaged_case(fuzzed: Fuzzed, valid: list[Valid], seed: int, number: int) -> tuple[Valid, str]:
    """The case of a number; the same each time."""
    return case(valid, Random(f"{seed} {fuzzed.name} {number}"), number)


def _pairs(fuzzed: Fuzzed, one: Valid, folder: Path) -> dict[str, str]:
    """Under which name the other library has each tensor of a valid file."""
    if fuzzed.reference is None:
        return {}
    _write(one, folder)
    reading, reference = fuzzed.read(folder / one.target), _reference(fuzzed, folder / one.target)
    if reference is None:  # torch.load refuses classes, which netaudit leaves unread
        return {}
    pairs = {}
    for name, tensor in reading.tensors.items():
        alike = [other for other, held in reference.items() if same(tensor, held)]
        if name not in reading.computed and not alike:
            raise WrongError(f"{fuzzed.name}: {name} of a valid file is not as the other library has it")
        pairs |= {name: name if name in alike else alike[0]} if alike else {}
    return pairs


def _read(
    fuzzed: Fuzzed, path: Path, folder: Path, number: int, watch: guard.Guard
) -> tuple[dict[str, Any], Reading | None]:
    """Read one file as netaudit does: what came of it, and what was read."""
    slow = watch.child or (fuzzed.drawn is not None and number % EVERY == 1)
    read = fuzzed.drawn if slow and fuzzed.drawn is not None else fuzzed.read
    faults: list[str] = []
    reading, error, outcome = None, "", "read"
    before, memory, started = guard.listing(folder), guard.start_measuring(), time.process_time()
    with watch.watching() as events, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            reading = read(path)
        except NetauditError as refused:
            outcome, error = "refused", str(refused)
            try:
                check_error(refused)
            except WrongError as wrong:
                faults.append(f"words: {wrong}")
        except WrongError as wrong:
            outcome, error = "wrong", str(wrong)
            faults.append(f"wrong: {wrong}")
        except MemoryError as memory_error:
            outcome = "memory"
            faults.append(f"memory: MemoryError {_where(memory_error)}")
        except BaseException as other:  # noqa: BLE001 - that is what is looked for
            outcome, error = "exception", repr(other)[:200]
            faults.append(f"exception: {type(other).__name__} {_where(other)}: {str(other)[:120]!r}")
    figures = reading.figures if reading else 0
    taken, grown = time.process_time() - started, guard.peak() - memory
    faults += [f"event: {event}" for event in events]
    faults += [f"warning: {one.category.__name__} {str(one.message)[:100]!r}" for one in warned]
    if guard.listing(folder) != before:
        faults.append("event: the folder has other files than before")
    if taken > (10 * CPU if slow else CPU):
        faults.append(f"slow: {taken:.1f} s")
    if grown > guard.MEMORY and not slow:
        faults.append(f"memory: {grown / 2**20:.0f} MiB")
    numbers = {"seconds": round(taken, 3), "memory": grown, "figures": figures}
    return {"outcome": outcome, "faults": faults, "error": error[:300], **numbers}, reading


def _reference(fuzzed: Fuzzed, path: Path) -> Tensors | None:
    """What the other library reads, or None: it may raise anything, and take for ever."""
    assert fuzzed.reference is not None

    def late(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(REFERENCE)
    try:
        return fuzzed.reference(path)
    except BaseException:  # noqa: BLE001
        return None
    finally:
        signal.alarm(0)


def _differences(fuzzed: Fuzzed, reading: Reading, reference: Tensors, names: dict[str, str]) -> list[str]:
    found = []
    for name, tensor in reading.tensors.items():
        if name in reading.computed:
            continue
        other = names.get(name, name)
        if fuzzed.by_name and other in reference:
            if not same(tensor, reference[other]):
                found.append(f"difference: {name[:60]!r}")
        elif not any(same(tensor, held) for held in reference.values()):
            found.append(f"difference: {name[:60]!r} is nothing that the other library has")
    held = sum(tensor.numel() > 0 for tensor in reference.values())
    if fuzzed.by_name and held > reading.known:
        found.append(f"difference: {reading.known} tensors of {held}")
    return found


def _where(error: BaseException) -> str:
    """The last place in netaudit that an error came through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_PACKAGE)]
    return f"at {Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}" if frames else "outside"


def _write(one: Valid, folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, data in one.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def line_to(stream: int) -> Say:
    """Says it in a line of JSON into a pipe."""

    def say(number: int, **said: Any) -> None:
        os.write(stream, json.dumps({"case": number, **said}).encode() + b"\n")

    return say


def quiet() -> None:
    """Whatever the libraries print goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(nowhere, stream.fileno())

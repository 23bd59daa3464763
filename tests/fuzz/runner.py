"""Try many cases of each format in processes of their own, and gather what came: a crash ends a case and no more."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fuzz.makers import Valid
from fuzz.table import TABLE, Fuzzed
from fuzz.worker import damaged_case, line_to, quiet, work

HANG = 30.0
"""Seconds of processor time after which a case is ended. A damaged file takes some hundredths; figures 2 s."""
NATIVE_HANG = 3.0
"""The same where the case is then tried with netaudit's child process."""
SILENCE = 300.0
"""Seconds without a word after which a case is ended, on a machine that has other work too."""


@dataclass
class Result:
    """What came of the cases of a format."""

    format: str
    seed: int
    cases: int
    outcomes: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    crashes_of_others: int = 0
    """Cases in which the other library crashed or hung, after netaudit had read the file."""
    ends_of_parsers: int = 0
    """Cases in which a native parser crashed or hung. netaudit's child process is then tried on each."""
    drawn: int = 0
    """Cases of which figures were drawn."""
    figures: int = 0
    """Figures that were drawn of them."""
    slowest: float = 0.0
    """Seconds of processor time."""
    largest: int = 0
    """Bytes of memory."""
    faults: dict[str, list[int]] = field(default_factory=dict)
    """The cases of each fault."""


@dataclass
class _Process:
    """A running child."""

    number: int
    pipe: int
    rest: bytes = b""
    case: int = 0
    stage: str = "start"
    real: bool = False
    since: float = 0.0
    used: float = 0.0


class Run:
    """The cases of one format."""

    def __init__(self, fuzzed: Fuzzed, seed: int, cases: int, out: Path | None) -> None:
        self.fuzzed, self.seed, self.cases, self.out = fuzzed, seed, cases, out
        self.folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{fuzzed.name}-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.valid: list[Valid] = fuzzed.make(self.folder)
        self.result = Result(fuzzed.name, seed, cases)
        self._outcomes: Counter[str] = Counter()
        self.process: _Process | None = None
        self.start(-len(self.valid))

    def start(self, first: int, *, real: bool = False) -> None:
        """A process that begins with a case; with netaudit's own child process for this case alone."""
        numbers = range(first, first + 1) if real else range(first, self.cases)
        reads, writes = os.pipe()
        number = os.fork()
        if number == 0:
            code = 1
            try:
                quiet()
                warnings.simplefilter("ignore")
                work(self.fuzzed, self.valid, self.seed, numbers, self.folder, line_to(writes), real=real)
                code = 0
            except BaseException as error:  # noqa: BLE001 - told to the parent
                line_to(writes)(first, outcome="lost", faults=[f"the runner: {error!r}"[:500]], done="")
            finally:
                os._exit(code)
        os.close(writes)
        self.process = _Process(number, reads, case=first, real=real, since=time.monotonic())

    def hear(self) -> None:
        """Take what the child said; it may have ended."""
        assert self.process is not None
        data = os.read(self.process.pipe, 2**16)
        if not data:
            self._ended("crash")
            return
        *lines, self.process.rest = (self.process.rest + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            self.process.case, self.process.since = said["case"], time.monotonic()
            self.process.used = _processor_time(self.process.number)
            self.process.stage = said.get("stage", "between")
            if "outcome" in said:
                self._take(said)

    def look(self) -> None:
        """End a child that hangs."""
        assert self.process is not None
        used = _processor_time(self.process.number) - self.process.used
        first_try = self.fuzzed.native and not self.process.real
        if used > (NATIVE_HANG if first_try else HANG) or time.monotonic() - self.process.since > SILENCE:
            os.kill(self.process.number, signal.SIGKILL)
            self._ended("hang")

    def _ended(self, how: str) -> None:
        assert self.process is not None
        process, self.process = self.process, None
        os.close(process.pipe)
        _, status = os.waitpid(process.number, 0)
        if how == "crash" and status == 0 and not process.real:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        if process.stage == "netaudit" and self.fuzzed.native and not process.real:
            self.result.ends_of_parsers += 1
            self.start(process.case, real=True)
            return
        if process.stage == "reference":
            self.result.crashes_of_others += 1
            self._outcomes["read"] += 1
        elif process.stage == "netaudit":
            self._take({"case": process.case, "outcome": how, "faults": [f"{how}: status {status}"]})
        elif not process.real:  # a case that could not be made ends the run: this is a fault of the fuzzer
            self._fault(f"the runner: ended with status {status}", process.case)
            return
        self.start(process.case + 1)

    def _take(self, said: dict[str, Any]) -> None:
        result = self.result
        if said["case"] >= 0:
            self._outcomes[said["outcome"]] += 1
            result.drawn += bool(said.get("figures"))
            result.figures += said.get("figures", 0)
        result.outcomes = dict(self._outcomes)
        result.compared += bool(said.get("compared"))
        result.slowest = max(result.slowest, said.get("seconds", 0.0))
        result.largest = max(result.largest, said.get("memory", 0))
        for fault in said["faults"]:
            self._fault(fault, said["case"])

    def _fault(self, fault: str, number: int) -> None:
        """Keep a fault, and the files of its first case."""
        cases = self.result.faults.setdefault(fault, [])
        cases.append(number)
        if self.out is None or len(cases) > 1 or number < 0:
            return
        one, done = damaged_case(self.fuzzed, self.valid, self.seed, number)
        kept = self.out / f"{self.fuzzed.name}-{self.seed}-{number}"
        for name, data in one.files.items():
            path = kept / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (kept / "fault.txt").write_text(f"{fault}\n{done}\nopen {one.target}\n")


def run(
    formats: list[Fuzzed],
    seed: int,
    cases: int,
    jobs: int,
    out: Path | None,
    tell: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Try so many cases of each format, ``jobs`` formats at a time.

    Args:
        formats: rows of the table.
        seed: every case follows from it, from the format's name and from its own number.
        cases: of each format.
        jobs: processes.
        out: where files with faults and results are kept; a format whose result lies there is not run again.
        tell: is given each result when it is there.
    """
    waiting, running, results = list(formats), [], []
    while waiting or running:
        while waiting and len(running) < jobs:
            fuzzed = waiting.pop(0)
            known = _known(fuzzed, seed, cases, out)
            if known is None:
                running.append(Run(fuzzed, seed, cases, out))
            else:
                results.append(known)
                tell(known)
        pipes = {one.process.pipe: one for one in running if one.process}
        for pipe in select.select(list(pipes), [], [], 1.0)[0]:
            pipes[pipe].hear()
        for one in running:
            if one.process:
                one.look()
        for one in [one for one in running if one.process is None]:
            running.remove(one)
            results.append(one.result)
            tell(one.result)
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                (out / f"{one.fuzzed.name}.json").write_text(json.dumps(asdict(one.result), indent=1))
    return results


def _processor_time(number: int) -> float:
    """Seconds that a process has used."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _known(fuzzed: Fuzzed, seed: int, cases: int, out: Path | None) -> Result | None:
    """The result of an earlier run with the same settings."""
    try:
        found = Result(**json.loads((out / f"{fuzzed.name}.json").read_text())) if out else None
    except (OSError, ValueError, TypeError):
        return None
    return found if found and (found.seed, found.cases) == (seed, cases) else None


def named(names: list[str]) -> list[Fuzzed]:
    """Rows of the table; all of them without names."""
    rows = {row.name: row for row in TABLE}
    return [rows[name] for name in names] if names else list(TABLE)

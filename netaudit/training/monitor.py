"""Watch a network while it is trained: the numbers of an audit every so many steps, and a report at the end.

It changes nothing of the training: no weight, no gradient, no random number, no mode of a module. Tests compare.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from netaudit.analyses.analysis import Analysis
from netaudit.api import AuditReport, audit
from netaudit.errors import NetauditError
from netaudit.files import cannot_write, make_folder, write_atomically
from netaudit.results.long_form import Row, layer_rows, network_rows
from netaudit.training.monitor_page import Point, monitor_page

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.tensorboard import SummaryWriter

WATCHED = ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion")
"""The four claims: what a measurement costs is mostly one decomposition of each layer. The report has everything."""
CSV, EVENTS, PAGE, COST, REPORT = "monitor.csv", "tensorboard", "monitor.html", "cost.json", "report"


class Monitor:
    """Audits a module every ``every`` steps, into a folder.

    ``monitor.csv`` has one row a number, as ``AuditReport.to_dataframe(long=True)``, with the step before it. Where
    TensorBoard is installed, the same numbers are scalars in ``tensorboard/``. At the end come ``monitor.html``, a page
    of curves, ``cost.json``, and ``report/``, a whole audit of the weights as they are then.

    >>> import tempfile, torch
    >>> layer = torch.nn.Linear(40, 40)
    >>> with tempfile.TemporaryDirectory() as folder, Monitor(layer, folder, every=10, final=()) as monitor:
    ...     for _ in range(20):
    ...         monitor.step()
    >>> monitor.measured
    [0, 10, 20]
    """

    def __init__(
        self,
        model: nn.Module,
        out: str | Path,
        *,
        every: int = 1000,
        analyses: Sequence[str | Analysis] = WATCHED,
        layers: Sequence[str] | None = None,
        final: Sequence[str] = ("html", "json"),
        **settings: Any,
    ) -> None:
        """Prepare the folder; nothing is measured yet.

        Args:
            model: the module that is trained, as :func:`netaudit.audit` takes it.
            out: the folder, made if need be. Files of an earlier run there are replaced.
            every: steps of the optimiser from one measurement to the next. The default is a compromise of netaudit: for
                a network of 1.8 million weights it takes 6% of the time (docs/papers.md).
            analyses: what is measured on the way.
            layers: globs of layers to watch; all by default.
            final: formats of the report at the end; empty for none.
            settings: more settings of :func:`netaudit.audit` for all of them, such as ``device`` or ``seed``.

        Raises:
            ValueError: ``every`` is not positive.
            ReportError: the folder cannot be made.
        """
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        self.model, self.out, self.every = model, Path(out), every
        self.analyses, self.layers, self.final = tuple(analyses), layers, tuple(final)
        self.settings: dict[str, Any] = {"nulls": "none", **settings}
        self.steps = 0
        """Steps of the optimiser so far."""
        self.measured: list[int] = []
        """Steps after which was measured."""
        self.failures: dict[int, str] = {}
        """Why a measurement failed, by its step: training goes on."""
        self.seconds = 0.0
        """What the measurements took so far."""
        self._began = time.perf_counter()
        self._points: list[Point] = []
        self._file: TextIO | None = None
        self._writer: SummaryWriter | None = None
        make_folder(self.out)

    def step(self, steps: int | None = None) -> None:
        """Call it after each step of the optimiser; ``steps`` is their number, where something else counts them."""
        self.begin()
        self.steps = self.steps + 1 if steps is None else steps
        if self.steps // self.every > (self.measured[-1] // self.every if self.measured else -1):
            self.measure()

    def begin(self) -> None:
        """Measure the network before its first step; later calls do nothing."""
        if self._file is None:
            self._began = time.perf_counter()
            self._open()
            self.measure()

    def measure(self) -> None:
        """Measure now. Weights that cannot be audited are noted, and end nothing."""
        clock = time.perf_counter()
        self.measured.append(self.steps)
        try:
            report = audit(self.model, analyses=self.analyses, layers=self.layers, **self.settings)
            self._keep(report)
        except NetauditError as error:
            self.failures[self.steps] = str(error)
        self.seconds += time.perf_counter() - clock

    def finish(self) -> AuditReport | None:
        """Measure the last step, if that is not done, and write the page, the cost and the report.

        Returns:
            The audit of the weights as they are now; None where none was asked for, or none can be made.

        Raises:
            ReportError: a file cannot be written.
        """
        self.begin()
        if self.measured[-1] != self.steps:
            self.measure()
        self.close()
        cost = self.cost()
        write_atomically(self.out / COST, (json.dumps(cost, indent=2) + "\n").encode("ascii"))
        write_atomically(self.out / PAGE, monitor_page(self._points, self.failures))
        if not self.final:
            return None
        try:
            report = audit(self.model, layers=self.layers, **{**self.settings, "nulls": "quick"})
        except NetauditError as error:
            self.failures[self.steps] = str(error)
            return None
        report.write(self.out / REPORT, self.final)
        return report

    def cost(self) -> dict[str, float]:
        """What the measurements took: seconds, seconds a measurement, and the share of all time since the beginning."""
        elapsed = time.perf_counter() - self._began
        return {
            "measurements": len(self.measured),
            "seconds": round(self.seconds, 3),
            "seconds_each": round(self.seconds / max(1, len(self.measured)), 3),
            "share_of_time": round(self.seconds / elapsed, 4) if elapsed > 0 else 0.0,
        }

    def close(self) -> None:
        """Nothing more is written on the way."""
        if self._writer is not None:
            self._writer.close()
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.close()

    def _open(self) -> None:
        path = self.out / CSV
        try:
            self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise cannot_write(path, error) from error
        csv.writer(self._file).writerow(("step", *Row._fields))
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(self.out / EVENTS), purge_step=0)

    def _keep(self, report: AuditReport) -> None:
        rows = [*layer_rows(report), *network_rows(report)]
        assert self._file is not None
        csv.writer(self._file).writerows((self.steps, *row) for row in rows)
        self._file.flush()
        self._points += [Point(self.steps, layer.name, claim, finding)
                         for layer in report.layers for claim, finding in layer.findings.items()]  # fmt: skip
        if self._writer is not None:
            for row in rows:
                if row.value is not None:
                    self._writer.add_scalar(f"{row.layer}/{row.analysis}.{row.metric}", row.value, self.steps)
            self._writer.flush()

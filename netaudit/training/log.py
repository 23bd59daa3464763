"""What a run logs of each epoch: a CSV file, and scalars for TensorBoard where that is installed.

The claim of shadow training that can be watched: the error on shadows follows the error on real points.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netaudit.files import write_atomically

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

CSV, EVENTS = "log.csv", "tensorboard"

History = Sequence[Mapping[str, Any]]


class Log:
    """Writes into a folder after each epoch; :meth:`close` ends the events for TensorBoard."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: SummaryWriter | None = None

    def __call__(self, history: History) -> None:
        """Write all of the history as CSV, and its last epoch as scalars.

        Raises:
            ReportError: the CSV file cannot be written.
        """
        write_atomically(self.folder / CSV, to_csv(history).encode("ascii"))
        writer = self._events(int(history[-1]["epoch"]))
        if writer is not None:
            for name, value in _row(history[-1]).items():
                if name != "epoch" and value is not None:
                    writer.add_scalar(name, value, history[-1]["epoch"])
            writer.flush()

    def close(self) -> None:
        """Nothing more is written."""
        if self._writer is not None:
            self._writer.close()

    def _events(self, epoch: int) -> SummaryWriter | None:
        if self._writer is None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                return None
            # a run that goes on hides what an earlier one had written of this epoch and later ones
            self._writer = SummaryWriter(str(self.folder / EVENTS), purge_step=epoch)
        return self._writer


def to_csv(history: History) -> str:
    """A line an epoch; errors are shares of wrong labels, empty where there is none.

    >>> print(to_csv([{"epoch": 0, "rate": None, "loss": None, "test_accuracy": 0.25}]), end="")
    epoch,rate,loss,test_error
    0,,,0.75
    """
    rows = [_row(entry) for entry in history]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    renamed = dict(entry)
    renamed["test_error"] = round(1 - renamed.pop("test_accuracy"), 12)
    first = ("epoch", "rate", "loss", "test_error")
    return {name: renamed[name] for name in (*first, *(name for name in renamed if name not in first))}


def follows(real: Sequence[float], shadow: Sequence[float]) -> dict[str, float | None]:
    """How closely the error on shadows follows that on real points: correlations over the epochs.

    Both errors fall in any training, so ``levels`` is near 1 as soon as both do; ``changes``, from one epoch to the
    next, is what one curve says of the other beyond that. None where a curve is constant or shorter than three.
    """
    pairs = {"levels": (real, shadow), "changes": (np.diff(real), np.diff(shadow))}
    return {name: _correlation(np.asarray(a, float), np.asarray(b, float)) for name, (a, b) in pairs.items()}


def _correlation(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float | None:
    if len(a) < 3 or not a.std() or not b.std():
        return None
    return float(np.corrcoef(a, b)[0, 1])

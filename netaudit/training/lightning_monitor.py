"""The monitor as a callback of Lightning's Trainer."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from netaudit.errors import NetauditError
from netaudit.training.monitor import Monitor


def _base() -> Any:
    """The base class, from either name that the package goes by; a bare one where it is not installed."""
    for package in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return import_module(package).Callback
        except ImportError:
            continue
    return object


_BASE = _base()


class LightningMonitor(_BASE):  # type: ignore[misc,valid-type]  # the class is not known before it is imported
    """``Trainer(callbacks=[LightningMonitor("watched", every=1000)])``; the arguments are those of ``Monitor``.

    Of several processes only the first one measures. ``monitor`` is there once training has begun.
    """

    def __init__(self, out: str | Path, **settings: Any) -> None:
        if _BASE is object:
            raise NetauditError("LightningMonitor needs Lightning", hint="install it: pip install lightning")
        super().__init__()
        self.out, self.settings = out, settings
        self.monitor: Monitor | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Measure the weights before the first step."""
        if trainer.is_global_zero:
            self.monitor = Monitor(pl_module, self.out, **self.settings)
            self.monitor.begin()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Count the steps of the optimiser: several batches may make one."""
        if self.monitor is not None and trainer.global_step > self.monitor.steps:
            self.monitor.step(trainer.global_step)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the page and the report."""
        if self.monitor is not None:
            self.monitor.finish()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Close the files."""
        if self.monitor is not None:
            self.monitor.close()

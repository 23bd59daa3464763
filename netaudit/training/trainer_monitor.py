"""The monitor as a callback of the Trainer of Hugging Face's transformers."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from netaudit.errors import NetauditError
from netaudit.training.monitor import Monitor


def _base() -> Any:
    """The base class; a bare one where the package is not installed."""
    try:
        return import_module("transformers").TrainerCallback
    except ImportError:
        return object


_BASE = _base()


class TrainerMonitor(_BASE):  # type: ignore[misc,valid-type]  # the class is not known before it is imported
    """``Trainer(callbacks=[TrainerMonitor("watched", every=1000)])``; the arguments are those of ``Monitor``.

    Of several processes only the first one measures. ``monitor`` is there once training has begun.
    """

    def __init__(self, out: str | Path, **settings: Any) -> None:
        if _BASE is object:
            raise NetauditError("TrainerMonitor needs transformers", hint="install it: pip install transformers")
        super().__init__()
        self.out, self.settings = out, settings
        self.monitor: Monitor | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        """Measure the weights before the first step."""
        if state.is_world_process_zero:
            self.monitor = Monitor(model, self.out, **self.settings)
            self.monitor.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Count the steps of the optimiser."""
        if self.monitor is not None:
            self.monitor.step(state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Write the page and the report."""
        if self.monitor is not None:
            self.monitor.finish()

"""Training: shadow training, the recipes of the bundled networks, and a monitor for any training loop."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netaudit.training.lightning_monitor import LightningMonitor
    from netaudit.training.monitor import Monitor
    from netaudit.training.shadow_loss import ShadowLoss
    from netaudit.training.trainer_monitor import TrainerMonitor

__all__ = ["LightningMonitor", "Monitor", "ShadowLoss", "TrainerMonitor"]

_HOMES = {
    "LightningMonitor": "netaudit.training.lightning_monitor",
    "Monitor": "netaudit.training.monitor",
    "ShadowLoss": "netaudit.training.shadow_loss",
    "TrainerMonitor": "netaudit.training.trainer_monitor",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:  # not at once: they need PyTorch, and `netaudit train --help` does not
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Training: a loss for shadow training, the recipes of the bundled networks, the loop that follows them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netaudit.training.shadow_loss import ShadowLoss

__all__ = ["ShadowLoss"]


def __getattr__(name: str) -> Any:
    if name == "ShadowLoss":  # not at once: it needs PyTorch, and `netaudit train --help` does not
        from netaudit.training.shadow_loss import ShadowLoss

        return ShadowLoss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

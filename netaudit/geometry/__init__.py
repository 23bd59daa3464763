"""ReLU layers and networks as exact piecewise-linear maps.

The public names are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.decide import injective

__all__ = ["injective"]

_HOMES = {"injective": "netaudit.geometry.injectivity.decide"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

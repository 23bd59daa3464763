"""Audit trained networks: how random-like are the fully connected layers, and can the net be run in reverse?

    >>> import netaudit
    >>> report = netaudit.audit("mnist-mlp", layers=["7"])
    >>> report.layers[0].shape
    (10, 1000)

Importing the package is cheap: PyTorch is loaded by the first call that needs it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netaudit.auditor import audit
    from netaudit.errors import NetauditError
    from netaudit.network.layers import FCLayer, SkippedLayer
    from netaudit.results import AuditReport
    from netaudit.sources.open import open_network

__version__ = "0.1.0"
__all__ = ["AuditReport", "FCLayer", "NetauditError", "SkippedLayer", "__version__", "audit", "open_network"]

_HOMES = {
    "audit": "netaudit.auditor",
    "AuditReport": "netaudit.results",
    "FCLayer": "netaudit.network.layers",
    "SkippedLayer": "netaudit.network.layers",
    "NetauditError": "netaudit.errors",
    "open_network": "netaudit.sources.open",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

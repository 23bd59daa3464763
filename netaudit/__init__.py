"""Audit trained networks: how random-like are the fully connected layers, and can the net be run in reverse?

    >>> import netaudit
    >>> report = netaudit.audit("mnist-mlp", layers=["7"])
    >>> report.layers[0].shape
    (10, 1000)

Importing the package is cheap: PyTorch is loaded by the first call that needs it.
"""

from __future__ import annotations

from netaudit.version import __version__

TYPE_CHECKING = False  # not typing's: the command must be able to answer Ctrl-C as early as can be
if TYPE_CHECKING:
    from typing import Any

    from netaudit.analyses.analysis import Analysis
    from netaudit.api import AuditReport, audit
    from netaudit.comparing.compare import compare
    from netaudit.comparing.result import Comparison
    from netaudit.errors import NetauditError
    from netaudit.network.layers import FCLayer, SkippedLayer
    from netaudit.sources.open import open_network

__all__ = [
    "Analysis",
    "AuditReport",
    "Comparison",
    "FCLayer",
    "NetauditError",
    "SkippedLayer",
    "__version__",
    "audit",
    "compare",
    "open_network",
]

_HOMES = {
    "Analysis": "netaudit.analyses.analysis",
    "AuditReport": "netaudit.api",
    "Comparison": "netaudit.comparing.result",
    "FCLayer": "netaudit.network.layers",
    "NetauditError": "netaudit.errors",
    "SkippedLayer": "netaudit.network.layers",
    "audit": "netaudit.api",
    "compare": "netaudit.comparing.compare",
    "open_network": "netaudit.sources.open",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

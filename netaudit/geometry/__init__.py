"""ReLU networks as exact piecewise-linear maps.

    >>> from netaudit.geometry import exact_line
    >>> tent = [([[1.0], [1.0]], [0.0, -0.5]), ([[2.0, -4.0]], [0.0])]
    >>> line = exact_line(tent, [0.0], [1.0])
    >>> line.knots.tolist(), line.values.ravel().tolist(), line.events
    ([0.0, 0.5, 1.0], [0.0, 1.0, 0.0], (Event(layer=0, neuron=1, t=0.5),))

Importing the package is cheap: PyTorch is loaded by the first call.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netaudit.geometry.depth.residual import residual_depth
    from netaudit.geometry.depth.stack import depth_limit
    from netaudit.geometry.identifiability.identify import identifiable
    from netaudit.geometry.injectivity.decide import injective
    from netaudit.geometry.line import exact_line
    from netaudit.geometry.plane import exact_plane

__all__ = ["depth_limit", "exact_line", "exact_plane", "identifiable", "injective", "residual_depth"]

_HOMES = {
    "depth_limit": "netaudit.geometry.depth.stack",
    "residual_depth": "netaudit.geometry.depth.residual",
    "exact_line": "netaudit.geometry.line",
    "exact_plane": "netaudit.geometry.plane",
    "identifiable": "netaudit.geometry.identifiability.identify",
    "injective": "netaudit.geometry.injectivity.decide",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Recurrent networks as dynamical systems: cells as maps, their fixed points, and what these say.

Importing the package is cheap: PyTorch is loaded by the first call.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netaudit.recurrent.cells.reading import read_cells
    from netaudit.recurrent.cycles import ReluCycles, relu_cycles
    from netaudit.recurrent.disc import CircularLaw, circular_law
    from netaudit.recurrent.driven import noise, states_along
    from netaudit.recurrent.found import FixedPoints
    from netaudit.recurrent.judged import LineAttractor, line_attractor
    from netaudit.recurrent.search import fixed_points

__all__ = [
    "CircularLaw",
    "FixedPoints",
    "LineAttractor",
    "ReluCycles",
    "circular_law",
    "fixed_points",
    "line_attractor",
    "noise",
    "read_cells",
    "relu_cycles",
    "states_along",
]

_HOMES = {
    "CircularLaw": "netaudit.recurrent.disc",
    "FixedPoints": "netaudit.recurrent.found",
    "LineAttractor": "netaudit.recurrent.judged",
    "ReluCycles": "netaudit.recurrent.cycles",
    "circular_law": "netaudit.recurrent.disc",
    "fixed_points": "netaudit.recurrent.search",
    "line_attractor": "netaudit.recurrent.judged",
    "noise": "netaudit.recurrent.driven",
    "read_cells": "netaudit.recurrent.cells.reading",
    "relu_cycles": "netaudit.recurrent.cycles",
    "states_along": "netaudit.recurrent.driven",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

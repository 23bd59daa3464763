"""Which layers of a network are audited."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Selection:
    """Globs of layer names, case-sensitive, with ``*`` and ``?``."""

    layers: tuple[str, ...] = ()
    """A layer's name must match one of them; all layers without any."""
    exclude: tuple[str, ...] = ()
    """A layer's name must match none of them."""

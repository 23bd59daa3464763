"""Which layers of a network are audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from netaudit.text import printable


@dataclass(frozen=True)
class Selection:
    """Globs of layer names, case-sensitive, with ``*`` and ``?``."""

    layers: tuple[str, ...] = ()
    """A layer's name must match one of them; all layers without any."""
    exclude: tuple[str, ...] = ()
    """A layer's name must match none of them."""

    def unmatched(self, names: Sequence[str]) -> tuple[str, ...]:
        """A sentence for each glob that no layer's name matches."""
        given = [("--layers", glob) for glob in self.layers] + [("--exclude", glob) for glob in self.exclude]
        return tuple(
            f"{option} {printable(glob, 80)} matches no layer"
            for option, glob in given
            if not any(fnmatchcase(name, glob) for name in names)
        )

"""Which layers of a network are audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netaudit.network.globs import matches
from netaudit.text import printable


@dataclass(frozen=True)
class Selection:
    """Globs of layer names, case-sensitive, with ``*`` and ``?``."""

    layers: tuple[str, ...] = ()
    """A layer's name must match one of them; all layers without any."""
    exclude: tuple[str, ...] = ()
    """A layer's name must match none of them."""
    of_file: Mapping[str, Any] = field(default_factory=dict)
    """What else the user said of the file, for the report's settings."""

    def excludes_nothing(self, names: Sequence[str]) -> tuple[str, ...]:
        """A sentence for each glob of ``exclude`` that no layer's name matches: nothing that was asked for lacks."""
        return tuple(
            f"--exclude {printable(glob, 80)} matches no layer"
            for glob in self.exclude
            if not any(matches(name, [glob]) for name in names)
        )

    @property
    def several_in_one(self) -> tuple[str, ...]:
        """What to write instead of globs with commas between them; nothing where there is no such glob."""
        given = [("--layers", glob) for glob in self.layers] + [("--exclude", glob) for glob in self.exclude]
        option, glob = next(((option, glob) for option, glob in given if "," in glob), ("", ""))
        apart = " ".join(f"{option} {part.strip()}" for part in glob.split(",")[:4])
        return (f"for several repeat the option: {printable(apart, 120)}",) if glob else ()

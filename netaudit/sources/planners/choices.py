"""What a user says of a file whose network is not known: which state, which order, what is a layer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from netaudit.network.cells import CellActivation


@dataclass(frozen=True)
class Choices:
    """Options of ``netaudit layers`` and ``netaudit audit`` that overrule what names and shapes tell."""

    state: str | None = None
    """The key or prefix of the network to audit, of several in one file: ``"model_ema"``."""
    order: tuple[str, ...] = ()
    """The layers of the head, from bottom to top."""
    as_layer: tuple[str, ...] = ()
    """Globs of tables by their names that are layers all the same."""
    not_layer: tuple[str, ...] = ()
    """Globs of layers by their names that are tables."""
    cell_activation: CellActivation | None = None
    """Of simple recurrent cells whose file does not say it."""

    @property
    def globs(self) -> tuple[tuple[str, str], ...]:
        """Each glob, behind its option as the command line calls it."""
        given = {"--as-layer": self.as_layer, "--not-layer": self.not_layer}
        return tuple((option, glob) for option, globs in given.items() for glob in globs)

    @property
    def settings(self) -> dict[str, Any]:
        """Those that are set, for the report."""
        given = {name: value for name, value in asdict(self).items() if value}
        return {name: value if isinstance(value, str) else list(value) for name, value in given.items()}

    @property
    def given(self) -> str | None:
        """The first option that is set, as the command line calls it."""
        return next((f"--{name.replace('_', '-')}" for name in self.settings), None)


UNSAID = Choices()
"""Nothing is overruled."""

"""What a user says of a file whose network is not known: which state, which order, what is a layer."""

from __future__ import annotations

from dataclasses import dataclass


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

    @property
    def given(self) -> str | None:
        """The first option that is set, as the command line calls it."""
        options = ("state", "order", "as_layer", "not_layer")
        return next((f"--{name.replace('_', '-')}" for name in options if getattr(self, name)), None)

"""Where statements are measured: the seed, the device, the progress, and nets that two statements share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from netaudit.numerics import device as devices

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
Advance = Callable[[float], None]
"""Told the share of the current statement's work that is done."""


def _silent(share: float) -> None:
    """The default: nothing."""


@dataclass
class Lab:
    """One run of the study."""

    seed: int
    device: torch.device
    advance: Advance = _silent
    _done: dict[Hashable, Any] = field(default_factory=dict)

    def generator(self, *key: str) -> torch.Generator:
        """A CPU generator that depends on the seed and the key alone, so that no statement depends on another."""
        return devices.generator(self.seed, "theory", *key)

    def once(self, key: Hashable, measure: Callable[[], T]) -> T:
        """What ``measure`` gives, measured once for all statements that ask for ``key``."""
        if key not in self._done:
            self._done[key] = measure()
        found: T = self._done[key]
        return found

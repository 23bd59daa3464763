"""Real inputs of a network, and how it takes a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """Real inputs ``x [N, ...]`` as the model takes them (float32), and their labels ``y [N]`` (int64) if known."""

    x: np.ndarray[Any, np.dtype[np.float32]]
    y: np.ndarray[Any, np.dtype[np.int64]] | None
    sha256: str
    name: str


@dataclass(frozen=True)
class Preprocessing:
    """How a model takes a picture."""

    apply: Callable[[Image], Tensor]
    """Turns an RGB picture into one input, without the batch."""
    classes: Sequence[str] = ()
    """What each output stands for; empty when that is not known."""

"""What is audited: a fully connected layer; and what is not, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class FCLayer:
    """One fully connected layer ``y = activation(A x + b)``, in memory.

    Raises:
        ValueError: the weight is not a 2-D floating-point tensor, or the bias does not fit it.
    """

    name: str
    """Module path without ``.weight``, exactly as the file has it (untrusted text)."""
    weight: Tensor
    """A, shape ``[out, in]``, in the dtype it was stored in."""
    bias: Tensor | None = None
    """b, shape ``[out]``, or None."""
    activation: str | None = None
    """``"relu"``, ``"gelu"``, ...; ``"linear"`` when nothing follows; None when it is not known."""
    origin: str = "Linear"
    """What the layer is in the model, in words."""
    factors: tuple[Tensor, Tensor] | None = None
    """L ``[out, r]`` and R ``[r, in]``, float64, whose product A is up to its rounding; None for any other weight."""
    fan_out: int | None = None
    """Outputs that an initialisation counts for each input, where these are not the rows: all rows of the tensor that
    the layer was cut from, or the rows times the pixels of a covering convolution's kernel."""

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or not self.weight.is_floating_point():
            raise ValueError(f"weight must be 2-D floating point, got {self.weight.dtype} {tuple(self.weight.shape)}")
        if self.bias is not None and tuple(self.bias.shape) != (self.weight.shape[0],):
            raise ValueError(f"bias must have shape ({self.weight.shape[0]},), got {tuple(self.bias.shape)}")

    @property
    def shape(self) -> tuple[int, int]:
        """``(out, in)``."""
        return (self.weight.shape[0], self.weight.shape[1])

    @property
    def dtype(self) -> str:
        """The dtype the weight was stored in, without ``torch.``."""
        return str(self.weight.dtype).removeprefix("torch.")


class SkippedLayer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor or module that is not audited, and why. Every report lists these."""

    name: str
    """As in the model or the file (untrusted text)."""
    shape: tuple[int, ...]
    """Length of each axis."""
    reason: str
    """Why it is not audited."""
    parameters: Annotated[int, Meta(ge=0)] = 0
    """How many parameters of the model it holds (0 when they are counted elsewhere, as for tied weights)."""


@dataclass(frozen=True)
class HeadLayer:
    """One layer of the head."""

    name: str
    activation: str
    """What follows the layer; ``"linear"`` for logits."""


@dataclass(frozen=True)
class Head:
    """The fully connected layers at the top of a network, bottom to top."""

    layers: tuple[HeadLayer, ...]
    inferred: bool
    """True when order and activations were guessed from names and shapes."""
    note: str = ""
    """What was assumed, in words; printed in the report."""

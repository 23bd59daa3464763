"""What was found of more than one layer: the stack, its hidden units, the p-values of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from netaudit.results.finding import Rule

Training = Literal["trained", "as_at_initialisation", "opposed", "undecided", "not_applicable"]
TRAINING: tuple[Training, ...] = ("trained", "as_at_initialisation", "opposed", "undecided", "not_applicable")


@dataclass(frozen=True)
class StackRun:
    """Labels sent down the stack as shadows and forward again: how often the same label comes back."""

    source: str
    """``onehot``, or ``softmax`` (of real inputs)."""
    rho: float
    """Dropout keep probability in every layer of the reverse pass."""
    n: int
    """Number of label vectors sent."""
    top1: float
    top5: float | None
    chance: float
    """1 / number of classes."""
    control_top1: float
    """The same with the shadow sent forward through independent matrices: must be near chance."""
    control_top5: float | None


@dataclass(frozen=True)
class ShadowImages:
    """What labels look like at the network's input, beside real images of them.

    Pixels are 8-bit, ``[channels, height, width]``, in base64; each image is scaled to its own largest value.
    """

    shape: tuple[int, int, int]
    """Channels (1 or 3), height, width."""
    labels: tuple[int, ...]
    real: tuple[str, ...]
    """The first real input of each label."""
    trained: tuple[str, ...]
    """Each label's shadow through the network."""
    untrained: tuple[str, ...]
    """The same through Gaussian layers of the same shapes and scales."""
    likeness_trained: float
    """Mean correlation of a label's shadow with the mean of its real inputs."""
    likeness_untrained: float


@dataclass(frozen=True)
class StackResult:
    """The multi-layer shadow, from top to bottom and back."""

    layers: tuple[str, ...]
    """Names, bottom to top; empty when there is no stack."""
    inferred: bool
    activations: tuple[str, ...]
    runs: tuple[StackRun, ...]
    data: Mapping[str, Any] | None = None
    """``{name, n, accuracy, sha256}`` of the real inputs, when there are any."""
    note: str = ""
    """What was assumed or why there is no run."""
    images: ShadowImages | None = None
    """When the stack takes the pixels of images, and there are some."""


@dataclass(frozen=True)
class PValue:
    """One test of a family."""

    layer: str
    claim: str
    p_value: float
    adjusted: float
    """The p-value corrected over the family: reject at level a what lies at or below a."""


@dataclass(frozen=True)
class PValues:
    """P-values from an analytic or tabulated law, corrected for their number. No verdict rests on them."""

    statement: str
    """What is tested and which tests make up the family, in words."""
    method: str
    """How the family is corrected: ``Holm``."""
    tests: tuple[PValue, ...]


@dataclass(frozen=True)
class HiddenUnits:
    """The hidden units between two consecutive layers of the stack: do they look trained, and which are idle?"""

    lower: str
    upper: str
    activation: str
    """What lies between the two layers."""
    units: int
    """The lower layer's outputs."""
    dead: int | None
    """Units whose incoming weights are numerically zero: their output never depends on the input."""
    unused: int | None
    """Units whose outgoing weights are numerically zero: their output is never looked at."""
    duplicates: int | None
    """Units that are not dead and have exactly the incoming weights and the bias of an earlier one."""
    verdict: Training = "not_applicable"
    n: int = 0
    """Units that r is taken over: neither dead nor unused; 0 when there is no r."""
    r: float | None = None
    """Pearson correlation of log(||w_in||^2 + b^2) with log ||w_out||^2 over the units."""
    interval: tuple[float, float] | None = None
    """95% confidence interval of r."""
    spearman: float | None = None
    """Rank correlation of the same two."""
    rule: Rule | None = None
    curve: Mapping[str, Any] | None = None
    """``{log_in, log_out}`` of at most 200 units, natural logarithms: the points that a figure draws."""
    note: str = ""
    """Why this verdict."""

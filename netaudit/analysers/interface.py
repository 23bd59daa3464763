"""What an analyser is given, and what it must give back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from netaudit import spectrum
from netaudit.analysers import entries
from netaudit.layers import FCLayer
from netaudit.results import Finding

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class AuditedLayer:
    """A layer with all that more than one claim needs, computed once and only when asked for."""

    layer: FCLayer
    seed: int
    device: torch.device
    input_norm: float | None = None
    """Root mean square of ||x|| over real inputs of this layer, when there are any."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(out, in)``."""
        return self.layer.shape

    @cached_property
    def unusable(self) -> str | None:
        """Why no claim on the weights can be judged, or None."""
        m, n = self.shape
        if m == 0 or n == 0:
            return "the weight is empty"
        if not entries.finite(self.layer.weight):
            return "the weight holds NaN or infinite values"
        if self.statistics is None:
            return f"every weight is the constant {float(self.layer.weight.reshape(-1)[0]):.6g}"
        return None

    @cached_property
    def statistics(self) -> entries.Entries | None:
        """Moments and order statistics of the entries; None when they are all equal."""
        return entries.describe(self.layer.weight)

    @property
    def entries(self) -> entries.Entries:
        """The same, for a layer that is usable."""
        assert self.statistics is not None, "check `unusable` first"
        return self.statistics

    @cached_property
    def spectrum(self) -> spectrum.Spectrum:
        """Exact singular values with and without the mean."""
        return spectrum.singular_values(self.layer.weight, self.entries.mean, self.entries.std, self.device)

    def standardised(self) -> Tensor:
        """(A - mean(A)) / std(A), float32, a new tensor."""
        import torch

        dtype = torch.float64 if self.layer.weight.dtype == torch.float64 else torch.float32
        return self.layer.weight.to(dtype).sub(self.entries.mean).div_(self.entries.std).float()


class Analyser(Protocol):
    """Judges one claim about one layer. Computes values; a named rule judges them."""

    @property
    def claim(self) -> str:
        """The claim's name, as in ``--fail-on``."""

    def __call__(self, audited: AuditedLayer) -> Finding:
        """Judge the claim; never raises for odd weights, but gives ``not_applicable`` with a note."""

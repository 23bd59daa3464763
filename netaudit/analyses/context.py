"""What an analyser is given, and what it must give back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from netaudit.analyses.surrogates import Level, Surrogates, surrogates
from netaudit.network.layers import FCLayer
from netaudit.numerics import entries, spectrum
from netaudit.numerics.gaussian_spectra import gaussian_spectra
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
    activations: Tensor | None = None
    """The layer's outputs on real inputs after its ReLU, ``[N, out]``, when there are any."""
    nulls: Level = "none"
    """How many draws of the layer's own entries stand beside the figures; see :mod:`.surrogates`."""
    method: spectrum.Method = "auto"
    """How the singular values are had; see :func:`netaudit.numerics.spectrum.singular_values`."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(out, in)``."""
        return self.layer.shape

    @cached_property
    def _described(self) -> entries.Entries | str:
        return entries.describe(self.layer.weight)

    def prepare(self) -> None:
        """Sort the entries on one core while the Gaussian spectra of this shape are drawn on another.

        Neither uses more than one; every analyser finds them there.
        """
        with ThreadPoolExecutor(1) as pool:
            drawn = pool.submit(gaussian_spectra, self.seed, *self.shape)
            self.unusable  # noqa: B018 - computed and kept
            drawn.result()

    @property
    def unusable(self) -> str | None:
        """Why no claim on the weights can be judged, or None."""
        return self._described if isinstance(self._described, str) else None

    @property
    def entries(self) -> entries.Entries:
        """Moments and order statistics of the entries.

        Raises:
            ValueError: the layer is unusable.
        """
        if isinstance(self._described, str):
            raise ValueError(self._described)
        return self._described

    @cached_property
    def spectrum(self) -> spectrum.Spectrum:
        """Singular values with and without the mean."""
        entries = self.entries
        return spectrum.singular_values(
            self.layer.weight, entries.mean, entries.std, self.device, self.method, self.seed
        )

    @cached_property
    def surrogates(self) -> Surrogates | None:
        """The layer's own entries permuted and with random signs, if they were asked for."""
        return surrogates(self.standardised, self.nulls, self.seed, self.layer.name)

    @cached_property
    def standardised(self) -> Tensor:
        """(A - mean(A)) / std(A), float32."""
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

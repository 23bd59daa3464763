"""What an analysis is given: a layer or a network, with all that more than one analysis needs, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from netaudit.analyses.surrogates import Surrogates, surrogates
from netaudit.network.layers import FCLayer
from netaudit.numerics import entries, scales, special_weights, spectrum
from netaudit.numerics.gaussian_spectra import gaussian_spectra
from netaudit.numerics.scales import NoUnitScales, UnitScales
from netaudit.numerics.special_weights import SpecialWeights
from netaudit.vocabulary import NullLevel, SpectrumMethod

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from netaudit.network.inputs import Sample
    from netaudit.network.network import Network, Progress
    from netaudit.network.reader import LayerReader
    from netaudit.results.report import LayerResult


@dataclass(frozen=True)
class Settings:
    """What the user chose for the whole audit."""

    device: torch.device
    seed: int = 0
    """Every random number follows from it."""
    nulls: NullLevel = "quick"
    """How many draws of the layer's own entries stand beside the statistics; see :mod:`.surrogates`."""
    spectrum: SpectrumMethod = "auto"
    """How the singular values are computed; see :func:`netaudit.numerics.spectrum.singular_values`."""


_PLAIN = (2.0**-60, 2.0**60)
"""Units between which a layer is measured as stored: squares of its entries, and their sums, fit float32."""


@dataclass(frozen=True)
class OwnScale:
    """A layer's weights divided by a power of two, so that nothing overflows or loses digits below the least number."""

    weight: Tensor
    """A / unit, exactly; A itself, with the unit 1, where its entries are of an ordinary size."""
    mean: float
    """The mean of its entries."""
    std: float
    """Their standard deviation, above 0."""
    unit: float
    """The power of two that was divided by."""


@dataclass(frozen=True)
class LayerContext:
    """One layer in memory. A is ``[m, n]`` = ``[out, in]``."""

    layer: FCLayer
    seed: int
    device: torch.device
    input_norm: float | None = None
    """Root mean square of ||x|| over real inputs of this layer, when there are any."""
    activations: Tensor | None = None
    """The layer's outputs on real inputs after its ReLU, ``[N, out]``, when there are any."""
    nulls: NullLevel = "none"
    method: SpectrumMethod = "auto"
    of_layers: int = 1
    """How many layers the network has, audited or not chosen, for tests that are corrected for their number."""
    blocks: int = 1
    """How many layers of the network have this layer's name but for the numbers in it."""
    preactivation_scale: float | None = None
    """Root mean square of A x, without the bias, over the units and real inputs of this layer, when there are any."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(out, in)``."""
        return self.layer.shape

    @cached_property
    def _described(self) -> entries.Entries | str:
        return entries.describe(self.layer.weight)

    def prepare(self) -> None:
        """Sort the entries on one core while the Gaussian spectra of this shape are drawn on another.

        Neither uses more than one core; every analysis finds both done.
        """
        with ThreadPoolExecutor(1) as pool:
            drawn = pool.submit(gaussian_spectra, self.seed, *self.shape)
            self.unusable  # noqa: B018 - computed and kept
            drawn.result()

    @property
    def unusable(self) -> str | None:
        """Why nothing can be said about the weights (constant, empty, not finite), or None."""
        return self._described if isinstance(self._described, str) else None

    @property
    def entries(self) -> entries.Entries:
        """Moments and order statistics of the entries.

        Raises:
            ValueError: the weights are unusable.
        """
        if isinstance(self._described, str):
            raise ValueError(self._described)
        return self._described

    @property
    def scale(self) -> float | None:
        """Standard deviation of the weights if the entries were described already; None otherwise, or if constant."""
        described = self.__dict__.get("_described")
        return described.std if isinstance(described, entries.Entries) else None

    @cached_property
    def special_weights(self) -> SpecialWeights:
        """What no law of random entries speaks of, and what is left without it."""
        return special_weights.find(self.layer.weight, self.entries)

    @property
    def remainder(self) -> LayerContext:
        """The layer without its special weights, on which laws of random matrices are judged; itself if it has none.

        See :meth:`SpecialWeights.without`. It has no real inputs, and a weight that may be empty or constant.
        """
        return self._without_special or self

    @cached_property
    def _without_special(self) -> LayerContext | None:
        special, layer = self.special_weights, self.layer
        weight, factors = special.without(layer.weight), layer.factors
        if weight is layer.weight:
            return None  # and not this context, which would then keep itself in memory
        if factors is not None:
            factors = (
                None if special.heavy.size else (factors[0][special.kept_rows], factors[1][:, special.kept_columns])
            )
        left = FCLayer(layer.name, weight, origin=layer.origin, factors=factors)
        return LayerContext(left, self.seed, self.device, nulls=self.nulls, method=self.method)

    @cached_property
    def own_scale(self) -> OwnScale:
        """The weights in the layer's own scale. What is computed of them in standard deviations holds in any unit."""
        import torch

        weight, found = self.layer.weight, self.entries
        if _PLAIN[0] <= found.unit <= _PLAIN[1]:
            return OwnScale(weight, found.mean, found.std, 1.0)
        wide = weight.to(torch.float64 if weight.dtype == torch.float64 else torch.float32)
        return OwnScale((wide.double() / found.unit).to(wide.dtype), found.centre, found.spread, found.unit)

    @cached_property
    def unit_scales(self) -> UnitScales | NoUnitScales:
        """The scales at which the rows and columns of the weights have one mean square, or why there are none."""
        return scales.found_or_not(self.layer.weight, self.device)

    @cached_property
    def spectrum(self) -> spectrum.Spectrum:
        """Singular values with and without the mean, in standard deviations of the entries."""
        own, factors = self.own_scale, self.layer.factors
        if factors is not None and own.unit != 1:
            factors = factors[0] / own.unit, factors[1]
        return spectrum.singular_values(own.weight, own.mean, own.std, self.device, self.method, self.seed, factors)

    @cached_property
    def surrogates(self) -> Surrogates | None:
        """The layer's own entries permuted and with random signs, if they were asked for."""
        return surrogates(self.standardised(), self.nulls, self.seed, self.layer.name)

    def standardised(self) -> Tensor:
        """Return (A - mean(A)) / std(A), float32, made anew: as large as the layer, it is not to be kept."""
        import torch

        own = self.own_scale
        dtype = torch.float64 if own.weight.dtype == torch.float64 else torch.float32
        return own.weight.to(dtype).sub(own.mean).div_(own.std).float()


@dataclass(frozen=True)
class HeadInputs:
    """What real inputs gave on their way up the head; all empty without them."""

    logits: Tensor | None = None
    """``[N, classes]``."""
    norms: Mapping[str, float] = field(default_factory=dict)
    """Root mean square of ||x|| at the input of each layer of the head."""
    activations: Mapping[str, Tensor] = field(default_factory=dict)
    """First outputs of each ReLU layer of the head, ``[N, out]``."""
    pixels: bool | None = None
    """Whether the head takes the pixels of images, at most shifted; None when the inputs are no images."""
    note: str = ""
    """Why the real inputs were not used, if there were some."""
    preactivations: Mapping[str, float] = field(default_factory=dict)
    """Root mean square of A x, without the bias, over the units and the inputs of each layer of the head."""


@dataclass(frozen=True)
class NetworkContext:
    """The network as a whole, after its layers were analysed one by one."""

    network: Network
    read: LayerReader
    """Reads a layer by its name; refuses one that is skipped."""
    settings: Settings
    inputs: HeadInputs
    sample: Sample | None
    """The real inputs, at most as many as are used."""
    layers: tuple[LayerResult, ...]
    """What was found of each audited layer."""
    known_scales: Mapping[str, float]
    """Standard deviation of the weights of the layers that were described already."""
    progress: Progress
    first: Network | None = None
    """The network with its first weights, where they were given."""

    @cached_property
    def scales(self) -> dict[str, float]:
        """Standard deviation of the weights of each layer of the head; 0 when they are constant or not finite."""
        head = self.network.head
        return {} if head is None else {layer.name: self._scale(layer.name) for layer in head.layers}

    def _scale(self, name: str) -> float:
        if name in self.known_scales:
            return self.known_scales[name]
        described = entries.describe(self.read(name).weight)
        return 0.0 if isinstance(described, str) else described.std

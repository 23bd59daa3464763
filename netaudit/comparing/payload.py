"""What a comparison keeps: frozen and typed, numbers and codes; the page makes the sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from netaudit.analyses.layer.random_likeness.payload import RandomLikeness
from netaudit.analyses.network.initialisation.payload import LayerChange
from netaudit.comparing.rules import Word
from netaudit.results.payload import Bounded, Count, Record, Share, Values, increasing, same_length

FORMAT_VERSION = 1
SCHEMA_ID = f"urn:netaudit-dnn:compare:{FORMAT_VERSION}"

Update = Literal["none", "rounding", "low_rank", "full"]
"""What kind of matrix the change is. ``rounding``: nothing in it is larger than the rounding of the format it is stored
in. ``low_rank``: a LoRA-like one, of a rank that is at most a tenth of the smaller side."""
Has = Literal["weights", "audit", "both"]
MOST_METRICS = 100_000


class Side(Record, frozen=True):
    """One of the networks."""

    name: str
    """What it is called; without a path."""
    kind: str
    """As in an audit: ``zoo``, ``torchvision``, ``timm``, ``hub``, ``file`` or ``module``; ``twin`` for one that was
    drawn by netaudit."""
    has: Has
    """What was compared of it: its weights, an audit of it, or both."""
    weights: str | None = None
    """The weights' file name or tag, without its folder."""
    file_sha256: str | None = None
    """SHA-256 of the weights' file, as in an audit."""
    notes: tuple[str, ...] = ()
    """What must be known of how it was read, or drawn."""


class Rounding(Record, frozen=True):
    """The number format that explains a change."""

    scheme: str
    """``float16``, ``bfloat16``, ``int8 per tensor``, ``int8 per row``, ``4 bits per group of 32``, ..."""
    within: Share
    """Share of the weights within half a step of the other's."""
    reversed: bool = False
    """Whether the first network is the rounded one."""


class Noise(Record, frozen=True):
    """How large a change the rounding of A to a format would be."""

    scheme: str
    """The format."""
    relative: Bounded
    """||rounded A - A|| / ||A||."""


class Overlap(Record, frozen=True):
    """How far the leading singular vectors of A and B span the same space; 1 where they do."""

    directions: Count
    """How many of them."""
    left: Share
    """Of those over the outputs."""
    right: Share
    """Of those over the inputs."""
    left_null: Share
    """99 % quantile for independent spaces of that size, drawn."""
    right_null: Share
    """The same over the inputs."""
    draws: Count
    """How many were drawn."""


class Aligned(Record, frozen=True):
    """The layer once the hidden units of B are put into the order, and at the scale, of those of A."""

    moved: Count
    """Outputs of this layer that stand in another place."""
    rescaled: Bounded
    """Standard deviation of the logarithms of the scales between the units of A and of B; 0 where there are none."""
    relative: Bounded
    """||D|| / ||A|| after that."""
    cosine: Annotated[float, Meta(ge=-1, le=1)]
    """Of the weights after that."""
    matched: Annotated[float, Meta(ge=-1, le=1)] | None = None
    """Mean cosine of the units that were matched, over this layer's rows; None for outputs that were not moved."""
    matched_null: Annotated[float, Meta(ge=-1, le=1)] | None = None
    """The same with the inputs of B in a random order, drawn once: what matching alone finds."""


class DifferenceCurve(Record, frozen=True):
    """Binned singular values of D in u = s / (sigma sqrt N), with sigma that of its bulk, and the law of noise."""

    edges: Values
    """Bin edges ``[B + 1]``."""
    density: Values
    """Density ``[B]`` of the singular values."""
    u: Values
    """``[U]``."""
    law: Values
    """The Marchenko-Pastur law at ``u``, ``[U]``."""
    beyond: Count
    """How many singular values lie beyond the last edge and are not drawn."""

    def __post_init__(self) -> None:
        same_length(edges=self.edges[1:], density=self.density)
        same_length(u=self.u, law=self.law)
        increasing("edges", self.edges)


class LayerComparison(Record, frozen=True, kw_only=True):
    """One layer of A and its partner in B; D = B - A."""

    layer: str
    """Its name in A."""
    other: str
    """Its name in B."""
    shape: tuple[Count, Count]
    """``(out, in)``."""
    word: Word
    """What happened to it."""
    rule: str
    """The rule that gave the word."""
    reordered: bool = False
    """Whether the word is of the layer after alignment."""
    cosine: Annotated[float, Meta(ge=-1, le=1)] | None = None
    """Of the weights, each without its mean."""
    cosine_null: Bounded | None = None
    """Standard deviation of that for entries of independent signs: about 1 / sqrt(out x in)."""
    interval: tuple[float, float] | None = None
    """The cosine with three of these on either side, by Fisher's transformation; the word rests on it."""
    bias_relative: Bounded | None = None
    """||difference of the biases|| / ||bias of A||; None where neither has one. 1 where only one has."""
    update: Update | None = None
    """What kind of matrix the change is."""
    rank: Count | None = None
    """Singular values of D beyond what rounding to the format gives."""
    effective_rank: Bounded | None = None
    """exp of the entropy of the singular values over their sum (O. Roy and M. Vetterli, EUSIPCO 2007)."""
    change: LayerChange | None = None
    """As an audit with ``--init`` measures it: size, rank, spikes and leading directions of D."""
    gaussian_rank: Bounded | None = None
    """Stable rank of a Gaussian matrix of D's shape and norm: (sqrt(m n) / (sqrt m + sqrt n))^2."""
    rounding: Rounding | None = None
    """The format whose rounding explains the change; None where none does."""
    noise: tuple[Noise, ...] = ()
    """What rounding A to usual formats would change."""
    overlap: Overlap | None = None
    """Of the leading singular vectors of A and B."""
    aligned: Aligned | None = None
    """After alignment, where that moves or rescales anything."""
    ladder: RandomLikeness | None = None
    """The ladder of nulls on D: how random-like the change is, and up to what."""
    curve: DifferenceCurve | None = None
    """The figure's data; None where nothing is left of D without its spikes, or it is small."""
    note: str = ""
    """Why something of this is missing, in a sentence."""


class VerdictChange(Record, frozen=True):
    """A word of the audits that is not the same."""

    layer: str
    """Its name in A."""
    what: str
    """The claim, or the analysis and its field."""
    before: str
    """In the audit of A."""
    after: str
    """In the audit of B."""


class MetricChange(Record, frozen=True):
    """A number of the audits."""

    layer: str
    """Its name in A."""
    claim: str
    """The claim that it belongs to."""
    metric: str
    """Its name."""
    before: Bounded
    """In the audit of A."""
    after: Bounded
    """In the audit of B."""
    interval: tuple[float, float] | None
    """Lowest and highest change that the intervals of the two allow for; None where the audits have no interval."""


class Pair(Record, frozen=True, kw_only=True):
    """Two networks: the first one, A, and another, B."""

    first: Count
    """Place of A among the sides."""
    second: Count
    """Place of B."""
    word: Word
    """The largest change of a layer; see the rules."""
    replaced: tuple[str, ...] = ()
    """Layers that are unrelated where others are not."""
    layers: tuple[LayerComparison, ...]
    """The layers that have a partner, in the order of A."""
    only_first: tuple[str, ...] = ()
    """Layers of A without a partner."""
    only_second: tuple[str, ...] = ()
    """Layers of B without a partner."""
    other_shape: tuple[str, ...] = ()
    """Layers that have the same name in both, and another shape."""
    verdicts: tuple[VerdictChange, ...] = ()
    """Words of the audits that changed, in the order of the layers."""
    metrics: Annotated[tuple[MetricChange, ...], Meta(max_length=MOST_METRICS)] = ()
    """Numbers of the audits, those that changed beyond their interval first."""
    notes: tuple[str, ...] = ()
    """What must be known, in whole sentences."""


class Compared(Record, frozen=True, kw_only=True):
    """A whole comparison, and the only thing that its reports are made from."""

    sides: Annotated[tuple[Side, ...], Meta(min_length=2)]
    """The networks, in the order in which they were named."""
    pairs: Annotated[tuple[Pair, ...], Meta(min_length=1)]
    """The first network with each of the others."""
    thresholds: Mapping[str, Bounded]
    """The threshold of each rule that has one."""
    versions: Mapping[str, str]
    """Versions of the libraries that the numbers come from."""
    settings: Mapping[str, Any]
    """What the user chose: seed, layers, whether the networks were audited."""
    threads: Count
    """Number of threads of PyTorch: in another number the last digits differ."""
    format_version: int = FORMAT_VERSION
    """Version of this format."""

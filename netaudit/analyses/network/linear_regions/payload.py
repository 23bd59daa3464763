"""What is kept of the head along segments between inputs."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import LONGEST_CURVE, Bounded, Count, Payload, Record, Share, Values, same_length

Ends = Literal["same_class", "other_class", "inputs", "shadow", "random"]
"""``same_class``, ``other_class``: two real inputs. ``inputs``: two real inputs without labels. ``shadow``: a real
input, and its shadow: the class that the head gives it, sent down the head as in ``shadow_images`` and scaled to the
length of the input. ``random``: from a real
input in a random direction, as far as two real inputs are apart in the median."""

ERRORS = (0.1, 0.01, 0.001, 0.0001)
"""The sup-errors of the fewest pieces, in the range of the function along the segment."""

WORK = 5e10
"""Multiplications for all exact segments together by default, about two seconds on one core."""

MOST_EDGES = 2000
"""Edges of a picture, which add 60 kB to the JSON at most."""

Positive = Annotated[int, Meta(ge=1, le=10**12)]
Fewest = Annotated[tuple[Positive, ...], Meta(min_length=len(ERRORS), max_length=len(ERRORS))]
Bins = Annotated[tuple[Annotated[int, Meta(ge=0, le=10**12)], ...], Meta(min_length=1, max_length=LONGEST_CURVE)]


class LayerFlips(Record, frozen=True):
    """The neurons of one layer whose state differs at the two ends of a segment, on average over segments."""

    layer: str
    """The layer's name (untrusted text)."""
    ends: Ends
    """Between which inputs."""
    neurons: Positive
    """m, the neurons of the layer."""
    segments: Positive
    """How many segments."""
    flipped: Share
    """The share of neurons that are on at one end and off at the other."""
    expected: Share
    """That of a layer of Gaussian weights with the layer's mean, standard deviation and biases, on the same inputs;
    theta / pi without a mean and biases."""
    dispersion: Bounded | None
    """How much the flips vary over segments, in the variance of independent neurons; 1 for a random layer. None where
    no neuron is expected to flip."""
    shuffled: Share | None
    """``flipped`` with the layer's own weights in random places; None for a very large layer."""
    shuffled_dispersion: Bounded | None
    """``dispersion`` with the layer's own weights in random places."""
    crossed: Share | None
    """The share of neurons that change their state at least once on the way, over the exact segments; None without."""


class Behaviour(Record, frozen=True):
    """Whether the neurons of one layer flip between inputs as those of a random layer on the same inputs would."""

    layer: str
    """The layer's name (untrusted text)."""
    verdict: Literal["holds", "fails", "undecided"]
    """``fails``: the dispersion is beyond that of every random layer drawn, and the excess beyond the tolerance.
    ``holds``: neither the excess nor what could hide in the noise is. ``undecided`` otherwise."""
    dispersion: Bounded
    """``dispersion`` of the flips over the judged segments of all kinds; 1 on average for a random layer."""
    largest_drawn: Bounded
    """The largest of the random layers drawn, which have Gaussian weights with the layer's mean and standard deviation,
    its biases and its inputs."""
    draws: Positive
    """How many random layers were drawn: one more of them has the largest dispersion once in ``draws`` + 1 times."""
    segments: Positive
    """How many segments are judged."""
    excess: Bounded
    """The effect size: root mean square difference of the flips from those expected, beyond the noise of independent
    neurons, in the flips expected."""
    resolved: Bounded
    """The excess of the random layer with the largest dispersion: a smaller one cannot be told from none."""
    tolerance: Bounded
    """The largest excess of a layer that behaves like a random one."""


class Segment(Record, frozen=True):
    """The head along one segment, exactly; the whole network, where the head has no hidden layers."""

    ends: Ends
    """Between which inputs."""
    length: Bounded
    """The Euclidean distance between the ends, at the input of what was walked."""
    pieces: Positive
    """The linear pieces: one more than the places at which a neuron changes its state."""
    fewest: Fewest
    """K: the fewest linear pieces that follow the logit of the first end's class with a sup-error of 0.1, 0.01, 0.001
    and 0.0001 of its range."""
    first_boundary: Bounded | None
    """The distance from the first end to the nearest boundary on the segment; None where there is none."""


class DrawnSegment(Record, frozen=True):
    """One segment as it is drawn."""

    ends: Ends
    """Between which inputs."""
    output: Count
    """The number of the logit: the class of the first end."""
    t: Values
    """Places from 0 to 1."""
    values: Values
    """The logit at them."""
    knots: tuple[Bins, ...]
    """For each hidden layer, bottom to top, how many of its neurons change their state in each of equal bins of t."""

    def __post_init__(self) -> None:
        """Check that the curve has as many values as places, and each layer as many bins."""
        same_length(t=self.t, values=self.values)
        same_length(**{str(layer): bins for layer, bins in enumerate(self.knots)})


class PlanePicture(Record, frozen=True):
    """The linear regions of the head on a part of the triangle between three real inputs, exactly."""

    share: Share
    """How much of each side is drawn, from the first input on."""
    regions: Positive
    """The number of linear regions in it."""
    edges: Annotated[tuple[Bounded, ...], Meta(max_length=4 * MOST_EDGES)]
    """Each edge as x, y of its first end and x, y of its second, in distances at the input of the head, one after the
    other; the first input lies at 0, 0."""
    edge_layer: Annotated[tuple[Annotated[int, Meta(ge=-1, le=1000)], ...], Meta(max_length=MOST_EDGES)]
    """The hidden layer that makes each edge, from 0; -1 for the border."""

    def __post_init__(self) -> None:
        """Check that each edge has its layer."""
        if len(self.edges) != 4 * len(self.edge_layer):
            raise ValueError(f"{len(self.edges)} numbers are not those of {len(self.edge_layer)} edges")


class WholeNetwork(Record, frozen=True):
    """The whole network, exactly, along a part of the way between two real inputs."""

    neurons: Count = 0
    """Its neurons and the windows of its max poolings."""
    layers: Count = 0
    """Its activations and max poolings."""
    share: Share | None = None
    """The part of the way that was walked; None where none was."""
    length: Bounded | None = None
    """Its length, at the input of the network."""
    pieces: Positive | None = None
    """The linear pieces on it."""
    crossed: Count = 0
    """The neurons and windows that change their state on it."""
    note: str = ""
    """Why the whole network was not walked, in one sentence."""


class LinearRegions(Payload, frozen=True):
    """The head, an exact piecewise-linear map, along segments between inputs; the whole network, where the head has no
    hidden layers."""

    layers: tuple[str, ...]
    """The hidden layers of the head, bottom to top (untrusted text); none where the whole network was walked."""
    flips: tuple[LayerFlips, ...]
    """One a layer and kind of ends."""
    behaviour: tuple[Behaviour, ...]
    """The verdict on each layer; none on one with a segment along which no neuron is expected to flip."""
    segments: tuple[Segment, ...]
    """The segments that were walked exactly; none where the head, or the whole network, is too large for that by
    default."""
    drawn: tuple[DrawnSegment, ...]
    """One a kind of ends, of those that were walked."""
    plane: PlanePicture | None
    """A picture of the regions; None where the head is too large, or there are too few inputs."""
    whole: WholeNetwork | None
    """A part of the way of the network from its real inputs on; None where that is the head."""
    nearest: tuple[Bounded, Bounded, Bounded] | None
    """The 5 %, 50 % and 95 % quantile over real inputs of the exact distance to the nearest boundary of the first
    layer; None where those of a whole network are no hyperplanes, as behind a max pooling."""
    apart: Bounded
    """The median distance between two real inputs, at the input of what was walked."""
    inputs: Count
    """How many real inputs were used."""

    def __post_init__(self) -> None:
        """Check that the flips are those of the hidden layers."""
        named = {row.layer for row in self.flips} | {row.layer for row in self.behaviour}
        if unknown := named - set(self.layers):
            raise ValueError(f"flips of {len(unknown)} layers that are not among the hidden layers")

"""What is kept of which hidden neurons can be told from the outputs."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Bounded, Count, Payload, Record, Rule, Share, Values

Told = Literal["identifiable", "partly", "undecided"]
Of = Literal["head", "network"]

RULE = "hidden_neurons"
TOLERANCE = 0.01
"""Share of a layer's neurons that may be hidden, or open, in a layer that is called identifiable. A convention of
netaudit: of a layer with fewer than 100 neurons a single one counts, and a large trained layer may have a few dead."""
MOST_NEURONS = 65_536
"""Neurons of a layer whose causes are stored one by one, a letter each."""

Causes = Annotated[str, Meta(max_length=MOST_NEURONS, pattern="^[idmatonf]*$")]


class LayerIdentifiability(Record, frozen=True):
    """The neurons of one hidden layer, of a convolution one a channel and position. Each has one cause, the first that
    holds in the order of the fields."""

    layer: str
    """Name of the layer (untrusted text)."""
    verdict: Told
    """``identifiable``: at least 99 % of the neurons are. ``partly``: more than 1 % are hidden, which is proved.
    ``undecided``: neither."""
    dead: Count
    """Neurons that are never on in the box."""
    muted: Count
    """Neurons whose outputs are not used: their outgoing weights are numerically zero."""
    always_on: Count
    """Neurons that are never off in the box, so that they are linear there."""
    twins: Count
    """Neurons that have the weights and the bias of another one up to a positive factor."""
    opposite_twins: Count
    """Neurons that have them up to a negative factor."""
    seen_off: Count
    """Neurons that nothing hides, and that were off at each input that was looked at."""
    seen_on: Count
    """Neurons that nothing hides, and that were on at each input that was looked at."""
    identifiable: Count
    """All others: they switch in the box, and no other neuron does so at the same places."""
    twin_pairs: Count
    """Pairs of twins; three equal neurons are three pairs."""
    opposite_pairs: Count
    """Pairs of opposite twins."""
    parameters: Count | None
    """Incoming weights and biases; None in a whole network, where several units may share one."""
    hidden_parameters: Count | None
    """Those that are incoming weights or the bias of a hidden neuron, or outgoing weights of one below; None as
    before."""
    causes: Causes | None
    """A letter a neuron, in their order: i identifiable, d dead, m muted, a always on, t twin, o opposite twin, n seen
    on, f seen off. None for more than 65,536 neurons."""
    rarer: Values
    """Share of the inputs at which a neuron is in its rarer state, ascending over neurons; at most 200 of them."""

    @property
    def hidden(self) -> int:
        """Neurons that are proved not to be identifiable."""
        return self.dead + self.muted + self.always_on + self.twins + self.opposite_twins

    @property
    def open(self) -> int:
        """Neurons of which nothing is proved."""
        return self.seen_on + self.seen_off

    @property
    def neurons(self) -> int:
        """All neurons of the layer."""
        return self.hidden + self.open + self.identifiable

    def __post_init__(self) -> None:
        if self.causes is not None and len(self.causes) != self.neurons:
            raise ValueError(f"{len(self.causes)} causes for {self.neurons} neurons")
        if (self.parameters is None) != (self.hidden_parameters is None):
            raise ValueError("parameters and hidden parameters are both counted, or neither is")
        if (self.hidden_parameters or 0) > (self.parameters or 0):
            raise ValueError("more parameters are hidden than there are")


class Identifiability(Payload, frozen=True):
    """The hidden neurons of the head, or of the whole network, for inputs of a box."""

    verdict: Told
    """``partly`` where a layer is, else ``undecided`` where a layer is, else ``identifiable``."""
    layers: Annotated[tuple[LayerIdentifiability, ...], Meta(min_length=1)]
    """The hidden layers, bottom to top."""
    box: Literal["data", "usual"]
    """``data``: each input of it between the smallest and the largest number of the real ones. ``usual``: between
    -1 and 1, where there are no real inputs."""
    low: Bounded
    """Lower end of the box, the same for each input."""
    high: Bounded
    """Upper end."""
    inputs: Count
    """Real inputs at which the states were counted; 0 for random points of the box."""
    identifiable_share: Share
    """Share of all hidden neurons that are identifiable; 1 where there are none."""
    parameters: Count | None
    """Weights and biases of the head, its top layer included; None for a whole network, where units may share them."""
    hidden_parameters: Count | None
    """Those that are the bias, or incoming or outgoing weights, of a hidden neuron; None as before."""
    rule: Rule = Rule(RULE, {"hidden_share": TOLERANCE})
    """How the shares became verdicts."""
    of: Of = "head"
    """``head``: the neurons of the fully connected head. ``network``: the units of the whole network, read as a stack
    of matrices: of a convolution one a channel and position, though all positions of a channel share their weights."""

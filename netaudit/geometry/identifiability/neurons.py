"""What is found of the neurons of one hidden layer: for each, whether it can be told from outside, or what hides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

Cause = Literal["identifiable", "dead", "muted", "always_on", "twin", "opposite_twin", "seen_on", "seen_off"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
"""``identifiable``: the neuron switches in the box, no other one switches at the same places, and its output is used.
``dead``: never on in the box. ``muted``: what takes its output has no weights for it. ``always_on``: linear in the box.
``twin``: another neuron has the same weights and bias up to a positive factor. ``opposite_twin``: up to a negative one.
These five are mutually exclusive here: the first that holds is the cause. ``seen_on``, ``seen_off``: nothing hides the
neuron, but it was on (off) at all inputs that were looked at, so that nothing is proved."""
HIDING: tuple[Cause, ...] = ("dead", "muted", "always_on", "twin", "opposite_twin")
"""The causes for which the weights of a neuron follow from no outputs in the box."""
UNDECIDED: tuple[Cause, ...] = ("seen_on", "seen_off")


@dataclass(frozen=True, eq=False)
class Neurons:
    """The m neurons of one hidden layer."""

    name: str
    """Of the layer (untrusted text)."""
    causes: tuple[Cause, ...]
    """One a neuron, ``[m]``."""
    low: Floats
    """A number that the pre-activation is never below in the box, ``[m]``: its minimum in the first layer."""
    high: Floats
    """A number that it is never above, ``[m]``: its maximum in the first layer."""
    on: Floats
    """Share of the points at which the neuron is on, ``[m]``."""
    twin_pairs: int
    """Pairs of twins; three equal neurons are three pairs."""
    opposite_pairs: int
    """Pairs of opposite twins."""
    parameters: int
    """Incoming weights and biases of the layer."""
    hidden_parameters: int
    """Those of them that belong to a hidden neuron of this layer, or are outgoing weights of one below."""

    def count(self, *causes: Cause) -> int:
        """How many neurons have one of the causes."""
        return sum(cause in causes for cause in self.causes)

    @property
    def identifiable_share(self) -> float:
        """Share of the neurons that are identifiable; 1 in a layer without neurons."""
        return self.count("identifiable") / len(self.causes) if self.causes else 1.0


@dataclass(frozen=True, eq=False)
class Identifiable:
    """The hidden layers of a network, bottom to top."""

    layers: tuple[Neurons, ...]
    parameters: int
    """Weights and biases of all layers, the top one included. Of convolutions those of the equal matrices."""
    hidden_parameters: int
    """Those that are incoming or outgoing weights, or the bias, of a hidden neuron."""
    points: int
    """Points at which the share ``on`` was taken."""

    @property
    def identifiable_share(self) -> float:
        """Share of all hidden neurons that are identifiable; 1 where there are none."""
        total = sum(len(layer.causes) for layer in self.layers)
        return sum(layer.count("identifiable") for layer in self.layers) / total if total else 1.0

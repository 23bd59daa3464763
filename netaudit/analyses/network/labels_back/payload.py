"""What is kept of the labels that were sent down the head and back."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Count, Payload, Record, Share

Labels = Literal["onehot", "softmax"]
"""One-hot labels, or the softmax of the network's outputs on real inputs."""
RealInputs = Literal["used", "absent", "unreachable", "not_finite"]
"""``unreachable``: the way from them to the head is not known. ``not_finite``: some outputs of the network are not."""


class LabelRun(Record, frozen=True):
    """Label vectors of one kind sent at one keep probability: how often the same label comes back."""

    source: Labels
    """What was sent."""
    rho: Annotated[float, Meta(gt=0, le=1)]
    """Dropout keep probability in every layer on the way down."""
    n: Count
    """Number of label vectors sent."""
    top1: Share
    """Share whose label is the largest output."""
    top5: Share | None
    """Share whose label is among the five largest outputs; None for up to five classes."""
    chance: Share
    """1 / number of classes."""
    twin_top1: Share
    """The same labels down and up Gaussian twins, networks of the same shapes, standard deviations and biases: the mean
    over them."""
    twin_lowest: Share
    """``top1`` of the twin that gives back the fewest."""
    twin_highest: Share
    """``top1`` of the twin that gives back the most."""
    permuted_top1: Share | None
    """The same with the layers' own entries, less their mean, in random places; None for a large head."""
    corrected_top1: Share | None
    """The same labels down the corrected reverse pass, and up the network itself; None for a large head."""
    control_top1: Share
    """The shadow sent forward through independent matrices, which must be near chance: a test of the method."""
    control_top5: Share | None
    """``top5`` of the control; None for up to five classes."""


class LabelsBack(Payload, frozen=True):
    """Labels sent down the head as shadows and forward again, beside Gaussian twins of the network."""

    runs: Annotated[tuple[LabelRun, ...], Meta(min_length=1, max_length=100)]
    """One a source and keep probability, without dropout first."""
    biases: Literal["used", "left_out"]
    """``used``: the shadow was given the norm of the real inputs, at which the biases count. ``left_out``: without real
    inputs the natural scale is not known."""
    twins: Annotated[int, Meta(ge=1)]
    """Number of Gaussian twins."""
    top_probability: Share | None
    """Mean largest entry of the softmax vectors, None without them. Where it is far below 1 they are no labels: one-hot
    ones stand beside them."""
    real_inputs: RealInputs
    """Whether real inputs were used, or why not."""
    reversed_as_relu: tuple[str, ...] = ()
    """Activations between the layers that were reversed as if they were ReLU, in alphabetical order."""
    top_activation: str = "linear"
    """What follows the top layer: left in place on the way forward, and not reversed."""

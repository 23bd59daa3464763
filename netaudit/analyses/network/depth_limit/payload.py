"""What is kept of runs of square layers and of residual blocks."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Bounded, Count, Payload, Record, Share, Values, same_length

Likeness = Literal["near_identity", "near_permutation", "beyond_null", "as_random", "undecided"]
"""``near_identity``: ||W - I|| at most 0.5. ``near_permutation``: the same with the units in another order.
``beyond_null``: W leans to I or away from it more than a random layer could. ``as_random``: its cosine with I, and what
the best order of the units gains, are those of a random layer to within 0.1. ``undecided``: anything else."""

Source = Literal["real", "gaussian"]
"""``real``: the real inputs of the audit. ``gaussian``: independent standard normal numbers of the input's shape."""

Width = Annotated[int, Meta(ge=1, le=10**9)]


class SquareLayer(Record, frozen=True):
    """One layer W ``[d, d]`` of a run beside the identity."""

    name: str
    """The layer's name (untrusted text)."""
    width: Width
    """d."""
    distance: Bounded
    """||W - I||, the spectral norm, from below: power iteration in float64."""
    at_most: Bounded
    """||W - I|| from above: what the bound uses."""
    z: Bounded
    """sqrt(d) tr(W) / ||W||_F: about standard normal for independent centred entries, d for W = I."""
    z_shuffled: Bounded
    """The same against the layer's own weights in random places, whose mean does not count: what is judged."""
    cosine: Annotated[float, Meta(ge=-1.000001, le=1.000001)]
    """tr(W) / (sqrt(d) ||W||_F), the cosine between W and I."""
    matched: Bounded | None
    """The largest cosine between W and a permutation matrix; None for a layer wider than 1,024."""
    matched_shuffled: Bounded | None
    """The same for the layer's own weights in random places, the largest of the draws."""
    matched_distance: Bounded | None
    """||W - Q||_F / sqrt(d) for the nearest permutation matrix Q."""
    bias: Bounded
    """||b||."""
    likeness: Likeness
    """The verdict."""


class RunOnData(Record, frozen=True):
    """A run of K layers on inputs; x_k is the input of layer k and x_K the output of the last. Each is a median."""

    steps: Values
    """||x_{k+1} - x_k|| / ||x_k|| for each layer."""
    control_steps: Values
    """The same in a run of the same widths at the initialisation of He et al., on the same inputs."""
    errors: Values
    """||x_K - x_m|| / ||x_K||, what leaving out the layers from m on changes, for m = 0 to K - 1."""
    bounds: Values
    """The rigorous bound on it: the sum over k >= m of ||W_k - I|| ||x_k|| + ||b_k|| + ||r(-x_k)||, over ||x_K||."""
    tightness: Values
    """The error over its bound, input by input: 1 for a tight bound."""

    def __post_init__(self) -> None:
        """Check that all are as many as the layers."""
        same_length(steps=self.steps, control_steps=self.control_steps, errors=self.errors, bounds=self.bounds,
                    tightness=self.tightness)  # fmt: skip


class SquareRun(Record, frozen=True):
    """At least three consecutive square layers of the head."""

    layers: tuple[SquareLayer, ...]
    """The layers, bottom to top."""
    control_distance: Bounded
    """||W - I|| of a layer of that width at the initialisation of He et al."""
    decay: tuple[Bounded, Bounded, Bounded] | None
    """The exponent a of ||W_k - I|| ~ k^-a and its 95 % interval; None where a distance is 0."""
    data: RunOnData | None
    """On real inputs; None without them."""


class Stage(Record, frozen=True):
    """K residual blocks, each of which takes what the one before gives. Each number is a median over the inputs."""

    blocks: tuple[str, ...]
    """Their names in the module, bottom to top (untrusted text)."""
    steps: Values
    """||x_{k+1} - x_k|| / ||x_k|| for each block, where x_k is its input."""
    errors: Values
    """||x_K - x_m|| / ||x_K||, what leaving out the blocks from m on changes at the end, for m = 0 to K - 1."""
    paths: Values
    """The sum of the measured steps over k >= m, over ||x_K||: no error exceeds it, by the triangle inequality."""
    bounds: Values | None
    """The same with a bound from the weights in place of each step; None where a branch is no chain of Linear and ReLU,
    whose blocks are measured only."""

    def __post_init__(self) -> None:
        """Check that all are as many as the blocks."""
        bounds = self.blocks if self.bounds is None else self.bounds
        same_length(blocks=self.blocks, steps=self.steps, errors=self.errors, paths=self.paths, bounds=bounds)


class Cut(Record, frozen=True):
    """The whole network without the last blocks of a stage."""

    stage: Count
    """The number of the stage, from 0."""
    left_out: Annotated[int, Meta(ge=1, le=10**6)]
    """How many blocks were left out."""
    change: Bounded
    """||f_cut - f|| / ||f|| for the outputs f, the median."""
    labels_kept: Share
    """Share of the inputs whose largest output is the same."""
    accuracy: Share | None
    """Share of right labels without the blocks; None without labels."""


class DepthLimit(Payload, frozen=True):
    """Square layers of the head and residual blocks of the network."""

    runs: tuple[SquareRun, ...]
    """Runs of at least three consecutive square layers of the head."""
    stages: tuple[Stage, ...]
    """Runs of residual blocks."""
    cuts: tuple[Cut, ...]
    """The network without the last blocks of a stage: every number of blocks, or as many as the time allows for."""
    inputs: Count
    """How many inputs the blocks were run on."""
    source: Source | None
    """What these inputs are; None without blocks."""
    accuracy: Share | None
    """Share of right labels of the whole network on them; None without labels."""

    def __post_init__(self) -> None:
        """Check that each cut is of a stage and leaves out no more blocks than it has."""
        for cut in self.cuts:
            if cut.stage >= len(self.stages) or cut.left_out > len(self.stages[cut.stage].blocks):
                raise ValueError("a cut leaves out blocks that are not there")

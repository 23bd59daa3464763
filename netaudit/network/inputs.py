"""Real inputs of a network, and how it takes a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """Real inputs ``x [N, ...]`` as the model takes them (float32), and their labels ``y [N]`` (int64) if known."""

    x: np.ndarray[Any, np.dtype[np.float32]]
    y: np.ndarray[Any, np.dtype[np.int64]] | None
    sha256: str
    name: str
    total: int | None = None
    """How many there are where they come from, if these are a draw; None where these are all."""
    unread: int = 0
    """How many of the chosen ones could not be read, such as damaged pictures."""

    def drawn(self, most: int, seed: int) -> Sample:
        """At most ``most`` of the inputs, by labels where there are some, in an order that mixes them.

        Itself where there are no more and the labels are mixed already: whoever takes the first of the inputs should
        have all classes.
        """
        import numpy as np

        if len(self.x) <= most and self.y is not None and bool((np.diff(self.y) < 0).any()):
            return self
        kept = stratified([0] * len(self.x) if self.y is None else self.y.tolist(), most, seed)
        kept = np.random.default_rng(seed).permutation(kept).tolist()
        y = None if self.y is None else self.y[kept]
        total = self.total or (len(self.x) if len(self.x) > most else None)
        return Sample(self.x[kept], y, self.sha256, self.name, total, self.unread)


def stratified(groups: Sequence[Any], most: int, seed: int) -> list[int]:
    """Indices of at most ``most`` items, ascending: of each group a share in proportion to its size, at random.

    Files are often sorted by label, so that their first inputs would be of a few classes alone.

    >>> stratified(["a"] * 6 + ["b"] * 3, 3, seed=0)[-1] >= 6
    True
    """
    import numpy as np

    members: dict[Any, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    if len(groups) <= most:
        return list(range(len(groups)))
    quotas = {group: most * len(indices) / len(groups) for group, indices in members.items()}
    sizes = {group: int(quota) for group, quota in quotas.items()}
    left = most - sum(sizes.values())
    for group in sorted(quotas, key=lambda group: sizes[group] - quotas[group])[:left]:  # largest remainders
        sizes[group] += 1
    generator = np.random.default_rng(seed)
    return sorted(
        int(index)
        for group, indices in members.items()
        for index in generator.choice(indices, sizes[group], replace=False)
    )


@dataclass(frozen=True)
class Preprocessing:
    """How a model takes a picture."""

    apply: Callable[[Image], Tensor]
    """Turns an RGB picture into one input, without the batch."""
    classes: Sequence[str] = ()
    """What each output stands for; empty when that is not known."""

"""What a rule is: it looks at declared tensors, and says which of them together stand for which weights."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, Protocol

from netaudit.formats.weights_file import Declared

if TYPE_CHECKING:
    from torch import Tensor


class Read(Protocol):
    """Reads one stored tensor by its name, or of its first axis one entry alone."""

    def __call__(self, name: str, index: int | None = None) -> Tensor:
        """The tensor, or ``tensor[index]``."""


@dataclass(frozen=True)
class Stored:
    """What a rule is shown: shapes and dtypes, and no numbers unless it asks for them."""

    declared: Mapping[str, Declared]
    read: Callable[[str], Tensor]
    """For what is needed to plan at all, and is small: a packed weight's true shape, an adapter's alpha."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The model's ``config.json``; empty where there is none."""
    adapter: Mapping[str, Any] = field(default_factory=dict)
    """The adapter's ``adapter_config.json``; empty where there is none."""
    shuffled: frozenset[str] = frozenset()
    """Fused projections of which it is known that their rows lie in an order of their own."""
    stacked: Mapping[str, bool] = field(default_factory=dict)
    """3-D weights of which it is known that each matrix is a layer, with whether it is ``[in, out]``."""

    def beginning(self, prefix: str) -> list[str]:
        """The names that begin with a prefix, without a look at all the others."""
        start = bisect_left(self._sorted, prefix)
        return list(takewhile(lambda name: name.startswith(prefix), islice(self._sorted, start, None)))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.declared)

    def usable(self, name: str) -> Declared | None:
        """The declared tensor of that name, if it is there and can be read."""
        found = self.declared.get(name)
        return found if found and not found.refusal else None


@dataclass(frozen=True)
class Made:
    """A weight that is computed from stored tensors when it is read."""

    name: str
    shape: tuple[int, ...]
    """Of the weight, ``[out, in]`` where it is a matrix."""
    compute: Callable[[Read], Tensor]
    """Gives the weight, from a function that reads its parts."""
    origin: str
    """What was done, in words."""
    dtype: str = "float32"
    """Without ``torch.``."""
    factors: Callable[[Read], tuple[Tensor, Tensor]] | None = None
    """Gives L ``[out, r]`` and R ``[r, in]`` in float64 where the weight is their product."""
    cut: tuple[str, Callable[[Tensor], Tensor]] | None = None
    """Of a weight that is some rows of another: that one's name, and what takes these rows of any matrix."""
    fan_out: int | None = None
    """Outputs of the tensor that it was cut from; None for what was not cut."""
    entry: Callable[[int, Read], Tensor] | None = None
    """Gives one entry of the weight's first axis (an expert) from those entries of its parts alone."""


@dataclass(frozen=True)
class Group:
    """Stored tensors that belong together."""

    parts: tuple[str, ...]
    """The names of the tensors that the weights take the place of."""
    made: tuple[Made, ...] = ()
    refusal: str = ""
    """Why no weight can be made; the parts are then listed as skipped for it."""


Rule = Callable[[Stored], Iterator[Group]]
"""Finds its groups. No tensor may be in two of them."""


def as_stored(name: str, read: Read) -> Tensor:
    """One stored tensor, for a weight that is the same under another name."""
    return read(name)


def rows_cut(tensor: Tensor, groups: int, start: int, stop: int) -> Tensor:
    """Of rows in equal groups the ``[start, stop)`` of each, in order: one part of a fused weight or bias."""
    return tensor.reshape(groups, -1, *tensor.shape[1:])[:, start:stop].reshape(-1, *tensor.shape[1:])

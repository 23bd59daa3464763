"""Which layer of one network is which of another: by name and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PREFIXES = ("module.", "model.", "_orig_mod.", "network.", "net.", "base_model.model.")
"""What wrappers put in front of every name: DataParallel, transformers and Lightning, torch.compile, PEFT."""

Shapes = Mapping[str, tuple[int, int]]
"""``(out, in)`` by the layer's name, in the network's order."""


@dataclass(frozen=True)
class Partners:
    """The layers that go together, and those that have no partner."""

    pairs: tuple[tuple[str, str], ...]
    """Names in A and in B, in the order of A."""
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    other_shape: tuple[str, ...]
    """Names in A of layers whose partner has another shape."""


def partners(first: Shapes, second: Shapes) -> Partners:
    """Match layers by name and shape; a prefix that all names of one network share is left aside.

    >>> theirs = {"model.fc1": (8, 4), "model.fc2": (3, 8), "model.fc3": (1, 3)}
    >>> found = partners({"fc1": (8, 4), "fc2": (2, 8)}, theirs)
    >>> found.pairs, found.other_shape, found.only_second
    ((('fc1', 'model.fc1'),), ('fc2',), ('model.fc3',))
    """
    ours, theirs = min(
        ((_without(first, one), _without(second, other)) for one in _prefixes(first) for other in _prefixes(second)),
        key=lambda both: -len(both[0].keys() & both[1].keys()),
    )
    pairs, other_shape, only_first = [], [], []
    for short, name in ours.items():
        partner = theirs.get(short)
        if partner is None:
            only_first.append(name)
        elif second[partner] == first[name]:
            pairs.append((name, partner))
        else:
            other_shape.append(name)
    only_second = [name for short, name in theirs.items() if short not in ours]
    return Partners(tuple(pairs), tuple(only_first), tuple(only_second), tuple(other_shape))


def _prefixes(shapes: Shapes) -> Sequence[str]:
    """Every prefix that all of the names have, the empty one first; wrappers may stand in one another."""
    found, left = [""], list(shapes)
    while left:
        prefix = next((each for each in PREFIXES if all(name.startswith(each) for name in left)), None)
        if prefix is None:
            break
        found.append(found[-1] + prefix)
        left = [name.removeprefix(prefix) for name in left]
    return found


def _without(shapes: Shapes, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): name for name in shapes}

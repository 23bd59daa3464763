"""Chains of layers: every order of all of them in which the outputs of one are the inputs of the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

STEPS = 20_000  # of the search; a chain of layers of many widths takes as many as it has layers


def chains(
    shapes: Sequence[tuple[int, int]], before: Mapping[int, set[int]] | None = None, most: int = 2
) -> list[tuple[int, ...]]:
    """At most ``most`` orders of all the layers, as places in ``shapes``.

    Args:
        shapes: ``(out, in)`` of each layer.
        before: for a place, those that must come earlier.
        most: so many are enough. A search that takes too long gives so many of no meaning: there are several.

    >>> chains([(10, 64), (64, 784), (64, 64)])
    [(1, 2, 0)]
    >>> len(chains([(64, 64), (64, 64)])), chains([(64, 32), (10, 32)])
    (2, [])
    """
    if not _possible(shapes):
        return []
    taking: dict[int, list[int]] = {}  # the layers by the number of their inputs
    for index, (_, inputs) in enumerate(shapes):
        taking.setdefault(inputs, []).append(index)
    found: list[tuple[int, ...]] = []
    before = before or {}
    path: list[int] = []
    used: set[int] = set()
    waiting: list[Iterator[int]] = [iter(range(len(shapes)))]
    for _ in range(STEPS):
        place = next(waiting[-1], None)
        if place is None:
            waiting.pop()
            if not waiting:
                return found
            used.discard(path.pop())
            continue
        if place in used or not before.get(place, set()) <= used:
            continue
        path.append(place)
        used.add(place)
        if len(path) == len(shapes):
            found.append(tuple(path))
            used.discard(path.pop())
            if len(found) == most:
                return found
        else:
            waiting.append(iter(taking.get(shapes[place][0], ())))
    return [tuple(range(len(shapes)))] * most


def _possible(shapes: Sequence[tuple[int, int]]) -> bool:
    """Whether widths balance as in a chain: each is left as often as entered, but for the first and the last."""
    balance = Counter(shape[1] for shape in shapes)
    balance.subtract(shape[0] for shape in shapes)
    return sum(abs(number) for number in balance.values()) <= 2

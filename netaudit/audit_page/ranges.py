"""What is said of many layers in one sentence: by range of blocks, and by kind of layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from netaudit.audit_page.kinds import Position, kinds
from netaudit.text import names, number
from netaudit.vocabulary import Verdict

_MOST_RANGES = 4
"""Changes of the verdict that a sentence lists; with more of them it counts."""
_AROUND = 3
"""Blocks on each side of one that say what most of them do there."""
_MOSTLY = 0.6
"""Share of the blocks of a range that have its verdict, where the others are passed over as "mostly"."""
_WORDS: dict[Verdict, str] = {
    "holds": "holds", "undecided": "undecided", "fails": "fails", "not_applicable": "not applicable",
}  # fmt: skip
_WORST: tuple[Verdict, ...] = ("fails", "undecided", "holds", "not_applicable")

Placed = Sequence[tuple[Position, Verdict]]


def in_ranges(placed: Placed) -> str:
    """The verdicts by kind and block, in a clause; of kinds without any verdict nothing.

    Where layers of one kind stand in one block with different verdicts, as the experts of a mixture do, the worst
    counts, and the clause says so.

    >>> q = [(Position("q", 0), "holds"), (Position("q", 1), "holds"), (Position("q", 2), "fails")]
    >>> in_ranges([*q, (Position("q", 3), "fails"), (Position("k", 0), "fails"), (Position("k", 1), "fails")])
    'q: holds in blocks 0–1, fails from 2 on; k: fails throughout'
    """
    clauses: dict[str, list[str]] = {}
    judged = [(position, verdict) for position, verdict in placed if verdict != "not_applicable"]
    for kind in kinds([position for position, _ in judged]):
        of_kind = by_depth([(position, verdict) for position, verdict in judged if position.kind == kind])
        clauses.setdefault(_ranges(of_kind), []).append(kind)
    mixed = (
        "; where a block has several layers of a kind, the worst of them counts"
        if len(set(judged)) > len({position for position, _ in judged})
        else ""
    )
    if len(clauses) == 1 and len(judged) == len(placed):
        return next(iter(clauses)) + mixed
    return "; ".join(f"{names(found, most=4)}: {clause}" for clause, found in clauses.items()) + mixed


def by_depth(placed: Placed) -> dict[int, Verdict]:
    """The verdict at each depth, the worst where several layers stand there."""
    found: dict[int, Verdict] = {}
    for position, verdict in sorted(placed, key=lambda each: each[0].depth):
        worst = found.get(position.depth, verdict)
        found[position.depth] = min(worst, verdict, key=_WORST.index)
    return found


def _ranges(found: Mapping[int, Verdict]) -> str:
    runs = _runs(found)
    if len(runs) == 1:
        return _WORDS[runs[0][0]] + (" throughout" if len(found) > 1 else "")
    if len(runs) <= _MOST_RANGES:
        return ", ".join(_range(verdict, at, at[-1] == max(found), place) for place, (verdict, at) in enumerate(runs))
    rough = _runs(_smoothed(found))
    if len(rough) <= _MOST_RANGES and all(_share(found, *run) >= _MOSTLY for run in rough):
        if len(rough) == 1:
            return f"mostly {_WORDS[rough[0][0]]}"
        clauses = [_range(verdict, at, at[-1] == max(found), place) for place, (verdict, at) in enumerate(rough)]
        return ", ".join(f"mostly {clause}" for clause in clauses)
    verdicts = list(found.values())
    counted = [f"{_WORDS[each]} in {number(verdicts.count(each))}" for each in _WORST if each in verdicts]
    return f"{', '.join(counted)} of {number(len(verdicts))} blocks"


def _runs(found: Mapping[int, Verdict]) -> list[tuple[Verdict, list[int]]]:
    return [(verdict, [depth for depth, _ in run]) for verdict, run in groupby(found.items(), key=lambda each: each[1])]


def _smoothed(found: Mapping[int, Verdict]) -> dict[int, Verdict]:
    """At each depth the verdict that most of the ``2 * _AROUND + 1`` blocks around it have."""
    depths, verdicts = list(found), list(found.values())
    smooth = {}
    for place, depth in enumerate(depths):
        around = verdicts[max(0, place - _AROUND) : place + _AROUND + 1]
        smooth[depth] = max(_WORST, key=around.count)
    return smooth


def _share(found: Mapping[int, Verdict], verdict: Verdict, at: Sequence[int]) -> float:
    return sum(found[depth] == verdict for depth in at) / len(at)


def _range(verdict: Verdict, at: Sequence[int], to_the_end: bool, place: int) -> str:
    word, noun = _WORDS[verdict], ("block " if len(at) == 1 else "blocks ") if place == 0 else ""
    if len(at) == 1:
        return f"{word} in {noun}{at[0]}"
    return f"{word} from {noun and 'block '}{at[0]} on" if to_the_end else f"{word} in {noun}{at[0]}–{at[-1]}"

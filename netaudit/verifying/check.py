"""What a verification looked at, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["same", "differs", "not checked"]
MOST_NAMED = 8
"""Differences of one kind that are named; the rest are counted."""


@dataclass(frozen=True)
class Check:
    """One question and its answer."""

    what: str
    """What was looked at."""
    outcome: Outcome
    says: str
    """What was compared, what differs, or why it was not checked."""


@dataclass(frozen=True)
class Verification:
    """Every check of one report."""

    report: str
    """The file's name."""
    checks: tuple[Check, ...]

    @property
    def same(self) -> bool:
        """Whether something was checked, and nothing differs."""
        outcomes = {check.outcome for check in self.checks}
        return "differs" not in outcomes and "same" in outcomes


def compared(what: str, differences: Sequence[str], same: str) -> Check:
    """A check of which every difference is known: the first of them in words, or what is the same."""
    return Check(what, "differs", "; ".join(_first(differences))) if differences else Check(what, "same", same)


def _first(differences: Sequence[str]) -> Iterator[str]:
    yield from differences[:MOST_NAMED]
    if len(differences) > MOST_NAMED:
        yield f"and {len(differences) - MOST_NAMED:,} more"

"""The widths of columns and pages of venues, in inches, as their style files set them.

Source: the style files, as the package tueplots 0.2.5 has them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Venue:
    """One venue's page."""

    name: str
    """As in ``--venue``."""
    column: float
    """Width of a column of text: that of a figure."""
    text: float
    """Width of the whole text; the column's where there is one column."""
    height: float
    """Height of the text."""


VENUES: tuple[Venue, ...] = (
    Venue("neurips", 5.5, 5.5, 9.0),
    Venue("icml", 3.25, 6.75, 9.0),
    Venue("iclr", 5.5, 5.5, 9.0),
    Venue("cvpr", 3.25, 6.875, 8.875),
    Venue("jmlr", 6.0, 6.0, 8.5),
)
NAMES: tuple[str, ...] = tuple(venue.name for venue in VENUES)
DEFAULT = "neurips"


def venue(name: str) -> Venue:
    """The venue of a name.

    Raises:
        ValueError: there is none.
    """
    found = {each.name: each for each in VENUES}
    if name not in found:
        raise ValueError(f"unknown venue {name!r}: venues are {', '.join(found)}")
    return found[name]

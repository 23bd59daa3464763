"""What is kept of special weights."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Count, Payload, Share

Kind = Literal[
    "identity",
    "diagonal",
    "permutation",
    "mask",
    "dead_rows",
    "dead_columns",
    "duplicate_rows",
    "duplicate_columns",
    "constant_rows",
    "constant_columns",
    "pruned",
    "heavy_entries",
    "quantised",
    "orthogonal",
    "rank_deficient",
]


class SpecialWeights(Payload, frozen=True, kw_only=True):
    """What about the weights no law of random entries speaks of. Rows are outputs and columns inputs."""

    kinds: Annotated[tuple[Kind, ...], Meta(max_length=15)]
    """What was found; empty for ordinary weights."""
    dead_rows: Count
    """Rows that are numerically zero."""
    dead_columns: Count
    """Columns that are numerically zero."""
    duplicate_rows: Count
    """Rows that are exactly equal to an earlier one, other than dead ones."""
    duplicate_columns: Count
    """Columns that are exactly equal to an earlier one, other than dead ones."""
    constant_rows: Count
    """Rows of one value that is not zero."""
    constant_columns: Count
    """Columns of one value that is not zero."""
    pruned_share: Share
    """Share of exact zeros outside dead rows and columns, where they are more than chance and dtype allow; else 0."""
    heavy_entries: Count
    """Single weights that each make a spike of their own, whatever the scales of the units."""
    heavy_limit: float
    """From how many times on the root mean square that Gaussian weights of its row and column would have."""
    levels: Count | None
    """Number of different values, where what is left is quantised; else None."""
    levels_by_row: bool
    """Whether each row has its own levels; ``levels`` is then the median row's."""
    step: float | None
    """Distance of the levels where they lie on one lattice, in the weights' own units; else None."""
    orthogonal: Literal["rows", "columns"] | None
    """Which are orthogonal to each other, if any: those of the smaller side."""
    rank: Count | None
    """Number of singular values above the rounding of the decomposition; None where not each of them is known."""
    full_rank: Count
    """The smaller side without dead rows and columns and copies: the rank that is left to have."""
    left: Share
    """Share of the weights outside dead and constant rows and columns, heavy ones and, if pruned, zeros left out."""


def columns(payload: SpecialWeights) -> dict[str, str | float | None]:
    """The columns of a data frame of layers."""
    return {"special_weights": ", ".join(payload.kinds), "pruned_share": payload.pruned_share, "levels": payload.levels}

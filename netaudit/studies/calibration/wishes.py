"""Structured layers, and what theory wishes each analysis to say of them.

docs/method.md says why; where theory says nothing of an analysis, there is no wish. The layers are 256 x 256 unless
said, and strengths are in the units of their scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netaudit.studies.calibration.scenarios import Shape

SQUARE: Shape = (256, 256)

H1, H3, H4, LADDER = "gaussian_weights", "singular_law", "shadow_inversion", "random_likeness"
_HOLDS, _FAILS = ("holds",), ("fails",)


@dataclass(frozen=True)
class Wish:
    """Layers of one kind, and the answers that theory allows, by analysis."""

    scenario: str
    strength: float
    wanted: Mapping[str, tuple[str, ...]]
    shape: Shape = SQUARE


WISHES: tuple[Wish, ...] = (
    # independent entries of another law: the spectrum does not see it while the fourth moment is finite
    Wish("student_t", 5, {H1: _FAILS, H3: _HOLDS, H4: ("holds", "undecided"), LADDER: ("as_drawn",)}),
    Wish("student_t", 8, {H1: ("undecided", "fails"), H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("uniform", 0, {H1: _FAILS, H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("shifted", 0.05, {H1: _HOLDS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    # scales alone: the fixed gauge undoes them
    Wish("row_scales", 0.25, {H3: _FAILS, H4: _HOLDS, LADDER: ("unit_scales",)}),
    Wish("column_scales", 0.25, {H3: _FAILS, H4: _HOLDS, LADDER: ("unit_scales",)}),
    Wish("gammas", 0.3, {H3: _FAILS, H4: _HOLDS, LADDER: ("unit_scales",)}),
    # profiles whose rows and columns have one mean square follow the same law
    Wish("checkerboard", 4, {H1: _FAILS, H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("waves", 0.9, {H1: ("undecided", "fails"), H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("blocks", 4, {H1: _HOLDS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    # zeros: the non-zeros are judged, the spectrum is that of independent entries
    Wish("random_zeros", 0.5, {H1: _HOLDS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("random_zeros", 0.9, {H1: _HOLDS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("pruned", 0.5, {H1: _FAILS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("pruned", 0.9, {H1: _FAILS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    # directions: below the threshold none can be seen
    Wish("spike", 0.8, {H1: _HOLDS, H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("spike", 5, {H3: _FAILS, LADDER: ("directions 1",)}),
    Wish("ten_of_5_ten_of_2", 0, {H3: _FAILS, LADDER: ("directions 20",)}),
    Wish("one_of_30_ten_of_1.8", 0, {H3: _FAILS, LADDER: ("directions 11",)}),
    Wish("three_of_12_ten_of_2", 0, {H3: _FAILS, LADDER: ("directions 13",)}),
    Wish("twenty_of_1.2", 0, {LADDER: ("as_drawn", "directions")}),
    Wish("correlated", 0.2, {H1: _HOLDS, H3: _HOLDS, LADDER: ("as_drawn", "directions")}),
    Wish("correlated", 0.5, {H1: _HOLDS, H3: _FAILS}),
    # special weights are set aside first
    Wish("repeated_rows", 0.05, {H3: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("repeated_rows", 0.5, {H3: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("dead_rows", 0.1, {H1: _HOLDS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("huge_weight", 40, {H1: _HOLDS, H3: _HOLDS, LADDER: ("as_drawn",)}),
    # better than a random layer to invert, and no random matrix
    Wish("orthogonal", 0, {H1: _HOLDS, H3: _FAILS, H4: _HOLDS, LADDER: ("none",)}),
    Wish("circulant", 0, {H3: _FAILS, H4: _HOLDS, LADDER: ("none",)}),
    # few levels: the entries are not Gaussian, the spectrum is that of independent ones
    Wish("levels", 0, {H1: _FAILS, H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("ternary", 0, {H1: _FAILS, H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("levels", 7, {H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("levels", 127, {H1: _HOLDS, H3: _HOLDS, H4: _HOLDS, LADDER: ("as_drawn",)}),
    Wish("product", 0, {H3: _FAILS, LADDER: ("local",)}),
    # few outputs
    Wish("correlated", 0.2, {H1: _HOLDS, LADDER: ("not_applicable",)}, (10, 1000)),
    Wish("spike", 20, {LADDER: ("not_applicable",)}, (10, 1000)),
    Wish("random_zeros", 0.5, {H1: _HOLDS, LADDER: ("as_drawn",)}, (33, 3000)),
    Wish("column_scales", 0.5, {LADDER: ("unit_scales",)}, (48, 400)),
)

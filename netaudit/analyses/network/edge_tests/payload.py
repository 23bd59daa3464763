"""P-values from a tabulated law, corrected for their number. No verdict rests on them."""

from __future__ import annotations

from typing import Literal

from netaudit.results.payload import Payload, Record, Share


class EdgeTest(Record, frozen=True):
    """The Tracy-Widom test of one layer's largest singular value."""

    layer: str
    """Name of the layer."""
    p_value: Share
    """How often the largest singular value of a Gaussian matrix of its shape scores higher."""
    adjusted: Share
    """The p-value corrected over the family: reject at level a what lies at or below a."""


class EdgeTests(Payload, frozen=True):
    """The family: one test a layer, and no others."""

    method: Literal["holm"]
    """How the family is corrected."""
    tests: tuple[EdgeTest, ...]
    """In the order of the layers."""

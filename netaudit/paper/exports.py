"""What an audit can be written as beside its page, by the name of the format."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netaudit.analyses.analysis import Analysis
from netaudit.paper.bundle import bundle
from netaudit.paper.card import card
from netaudit.paper.numbers import csv_files, parquet_files
from netaudit.paper.venues import DEFAULT, venue
from netaudit.report.document.model import Bundles
from netaudit.results.report import Report


def bundles(report: Report, analyses: Sequence[Analysis], venue_name: str = DEFAULT) -> Bundles:
    """What makes the files of each format; nothing is made before it is called.

    Raises:
        ValueError: no such venue.
    """
    return {
        "latex": partial(bundle, report, analyses, venue(venue_name)),
        "csv": partial(csv_files, report, analyses),
        "parquet": partial(parquet_files, report, analyses),
        "card": partial(card, report, analyses),
    }

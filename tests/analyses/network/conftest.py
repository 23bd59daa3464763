"""The place of a network analysis in a report of a chosen head."""

from types import SimpleNamespace

import pytest

from netaudit.analyses.analysis import Place
from netaudit.results.report import HeadResult


@pytest.fixture
def place():
    def of(*layers, skipped=(), inferred=False):
        head = HeadResult(layers, ("relu",) * len(layers), inferred=inferred)
        return Place(SimpleNamespace(head=head, skipped=tuple(skipped)))

    return of

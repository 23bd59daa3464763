"""The committed pages of the geometry: made again from their JSON they are the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from readers import without_drawings

from netaudit.report.renderers.html import to_html
from netaudit.studies.pages import PAGES

REPORTS = Path(__file__).parents[2] / "reports"
STEMS = [stem for stem in ("geometry-claims", "injectivity", "linear-regions") if (REPORTS / stem).exists()]


@pytest.mark.parametrize("stem", STEMS)
def test_made_again_it_is_the_same(stem: str) -> None:
    text = (REPORTS / stem / f"{stem}.json").read_text(encoding="ascii")
    made = PAGES[stem](json.loads(text))
    assert made.to_json() == text
    committed = (REPORTS / stem / f"{stem}.html").read_text(encoding="utf-8")
    assert without_drawings(to_html(made.document())) == without_drawings(committed)


def test_every_bar_of_the_verdicts_is_met() -> None:
    """After a change of a verdict the study is made again: ``make geometry-claims``."""
    file = REPORTS / "geometry-claims" / "geometry-claims.json"
    if not file.exists():
        pytest.skip("the study is not committed yet")
    assert [line for line in json.loads(file.read_text("ascii"))["lines"] if line["met"] is False] == []

"""The committed comparisons, laid out again from their JSON; after a change of the page: ``make pages``."""

import re
from pathlib import Path

import pytest

from netaudit.comparing.result import Comparison
from netaudit.studies.comparison.samples import SAMPLES

REPORTS = Path(__file__).parents[2] / "reports" / "comparison"
WORDS = {"fine-tuned": "fine_tuned", "int8": "requantised"}


def without_drawings(page):
    """The HTML without its drawings: their lines move with Matplotlib's version, the words do not."""
    return re.sub(r"<svg.*?</svg>", lambda svg: "".join(re.findall(r"<title.*?</title>", svg[0])), page, flags=re.S)


@pytest.mark.parametrize("name", SAMPLES)
def test_laid_out_again_it_is_the_same(name, tmp_path):
    folder = REPORTS / name
    found = Comparison.from_json(folder / "compare.json")
    assert found.words == (WORDS[name],)
    found.write(tmp_path, formats=["html", "json"])
    assert (tmp_path / "compare.json").read_bytes() == (folder / "compare.json").read_bytes()
    again, committed = ((where / "compare.html").read_text(encoding="utf-8") for where in (tmp_path, folder))
    assert without_drawings(again) == without_drawings(committed)

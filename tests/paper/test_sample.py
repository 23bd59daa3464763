"""The committed bundle, made again from the JSON of the sample; after a change of it: ``make pages``."""

from hashlib import sha256
from pathlib import Path

from netaudit.analyses.table import installed
from netaudit.paper.bundle import bundle
from netaudit.paper.venues import venue
from netaudit.studies.pages import VENUE

FOLDER = Path(__file__).parents[2] / "reports" / "paper"


def test_made_again_it_is_the_same(report, monkeypatch):
    monkeypatch.setattr(
        "netaudit.paper.bundle.to_pdf", lambda figure, width: b"%PDF"
    )  # Matplotlib's version moves lines
    again = bundle(report, installed(), venue(VENUE))
    committed = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    manifest = committed.pop("MANIFEST.txt").decode()
    assert again.keys() == committed.keys()
    for path, content in again.items():
        assert path.endswith(".pdf") or content == committed[path], path
    assert sorted(manifest.splitlines()) == sorted(f"{sha256(c).hexdigest()}  {path}" for path, c in committed.items())

"""The survey: what it finds in wheels and runs, what it leaves out, and its page."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
import torch
from readers import without_drawings

from netaudit.report.renderers.html import to_html
from netaudit.studies.calibration import structured
from netaudit.studies.survey import measure, page, plan

FOLDER = Path(__file__).parents[2] / "reports" / "survey"


def silent(message, done, total):
    pass


@pytest.fixture
def small(monkeypatch):
    """Two packages, one start of one shape, and no bundled network."""
    packages = (
        plan.Package("some-model", "1.0", ("some/net.pt", "some/none.pt")),
        plan.Package("absent", "2.0", ("x",)),
    )
    for name, value in {
        "PACKAGES": packages, "BUNDLED": (), "STARTS": ("torch_default", "orthogonal"), "SHAPES": ((40, 64),),
    }.items():  # fmt: skip
        monkeypatch.setattr(measure, name, value)


@pytest.fixture
def wheels(tmp_path):
    generator = torch.Generator().manual_seed(0)
    weight = structured.planted(((1, 6.0),), (64, 96), 0.0, generator)
    state = {"fc1.weight": weight, "fc2.weight": torch.randn(10, 64, generator=generator)}
    packed = BytesIO()
    torch.save(state, packed)
    with zipfile.ZipFile(tmp_path / "Some_Model-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("some/net.pt", packed.getvalue())
        archive.writestr("../outside.pt", b"")
    return tmp_path


def test_it_audits_what_there_is_and_names_what_is_not(small, wheels):
    told = []
    data = measure.measure(wheels, [wheels / "no-run"], 0, lambda *words: told.append(words))
    assert [(layer["group"], layer["network"], layer["layer"]) for layer in data["layers"]] == [
        ("trained", "some-model: some/net.pt", "fc1"),
        ("trained", "some-model: some/net.pt", "fc2"),
        ("starts", "torch_default", "40x64"),
        ("starts", "orthogonal", "40x64"),
    ]
    first, second, drawn, orthogonal = data["layers"]
    assert (first["rung"], first["directions"]) == ("directions", 1)
    assert 0 < first["share"] < 1
    assert second["rung"] is None
    assert (drawn["rung"], drawn["share"], drawn["start"], drawn["family"]) == (
        "as_drawn",
        1,
        "as_drawn",
        "torch_default",
    )
    assert (orthogonal["rung"], orthogonal["share"], orthogonal["family"]) == ("none", 0, "orthogonal")
    assert [missing["name"] for missing in data["missing"]] == [
        "some-model: some/none.pt",
        "absent 2.0",
        "epochs of no-run",
    ]
    assert [done for _, done, _ in told] == [0, 1, 2]
    again = json.loads(json.dumps(data, allow_nan=False))
    assert measure.measure(wheels, [wheels / "no-run"], 0, silent) == again


def test_a_file_that_cannot_be_read_is_named_without_a_path(small, wheels):
    with zipfile.ZipFile(wheels / "Some_Model-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("some/net.pt", b"no network")
    data = measure.measure(wheels, [], 0, silent)
    [why] = [missing["why"] for missing in data["missing"] if missing["name"] == "some-model: some/net.pt"]
    assert "/tmp" not in why
    assert {layer["group"] for layer in data["layers"]} == {"starts"}


def test_epochs_are_thinned():
    files = [Path(f"{epoch:03}.safetensors") for epoch in range(21)]
    assert [int(file.stem) for file in measure._thinned(files)] == [0, 1, 2, 5, 10, 20]


def test_the_page_says_how_the_shares_spread(small, wheels):
    data = json.loads(json.dumps(measure.measure(wheels, [], 0, silent)))
    document = page.document(data).document()
    assert [section.identifier for section in document.sections] == ["summary", "shares", "layers", "how"]
    judged = [layer for layer in data["layers"] if layer["rung"]]
    one, two, _ = page.sentences(data, judged[:1], judged[1:])
    assert one == "1 trained layer with 32 and more inputs and outputs, from 1 file: 1 up to directions."
    assert "of 2 random starts it is 100% in 1 and 0% in 1" in two
    assert "absent 2.0: its wheel is not in the folder" in to_html(document)
    nothing = page.sentences({"layers": []}, [], [])
    assert all("nan" not in text for text in nothing)


@pytest.mark.skipif(not FOLDER.exists(), reason="the survey is not committed")
class TestCommitted:
    """The committed survey."""

    data = json.loads((FOLDER / "survey.json").read_text("ascii")) if FOLDER.exists() else {}

    def test_made_again_it_is_the_same(self):
        committed = (FOLDER / "survey.html").read_text("utf-8")
        assert without_drawings(to_html(page.document(self.data).document())) == without_drawings(committed)

    def test_random_starts_are_random_and_known(self):
        starts = [layer for layer in self.data["layers"] if layer["group"] == "starts"]
        assert len(starts) == len(plan.STARTS) * len(plan.SHAPES)
        for layer in starts:
            orthogonal = layer["network"] == "orthogonal"
            assert layer["rung"] == ("none" if orthogonal else "as_drawn")
            assert layer["start"] == "as_drawn"
            assert layer["network"] in layer["families"]

    def test_every_package_is_there_or_named(self):
        told = {layer["network"].partition(":")[0] for layer in self.data["layers"]}
        told |= {missing["name"].partition(" ")[0].rstrip(":") for missing in self.data["missing"]}
        assert told >= {package.name for package in plan.PACKAGES} | set(plan.BUNDLED)

    def test_the_docs_say_what_it_found(self):
        text = " ".join((FOLDER.parents[1] / "docs" / "claims.md").read_text("utf-8").split())
        rungs = Counter(layer["rung"] for layer in self.data["layers"] if layer["group"] == "trained" and layer["rung"])
        random = [layer["rung"] for layer in self.data["layers"] if layer["group"] == "starts"]
        for said in (
            f"Of {rungs.total()} trained layers and gates",
            f"{rungs['directions']} are random-like up to directions, {rungs['unit_scales']} up to unit scales",
            f"{rungs['local']} only locally, {rungs['none']} not at all, {rungs['undecided']} cannot be told, and "
            f"{rungs['as_drawn']} are as drawn",
            f"All {random.count('as_drawn')} random starts that are not orthogonal are as drawn",
        ):
            assert said in text

"""The study of truncation: from kept epochs to its page, and the committed page from its JSON."""

import json
from pathlib import Path

import pytest
import torch
from charts_of import charts_of
from readers import without_drawings
from safetensors.torch import save_file

from netaudit.errors import SourceError
from netaudit.report.renderers.html import to_html
from netaudit.sources.hubs.zoo import open_zoo, root
from netaudit.studies.truncation import measure, page

CPU = torch.device("cpu")
COMMITTED = Path(__file__).parents[3] / "reports" / "truncation"


def silent(message, done, total):
    """No progress."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of two kept epochs: the bundled network, and before it the same with branches of half the size."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("card.json", "model.safetensors", "sample.npz"):
        (folder / name).symlink_to(root() / "cifar10-resmlp" / name)
    (folder / "epochs").mkdir()
    state = open_zoo("cifar10-resmlp").module().state_dict()
    halves = {name: value / 2 if "branch.fc2" in name else value for name, value in state.items()}
    for number, tensors in ((0, halves), (30, state)):
        save_file(
            {name: value.contiguous() for name, value in tensors.items()}, folder / f"epochs/{number:03}.safetensors"
        )
    return folder


@pytest.fixture(scope="module")
def data(folder):
    return measure.measure(folder, CPU, silent)


def test_the_end_is_the_bundled_network(data):
    first, last = data["states"]
    assert (first["epoch"], last["epoch"]) == (0, 30)
    assert last["accuracy"] == pytest.approx(data["network"]["accuracy"]["sample"], abs=0.003)
    assert last["blocks"] == [f"block{number}" for number in range(1, 11)]
    assert [cut["kept"] for cut in last["cuts"]] == list(range(10))
    assert last["single"][-1] == {key: last["cuts"][-1][key] for key in ("change", "labels_kept", "accuracy")}
    for state in (first, last):
        assert state["exceeded"] == 0
        assert all(a <= b <= c for a, b, c in zip(state["change"], state["path"], state["bound"], strict=True))
        low, middle, high = state["steps"]
        assert all(a <= b <= c for a, b, c in zip(low, middle, high, strict=True))
    assert max(first["steps"][1]) < min(last["steps"][1])


def test_its_page(data):
    document = page.document(data).document(draw=False)
    identifiers = [section.identifier for section in document.sections]
    assert identifiers == ["summary", "steps", "stream", "outputs", "how"]
    words = page.sentences(data)
    assert "Training makes the blocks move the stream more" in words[1]
    assert "not even the last block can be left out" in words[2]
    assert "held in every case" in words[4]


def test_words_of_other_outcomes(data):
    last = data["states"][-1]
    falling = [last["steps"][0], [0.5**k for k in range(10)], last["steps"][2]]
    cuts = [cut | {"labels_kept": 0.5 + cut["kept"] / 18} for cut in last["cuts"]]
    other = last | {"steps": falling, "cuts": cuts, "bound": None, "tightness": None}
    words = page.sentences(data | {"states": [data["states"][0], other]})
    assert "late blocks approach the identity." in words[1]
    assert "the last 1 block can be left out" in words[2]
    assert words[4] == "No bound by the weights is known for these blocks: they are measured only."
    exceeded = page.sentences(data | {"states": [last | {"exceeded": 3}, last]})
    assert "was exceeded 3 times" in exceeded[4]


def test_folders_that_hold_no_such_run(folder, tmp_path):
    with pytest.raises(SourceError, match="no epochs of a training run"):
        measure.measure(tmp_path, CPU, silent)
    with pytest.raises(SourceError, match="the network has no residual blocks"):
        measure.state(open_zoo("mnist-mlp"), CPU)


def test_the_committed_page_is_made_from_its_json():
    text = (COMMITTED / "truncation.json").read_text(encoding="ascii")
    made = page.document(json.loads(text))
    assert made.to_json() == text
    assert without_drawings(to_html(made.document())) == without_drawings(
        (COMMITTED / "truncation.html").read_text(encoding="utf-8")
    )
    assert {path.stem for path in (COMMITTED / "figures").iterdir()} == {chart.stem for chart in charts_of(made)}


def test_the_committed_end_is_the_bundled_network(data):
    committed = json.loads((COMMITTED / "truncation.json").read_text(encoding="ascii"))["states"][-1]
    now = data["states"][-1]
    for key in ("change", "path", "bound"):
        assert now[key] == pytest.approx(committed[key], rel=1e-4), key
    for one, other in zip(now["cuts"], committed["cuts"], strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=0.003)  # one image of 400

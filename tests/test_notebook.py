"""The notebook in docs/ runs from its first cell to its last, and is committed without outputs."""

import ast
import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parent.parent / "docs" / "example.ipynb"


@pytest.fixture(scope="module")
def cells():
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module")
def shown(cells, tmp_path_factory):
    """What each cell's last expression gives, as a notebook would show it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        names, values = {}, []
        for cell in cells:
            if cell["cell_type"] == "code":
                values.append(last_value("".join(cell["source"]), names))
        return values


def last_value(source, names):
    *before, last = ast.parse(source).body
    exec(compile(ast.Module(before, []), str(NOTEBOOK), "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)
    exec(compile(ast.Module([last], []), str(NOTEBOOK), "exec"), names)
    return None


def test_it_runs(shown):
    report, wide, judged, names, figure, card, cost, spikes = shown
    page = report._repr_html_()
    assert "Gaussian weights" in page
    assert "<script" not in page
    assert list(wide.name) == ["7"]
    assert (judged.low <= judged.value).all()
    assert (judged.value <= judged.high).all()
    assert len(judged) >= 2
    assert "layer_001_weights" in names
    assert figure.get_size_inches()[0] == 5.5
    assert "netaudit: begin" in card[0]
    assert cost["measurements"] == 3
    assert list(spikes.index) == [0, 20, 40]
    assert spikes.loc[40].sum() > spikes.loc[0].sum()  # training writes directions into the weights


def test_it_is_committed_without_outputs(cells):
    for cell in cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert NOTEBOOK.stat().st_size < 20_000

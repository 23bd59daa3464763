import pytest
from netaudit.report.bundle import prepare

from netaudit.errors import ReportError
from netaudit.report import render_html, render_pdf, write_figures, write_reports


@pytest.fixture
def small(build, build_layer):
    return build([build_layer("fc")], skipped=[])


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_all_formats_from_one_drawing(small, tmp_path, monkeypatch):
    prepared = []
    monkeypatch.setattr("netaudit.report.bundle.prepare", lambda report: prepared.append(report) or prepare(report))
    written = write_reports(small, tmp_path / "out", ("json", "html", "pdf"))
    out = tmp_path / "out"
    assert list(written) == ["figures", "html", "pdf", "json"]  # the order of writing: JSON is the sign of completion
    assert files(out) == [
        "audit.html",
        "audit.json",
        "audit.pdf",
        "figures/layer_001_biases.svg",
        "figures/layer_001_shadow_error.svg",
        "figures/layer_001_singular_values.svg",
        "figures/layer_001_weights.svg",
        "figures/stack_labels.svg",
    ]
    assert len(prepared) == 1
    assert written["json"].read_text(encoding="ascii") == small.to_json()
    assert written["html"].read_text(encoding="utf-8") == render_html(small)
    assert written["pdf"].read_bytes() == render_pdf(small)
    page = written["html"].read_text(encoding="utf-8")
    for path in written["figures"].iterdir():
        declaration, svg = path.read_text(encoding="utf-8").split("\n", 1)
        assert declaration == '<?xml version="1.0" encoding="utf-8"?>'
        assert svg in page


def test_json_alone_draws_nothing(small, tmp_path, monkeypatch):
    monkeypatch.setattr("netaudit.report.bundle.prepare", None)
    assert list(write_reports(small, tmp_path, ["json"])) == ["json"]
    assert files(tmp_path) == ["audit.json"]


def test_json_is_not_written_unasked(small, tmp_path):
    assert list(write_reports(small, tmp_path, {"html"})) == ["figures", "html"]
    assert "audit.json" not in files(tmp_path)


def test_no_json_after_a_failure(small, tmp_path):
    (tmp_path / "audit.pdf").mkdir()
    with pytest.raises(ReportError, match=r"audit\.pdf: cannot write: it is not a regular file"):
        write_reports(small, tmp_path, ("html", "pdf", "json"))
    assert "audit.json" not in files(tmp_path)
    assert not [name for name in files(tmp_path) if name.endswith(".tmp")]


def test_unknown_format(small, tmp_path):
    with pytest.raises(ReportError, match=r"^unknown format 'docx'$"):
        write_reports(small, tmp_path / "out", ("html", "docx"))
    assert not (tmp_path / "out").exists()


def test_no_figures_folder_without_figures(build, tmp_path):
    from netaudit.results import StackResult

    empty = build([], stack=StackResult((), False, (), ()))
    assert list(write_reports(empty, tmp_path, ("html",))) == ["html"]
    assert files(tmp_path) == ["audit.html"]


def test_write_figures_returns_their_paths(small, tmp_path):
    paths = write_figures(small, tmp_path / "figures")
    assert paths[0].name == "layer_001_weights.svg"
    assert sorted(paths) == sorted((tmp_path / "figures").iterdir())


def test_importing_the_room_is_cheap(run_python):
    code = """
import sys
import netaudit.report, netaudit.files
heavy = {"torch", "matplotlib", "pandas", "scipy", "jinja2", "typst"} & set(sys.modules)
assert not heavy, heavy
"""
    assert run_python(code) == ""


def test_rendering_loads_no_torch_no_laws_no_analysers(small, tmp_path, run_python):
    small.to_json(tmp_path / "audit.json")
    code = f"""
import sys
from pathlib import Path
from netaudit.report import write_reports
from netaudit.results import AuditReport
folder = Path({str(tmp_path)!r})
write_reports(AuditReport.from_json(folder / "audit.json"), folder, ("html", "pdf"))
names = ("netaudit.numerics", "netaudit.analyses")
loaded = [name for name in sys.modules if name == "torch" or name.startswith(names)]
assert not loaded, loaded
"""
    assert run_python(code) == ""
    assert {"audit.html", "audit.pdf"} <= set(files(tmp_path))

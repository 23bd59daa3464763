"""The public door: a report in every form, read back and written, its data frame."""

import subprocess
import sys

import pytest
from synthetic.audits import as_json, report

import netaudit
from netaudit.analyses.layer.power_law.payload import NAMES
from netaudit.analyses.table import BUILT_IN
from netaudit.api import AuditReport
from netaudit.errors import ReportError

QUANTILES = ("q01", "median", "q99")


@pytest.fixture(scope="module")
def made():
    """The typical report, with the methods of the public door."""
    return AuditReport.of(report(), BUILT_IN)


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    """It, written in every format."""
    out = tmp_path_factory.mktemp("out")
    made.write(out, ("html", "pdf", "text", "json"))
    return out


def test_it_is_read_back_equal(made, folder):
    for source in (made.to_json(), folder / "audit.json", str(folder / "audit.json")):
        again = AuditReport.from_json(source)
        assert again == made
        assert isinstance(again, AuditReport)
    assert again.to_html() == made.to_html()
    assert made.to_dict() == as_json(made)


def test_one_method_a_format(made, folder, tmp_path):
    assert made.to_json(tmp_path / "a.json") == (folder / "audit.json").read_text(encoding="ascii")
    assert made.to_html(tmp_path / "a.html") == (folder / "audit.html").read_text(encoding="utf-8")
    assert made.to_pdf(tmp_path / "a.pdf") == (folder / "audit.pdf").read_bytes()
    for name in ("json", "html", "pdf"):
        assert (tmp_path / f"a.{name}").read_bytes() == (folder / f"audit.{name}").read_bytes()
    figures = made.write_figures(tmp_path / "figures")
    assert [path.name for path in figures][:3] == ["verdicts.svg", "layer_001_weights.svg", "layer_001_biases.svg"]
    assert {path.name for path in figures} == {path.name for path in (folder / "figures").iterdir()}


def test_json_and_text_alone_draw_nothing(made, tmp_path, monkeypatch):
    monkeypatch.setattr("netaudit.report.document.finish.draw_figure", None)
    assert list(made.write(tmp_path, ["json"])) == ["json"]
    assert list(made.write(tmp_path, ["text", "json"])) == ["json", "text"]
    with pytest.raises(ReportError, match="unknown format 'docx'"):
        made.write(tmp_path, ["docx"])


def test_a_report_takes_the_place_of_an_earlier_one_as_a_whole(made, tmp_path, monkeypatch):
    for name in ("audit.html", "audit.pdf", "run.json", "notes.txt"):
        (tmp_path / name).write_text("earlier")
    with monkeypatch.context() as patched:
        patched.setattr("netaudit.report.renderers.text.to_text", None)
        with pytest.raises(TypeError):
            made.write(tmp_path, ["json", "text"])
    assert {path.name for path in tmp_path.iterdir()} == {"audit.html", "audit.pdf", "run.json", "notes.txt"}
    assert made.write(tmp_path, ["json", "text"])["text"] == tmp_path / "audit.txt"
    assert {path.name for path in tmp_path.iterdir()} == {"audit.json", "audit.txt", "notes.txt"}


def test_a_data_frame_has_a_row_a_layer(made):
    rows = made.to_dataframe().to_dict("records")
    first = rows[0]
    assert [row["name"] for row in rows] == ["classifier.1", "classifier.4", "classifier.6"]
    assert list(first)[:5] == ["name", "out", "in", "dtype", "activation"]
    assert (first["out"], first["in"], first["dtype"]) == (400, 640, "float16")
    assert (first["gaussian_weights.verdict"], first["gaussian_weights.ks_gaussian"]) == ("fails", 0.0432)
    assert first["shadow_inversion.gain_as_stored"] == 1.21


def test_the_metrics_of_other_tools_have_their_column_names(made):
    row = made.to_dataframe().to_dict("records")[0]
    theirs = "N M Q num_evals lambda_max spectral_norm log_spectral_norm norm log_norm stable_rank mp_softrank sv_max "
    theirs += "sv_min matrix_rank rank_loss alpha xmin xmax D sigma num_pl_spikes alpha_weighted log_alpha_norm"
    ours = ["alpha_low", "alpha_high"] + [f"{name}_null_{q}" for name in ["alpha", "D"] for q in QUANTILES]
    ours += ["vuong", "alpha_unit_scales", "D_unit_scales"]
    assert list(row)[list(row).index("N") :] == theirs.split() + ours
    assert tuple(theirs.split()) == NAMES
    assert (row["N"], row["alpha"], row["alpha_low"], row["alpha_high"]) == (640, 2.6796, 2.309, 3.249)
    assert [row[f"alpha_null_{q}"] for q in QUANTILES] == [5.484, 10.34, 37.64]


@pytest.mark.parametrize(("option", "value"), [("nulls", "many"), ("spectrum", "fast")])
def test_levels_that_do_not_exist_are_refused_before_anything_is_read(option, value):
    with pytest.raises(ValueError, match=f"{option} must be one of .*, got '{value}'"):
        netaudit.audit("no-such-network", **{option: value})


def test_rendering_loads_no_torch_and_nothing_that_computes(folder, tmp_path):
    code = f"""
import sys
from netaudit import AuditReport
AuditReport.from_json({str(folder / "audit.json")!r}).write({str(tmp_path)!r}, ("html", "pdf", "text"))
names = ("netaudit.numerics", "netaudit.shadow", "netaudit.sources", "netaudit.auditing.loop")
heavy = ("torch", "pandas", "jsonschema")
print(*[name for name in sys.modules if name in heavy or name.startswith(names) or name.endswith(".measure")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert (tmp_path / "audit.html").read_bytes() == (folder / "audit.html").read_bytes()

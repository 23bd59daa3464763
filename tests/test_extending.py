"""What others add: an analysis in a package of its own, one passed to audit(), a format of reports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from readers import squashed, text_of_pdf

import netaudit
from netaudit.report.document.model import Method, Paragraph, Presentation, Span
from netaudit.results import Payload

EXAMPLE = Path(__file__).parent / "example_package"


def run(*arguments, cwd, site):
    """``netaudit`` in a process of its own that finds the packages in ``site``: exit code, output, errors."""
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "netaudit", *map(str, arguments)],
        cwd=cwd, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the example package, installed by pip."""
    folder = tmp_path_factory.mktemp("site")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, "--target", folder, EXAMPLE], check=True)
    return folder


@pytest.fixture(scope="module")
def audited(site, tmp_path_factory):
    """An audit of a tiny file with the example package installed: its folder and what was printed."""
    folder = tmp_path_factory.mktemp("audit")
    weight = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    torch.save({"fc.weight": weight, "fc.bias": torch.full((40,), 0.1)}, folder / "net.pt")
    code, out, err = run("net.pt", "--out", "out", cwd=folder, site=site)
    assert (code, err) == (0, "")
    return folder, out, weight.double().norm(dim=1)


def test_an_installed_analysis_is_in_every_format(audited):
    folder, out, norms = audited
    data = json.loads((folder / "out" / "audit.json").read_text())
    payload = {"smallest": pytest.approx(float(norms.min())), "largest": pytest.approx(float(norms.max()))}
    assert data["layers"][0]["analyses"]["row_norms"] == payload
    assert data["provenance"]["settings"]["analyses"][-1] == "row_norms"
    line = f"Row norms layer by layer: fc: the row norms lie between {norms.min():.3g} and {norms.max():.3g}."
    table, method = "Row norms of layer fc.", "A row norm is the Euclidean norm of one row of "
    page = (folder / "out" / "audit.html").read_text(encoding="utf-8")
    printed = text_of_pdf((folder / "out" / "audit.pdf").read_bytes())
    assert line in out
    assert all(text in page for text in (line, table, method))
    assert squashed(line) in printed
    assert squashed(table) not in printed  # on paper numbers stand in the attached JSON alone


def test_it_is_listed_and_chosen_by_name(audited, site):
    folder, _, _ = audited
    code, out, _ = run("analyses", cwd=folder, site=site)
    assert code == 0
    [row] = [line for line in out.splitlines() if line.startswith("row_norms")]
    assert "How evenly are the norms of a layer's rows spread?" in row
    assert "an installed package" in row
    code, out, err = run(
        "net.pt", "--analyses", "row_norms,gaussian_weights", "--out", "two", "--format", "json", cwd=folder, site=site
    )
    assert (code, err) == (0, "")
    data = json.loads((folder / "two" / "audit.json").read_text())
    assert list(data["layers"][0]["analyses"]) == ["gaussian_weights", "row_norms"]
    assert data["analyses"] == {}


def test_without_the_package_its_numbers_stay_and_are_named(audited, tmp_path):
    folder, _, _ = audited
    source = folder / "out" / "audit.json"
    code, _, err = run("render", source, "--format", "html,json", "--out", tmp_path, cwd=tmp_path, site="")
    assert (code, err) == (0, "")
    assert (tmp_path / "audit.json").read_bytes() == source.read_bytes()
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "row_norms: </strong>this analysis is not installed here; its numbers are in audit.json." in page
    with_it = (folder / "out" / "audit.html").read_text(encoding="utf-8")
    assert "not installed here" not in with_it


@pytest.mark.parametrize(
    ("source", "value", "says"),
    [
        ("raise ImportError('no such library')", "broken:ANALYSIS", "cannot be loaded: ImportError: no such library"),
        ("", "broken:ANALYSIS", "cannot be loaded: AttributeError"),
        ("ANALYSIS = 7", "broken:ANALYSIS", "names no netaudit Analysis"),
        (
            "from netaudit.analyses.layer.power_law import ANALYSIS",
            "broken:ANALYSIS",
            "two analyses are called power_law",
        ),
        ("", "no_such_module:ANALYSIS", "cannot be loaded: ModuleNotFoundError"),
    ],
)
@pytest.mark.parametrize("arguments", [["analyses"], ["net.pt", "--out", "out"]], ids=["analyses", "audit"])
def test_a_broken_package_is_one_clear_line(tmp_path, source, value, says, arguments):
    torch.save({"fc.weight": torch.randn(40, 30)}, tmp_path / "net.pt")
    (tmp_path / "site" / "broken-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "site" / "broken.py").write_text(source)
    metadata = tmp_path / "site" / "broken-1.0.dist-info"
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[netaudit.analyses]\nbroken = {value}\n")
    code, out, err = run(*arguments, cwd=tmp_path, site=tmp_path / "site")
    lines = err.splitlines()
    assert (code, out) == (2, "")
    assert says in lines[0]
    assert lines[0].startswith("netaudit: error: ")
    assert all(line.startswith("hint: ") for line in lines[1:])
    assert "bug in netaudit" not in err


class Depth(Payload, frozen=True):
    """How deep the head is."""

    layers: int
    """Number of its layers."""


def depth(**parts):
    """A network analysis of one's own."""
    fixed = {
        "name": "head_depth",
        "title": "Depth of the head",
        "asks": "How deep is the head?",
        "scope": "network",
        "needs": ("head",),
        "payload": Depth,
        "measure": lambda context: Depth(len(context.network.head.layers)),
        "present": lambda payload, place: Presentation(
            line=f"The head has {payload.layers} layers",
            facts=(("Depth of the head", str(payload.layers)),),
            blocks=(Paragraph((Span(f"They are {payload.layers}."),)),),
        ),
        "method": lambda: Method(("The layers of the head are counted.",)),
    }
    return netaudit.Analysis(**(fixed | parts))


def test_a_network_analysis_of_one_s_own(mlp, tmp_path):
    report = netaudit.audit(mlp, analyses=["gaussian_weights", depth()], device="cpu")
    assert report.analyses == {"head_depth": Depth(3)}
    assert list(report.layers[0].analyses) == ["gaussian_weights"]
    page = report.to_html()
    for text in (
        "The head has 3 layers.",
        "They are 3.",
        "Depth of the head</h3>",
        "The layers of the head are counted.",
    ):
        assert text in page
    assert squashed("3.1 Depth of the head") in text_of_pdf(report.to_pdf())
    report.to_json(tmp_path / "audit.json")
    again = netaudit.AuditReport.from_json(tmp_path / "audit.json")
    assert again.analyses == {"head_depth": {"layers": 3}}  # not installed: the object as it is
    assert again.to_json() == report.to_json()


def test_what_it_needs_and_does_not_find_is_said(tmp_path):
    torch.save({"fc.weight": torch.randn(40, 30)}, tmp_path / "net.pt")
    report = netaudit.audit(tmp_path / "net.pt", analyses=["gaussian_weights", depth(needs=("cells",))], device="cpu")
    assert report.analyses["head_depth"].note == "The network has no recurrent cells."
    assert "Depth of the head: </strong>The network has no recurrent cells." in report.to_html()


def test_two_analyses_of_one_name_are_refused(mlp):
    with pytest.raises(netaudit.NetauditError, match="two analyses are called head_depth"):
        netaudit.audit(mlp, analyses=[depth(), depth()])
    with pytest.raises(netaudit.NetauditError, match="no analysis is called nonsense"):
        netaudit.audit(mlp, analyses=["nonsense"])


TOY_FORMAT = """
import sys
from netaudit.report.renderers import table
shout = table.Renderer("shout", ".loud", lambda document: document.title.upper().encode(), "the title, loudly")
table.RENDERERS = (shout, *table.RENDERERS)
table.FORMATS = tuple(renderer.name for renderer in table.RENDERERS)
from netaudit.cli.main import main
main(sys.argv[1:])
"""
"""What one more row of the table is, before anything reads it."""


def test_a_format_of_reports_is_one_row_of_a_table(audited, tmp_path):
    folder, _, _ = audited

    def call(*arguments):
        command = [sys.executable, "-c", TOY_FORMAT, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    for command in ("audit", "render"):
        told = " ".join(call(command, "--help").stdout.split())
        assert "Reports to write, of shout, html, pdf, text, latex, csv, parquet, card, json." in told
    done = call("render", folder / "out" / "audit.json", "--format", "shout,text", "--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Report: {tmp_path / 'audit.loud'}, {tmp_path / 'audit.txt'}\n"
    assert (tmp_path / "audit.loud").read_text() == "AUDIT OF NET.PT"

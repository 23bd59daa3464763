"""What a real engine makes of the bundle: `make test-paper`. Needs pdflatex and bibtex."""

import re
import shutil
import subprocess

import pikepdf
import pytest
from comparisons import committed
from comparisons import hostile as hostile_comparison
from paper_reports import HOSTILE, renamed

from netaudit.analyses.table import installed
from netaudit.comparing.paper.macros import macros as macros_of_comparison
from netaudit.paper.bundle import bundle
from netaudit.paper.macros import macros
from netaudit.paper.venues import VENUES
from netaudit.report.renderers.bundled import latex
from netaudit.report.write import write_files

pytestmark = pytest.mark.paper
MOST = 3.0  # points that a line may reach into the margin: about a millimetre

TWO_COLUMNS = r"""\documentclass[10pt,twocolumn]{article}
\usepackage[textwidth=%(text)sin,textheight=9in,columnsep=%(gap)sin]{geometry}
\usepackage{amsmath,amssymb,array,booktabs,graphicx,longtable}
\newcommand{\netauditpath}{paper}
\input{paper/macros}
\begin{document}\sloppy\emergencystretch=3em
\input{paper/methods}
\begin{table}\caption{Verdicts.}\input{paper/tables/verdicts}\end{table}
\begin{table}\caption{Counts.}\input{paper/tables/counts}\end{table}
\begin{table}\caption{Network.}\input{paper/tables/network}\end{table}
\begin{figure}\includegraphics{paper/figures/layer_001_weights}\caption{Weights.}\end{figure}
\begin{itemize}
%(macros)s
\end{itemize}
\onecolumn
\input{paper/appendix-body}
\bibliographystyle{plain}
\bibliography{paper/audit}
\end{document}
"""


def compiled(folder, stem, bibtex=0):
    """Compile a document as an author would, and give what the engine says of the last pass.

    ``bibtex`` is the exit code of BibTeX: 2 where two bundles bring one entry, of which it takes the first.
    """
    for program in ("pdflatex", "bibtex", "pdflatex", "pdflatex"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed")
        command = (
            [program, stem] if program == "bibtex" else [program, "-interaction=nonstopmode", "-no-shell-escape", stem]
        )
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert done.returncode == (bibtex if program == "bibtex" else 0), done.stdout.decode("latin-1")[-3000:]
    return (folder / f"{stem}.log").read_text(encoding="latin-1")


def looked_over(log):
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log)]
    assert max(wide, default=0.0) <= MOST, log
    assert "There were undefined" not in log
    assert "Missing character" not in log


def fits(found, kind):
    return isinstance(found, pikepdf.Dictionary) and found.get("/Type") == kind


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
def test_the_appendix_compiles_alone(hostile, venue, tmp_path):
    write_files(bundle(hostile, installed(), venue), tmp_path)
    looked_over(compiled(tmp_path, "appendix"))
    with pikepdf.open(tmp_path / "appendix.pdf") as pdf:
        fonts = {str(each.get("/Subtype")) for each in pdf.objects if fits(each, "/Font")}
    assert fonts
    assert "/Type3" not in fonts


@pytest.mark.parametrize("name", ["icml", "cvpr"])
def test_a_paper_in_two_columns_takes_it_in(report, name, tmp_path):
    [venue] = [each for each in VENUES if each.name == name]
    write_files(bundle(report, installed(), venue), tmp_path / "paper")
    every = "\n".join(rf"\item \raggedright \{macro.name}{{}}" for macro in macros(report, installed()))
    text = TWO_COLUMNS % {"text": venue.text, "gap": round(venue.text - 2 * venue.column, 3), "macros": every}
    (tmp_path / "main.tex").write_text(text)
    looked_over(compiled(tmp_path, "main"))


@pytest.mark.parametrize(("venue", "times"), [("neurips", 1), ("icml", 1), ("cvpr", 20)])
def test_the_appendix_of_a_comparison_compiles_alone(venue, times, tmp_path):
    found = hostile_comparison(committed("fine-tuned"), times)
    write_files(latex(found.document(draw=False, venue=venue)), tmp_path)
    looked_over(compiled(tmp_path, "appendix"))


COMPARISON = r"""\documentclass[10pt,twocolumn]{article}
\usepackage[textwidth=6.75in,textheight=9in,columnsep=0.25in]{geometry}
\usepackage{amsmath,amssymb,array,booktabs,graphicx,longtable}
\newcommand{\netauditpath}{audit}
\input{audit/macros}
\input{comparison/macros}
\begin{document}\sloppy\emergencystretch=3em
\input{comparison/methods}
%(tables)s
\begin{itemize}
%(macros)s
\end{itemize}
\onecolumn
\input{audit/appendix-body}
\renewcommand{\netauditpath}{comparison}
\input{comparison/appendix-body}
\bibliographystyle{plain}
\bibliography{audit/audit,comparison/audit}
\end{document}
"""


def test_a_paper_takes_an_audit_and_a_comparison(report, tmp_path):
    """Their macros have other prefixes; BibTeX takes the first of two entries of one key and says so."""
    found = committed("int8")
    files = latex(found.document(draw=False, venue="icml"))
    write_files(files, tmp_path / "comparison")
    [venue] = [each for each in VENUES if each.name == "icml"]
    write_files(bundle(report, installed(), venue), tmp_path / "audit")
    floats = {
        path: "table*" if content.count(rb"\arraybackslash}p{") > 5 else "table"
        for path, content in files.items()
        if path.startswith("tables/")
    }
    assert set(floats.values()) == {"table", "table*"}
    tables = "\n".join(rf"\begin{{{kind}}}\input{{comparison/{path}}}\end{{{kind}}}" for path, kind in floats.items())
    every = "\n".join(rf"\item \raggedright \{macro.name}{{}}" for macro in macros_of_comparison(found, "0" * 64))
    (tmp_path / "main.tex").write_text(COMPARISON % {"tables": tables, "macros": every})
    looked_over(compiled(tmp_path, "main", bibtex=2))


def test_a_hundred_layers(report, tmp_path):
    many = renamed(report, HOSTILE, times=34)
    [venue] = [each for each in VENUES if each.name == "icml"]
    write_files(bundle(many, installed(), venue), tmp_path)
    looked_over(compiled(tmp_path, "appendix"))

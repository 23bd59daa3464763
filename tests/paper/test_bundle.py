"""The bundle for a paper: its files, its macros, its words, and what hostile names do to them."""

import re
import string
from dataclasses import replace
from hashlib import sha256
from io import BytesIO

import msgspec
import pikepdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netaudit.analyses.table import BUILT_IN, installed
from netaudit.api import AuditReport
from netaudit.audit_page.method import SHARED_REFERENCES
from netaudit.paper import citations
from netaudit.paper.bundle import bundle
from netaudit.paper.macros import letters, macros
from netaudit.paper.methods import methods, own_entries
from netaudit.paper.venues import VENUES, venue
from netaudit.report.document.model import Method
from netaudit.report.latex.escape import escaped, name
from netaudit.report.latex.spans import words
from netaudit.results.long_form import layer_rows
from netaudit.text import number


@pytest.fixture(scope="module")
def files(report):
    few = {"labels_back": report.analyses["labels_back"]}
    return bundle(msgspec.structs.replace(report, layers=report.layers[:2], analyses=few), installed(), venue("icml"))


@pytest.fixture(scope="module")
def hostile_files(hostile):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netaudit.paper.bundle.to_pdf", lambda figure, width: b"%PDF")
        return bundle(hostile, installed(), venue("cvpr"))


def test_the_same_audit_gives_the_same_bytes(report):
    bias = {"constant_bias": report.layers[0].analyses["constant_bias"]}
    layer = msgspec.structs.replace(report.layers[0], analyses=bias)
    alone = msgspec.structs.replace(report, layers=(layer,), analyses={})
    first, second = (bundle(alone, installed(), venue("icml")) for _ in range(2))
    assert first == second
    assert any(path.endswith(".pdf") for path in first)


def test_figures_are_as_wide_as_the_column_and_have_truetype_fonts(files):
    pdfs = {path: content for path, content in files.items() if path.endswith(".pdf")}
    assert len(pdfs) > 10
    for content in pdfs.values():
        with pikepdf.open(BytesIO(content)) as pdf:
            [page] = pdf.pages
            assert float(page.mediabox[2]) == pytest.approx(72 * 3.25, abs=0.01)
            fonts = [str(font.Subtype) for font in page.Resources.Font.values()]
            assert "/Type3" not in fonts
            assert "/CreationDate" not in (pdf.trailer.get("/Info") or {})


def test_text_files_are_ascii_but_for_markdown(hostile_files):
    for path, content in hostile_files.items():
        if path.endswith((".tex", ".bib")):
            assert content.isascii(), path


def test_every_macro_has_a_name_of_its_own_made_of_letters(report, hostile):
    for each in (report, hostile):
        names = [macro.name for macro in macros(each, installed())]
        assert all(re.fullmatch("NA[A-Za-z]+", one) for one in names)
        assert len(set(names)) == len(names)


@settings(max_examples=30)
@example(["a_1", "a_one", "a1", "", "_"])
@given(st.lists(st.text(string.ascii_lowercase + "_0123456789", max_size=6), min_size=1))
def test_no_two_metrics_share_a_macro(report, metrics):
    first = report.layers[0]
    finding = msgspec.structs.replace(first.finding("gaussian_weights"), metrics=dict.fromkeys(metrics, 1.0))
    layer = msgspec.structs.replace(first, analyses={"gaussian_weights": finding})
    found = macros(msgspec.structs.replace(report, layers=(layer,)), installed())
    assert len({macro.name for macro in found}) == len(found)


def test_a_macro_holds_the_number_that_the_report_prints(report, files):
    text = files["macros.tex"].decode()
    value = report.layers[1].finding("gaussian_weights").metrics["ks_gaussian"]
    line = f"\\newcommand{{\\NALayerBGaussianWeightsKsGaussian}}{{\\ensuremath{{{number(value)}}}}}"
    assert line in text
    rows = [row for row in layer_rows(report) if row.metric == "ks_gaussian" and row.low is not None]
    assert all(row.low <= row.value <= row.high for row in rows)
    assert len(rows) == 3


@pytest.mark.parametrize(("part", "made"), [("a1b", "AOneB"), ("", "X"), ("ks_gaussian", "KsGaussian")])
def test_letters(part, made):
    assert letters(part) == made


@given(st.text())
def test_escaped_text_has_no_command_of_its_own(text):
    """What is left without our own commands and escapes holds no character that TeX would take for an order."""
    assert escaped(text).isascii()
    rest = re.sub(r"\\[{}$&#%_]", "", escaped(text))
    rest = re.sub(r"\$[^$]*\$", "", rest)  # our own mathematics
    rest = re.sub(r"\\[a-zA-Z]+(\{\})?|\\[\"'`^~=.]", "", rest)
    assert not re.search(r"[\\$&#%_^\x00-\x1f]", rest)
    assert rest.count("{") == rest.count("}")


def test_a_name_can_be_broken_and_stays_a_name():
    made = name(r"\input{a}" + "x" * 40)
    assert r"\input" not in made
    assert max(map(len, re.sub(r"\\texttt\{", "", made).split(r"\allowbreak{}"))) < 40


def test_hostile_names_never_reach_a_file_unescaped(hostile_files):
    files = hostile_files
    assert all(re.fullmatch(r"[a-zA-Z0-9_./-]+", path) for path in files)
    for path in ("macros.tex", "appendix-body.tex", "methods.tex", "tables/verdicts.tex", "audit.bib"):
        text = files[path].decode()
        code = "\n".join(re.sub(r"(?<!\\)%.*", "", line) for line in text.splitlines())
        assert r"\write18" not in code
        assert r"\input{/etc" not in code
        assert r"\end{document}" not in code
    assert "<script>" not in files["methods.md"].decode()


def test_a_comment_ends_with_its_line(hostile_files):
    lines = hostile_files["macros.tex"].decode().splitlines()
    assert all(line.startswith(("%", "\\newcommand{\\NA")) for line in lines)


def test_references_become_entries():
    every = {line for analysis in BUILT_IN if analysis.method for line in analysis.method().references}
    entries = citations.entries([*every, *SHARED_REFERENCES])
    assert len({entry.key for entry in entries}) == len(every | set(SHARED_REFERENCES))
    for entry in entries:
        assert {"author", "title", "year"} <= entry.fields.keys(), entry
        assert entry.kind == "article" or entry.kind == "book" or "eprint" in entry.fields, entry
    [lilliefors] = [entry for entry in entries if entry.key == "lilliefors1967"]
    assert lilliefors.fields["volume"] == "62"
    assert lilliefors.fields["pages"] == "399--402"


def test_two_references_of_one_key_get_letters():
    lines = ["A. Hill (1975). One title. Journal 1, 1–2.", "B. Hill (1975). Another. Journal 1, 3–4."]
    assert citations.keys(lines) == {lines[0]: "hill1975a", lines[1]: "hill1975b"}


def test_every_citation_has_its_entry_and_every_analysis_its_sentence(files):
    bib = set(re.findall(r"@\w+\{([^,]+),", files["audit.bib"].decode()))
    cited = {key for keys in re.findall(r"\\cite\{([^}]+)\}", files["methods.tex"].decode()) for key in keys.split(",")}
    assert {"netaudit", "lilliefors1967", "tracy1996", "wellek2010"} <= cited <= bib
    known = {citations.base_key(line) for line in SHARED_REFERENCES}
    for analysis in BUILT_IN:
        part = analysis.method() if analysis.method else None
        if part is not None:
            own = known | {citations.base_key(line) for line in part.references}
            assert part.sentence.endswith("."), analysis.name
            assert set(re.findall(r"@(\w+)", part.sentence)) <= own, analysis.name


def test_both_forms_of_the_methods_say_the_same_numbers(report):
    found = macros(report, installed())
    by_name = {macro.name: macro.text for macro in found}
    written = methods(report, installed(), found)
    used = re.findall(r"\\(NA[A-Za-z]+)\{\}", written.latex)
    assert {"NALayers", "NASeed", "NAVersion", "NAModel"} <= set(used)
    assert all(by_name[one] in written.markdown.replace("\\", "") for one in used)


def test_exceptions_are_said_once_with_how_many_layers_they_are_of(report):
    text = methods(report, installed(), macros(report, installed())).markdown
    assert text.count("For 1 of 3 layers, Singular value law (H3) was not judged") == 1


def test_the_method_is_of_what_ran(report):
    layers = tuple(
        msgspec.structs.replace(layer, analyses={"constant_bias": layer.analyses["constant_bias"]})
        for layer in report.layers
    )
    only = msgspec.structs.replace(report, layers=layers, analyses={})
    text = methods(only, installed(), macros(only, installed())).markdown
    assert "biases are essentially constant" in text
    assert "Marchenko" not in text


def test_a_broken_part_of_a_third_party_costs_the_others_nothing(report):
    [own] = [analysis for analysis in installed() if analysis.name == "constant_bias"]

    def raises(payload):
        raise RuntimeError("no")

    broken = replace(own, method=lambda: Method(("x",), sentence="Broken {no_such_formula}.", exceptions=raises))
    analyses = [broken if analysis is own else analysis for analysis in installed()]
    text = methods(report, analyses, macros(report, analyses)).markdown
    assert "Constant bias cannot be described" in text
    assert "Marchenko" in text


def test_a_figure_that_fails_is_a_sentence(report, monkeypatch):
    from netaudit.paper import bundle as module

    def fails(figure, width):
        if figure.stem == "layer_001_weights":
            raise MemoryError
        return b"%PDF"

    monkeypatch.setattr(module, "to_pdf", fails)
    files = bundle(report, installed(), venue("icml"))
    assert "figures/layer_001_weights.pdf" not in files
    body = files["appendix-body.tex"].decode()
    assert "layer_001_weights" not in body
    assert "A figure could not be drawn" in body


def test_every_file_that_is_taken_in_is_there(files):
    for path in ("appendix.tex", "appendix-body.tex"):
        text = files[path].decode()
        taken = re.findall(r"\\(?:input|includegraphics)(?:\[[^]]*\])?\{(?:\\netauditpath/)?([^}]+)\}", text)
        assert taken
        for each in taken:
            assert each in files or f"{each}.tex" in files


def test_the_manifest_is_as_sha256sum_prints_it(report, tmp_path):
    written = report.write(tmp_path, ["csv"])
    lines = (written["csv"] / "MANIFEST.txt").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["layers.csv", "metrics.csv", "network.csv"]
    for line in lines:
        digest, path = line.split("  ")
        assert sha256((tmp_path / "csv" / path).read_bytes()).hexdigest() == digest


def test_venues():
    assert [each.name for each in VENUES] == ["neurips", "icml", "iclr", "cvpr", "jmlr"]
    with pytest.raises(ValueError, match="unknown venue 'nature': venues are neurips"):
        venue("nature")


CELLS = ("GRU, reset gate, from the input", "GRU, new gate, from the state")


@pytest.mark.parametrize(
    ("origins", "says", "counted"),
    [
        (("Linear", "Linear", "Linear"), "fully connected layers", "3 fully connected layers ("),
        (("Linear", *CELLS), "fully connected layers and matrices of recurrent cells",
         "1 fully connected layer and 2 matrices of recurrent cells ("),
        ((*CELLS, CELLS[0]), "matrices of recurrent cells", "3 matrices of recurrent cells ("),
    ],
)  # fmt: skip
def test_the_gates_of_a_cell_are_no_fully_connected_layers(report, origins, says, counted):
    layers = tuple(
        msgspec.structs.replace(layer, origin=origin) for layer, origin in zip(report.layers, origins, strict=True)
    )
    made = AuditReport.of(msgspec.structs.replace(report, layers=layers), installed())
    document = made.document(draw=False)
    assert document.subtitle == f"How random-like are its {says}, and can they be run in reverse?"
    found = macros(made, installed())
    assert f"We audited {counted}" in methods(made, installed(), found).markdown
    [card] = document.bundles["card"]().values()
    assert f"How random-like are the {says}, and can they be run in reverse?".encode() in card


def test_a_break_in_the_bibliography_never_stands_in_a_command():
    """A version of a report is a stranger's text: forty signs of it are several hundred in LaTeX."""
    own = own_entries("\\" * 40, "key", "Audit of " + "\\" * 30, "version " + "\\" * 60 + " and the hash " + "0f" * 32)
    for field in (own[1].fields["note"], own[1].fields["title"]):
        pieces = field.split(r"\allowbreak{}")
        assert len(pieces) > 2
        assert all("\\" not in piece.replace(r"\textbackslash{}", "") for piece in pieces)
    assert max(len(word) for word in own[1].fields["note"].split(r"\allowbreak{}")[-5:]) <= 8


def test_a_word_breaks_as_it_is_printed():
    r"""A sign that no font has is printed as \u5c42: six signs, and not one."""
    pieces = words("层" * 6, 12).split(r"\allowbreak{}")
    assert max(len(piece.replace(r"\textbackslash{}", "x")) for piece in pieces) <= 6

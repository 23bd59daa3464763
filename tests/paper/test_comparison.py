"""The bundle of a comparison: the same files as an audit's, its own macros and words, and hostile names."""

import re
import string
import unicodedata

import msgspec
import pytest
from comparisons import committed, hostile

from netaudit.cli.main import main
from netaudit.comparing.page.method import REFERENCES
from netaudit.comparing.paper.macros import macros
from netaudit.comparing.paper.methods import methods
from netaudit.comparing.payload import MetricChange, VerdictChange
from netaudit.paper import citations
from netaudit.report.document.model import Paragraph, Table
from netaudit.report.renderers.bundled import latex
from netaudit.results.fingerprint import FIELD
from netaudit.text import number, percent

MARK = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def found():
    return committed("fine-tuned")


@pytest.fixture(scope="module")
def files(found):
    return latex(found.document(draw=False, venue="icml"))


@pytest.fixture
def undrawn(monkeypatch):
    monkeypatch.setattr("netaudit.paper.bundle.to_pdf", lambda figure, width: b"%PDF")


def texts(found):
    return {macro.name: macro.text for macro in macros(found, MARK)}


def test_it_has_the_files_of_an_audits_bundle(found, files):
    assert {path for path in files if "/" not in path} == {
        "README.md", "macros.tex", "methods.tex", "methods.md", "audit.bib", "appendix.tex", "appendix-body.tex",
    }  # fmt: skip
    assert {"tables/summary.tex", "tables/pair-1-difference.tex", "tables/method.tex", "figures/changes.pdf"} <= set(
        files
    )
    assert files == latex(found.document(draw=False, venue="icml"))


def test_the_json_is_the_same_for_every_venue(found):
    with pytest.raises(ValueError, match="unknown venue 'nature'"):
        found.document(draw=False, venue="nature")
    assert found.document(draw=False, venue="cvpr").json == found.to_json()


def test_every_table_and_figure_is_taken_in_once(files):
    body = files["appendix-body.tex"].decode()
    for path in files:
        if path.startswith("figures/"):
            assert body.count(path) == 1
        if path.startswith("tables/"):
            caption = files[path].decode().splitlines()[0].removeprefix("% ")[:12]
            assert body.count(f"\\caption{{{caption}") == 1


def test_the_answer_stands_once_at_the_top(files):
    body = files["appendix-body.tex"].decode()
    assert body.count("changed a little, as fine-tuning does.") == 1
    assert body.index("changed a little") < body.index(r"\subsection{Method}")
    assert body.count("D is the difference of the weights") == 1


def test_what_is_said_of_several_networks_is_said_once(found):
    noted = msgspec.structs.replace(found.pairs[0], notes=("The order is not known.",))
    twice = msgspec.structs.replace(found, pairs=(noted, noted))
    assert methods(twice, MARK, macros(twice, MARK)).markdown.count("The order is not known.") == 1


def test_macros_hold_what_the_payload_says(found):
    pair = found.pairs[0]
    layers = tuple(
        msgspec.structs.replace(
            layer,
            overlap=msgspec.structs.replace(layer.overlap, left=0.1, right=0.2, left_null=0.3, right_null=0.4),
        )
        for layer in pair.layers
    )
    pair = msgspec.structs.replace(pair, layers=layers)
    said = texts(msgspec.structs.replace(found, pairs=(pair,)))
    assert said["NCNetworkBWord"] == "fine-tuned"
    assert said["NCNetworkBLayers"] == str(len(pair.layers))
    for place, layer in zip(string.ascii_uppercase, pair.layers, strict=False):
        start = f"NCNetworkBLayer{place}"
        assert said[f"{start}Rank"] == number(layer.rank)
        assert said[f"{start}Size"] == percent(layer.change.relative)
        assert said[f"{start}Spikes"] == number(layer.change.spikes)
        assert said[f"{start}CosineLow"] == number(layer.interval[0])
        assert said[f"{start}OverlapInputs"] == percent(layer.overlap.right)
        assert said[f"{start}OverlapOutputsIndependent"] == percent(layer.overlap.left_null)
    sizes = sorted(layer.change.relative for layer in pair.layers)
    assert said["NCNetworkBSizeSmallest"] == percent(sizes[0])
    assert said["NCNetworkBSizeMedian"] == percent(sizes[1])
    assert said["NCNetworkBSizeLargest"] == percent(sizes[-1])


def test_macros_count_words_and_changes(found):
    one, two, three = found.pairs[0].layers
    pair = msgspec.structs.replace(
        found.pairs[0],
        layers=(
            msgspec.structs.replace(one, word="identical", update="none"),
            msgspec.structs.replace(two, word="unrelated", update="low_rank"),
            three,
        ),
        only_first=("a",),
        only_second=("b",),
        other_shape=("c",),
        verdicts=(VerdictChange("a", "b", "holds", "fails"),),
        metrics=(MetricChange("a", "b", "c", 1.0, 2.0, (0.5, 1.5)), MetricChange("a", "b", "d", 1.0, 2.0, (-1, 1.5))),
    )
    said = texts(msgspec.structs.replace(found, pairs=(pair,)))
    wanted = {
        "Identical": "1", "Unrelated": "1", "FineTuned": "1", "ShareChanged": percent(2 / 3), "LowRank": "1",
        "WithoutPartner": "3", "VerdictsChanged": "1", "NumbersChanged": "1",
    }  # fmt: skip
    assert {name: said[f"NCNetworkB{name}"] for name in wanted} == wanted


def test_names_are_of_letters_and_no_two_are_the_same(found):
    names = [macro.name for macro in macros(hostile(found, times=10), MARK)]
    assert all(re.fullmatch("NC[A-Za-z]+", name) for name in names)
    assert len(set(names)) == len(names)


def test_the_methods_are_of_what_ran(found):
    every = macros(found, MARK)
    text = methods(found, MARK, every).markdown
    assert "We compared" in text
    assert "effective rank" in text
    assert "random signs" in text
    assert "audits" not in text
    pair = found.pairs[0]
    bare = tuple(msgspec.structs.replace(each, ladder=None) for each in pair.layers)
    no_ladder = msgspec.structs.replace(found, pairs=(msgspec.structs.replace(pair, layers=bare),))
    assert "random signs" not in methods(no_ladder, MARK, every).markdown
    alike = tuple(msgspec.structs.replace(each, change=None, ladder=None) for each in pair.layers)
    same = msgspec.structs.replace(
        found,
        pairs=(msgspec.structs.replace(pair, layers=alike, metrics=(MetricChange("a", "b", "c", 1, 2, None),)),),
        sides=(msgspec.structs.replace(found.sides[0], kind="twin", notes=("Drawn so.",)), found.sides[1]),
    )
    text = methods(same, MARK, every).markdown
    assert "effective rank" not in text
    assert "is untrained" in text
    assert "numbers of the audits" in text
    assert "Drawn so." in text
    words = msgspec.structs.replace(pair, layers=alike, verdicts=(VerdictChange("a", "b", "holds", "fails"),))
    assert "numbers of the audits" in methods(msgspec.structs.replace(found, pairs=(words,)), MARK, every).markdown
    by_hashes = tuple(msgspec.structs.replace(each, cosine=None) for each in alike)
    only = msgspec.structs.replace(found, pairs=(msgspec.structs.replace(pair, layers=by_hashes),))
    assert "cosine" not in methods(only, MARK, every).markdown


def test_both_forms_say_the_same_and_every_citation_has_its_entry(found):
    every = macros(found, MARK)
    written = methods(found, MARK, every)
    by_name = {macro.name: macro.text for macro in every}
    used = re.findall(r"\\(NC[A-Za-z]+)\{\}", written.latex)
    assert {"NCNetworkA", "NCNetworkB", "NCSeed", "NCThresholdNoOverlap"} <= set(used)
    assert all(by_name[name] in written.markdown.replace("\\", "") for name in used)
    cited = {key for keys in re.findall(r"\\cite\{([^}]+)\}", written.latex) for key in keys.split(",")}
    assert {
        "netaudit",
        f"netaudit-compare-{MARK[:12]}",
        "kuhn1955",
        "landa2022",
        *citations.keys(REFERENCES).values(),
    } <= (cited | {"hong2020"})
    assert cited <= set(re.findall(r"@\w+\{([^,]+),", written.bib))
    assert found.sides[0].file_sha256 is None or found.sides[0].file_sha256 in re.sub(
        r"\\allowbreak\{\}", "", written.bib
    )
    assert MARK in re.sub(r"\\allowbreak\{\}", "", written.bib)


def test_every_reference_is_taken_apart():
    for entry in citations.entries(REFERENCES):
        assert {"author", "title", "year"} <= entry.fields.keys()
        assert entry.kind in ("article", "book") or "eprint" in entry.fields


def test_hostile_names_never_reach_a_file_unescaped(found, undrawn):
    made = latex(hostile(found).document(draw=False, venue="cvpr"))
    assert all(re.fullmatch(r"[a-zA-Z0-9_./-]+", path) for path in made)
    for path, content in made.items():
        if path.endswith((".tex", ".bib")):
            code = "\n".join(re.sub(r"(?<!\\)%.*", "", line) for line in content.decode("ascii").splitlines())
            assert r"\write18" not in code
            assert r"\input{/etc" not in code
            assert r"\end{document}" not in code or path == "appendix.tex"
    assert not re.search(r"(?<!\\)<script", made["methods.md"].decode())
    assert all(line.startswith(("%", "\\newcommand{\\NC")) for line in made["macros.tex"].decode().splitlines())


def test_every_word_of_the_page_can_be_printed(found):
    shown = hostile(found).document(draw=False)
    spans = [
        span.text
        for section in shown.sections
        for block in section.blocks
        for row in (block.rows if isinstance(block, Table) else [block.spans] if isinstance(block, Paragraph) else [])
        for span in row
    ]
    texts = [*spans, *(section.title for section in shown.sections)]
    assert len(spans) > 100
    assert [text for text in texts if any(unicodedata.category(c)[0] == "C" for c in text)] == []


def test_a_long_table_is_cut_in_the_text_and_says_so(found, undrawn):
    made = latex(hostile(found, times=70).document(draw=False))
    table = made["tables/summary-2.tex"].decode()
    assert "% The first 40 of 210 rows." in table
    assert table.count(r" \\") == 41
    assert "The first 200 of 210 rows; all are in compare.json." in made["appendix-body.tex"].decode().replace(
        r"\allowbreak{}", ""
    )


def test_a_table_of_many_columns_is_as_wide_as_the_page(files):
    widths = {
        path: sum(map(float, re.findall(r"p\{([\d.]+)in\}", content.decode())))
        for path, content in files.items()
        if path.startswith("tables/")
    }
    assert widths["tables/summary.tex"] <= 3.25 < widths["tables/pair-1-difference.tex"] <= 6.75


def test_the_text_of_a_paper_has_no_column_that_stands_back(files):
    assert "By the rule" not in files["tables/summary.tex"].decode()
    assert "By the rule" in files["appendix-body.tex"].decode()


def test_the_bundle_names_the_comparison_by_the_fingerprint_in_its_json(found, files):
    assert f"netaudit-compare-{found.to_dict()[FIELD][:12]}" in files["methods.md"].decode()


def test_it_is_written_by_the_command_line(tmp_path, monkeypatch, capsys):
    import torch

    monkeypatch.chdir(tmp_path)
    weight = torch.randn(12, 16)
    torch.save({"fc.weight": weight}, "a.pt")
    torch.save({"fc.weight": weight + 0.01 * torch.randn(12, 16)}, "b.pt")
    with pytest.raises(SystemExit) as leaving:
        main(["compare", "a.pt", "b.pt", "--no-ladder", "--format", "latex", "--venue", "cvpr", "--out", "made"])
    assert leaving.value.code == 0
    assert "Report: made/paper" in capsys.readouterr().out
    assert "for the widths of cvpr" in (tmp_path / "made" / "paper" / "README.md").read_text()
    with pytest.raises(SystemExit) as leaving:
        main(["compare", "a.pt", "b.pt", "--format", "csv"])
    assert leaving.value.code == 2
    assert "a comma-separated choice of html, pdf, text, latex, json" in capsys.readouterr().err

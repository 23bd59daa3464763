"""The method: each analysis' part, the formulas that it names, the references that it cites."""

import re

import pytest
from synthetic.documents import prose, section, words

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.table import BUILT_IN
from netaudit.audit_page.method import by_author, formulas_of, method
from netaudit.report.document.formulas import Formula, formulas
from netaudit.report.document.model import Equation, Items, Method, Paragraph
from netaudit.results import Payload


def used(sections):
    for each in sections:
        for block in each.blocks:
            if isinstance(block, Equation):
                yield block.formula, True
            elif isinstance(block, Paragraph):
                yield from ((span.text, False) for span in block.spans if span.style == "math")
            elif isinstance(block, Items):
                yield from ((span.text, False) for item in block.items for span in item if span.style == "math")


def test_every_formula_is_used_where_it_belongs():
    assert set(used(method(BUILT_IN))) == {(key, formula.displayed) for key, formula in formulas().items()}


def test_the_sections_are_those_of_the_analyses_in_the_report():
    assert [each.identifier for each in method(BUILT_IN)] == [
        "method",
        "method-gaussian-weights",
        "method-constant-bias",
        "method-singular-law",
        "method-shadow-inversion",
        "method-special-weights",
        "method-power-law",
        "method-initialisation",
        "method-random-likeness",
        "method-network-initialisation",
        "method-labels-back",
        "method-shadow-images",
        "method-hidden-units",
        "method-linear-regions",
        "method-injectivity",
        "method-identifiability",
        "method-depth-limit",
        "method-rnn-fixed-points",
        "method-circular-law",
        "method-edge-tests",
        "method-verdicts",
        "references",
    ]
    of_the_network = [analysis for analysis in BUILT_IN if analysis.scope == "network"]
    assert "method-verdicts" not in [each.identifier for each in method(of_the_network)]


def references(analyses):
    return ["".join(span.text for span in item) for item in method(analyses)[-1].blocks[0].items]


def test_references_are_sorted_by_author_without_doubles():
    listed = references(BUILT_IN)
    names = [by_author(reference) for reference in listed]
    assert names == sorted(names)
    assert len(set(listed)) == len(listed)
    assert sum(reference.startswith("S. Arora, Y. Liang and T. Ma (2015)") for reference in listed) == 1


def test_every_reference_is_cited_and_every_citation_listed():
    """By the family name and the year, as the text has them."""
    text = " ".join(words(each) for each in method(BUILT_IN)[:-1])
    for reference in references(BUILT_IN):
        [year] = re.findall(r"\((\d{4})\)", reference)[:1]
        family = by_author(reference).split(",")[0].split(" and ")[0].split(" (")[0]
        assert family.split()[0] in text, reference
        assert year in text, reference


def own(name, **parts):
    made = Method(("Text with {star}.",), **parts)
    return Analysis(name, name, "?", "network", (), Payload, None, None, method=lambda: made)


STAR = Formula("x", "x", "x", displayed=False, mathml="<math><mi>x</mi></math>")


def test_an_analysis_brings_its_formulas_and_references():
    first = own("first", formulas={"star": STAR}, references=("Z. Zorn (1935). A remark.",))
    second = own(
        "second", formulas={"star": STAR}, references=("Z. Zorn (1935). A remark.", "A. Abel (1826). A proof.")
    )
    assert formulas_of([first, second]) == {"star": STAR}
    listed = references([first, second])
    assert listed[0] == "A. Abel (1826). A proof."
    assert listed[-1] == "Z. Zorn (1935). A remark."
    assert len(listed) == 4


def test_formulas_of_one_key_must_be_the_same():
    other = Formula("y", "y", "y", displayed=False, mathml="<math><mi>y</mi></math>")
    with pytest.raises(ValueError, match="two analyses have different formulas called 'star'"):
        formulas_of([own("first", formulas={"star": STAR}), own("second", formulas={"star": other})])


def test_the_method_says_how_to_read_a_verdict(typical_document):
    told = prose(section(typical_document, "method-verdicts"))
    for word in ("● holds", "× fails", "▲ undecided", "– not applicable"):
        assert word in told

import pytest
from netaudit.report.document.method import method

from netaudit.report.document.formulas import formulas, prose, to_mathml
from netaudit.report.document.model import Equation, Items, Paragraph


def used():
    for section in method():
        for block in section.blocks:
            if isinstance(block, Equation):
                yield block.formula, True
            elif isinstance(block, Paragraph):
                yield from ((run.text, False) for run in block.runs if run.style == "math")
            elif isinstance(block, Items):
                yield from ((run.text, False) for item in block.items for run in item if run.style == "math")


def test_the_committed_mathml_is_what_typst_makes():
    assert {key: formula.mathml for key, formula in formulas().items()} == to_mathml(formulas())


def test_every_formula_is_used_where_it_belongs():
    assert set(used()) == {(key, formula.displayed) for key, formula in formulas().items()}


def test_formulas_are_read_aloud_in_words():
    assert all(formula.words.isascii() and "\\" not in formula.words for formula in formulas().values())


def test_an_unknown_formula_fails_at_once():
    with pytest.raises(KeyError, match="nonsense"):
        prose("with {nonsense}")


def test_the_marchenko_pastur_formula_is_that_of_the_laws():
    """The printed density, evaluated, against the one that the audit uses."""
    np = pytest.importorskip("numpy")
    from netaudit.numerics.laws import marchenko_pastur

    assert "sqrt((lambda_+ - lambda)(lambda - lambda_-)) / (2 pi q lambda)" in formulas()["marchenko_pastur"].typst
    assert formulas()["density_u"].typst == "2 u thin f(u^2)"
    for q in (0.2, 0.9):
        low, high = (1 - np.sqrt(q)) ** 2, (1 + np.sqrt(q)) ** 2
        u = np.linspace(*marchenko_pastur.support(q), 50)[1:-1]
        density = np.sqrt((high - u**2) * (u**2 - low)) / (2 * np.pi * q * u**2)
        np.testing.assert_allclose(2 * u * density, marchenko_pastur.pdf(u, q))


def test_the_printed_quantile_is_that_of_the_laws():
    from netaudit.numerics.laws import tracy_widom

    assert formulas()["t999"].typst == f"t_(0.999) = {tracy_widom.quantile(0.999):.2f}"

import re
from collections import Counter

import pytest

from netaudit.report.document.formulas import Formula, formulas, to_mathml
from netaudit.report.document.prose import prose


def test_the_committed_mathml_is_what_typst_makes():
    assert {key: formula.mathml for key, formula in formulas().items()} == to_mathml(formulas())


def test_formulas_are_read_aloud_in_words():
    assert all(formula.words.isascii() and "\\" not in formula.words for formula in formulas().values())


def test_an_unknown_formula_fails_at_once():
    with pytest.raises(KeyError, match="nonsense"):
        prose("with {nonsense}")


def test_an_analysis_may_bring_its_own():
    own = {"nonsense": Formula("x", "x", "x", displayed=False, mathml="<math><mi>x</mi></math>")}
    assert [(span.text, span.style) for span in prose("with {nonsense}", own)] == [
        ("with ", "plain"),
        ("nonsense", "math"),
    ]


@pytest.mark.parametrize("text", ["a * b", "see {section", "an {odd key}", "**"])
def test_no_word_is_lost_to_a_stray_mark(text):
    with pytest.raises(ValueError, match="stands alone"):
        prose(text)


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


GREEK = {
    **{"rho": "ρ", "sigma": "σ", "Phi": "Φ", "varphi": "φ", "mu": "μ", "tau": "τ", "lambda": "λ", "alpha": "α"},
    **{"pi": "π"},
}
STRUCTURE = (
    *("frac", "left", "right", "vert", "Vert", "overline", "quad", "sqrt", "mathrm", "leq", "geq", "sim"),
    *("in", "notin", "times", "int", "sum", "top", "odot", "pm", "langle", "rangle", "lbrace", "rbrace"),
)


def letters(latex):
    """The letters and digits that a reader of the formula sees, counted."""
    seen = re.sub(r"\\mathbb\{(\w)\}", lambda found: {"R": "ℝ", "E": "𝔼"}[found[1]], latex)
    seen = re.sub(r"\\([A-Za-z]+)", lambda found: GREEK.get(found[1], "" if found[1] in STRUCTURE else found[1]), seen)
    return Counter(filter(str.isalnum, seen))


@pytest.mark.parametrize("key", formulas())
def test_the_latex_form_says_what_the_typst_form_says(key):
    formula = formulas()[key]
    assert letters(formula.latex) == Counter(
        filter(str.isalnum, re.sub("<[^>]*>", "", formula.mathml).replace("&lt;", ""))
    )


@pytest.mark.parametrize("key", formulas())
def test_the_latex_form_is_one_that_github_shows(key):
    from matplotlib.mathtext import MathTextParser

    latex = formulas()[key].latex
    assert "$" not in latex
    assert not re.search(r"\\[^A-Za-z]", latex)  # Markdown would take the backslash away
    assert not re.search(r"(?<![\w\\])_\w|\*", latex)  # Markdown could begin emphasis there
    MathTextParser("agg").parse(f"${latex}$")  # raises what is no LaTeX

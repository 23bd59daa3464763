"""Whether a layer was trained, in words, and the p-value of every test."""

from __future__ import annotations

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.initialisation.payload import FEWEST, LEVEL, Initialisation
from netaudit.analyses.layer.initialisation.words import TESTS, in_words
from netaudit.report.document.model import Column, Method, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import names, number


def present(found: Initialisation, place: Place) -> Presentation:
    """The verdict with what it rests on, and the table of the tests."""
    words = (Span("Trained or initialised ", "strong"), Span(verdict(found)))
    return Presentation(explanation=(words,), tables=(_table(found, place),) if found.tests else ())


def verdict(found: Initialisation) -> str:
    """The verdict in whole sentences.

    >>> verdict(Initialisation(verdict="as_drawn", family="zeros", families=("zeros",), p_adjusted=1.0))
    'As drawn: no test tells the layer from all zeros.'
    """
    if found.verdict == "as_drawn" and found.family:
        others = [in_words(name) for name in found.families if name != found.family]
        more = f" It fits {names(others, 4)} as well." if others else ""
        return f"As drawn: no test tells the layer from {in_words(found.family)}.{more}"
    p = f"the largest corrected p-value of a start is {number(found.p_adjusted, 2)}"
    if found.verdict == "trained":
        return f"Trained: no usual start could have drawn the layer, nor could independent weights of any law ({p})."
    if found.verdict == "too_small":
        fits = f" It fits {names([in_words(name) for name in found.families], 4)}." if found.families else ""
        return f"Too small to tell: the layer has too few weights for a start to be told by them.{fits}"
    return (
        f"Start not known: no usual start could have drawn the layer ({p}), but independent weights of another law "
        "could. Its start is not on the list, or it was hardly trained."
    )


def _table(found: Initialisation, place: Place) -> Table:
    start = found.family or found.closest
    of = "" if start is None else f" Those of the law are of {in_words(start)}."
    return table(
        f"Could a start have drawn {place.name}? The p-value of each test, not corrected.{of}",
        [Column("Test"), Column("p", numeric=True)],
        [(Span(TESTS.get(name, name)), Span(number(p, 3))) for name, p in found.tests.items()],
    )


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "A usual initialisation draws every weight of a layer from one law, whose scale follows from the shape of "
            "the tensor as it is stored. For each of them the layer is tested for what the law allows: the largest "
            "weight, the Kolmogorov-Smirnov distance to the law *rounded* to the stored type (Stephens 1970), the "
            "variance, the mean, and the bias (one constant, or a law that goes with such a start). Zeros, an identity "
            "and orthogonal matrices are told exactly. Further tests ask whether independent "
            "weights of any law could make the matrix {A}: the spread of the norms and of the sums of its rows and "
            "columns, its largest singular value by the Tracy-Widom law, with the term for a variance that is "
            "estimated from the same matrix (Nadler 2011), and the squared cosines between its rows or columns (Schott "
            "2005). They take the fourth "
            "and sixth moment from the weights themselves.",
            f"A start fits when the smallest of these p-values, times their number and the number of layers, is at "
            f"least {LEVEL} (Bonferroni's correction). So at most 1% of the networks that were never "
            "trained are not called so, if their start is on the list. A layer is *as drawn* where a start fits, and "
            "*trained* where none fits and the tests of structure reject as well. Where only the law is unknown, its "
            f"*start is not known*. With fewer than {number(FEWEST)} weights, or where both a uniform and a normal law "
            "fit, a layer is *too small* to tell. That a layer is as drawn does not prove that it was never trained: "
            "a few steps may leave no trace that these tests see.",
        ),
        references=(
            "B. Nadler (2011). On the distribution of the ratio of the largest eigenvalue to the trace of a Wishart "
            "matrix. Journal of Multivariate Analysis 102, 363–371.",
            "J. R. Schott (2005). Testing for complete independence in high dimensions. Biometrika 92, 951–956.",
            "M. A. Stephens (1970). Use of the Kolmogorov-Smirnov, Cramér-von Mises and related statistics without "
            "extensive tables. Journal of the Royal Statistical Society B 32, 115–122.",
        ),
        sentence=(
            "Each layer was tested for whether a usual initialisation could have drawn it, by tests of the law of its "
            "entries and of the structure of the matrix [@stephens1970; @nadler2011; @schott2005], with Bonferroni's "
            "correction over tests and layers."
        ),
    )

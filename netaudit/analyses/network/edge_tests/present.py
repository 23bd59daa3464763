"""The p-values in words and one table."""

from __future__ import annotations

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.singular_law.present import p_value
from netaudit.analyses.network.edge_tests.payload import EdgeTests
from netaudit.report.document.model import Column, Method, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, number, shown_name

METHODS = {"holm": "Holm"}

_ON_PAPER = 200  # rows, about five pages; the HTML has them all

_STATEMENT = (
    "The Tracy-Widom test of the largest singular value of A − mean(A), which belongs to the singular value law (H3), "
    "one a layer: how often that of a Gaussian matrix of the same shape scores higher. The family is these tests and "
    "no others: the law is tabulated, while the other claims rest on effect sizes, since at a million weights every "
    "exact test rejects. No verdict rests on these p-values."
)


def present(payload: EdgeTests, place: Place) -> Presentation:
    """What is tested, and the table."""
    return Presentation(blocks=(Paragraph((Span(_STATEMENT),)), _table(payload)))


def _table(payload: EdgeTests) -> Table:
    corrected = METHODS[payload.method]
    rows = [
        (Span(shown_name(test.layer), "name"), *(Span(p_value(p, 3)) for p in (test.p_value, test.adjusted)))
        for test in payload.tests
    ]
    long = len(rows) > _ON_PAPER
    return table(
        f"Is there a spike at all? P-values, corrected for {count(len(rows), 'test')} by {corrected}'s method.",
        [Column("Layer", wide=True), Column("p", numeric=True), Column(f"p, {corrected}", numeric=True)],
        rows,
        range(_ON_PAPER) if long else None,
        f"The first {_ON_PAPER} of {number(len(rows))}; all are in audit.html and in the attached audit.json."
        if long
        else "",
    )


def method() -> Method:
    """How the p-values are corrected."""
    return Method(
        (
            "The p-value of a layer is how often the largest singular value of a Gaussian matrix of its shape scores "
            "higher by the Tracy-Widom law. Over the layers the p-values are corrected by Holm's method (Holm 1979): "
            "of the tests still to be made, the smallest p-value is multiplied by their number, and no corrected "
            "p-value is smaller than the one before. Whoever rejects what lies at or below a level keeps the chance of "
            "any false alarm at that level, whatever the dependence between the layers.",
        ),
        references=(
            "S. Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of "
            "Statistics 6, 65–70.",
        ),
        sentence=(
            "The p-values of the largest singular values were corrected over the layers by Holm's method [@holm1979]."
        ),
    )

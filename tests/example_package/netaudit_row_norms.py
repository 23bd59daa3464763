"""How evenly the norms of a layer's rows are spread: an analysis that another package adds to netaudit."""

from netaudit import Analysis
from netaudit.report.document.model import Column, Method, Presentation, Span
from netaudit.report.document.numbering import table
from netaudit.results import Payload
from netaudit.text import number


class RowNorms(Payload, frozen=True):
    """The Euclidean norms of the rows of A."""

    smallest: float
    """The smallest norm."""
    largest: float
    """The largest norm."""


def measure(context):
    """The norms of the rows of the layer's weight ``[out, in]``."""
    norms = context.layer.weight.double().norm(dim=1)
    return RowNorms(float(norms.min()), float(norms.max()))


def present(norms, place):
    """One sentence for the first page, and one table."""
    columns = [Column("Row norm"), Column("Value", numeric=True)]
    values = {"smallest": norms.smallest, "largest": norms.largest}
    rows = [(Span(name), Span(number(value))) for name, value in values.items()]
    line = f"the row norms lie between {number(norms.smallest, 3)} and {number(norms.largest, 3)}"
    return Presentation(line=line, tables=(table(f"Row norms of {place.name}.", columns, rows),))


ANALYSIS = Analysis(
    name="row_norms",
    title="Row norms",
    asks="How evenly are the norms of a layer's rows spread?",
    scope="layer",
    needs=("weights",),
    payload=RowNorms,
    measure=measure,
    present=present,
    method=lambda: Method(("A row norm is the Euclidean norm of one row of {A}.",)),
)

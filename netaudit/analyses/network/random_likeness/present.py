"""How random-like a network is, in one sentence, a row of page one and a table."""

from __future__ import annotations

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.random_likeness.payload import RandomLikeness, RungOrUndecided
from netaudit.analyses.layer.random_likeness.present import NAMES
from netaudit.analyses.network.random_likeness.payload import NetworkRandomLikeness
from netaudit.report.document.model import Column, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, interval, number, percent, shown_name

_ON_PAPER = 60  # rows of the table in the PDF, about a page and a half; the HTML has them all
_NAMED = 3  # layers that page one names
_CLAUSES: dict[RungOrUndecided, tuple[str, str]] = {
    "as_drawn": (" a random matrix as drawn", " random matrices as drawn"),
    "unit_scales": (
        " a random matrix up to the scales of its units",
        " random matrices up to the scales of their units",
    ),
    "directions": (
        " a random matrix once some directions are left out",
        " random matrices once some directions are left out",
    ),
    "local": (
        " random only locally, in the spacings of its singular values",
        " random only locally, in the spacings of their singular values",
    ),
    "none": (" not random-like", " not random-like"),
    "undecided": (" undecided", " undecided"),
}
"""Of one layer, and of several."""
_WHAT = (
    "What has to be set aside before a random matrix is left of a layer? Nothing; the scales of its units, which a "
    "ReLU network may change without changing what it computes; or some directions, each one singular value with its "
    "vectors, in which what was learnt stands out from the noise. The share is what is random-like of the "
    "variance of the weights, with the scales of the units undone."
)


def present(found: NetworkRandomLikeness, place: Place) -> Presentation:
    """One sentence for page one, and a table with a row a layer."""
    layers = [
        (layer.name, payload)
        for layer in place.report.layers
        if (payload := layer.payload("random_likeness", RandomLikeness)) is not None
    ]
    facts = (("Random-like", share(found)),) if found.random_like_share is not None else ()
    return Presentation(
        line=line(found, layers),
        question="Random-like",
        facts=facts,
        blocks=(Paragraph((Span(_WHAT),)), _table(layers)),
    )


def line(found: NetworkRandomLikeness, layers: list[tuple[str, RandomLikeness]]) -> str:
    """How random-like the layers are, rung by rung, and how much that is of the network."""
    judged = sum(found.layers.values())
    parts = []
    for rung, n in found.layers.items():
        subject = "the one layer judged is" if judged == 1 else f"{number(n)} of {count(judged, 'layer')} are"
        if n == 1 and judged > 1:
            subject = f"1 of {count(judged, 'layer')} is"
        named = _named([each for each in layers if each[1].rung == rung]) if rung == "directions" else ""
        parts.append(f"{subject}{_CLAUSES[rung][n != 1]}{named}")
    text = f"Random-like, up to what: {'; '.join(parts)}."
    if found.random_like_share is not None:
        text += f" {share(found)}."
    return text


def share(found: NetworkRandomLikeness) -> str:
    """How much is random-like, of the weights judged and of the model."""
    of_all = found.share_of_parameters
    counted = "" if of_all is None else f" ({percent(of_all)} counted over all parameters)"
    low, high = (percent(end) for end in found.interval or (found.random_like_share, found.random_like_share))
    between = "" if low == high else f", between {low} and {high} as far as counting leaves it open,"
    return f"{percent(found.random_like_share)} of the variance of the weights judged{between} is random-like{counted}"


def _named(layers: list[tuple[str, RandomLikeness]]) -> str:
    shown = [
        f"layer {shown_name(name, 40)}: {count(payload.directions or 0, 'direction')}, "
        f"{percent(payload.random_like_share)} random-like"
        for name, payload in layers[:_NAMED]
    ]
    more = f"; and {number(len(layers) - _NAMED)} more" if len(layers) > _NAMED else ""
    return f" ({'; '.join(shown)}{more})"


def _table(layers: list[tuple[str, RandomLikeness]]) -> Table:
    rows = [
        (
            Span(shown_name(name), "name"),
            Span(NAMES[payload.rung]),
            Span("–" if payload.directions is None else number(payload.directions)),
            Span("–" if payload.random_like_share is None else percent(payload.random_like_share)),
            Span("–" if payload.interval is None else interval(payload.interval)),
            Span("–" if payload.spacing_ratio is None else number(payload.spacing_ratio, 3)),
        )
        for name, payload in layers
    ]
    long = len(rows) > _ON_PAPER
    return table(
        "How random-like each layer is: the rung of the ladder, the number of directions, the share that is "
        "random-like with what counting leaves open, and the mean ratio of neighbouring spacings (random matrices "
        "0.531).",
        [
            Column("Layer", wide=True),
            Column("Random-like"),
            Column("Directions", numeric=True),
            Column("Share", numeric=True),
            Column("Range", numeric=True),
            Column("Spacings", numeric=True),
        ],
        rows,
        range(_ON_PAPER) if long else None,
        f"The first {_ON_PAPER} of {number(len(rows))}; all are in audit.html." if long else "",
    )

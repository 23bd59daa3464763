"""Codes of the payload in words."""

from __future__ import annotations

from collections.abc import Iterable

from netaudit.analyses.network.rnn_fixed_points.payload import Held, Kind, Source, Unused, Verdict
from netaudit.text import names

VERDICTS: dict[Verdict | None, str] = {
    "line_attractor": "has a line attractor",
    "point_attractors": "has point attractors, and no line attractor by the rule",
    "single_fixed_point": "has a single fixed point, and no line attractor by the rule",
    "undecided": "is undecided",
}
HELD: dict[Held, str] = {"zero": "zero", "mean": "the mean input", "token": "the most frequent token"}
KINDS: dict[Kind, str] = {
    "rnn_tanh": "a simple cell with tanh",
    "rnn_relu": "a simple cell with ReLU",
    "gru": "a GRU",
    "lstm": "an LSTM",
}
SOURCES: dict[Source, str] = {
    "vectors": "real inputs",
    "tokens": "real tokens",
    "below": "the states of the cells below it on real inputs",
    "noise": "Gaussian noise",
}
UNUSED: dict[Unused, str] = {
    "": "",
    "no_data": ", since there are no real sequences (--data)",
    "shape": ", since the real inputs are no sequences: token numbers [N, T] or vectors [N, T, input]",
    "width": ", since the real inputs are vectors of another length than it takes",
    "no_embedding": ", since it is not known which embedding the token numbers belong to",
    "token_numbers": ", since the real inputs are no numbers of tokens in the embedding",
    "below_not_known": ", since it is not known what its inputs are made of",
}
NULLS = {
    "initialisation": "as initialised",
    "shuffled": "recurrent weights shuffled",
    "gaussian": "Gaussian recurrent weights",
}
_CELLS = {
    "initialisation": "a cell as initialised",
    "shuffled": "the cell with its recurrent weights shuffled",
    "gaussian": "the cell with Gaussian recurrent weights",
}
_FIGURES = {
    "share": "the slow points do not lie on a line",
    "slowest": "the slowest mode fades, or grows, within half a sequence",
    "gap": "the next mode is more than half as slow",
    "second": "the next mode lasts half a sequence as well",
    "forgets": "the slowest mode fades, or grows, within a tenth of a sequence",
}
_SHORT = {"share": "share", "slowest": "slowest time constant", "gap": "gap"}


def against(codes: Iterable[str]) -> str:
    """What stands against a line attractor, as clauses."""
    told: dict[str, str] = {}
    beyond: dict[str, list[str]] = {}
    for code in codes:
        plain, open_ = code.removesuffix("?"), code.endswith("?")
        figure, _, null = plain.partition("_of_")
        if null:
            beyond.setdefault(_CELLS.get(null, null), []).append(_SHORT.get(figure, figure))
        elif plain == "no_points":
            told[plain] = "there is no slow point"
        else:
            told[plain] = _FIGURES.get(plain, plain) + (" (the interval leaves it open)" if open_ else "")
    clauses = [*told.values(), *(f"{cell} reaches its {names(of)}" for cell, of in beyond.items())]
    return "; ".join(clauses)

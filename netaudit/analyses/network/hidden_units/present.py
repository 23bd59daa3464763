"""Hidden units in words, a table and figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import atanh, ceil
from statistics import NormalDist

from netaudit.analyses.analysis import SHORT, Place
from netaudit.analyses.network.hidden_units.figure import draw
from netaudit.analyses.network.hidden_units.payload import (
    FEWEST,
    LEVEL,
    THRESHOLD,
    HiddenUnits,
    Reason,
    Training,
    UnitPair,
    UnitsCurve,
)
from netaudit.report.document.model import (
    Block,
    Column,
    Equation,
    Figure,
    Items,
    Method,
    Paragraph,
    Presentation,
    Span,
    Spans,
    Table,
)
from netaudit.report.document.numbering import table
from netaudit.text import capital, count, interval, number, percent, printable, sentence, shown_name

TRAINING: dict[Training, str] = {
    "trained": "trained",
    "untrained_like": "no sign of training",
    "opposed": "opposed",
    "undecided": "undecided",
    "not_applicable": "– not applicable",
}
PAIRS_DRAWN = 4  # two rows of figures
ON_PAPER = 200  # rows of one table in the PDF, about five pages; the HTML has them all

_NOTES: dict[Training, str] = {
    "trained": "The norms of a unit's incoming and outgoing weights go together, as gradient descent leaves them. "
    "Those of independent weights do not.",
    "untrained_like": "The norms of a unit's incoming and outgoing weights go together no more than those of "
    "independent weights. This is so at initialisation, and training need not change it.",
    "opposed": "Large incoming weights go with small outgoing ones. No initialisation of independent weights gives "
    "this, and neither does plain gradient descent; a rescaling of units does.",
    "undecided": "The interval of r is too wide, or too near the threshold, to tell.",
    "not_applicable": "",
}
_REASONS: dict[Reason, str] = {
    "lower_empty": "the lower layer is empty",
    "lower_not_finite": "the lower layer holds NaN or infinite values",
    "lower_not_audited": "the lower layer was not audited",
    "upper_empty": "the upper layer is empty",
    "upper_not_finite": "the upper layer holds NaN or infinite values",
    "upper_not_audited": "the upper layer was not audited",
    "few_units": f"fewer than {number(FEWEST)} units are neither dead nor unused",
    "equal_incoming_norms": "the incoming weights of all units have the same norm up to rounding",
    "equal_outgoing_norms": "the outgoing weights of all units have the same norm up to rounding",
}
_HOMOGENEOUS = frozenset(("relu", "leaky_relu", "linear"))
"""Activations between the layers with which gradient descent keeps the balance of the norms."""


def present(found: HiddenUnits, place: Place) -> Presentation:
    """What the report says of the hidden units: one row and one sentence a pair of layers, figures of the first."""
    what = (
        Span(
            "Between two consecutive layers each hidden unit has incoming weights, a row of the lower layer, and "
            "outgoing weights, a column of the upper. Where gradient descent has shaped both, their norms tend to go "
            "together: r is their correlation. A low r does not mean that a network is untrained, nor a high one that "
            "it is good ("
        ),
        Span("section {section}", link="method-hidden-units"),
        Span(")."),
    )
    blocks: list[Block] = [
        Paragraph(what),
        _table(found.pairs),
        Items(tuple(_why(pair, place) for pair in found.pairs[:ON_PAPER])),
    ]
    if len(found.pairs) > ON_PAPER:
        others = count(len(found.pairs) - ON_PAPER, "other pair")
        blocks.append(Paragraph((Span(f"The reasons of {others} are in audit.json."),)))
    if any(pair.r is not None for pair in found.pairs):
        blocks.append(Paragraph((Span(_rule(found.rule.tolerances.get("r", THRESHOLD)), "soft"),)))
    drawn = [
        _figure(index, pair, pair.curve) for index, pair in enumerate(found.pairs, start=1) if pair.curve is not None
    ]
    return Presentation(line=line(found.pairs), blocks=tuple(blocks), figures=tuple(drawn[:PAIRS_DRAWN]))


def line(pairs: Sequence[UnitPair]) -> str:
    """Whether the hidden units look trained, and how many are idle, over all pairs of layers."""
    parts: list[str] = []
    for word in dict.fromkeys(pair.verdict for pair in pairs):
        of_word = [pair for pair in pairs if pair.verdict == word]
        among = "" if parts else f" of {count(len(pairs), 'pair')} of layers"
        where = "" if len(pairs) == 1 else f" in {number(len(of_word))}{among}"
        r = _first([number(pair.r, 2) for pair in of_word if pair.r is not None])
        name = "not judged" if word == "not_applicable" else TRAINING[word]
        parts.append(name + where + (f" (r = {r})" if r else ""))
    text = f"Hidden units, by the correlation r of their incoming with their outgoing norms: {'; '.join(parts)}."
    columns = ([getattr(pair, kind) for pair in pairs] for kind in ("dead", "unused", "duplicates"))
    known = [[n for n in column if n is not None] for column in columns]
    if any(map(sum, known)):
        dead, unused, duplicates = map(sum, known)
        text += f" Found: {number(dead)} dead, {number(unused)} unused, {count(duplicates, 'duplicate')}."
    elif any(known):
        text += " None was found dead, unused or a duplicate."
    return text


def _first(texts: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown} and {number(len(texts) - most)} more"


def _names(pair: UnitPair) -> str:
    return f"{shown_name(pair.lower, SHORT)} and {shown_name(pair.upper, SHORT)}"


def _table(pairs: Sequence[UnitPair]) -> Table:
    titles = ("Units", "Dead", "Unused", "Duplicate", "r", f"{percent(LEVEL)} of r")
    columns = [
        Column("Outputs of layer", wide=True),
        *(Column(title, numeric=True) for title in titles),
        Column("Reads as"),
    ]
    rows = [
        (
            Span(shown_name(pair.lower), "name"),
            *(Span(number(n)) for n in (pair.units, pair.dead, pair.unused, pair.duplicates)),
            Span(number(pair.r, 3)),
            Span(interval(pair.interval)),
            Span(TRAINING[pair.verdict], "not_applicable" if pair.verdict == "not_applicable" else "strong"),
        )
        for pair in pairs
    ]
    printed = range(ON_PAPER) if len(rows) > ON_PAPER else None
    note = f"The first {ON_PAPER} of {number(len(rows))}; all are in audit.html and in the attached audit.json."
    return table("Hidden units between consecutive layers.", columns, rows, printed, note if printed else "")


def _why(pair: UnitPair, place: Place) -> Spans:
    spans = [
        Span(f"{_names(pair)} ", "strong"),
        Span(f"({printable(pair.activation, SHORT)}): "),
        Span(TRAINING[pair.verdict]),
    ]
    if pair.spearman is not None:
        spans.append(Span(f"; Spearman's correlation {number(pair.spearman, 3)}"))
    words = note(pair, place)
    return (*spans, Span(f". {words}")) if words else tuple(spans)


def note(pair: UnitPair, place: Place) -> str:
    """Why the pair got its word, in sentences."""
    if pair.verdict == "not_applicable":
        skipped = {layer.name: f" ({layer.reason})" for layer in place.report.skipped}
        names = {"lower_not_audited": pair.lower, "upper_not_audited": pair.upper}
        reasons = [_REASONS[reason] + skipped.get(names.get(reason, ""), "") for reason in pair.reasons]
        return sentence(capital(" and ".join(reasons)))
    sentences = [_NOTES[pair.verdict]]
    if pair.activation not in _HOMOGENEOUS:
        activation = printable(pair.activation, SHORT)
        sentences.append(f"With {activation} between the layers gradient descent need not balance the norms.")
    idle = pair.units - pair.n
    if idle > 0:
        sentences.append(f"{count(idle, 'dead or unused unit')} {'is' if idle == 1 else 'are'} left out of r.")
    return " ".join(sentences)


def _rule(threshold: float) -> str:
    return (
        f"Rule “balance of norms”: trained if the {percent(LEVEL)} interval of r lies above {number(threshold)}, as at "
        f"initialisation if it lies within {number(threshold)} of 0, opposed if it lies below {number(-threshold)}, "
        f"undecided otherwise. Origin of the tolerance: a convention of netaudit; at r = {number(threshold)} the two "
        f"norms share {percent(threshold**2)} of their variance, and of {FEWEST} to 500 units with independent "
        "Gaussian or uniform weights fewer than 1% of draws were called trained."
    )


def _figure(index: int, pair: UnitPair, curve: UnitsCurve) -> Figure:
    drawn = len(curve.log_in)
    part = f"; {number(drawn)} of {count(pair.n, 'unit')} drawn" if drawn < pair.n else ""
    caption = (
        f"Hidden units between layers {_names(pair)}: squared norms of the incoming weights with the bias, and of the "
        f"outgoing weights, natural logarithms. r = {number(pair.r, 3)}{part}."
    )
    across, up = (
        f"from {number(min(values), 3)} to {number(max(values), 3)}" for values in (curve.log_in, curve.log_out)
    )
    alt = f"{caption} The incoming ones run {across}, the outgoing ones {up}."
    return Figure(f"hidden_units_{index:03}", caption, alt, partial(draw, curve))


def method() -> Method:
    """Its part of the method."""
    within = number(THRESHOLD)
    return Method(
        (
            "A hidden unit has incoming weights {w_in}, a row of the layer below it, and outgoing weights {w_out}, a "
            "column of the layer above. If it is a ReLU, leaky ReLU or linear unit, gradient flow keeps the difference "
            "of their squared norms (Du, Hu and Lee 2018; the bias counts as the weight of a constant input), and so "
            "both grow alike:",
            Equation("balance"),
            "Over the {u} hidden units between two layers, {r} is 0 up to chance at initialisation, where the weights "
            "are independent, and high where training has made the norms grow well beyond their start. Its "
            f"{percent(LEVEL)} interval {{fisher}} gives the word: *trained* if it lies above {within}; *no sign "
            f"of training* within ±{within}, which takes at least {_fewest_untrained_like()} units; *opposed* below "
            f"{number(-THRESHOLD)}; else *undecided*. A word on the weights, not on the network: a high {{r}} does not "
            "say how well it was trained, and a low one not that it was not. Large weights at the start, few steps, "
            "adaptive steps, another activation or a normalisation between the layers can all leave {r} low, as it is "
            "in many trained networks, and multiplying a unit's {w_in} and bias by {c} and its {w_out} by {one_over_c} "
            "changes {r} but nothing that a ReLU network computes.",
            "*Dead* units have incoming weights that are numerically zero, so that their output never depends on the "
            "input; *unused* units have such outgoing weights. Numerically zero is a norm of at most {tiny} of the "
            "root mean square norm in that layer; both kinds are left out of {r}. *Duplicates* are the units, other "
            "than dead ones, that have exactly the incoming weights and the bias of an earlier unit.",
        ),
        (
            "S. S. Du, W. Hu and J. D. Lee (2018). Algorithmic regularization in learning deep homogeneous models: "
            "layers are automatically balanced. Advances in Neural Information Processing Systems 31, 384–395. "
            "arXiv:1806.00900.",
        ),
        sentence=(
            "Hidden units were examined for the balance between the norms of their incoming and outgoing weights that "
            "gradient flow leaves [@du2018], and for dead, unused and duplicate units."
        ),
    )


def _fewest_untrained_like() -> int:
    """Units from which the interval of r = 0 fits between the thresholds: tanh(z / sqrt(u - 3)) is at most 0.3."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    return ceil(3 + (z / atanh(THRESHOLD)) ** 2)

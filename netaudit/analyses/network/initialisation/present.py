"""Whether the network was trained: the first sentence of page one, and a section."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.initialisation.payload import LEVEL
from netaudit.analyses.layer.initialisation.words import in_words
from netaudit.analyses.network.initialisation.payload import LayerStart, NetworkInitialisation, Since
from netaudit.report.document.model import Block, Column, Method, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import NONE, count, names, number, percent, printable, shown_name

VERDICTS = {
    "as_drawn": "as drawn",
    "trained": "trained",
    "too_small": "too small to tell",
    "unknown_start": "start not known",
}
_ON_PAPER = 200  # rows, about five pages; the HTML has them all


def present(found: NetworkInitialisation, place: Place) -> Presentation:
    """The headline, the table of the layers, and what changed since the first weights."""
    words = headline(found, len(place.report.layers) - len(found.layers))
    blocks: list[Block] = [Paragraph((Span(words),)), _table(found)]  # paper leaves the table out
    if found.since is not None:
        blocks += _since(found.since)
    return Presentation(headline=words, blocks=tuple(blocks))


def headline(found: NetworkInitialisation, unjudged: int = 0) -> str:
    """The answer in a sentence or a few: which layers were trained, and which are as they were drawn.

    Of layers that were not judged, as one with NaN, nothing is known: then no sentence speaks of all layers.
    """
    total = len(found.layers) + unjudged
    by_verdict = {name: [each for each in found.layers if each.verdict == name] for name in VERDICTS}
    clauses = []
    if trained := by_verdict["trained"]:
        why = " None of the usual initialisations could have drawn " + ("it." if len(trained) == 1 else "them.")
        clauses.append(f"{_subject(trained, total)} been trained.{why}")
    clauses += [_as_drawn(family, by_verdict["as_drawn"], total) for family in found.families]
    if unknown := by_verdict["unknown_start"]:
        verb = "looks" if len(unknown) == 1 else "look"
        clauses.append(
            f"{_subject(unknown, total, '')} {verb} drawn at random, but by no usual initialisation: the start is not "
            "on the list, or training has hardly begun."
        )
    if small := by_verdict["too_small"]:
        verb = "is" if len(small) == 1 else "are"
        clauses.append(f"{_subject(small, total, '')} {verb} too small to tell.")
    if found.verdict == "as_drawn":
        clauses.append(
            "This network cannot be told from one that was never trained."
            if _plain(found) and not unjudged
            else "No layer was seen to be trained."
        )
    if found.since is not None and found.since.changes:
        clauses.append(_changed(found.since))
    return " ".join(clauses)


def _changed(since: Since) -> str:
    """How far the layers are from the first weights, as a sentence of page one."""
    start = f"Since the first weights ({printable(since.name, 80)})"
    sizes = [each.relative for each in since.changes if each.relative]
    same = len(since.changes) - len(sizes)
    if not sizes:
        return f"{start}, no weight of the {count(same, 'layer')} compared has changed."
    if len(since.changes) <= 3:
        each_one = [
            f"layer {shown_name(each.layer, 80)} has changed by {percent(each.relative)} of its norm"
            if each.relative
            else f"layer {shown_name(each.layer, 80)} has not changed"
            for each in since.changes
        ]
        return f"{start}, {', '.join(each_one)}."
    less = f", and {number(same)} {'has' if same == 1 else 'have'} not" if same else ""
    by = f"{percent(min(sizes))} to {percent(max(sizes))} of {'its' if len(sizes) == 1 else 'their'} norm"
    return f"{start}, {count(len(sizes), 'layer')} {'has' if len(sizes) == 1 else 'have'} changed by {by}{less}."


def _plain(found: NetworkInitialisation) -> bool:
    return all(each.verdict == "as_drawn" for each in found.layers)


def _as_drawn(family: str, layers: Sequence[LayerStart], total: int) -> str:
    drawn = [each for each in layers if each.family == family]
    verb, pronoun = ("is", "it") if len(drawn) == 1 else ("are", "them")
    if family in ("zeros", "identity"):  # nothing was drawn
        what = "all zeros" if family == "zeros" else "an identity matrix" if len(drawn) == 1 else "identity matrices"
        return f"{_subject(drawn, total, '')} {verb} {what}."
    return f"{_subject(drawn, total, '')} {verb} as {in_words(family)} draws {pronoun}."


def _subject(layers: Sequence[LayerStart], total: int, verb: str = "has") -> str:
    """The layers as the subject of a sentence, with the verb "to have" where it is wanted."""
    ending = {"has": " has" if len(layers) == 1 else " have", "": ""}[verb]
    if total == 1:
        return f"The one layer{ending}"
    if len(layers) == total:
        return ("Both layers" if total == 2 else f"All {number(total)} layers") + ending
    if len(layers) <= 3:
        shown = names([shown_name(each.layer, 80) for each in layers])
        return f"{'Layer' if len(layers) == 1 else 'Layers'} {shown}{ending}"
    return f"{number(len(layers))} of the {number(total)} layers{ending}"


def _table(found: NetworkInitialisation) -> Table:
    rows = [
        (
            Span(shown_name(each.layer), "name"),
            Span(VERDICTS[each.verdict]),
            Span(in_words(each.family) if each.family else NONE),
            Span(number(each.p_adjusted, 3)),
        )
        for each in found.layers
    ]
    long = len(rows) > _ON_PAPER
    return table(
        "Was each layer trained? The largest p-value of a usual initialisation, corrected for the number of tests and "
        f"of layers ({count(len(rows), 'layer')}): below {LEVEL} none of them could have drawn the layer.",
        [
            Column("Layer", wide=True),
            Column("Verdict"),
            Column("Start that fits", wide=True),
            Column("p", numeric=True),
        ],
        rows,
        range(_ON_PAPER) if long else None,
        f"The first {_ON_PAPER} of {number(len(rows))}; all are in audit.html and in the attached audit.json."
        if long
        else "",
    )


def _since(since: Since) -> list[Block]:
    name = printable(since.name, 80)
    blocks: list[Block] = []
    gaps = [
        f"{names([shown_name(layer, 80) for layer in layers])} {what}"
        for layers, what in ((since.missing, "not there"), (since.other_shape, "of another shape"))
        if layers
    ]
    if gaps:
        blocks.append(Paragraph((Span(f"Not compared with the first weights ({name}): {'; '.join(gaps)}."),)))
    if since.changes:
        blocks.append(_changes(since, name))
    return blocks


def _changes(since: Since, name: str) -> Table:
    rows = [
        (
            Span(shown_name(each.layer), "name"),
            Span(percent(each.relative)),
            Span(number(each.rank)),
            Span(number(each.stable_rank, 3)),
            Span(number(each.spikes)),
            Span(number(each.overlap_with_start, 2)),
            Span(number(each.overlap_with_change, 2)),
        )
        for each in since.changes
    ]
    titles = ("‖W − W₀‖ / ‖W₀‖", "Rank", "Stable rank", "Spikes", "Overlap with W₀", "Overlap with W − W₀")
    return table(
        f"What changed since the first weights ({name}): W − W₀. The overlaps are of the leading singular vectors of "
        "W, 1 where they are the same.",
        [Column("Layer", wide=True), *(Column(title, numeric=True) for title in titles)],
        rows,
    )


def method() -> Method:
    """What is compared with the first weights."""
    return Method(
        (
            "Where the first weights W₀ are given (--init), the change W − W₀ of each layer is described by its size, "
            "its rank up to the rounding of float32, its stable rank (the sum of the squared singular values over the "
            "square of the largest), its spikes (values beyond the edge of the noise), and by how far the leading "
            "singular vectors of W lie among those of W₀ and of W − W₀.",
        ),
        sentence=(
            "Where the first weights of the training run were given, the change of each layer was described by its "
            "size, rank and leading directions."
        ),
    )

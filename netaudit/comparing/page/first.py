"""Page one: what the other network is beside the first, in a sentence; where it changed; a picture and a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from math import acos, degrees

from netaudit.comparing.page.curves import curves
from netaudit.comparing.page.figures import draw_changes, drawn_layers
from netaudit.comparing.payload import Compared, LayerComparison, Pair
from netaudit.comparing.rules import WORDS, Word, in_words
from netaudit.report.document.model import Block, Column, Figure, Paragraph, Section, Span, Style
from netaudit.report.document.numbering import table
from netaudit.text import NONE, count, names, number, percent, printable, sentence, shown_name

STYLES: dict[Word, Style] = {
    "identical": "holds", "same_reordered": "holds", "requantised": "holds", "fine_tuned": "undecided",
    "retrained": "undecided", "unrelated": "fails", "undecided": "not_applicable",
}  # fmt: skip
_MEANS: dict[Word, str] = {
    "identical": "{b} is {a}: every weight of the layers compared is the same number.",
    "same_reordered": "{b} is {a} with its hidden units in another order: it computes the same.",
    "requantised": "{b} is {a} in another number format.",
    "fine_tuned": "{b} is {a}, changed a little, as fine-tuning does.",
    "retrained": "{b} and {a} have a start in common, and most of what came after is not the same.",
    "unrelated": "{b} and {a} share nothing that counts but their shapes.",
    "undecided": "What {b} is beside {a} cannot be told.",
}


def name_of(found: Compared, place: int) -> str:
    """The name of a network, with its place where two have the same."""
    name = printable(found.sides[place].name, 60) or "(no name)"
    same = [side.name for side in found.sides].count(found.sides[place].name) > 1
    return f"{name} ({place + 1})" if same else name


def first_page(found: Compared) -> Section:
    """The answer in one look."""
    blocks: list[Block] = []
    for pair in found.pairs[-1:] if len(found.pairs) > 3 else found.pairs:
        blocks.append(Paragraph((Span(_answer(found, pair), "strong"),)))
        blocks.append(Paragraph((Span(" ".join(_where(pair))),)))
        blocks += [Paragraph((Span(note),), warning=True) for note in _missing(found, pair)]
    last = found.pairs[-1]
    if len(found.pairs) > 1:
        blocks.append(_series(found))
        blocks += curves(found)
    if any(layer.change is not None for layer in last.layers):
        blocks.append(_picture(found, last))
    blocks.append(_table(found, last))
    return Section("summary", 1, "Summary", tuple(blocks))


def _answer(found: Compared, pair: Pair) -> str:
    a, b = name_of(found, pair.first), name_of(found, pair.second)
    means = _MEANS[pair.word].format(a=a, b=b)
    if pair.replaced:
        shown = names([shown_name(name, 60) for name in pair.replaced])
        verb = "is" if len(pair.replaced) == 1 else "are"
        means += f" But {shown} {verb} unrelated: {'it was' if verb == 'is' else 'they were'} replaced."
    return means


def _where(pair: Pair) -> list[str]:
    """Sentences: how many layers have each word, where the change is largest, and of what kind it is."""
    told = Counter(layer.word for layer in pair.layers)
    parts = [f"{number(told[word])} {in_words(word)}" for word in WORDS if told[word]]
    said = [f"Of {count(len(pair.layers), 'layer')}: {', '.join(parts)}."]
    changed = [layer for layer in pair.layers if layer.change is not None]
    if len(changed) > 1:
        most, least = (max(changed, key=_size), min(changed, key=_size))
        said.append(
            f"Layer {shown_name(most.layer, 60)} changed most, by {percent(_size(most))} of its norm, and layer "
            f"{shown_name(least.layer, 60)} least, by {percent(_size(least))}."
        )
    elif changed:
        said.append(f"Layer {shown_name(changed[0].layer, 60)} changed by {percent(_size(changed[0]))} of its norm.")
    low = [layer for layer in changed if layer.update == "low_rank"]
    if low:
        ranks = sorted({layer.rank or 0 for layer in low})
        which = f"rank {ranks[0]}" if len(ranks) == 1 else f"ranks {ranks[0]} to {ranks[-1]}"
        said.append(f"In {count(len(low), 'layer')} the change has a low rank, as LoRA gives ({which}).")
    larger = [layer for layer in changed if exceeds(layer, "int8 per row")]
    if changed and pair.word != "requantised":
        said.append(
            f"In {number(len(larger))} of the {number(len(changed))} changed layers the change is larger than that of "
            "rounding each row to int8."
            if len(changed) > 1
            else f"That is {'more' if larger else 'no more'} than rounding each row to int8 changes."
        )
    schemes = sorted({printable(layer.rounding.scheme, 40) for layer in pair.layers if layer.rounding})
    if schemes:
        said.append(f"Rounding explains the change of {count(told['requantised'], 'layer')}: {', '.join(schemes)}.")
    if any(layer.word == "undecided" and layer.rule == "interval_over_a_limit" for layer in pair.layers):
        said.append("A layer is undecided where the interval of the cosine lies across a limit.")
    if pair.verdicts:
        said.append(f"{count(len(pair.verdicts), 'word')} of the audits changed.")
    return said


def _missing(found: Compared, pair: Pair) -> list[str]:
    said = [sentence(note) for note in (*pair.notes, *(n for p in (pair.first, pair.second) for n in _notes(found, p)))]
    for place, gone in ((pair.first, pair.only_first), (pair.second, pair.only_second)):
        if gone:
            shown = names([shown_name(name, 60) for name in gone])
            said.append(f"{count(len(gone), 'layer')} of {name_of(found, place)} without a partner: {shown}.")
    if pair.other_shape:
        shown = names([shown_name(name, 60) for name in pair.other_shape])
        said.append(f"{count(len(pair.other_shape), 'layer')} with another shape in the other network: {shown}.")
    return said


def _notes(found: Compared, place: int) -> tuple[str, ...]:
    return found.sides[place].notes


def _size(layer: LayerComparison) -> float:
    return layer.change.relative if layer.change else 0.0


def exceeds(layer: LayerComparison, scheme: str) -> bool:
    """Whether the change of a layer is larger than that of rounding it to a format."""
    return any(noise.scheme == scheme and _size(layer) > noise.relative for noise in layer.noise)


def _picture(found: Compared, pair: Pair) -> Figure:
    layers = drawn_layers(pair)
    of = f" of {name_of(found, pair.second)} beside {name_of(found, pair.first)}" if len(found.pairs) > 1 else ""
    some = f" The {len(layers)} layers that changed most." if len(layers) < len(pair.layers) else ""
    caption = (
        f"How far each layer{of} is from its partner: 0 (same) to 1 (nothing in common), the value in each cell.{some} "
        "Size: the norm of the change over that of the layer, on a logarithmic scale. Angle: between the weights. "
        "Rank: of the change, over the smaller side. Structure: share of the change that is not random-like. Inputs, "
        "outputs: leading singular vectors that are not shared."
    )
    alt = "; ".join(
        f"{shown_name(layer.layer, 40)}: {in_words(layer.word)}, size {percent(_size(layer))}" for layer in layers[:10]
    )
    return Figure("changes", caption, f"{caption} {alt}.", partial(draw_changes, layers))


def _table(found: Compared, pair: Pair) -> Block:
    rows = [
        (
            Span(shown_name(layer.layer), "name"),
            Span(WORDS[layer.word], STYLES[layer.word]),
            Span(printable(layer.rule.replace("_", " "), 60), "soft"),
            Span(percent(layer.change.relative) if layer.change else "0%" if layer.update == "none" else NONE),
            Span(angle(layer)),
            Span(kind(layer)),
        )
        for layer in pair.layers
    ]
    columns = (
        Column("Layer"), Column("Word"), Column("By the rule"), Column("Change / norm", numeric=True),
        Column("Angle", numeric=True), Column("The change is"),
    )  # fmt: skip
    of = f": {name_of(found, pair.second)} beside {name_of(found, pair.first)}" if len(found.pairs) > 1 else ""
    return table(f"What happened to each layer{of}.", columns, rows)


def angle(layer: LayerComparison) -> str:
    """The angle between the weights of a layer and its partner: a cosine of 0.99995 would be printed as 1."""
    return NONE if layer.cosine is None else f"{number(degrees(acos(layer.cosine)), 2)}°"


def kind(layer: LayerComparison) -> str:
    """What kind of matrix the change is, in words."""
    if layer.update is None:
        return NONE
    if layer.update == "none":
        return "nothing" if not layer.bias_relative else "of the bias alone"
    if layer.update == "rounding":
        return "rounding and nothing else"
    if layer.update == "low_rank":
        return f"of low rank: {number(layer.rank)}"
    found = layer.ladder
    if found is None:
        return f"of full rank, {count(layer.change.spikes if layer.change else 0, 'spike')}"
    if found.rung == "as_drawn":
        return "of full rank, like noise"
    if found.rung == "unit_scales":
        return "noise, of its own size in each unit"
    if found.rung == "directions":
        return f"noise and {count(found.directions or 0, 'direction')}"
    return "of full rank, with structure"


def _series(found: Compared) -> Block:
    rows = [
        (
            Span(name_of(found, pair.second), "name"),
            Span(WORDS[pair.word], STYLES[pair.word]),
            Span(_range([_size(layer) for layer in pair.layers if layer.change])),
            Span(number(sum(layer.change.spikes for layer in pair.layers if layer.change))),
            Span(number(len(pair.verdicts)) if found.settings.get("audited") or pair.verdicts else NONE),
        )
        for pair in found.pairs
    ]
    columns = (
        Column("Network"), Column("Word"), Column("Change / norm", numeric=True), Column("Spikes", numeric=True),
        Column("Verdicts changed", numeric=True),
    )  # fmt: skip
    return table(f"Each network beside {name_of(found, 0)}.", columns, rows)


def _range(sizes: Sequence[float]) -> str:
    if not sizes:
        return NONE
    low, high = percent(min(sizes)), percent(max(sizes))
    return low if low == high else f"{low} to {high}"

r"""The numbers of a comparison that a text would cite, as LaTeX macros.

``\NCNetworkBWord`` is the word for the second network beside the first, and ``\NCNetworkBLayerARank`` the rank of the
change of the first layer that they have in common. The prefix is another than that of an audit: a paper may have both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from netaudit.comparing.metrics import surely_changed
from netaudit.comparing.page.first import angle, exceeds, kind, name_of
from netaudit.comparing.payload import Compared, LayerComparison, Pair
from netaudit.comparing.rules import CHANGED, RULES, WORDS, in_words
from netaudit.paper.macros import Entry, Macro, in_letters, named
from netaudit.report.latex import escape
from netaudit.text import number, percent, plain, printable, shown_name

PREFIX = "NC"


def macros(found: Compared, fingerprint: str) -> tuple[Macro, ...]:
    """All macros: of the whole, of the rules, of each network beside the first, and of each layer."""
    return named(_entries(found, fingerprint), PREFIX)


def _entries(found: Compared, fingerprint: str) -> Iterator[Entry]:
    yield from _whole(found, fingerprint)
    for pair in found.pairs:
        start = f"network {in_letters(pair.second)}"
        yield from _pair(start, pair, f"{name_of(found, pair.second)} beside {name_of(found, pair.first)}")
        for place, layer in enumerate(pair.layers):
            yield from _layer(f"{start} layer {in_letters(place)}", layer)


def _whole(found: Compared, fingerprint: str) -> Iterator[Entry]:
    yield _text("version", printable(found.versions.get("netaudit", ""), 40), "the comparison as a whole")
    yield _text("fingerprint", fingerprint[:12])
    yield _text("seed", printable(plain(found.settings.get("seed")), 40))
    yield ("networks",), number(len(found.sides)), None, ""
    yield ("others",), number(len(found.pairs)), None, ""
    for place in range(len(found.sides)):
        name = name_of(found, place)
        yield (f"network {in_letters(place)}",), name, escape.name(name), ""
    says = "the thresholds of the rules"
    for rule in RULES:
        threshold = found.thresholds.get(rule.name, rule.threshold)
        if threshold is not None:
            yield ("threshold", rule.name), number(threshold), None, says
            says = ""


def _pair(start: str, pair: Pair, says: str) -> Iterator[Entry]:
    changed = [layer for layer in pair.layers if layer.change is not None]
    words = Counter(layer.word for layer in pair.layers)
    yield _text(f"{start} word", in_words(pair.word), says)
    yield (start, "layers"), number(len(pair.layers)), None, ""
    for word in WORDS:
        yield (start, word), number(words[word]), None, ""
    share = sum(words[word] for word in CHANGED) / len(pair.layers) if pair.layers else None
    yield _percent((start, "share changed"), share)
    yield (start, "low rank"), number(sum(layer.update == "low_rank" for layer in changed)), None, ""
    yield (start, "beyond int8 rounding"), number(sum(exceeds(each, "int8 per row") for each in changed)), None, ""
    yield (start, "replaced"), number(len(pair.replaced)), None, ""
    without = len(pair.only_first) + len(pair.only_second) + len(pair.other_shape)
    yield (start, "without partner"), number(without), None, ""
    yield (start, "verdicts changed"), number(len(pair.verdicts)), None, ""
    yield (start, "numbers changed"), number(sum(map(surely_changed, pair.metrics))), None, ""
    sizes = [layer.change.relative for layer in changed if layer.change]
    ranks = [layer.rank for layer in changed if layer.rank is not None]
    spikes = [layer.change.spikes for layer in changed if layer.change]
    for name, summary in (("median", median), ("smallest", min), ("largest", max)):
        if sizes:
            yield _percent((start, "size", name), summary(sizes))
        for of, values in (("rank", ranks), ("spikes", spikes)):
            if values:
                yield (start, of, name), number(summary(values)), None, ""


def _layer(start: str, layer: LayerComparison) -> Iterator[Entry]:
    yield _text(f"{start} word", in_words(layer.word), f"layer {shown_name(layer.layer, 200)}")
    yield _text(f"{start} rule", printable(layer.rule.replace("_", " "), 60))
    yield _text(f"{start} update", kind(layer))
    yield _percent((start, "size"), layer.change.relative if layer.change else None)
    yield (start, "cosine"), number(layer.cosine), None, ""
    for end, limit in zip(("low", "high"), layer.interval or (), strict=False):
        yield (start, "cosine", end), number(limit), None, ""
    yield _text(f"{start} angle", angle(layer))
    numbers: dict[str, float | None] = {
        "rank": layer.rank,
        "effective rank": layer.effective_rank,
        "stable rank": layer.change.stable_rank if layer.change else None,
        "stable rank of noise": layer.gaussian_rank,
        "spikes": layer.change.spikes if layer.change else None,
    }
    for name, value in numbers.items():
        yield (start, name), number(value), None, ""
    yield _percent((start, "random like"), layer.ladder.random_like_share if layer.ladder else None)
    yield _percent((start, "bias"), layer.bias_relative)
    if layer.rounding is not None:
        yield _text(f"{start} rounding", printable(layer.rounding.scheme, 60))
    if layer.overlap is not None:
        over = layer.overlap
        for side, share, null in (("inputs", over.right, over.right_null), ("outputs", over.left, over.left_null)):
            yield _percent((start, "overlap", side), share)
            yield _percent((start, "overlap", side, "independent"), null)
    if layer.aligned is not None:
        yield _percent((start, "size aligned"), layer.aligned.relative)
        yield (start, "cosine aligned"), number(layer.aligned.cosine), None, ""


def _text(name: str, text: str, says: str = "") -> Entry:
    return (name,), text, escape.escaped(text), says


def _percent(parts: tuple[str, ...], share: float | None) -> Entry:
    return parts, (text := percent(share)), escape.number(text), ""

"""Hidden units of the whole head: each layer that can be read is read once, with one layer in memory at a time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.hidden_units.balance import judge
from netaudit.analyses.network.hidden_units.norms import LayerNorms, Unmeasured, norms
from netaudit.analyses.network.hidden_units.payload import HiddenUnits
from netaudit.network.layers import HeadLayer, SkippedLayer
from netaudit.results.payload import NotApplicable
from netaudit.text import capital, sentence


def measure(context: NetworkContext) -> HiddenUnits | NotApplicable:
    """Judge each two consecutive layers of the head of which the lower one's outputs are the upper one's inputs.

    A layer that is skipped is never read: its pairs are listed without being judged.
    """
    head = context.network.head
    if head is None:
        return NotApplicable(sentence(capital(context.network.head_gap() or "no head was found")))
    skipped = {layer.name: layer.shape for layer in context.network.layers if isinstance(layer, SkippedLayer)}
    audited = {layer.name: layer.shape for layer in context.network.layers if not isinstance(layer, SkippedLayer)}
    shapes = {name: shape for name, shape in (skipped | audited).items() if len(shape) == 2}
    pairs = [(lower, upper.name) for lower, upper in pairwise(head.layers) if _fit(shapes, lower, upper)]
    if not pairs:
        return NotApplicable("There are no two consecutive layers in the head, so there are no hidden units.")
    found: dict[str, LayerNorms | Unmeasured] = {}
    names = list(dict.fromkeys(name for lower, upper in pairs for name in (lower.name, upper)))
    for index, name in enumerate(names):
        context.progress("hidden units, layer by layer", index, len(names))
        found[name] = norms(context.read(name)) if name in audited else "not_audited"
    return HiddenUnits(
        tuple(judge(lower, upper, shapes[lower.name][0], found[lower.name], found[upper]) for lower, upper in pairs)
    )


def _fit(shapes: Mapping[str, tuple[int, ...]], lower: HeadLayer, upper: HeadLayer) -> bool:
    return lower.name in shapes and upper.name in shapes and shapes[lower.name][0] == shapes[upper.name][1]

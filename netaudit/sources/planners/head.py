"""The head of a network of which names and shapes are all that is known: the same for every order, or none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from netaudit.composed.base_weight import ALONE
from netaudit.formats.natural_order import natural
from netaudit.network.layers import Head, HeadLayer, SkippedLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.chains import chains
from netaudit.sources.planners.pointwise import EACH_POSITION
from netaudit.text import printable

INFERRED = "The head was inferred from names and shapes"
ASSUMED = f"{INFERRED}; ReLU between its layers was assumed."
ORDER_UNKNOWN = "the order of the layers is not known: --order a,b,c names those at the top, from bottom to top"
NO_CHAIN = f"no head of fully connected layers at the top was found: {ORDER_UNKNOWN}"

# Names that attention gives its projections: what lies between them is not one activation.
_ATTENTION = re.compile(r"attn|attention|(^|[._])([qkv]|in|out)_proj|(^|\.)([qkv]|query|key|value)(\.|$)", re.I)
# What shares inputs out among experts: its outputs are weights of a mean, and no labels.
_ROUTER = re.compile(
    r"(.*\.)?(router|gate|gating|gating_network|w_?gate)(\.(classifier|linear|weight|layer|wg))?", re.I
)
# What cannot lie unseen between two fully connected layers, whatever its shape, or is told apart by its own rules.
_APART = ("convolution", "embedding", "recurrent", "buffer", "optimiser", "a single number")
_HEADS = re.compile(r"(.*_)?(head|classifier|fc|logits|score|output|out|predictions?)", re.I)


@dataclass(frozen=True)
class FoundHead:
    """The head, or why there is none."""

    head: Head | None
    gap: str = ""


def find_head(entries: Sequence[LayerSpec | SkippedLayer], *, ordered: bool) -> FoundHead:
    """Tell the head from names and shapes.

    The head is the only chain through all layers in which the outputs of one are as many as the inputs of the next;
    else the only chain through all layers of one part of the network that holds nothing else, and feeds no other
    layer; where there is nothing but layers, one of them must feed it, or its name be a head's. Where shapes allow
    several chains, layers whose names differ in a number come in the order of the numbers; then the order of the
    entries decides, if ``ordered`` says that it is that of the network's definition, and it is not the alphabet's, in
    which a file may have been sorted on its way. The chain is cut below a normalisation, or another parameter of
    unknown use, that may lie between two of its layers.

    Parts of attention, and layers of blocks that come again and again, are no part of a head.
    """
    specs = [entry for entry in entries if isinstance(entry, LayerSpec)]
    layers = [spec for spec in specs if EACH_POSITION not in spec.origin]
    others = [entry for entry in entries if isinstance(entry, SkippedLayer) and _counts(entry)]
    others += [SkippedLayer(spec.name, spec.shape, "convolution", 1) for spec in specs if EACH_POSITION in spec.origin]
    if again := next((entry for entry in others if _used_again(entry)), None):
        why = f"{printable(again.name, 80)} is {printable(again.reason, 100)}"
        return FoundHead(None, f"{why}, and what lies between the two is not known")
    if not layers:
        return FoundHead(None)
    inside = _inside_blocks(layers)
    names = [spec.name for spec in layers]
    ordered = ordered and names not in (sorted(names), sorted(names, key=natural))
    if not inside:
        found = _chain(layers, ordered)
        if found is not None and not found:
            return FoundHead(None, ORDER_UNKNOWN)
        if found and not _meets_convolutions(found, others):
            return FoundHead(_head(_cut(found, others)))
    heads = []
    for part in _parts(layers, others):
        rest = [spec for spec in layers if spec not in part]
        if not rest or any(spec.name in inside for spec in part):
            continue
        found = _chain(part, ordered)
        if found is not None and not found:
            return FoundHead(None, ORDER_UNKNOWN)
        if found and not _feeds(found[-1], rest) and not _meets_convolutions(found, others):
            heads.append(_cut(found, others))
    if len(heads) > 1:
        heads = [chain for chain in heads if _HEADS.fullmatch(chain[-1].name.rpartition(".")[2])]
    if len(heads) != 1 or not (others or _named(heads[0]) or _fed(heads[0][0], layers)):
        return FoundHead(None, NO_CHAIN)
    return FoundHead(_head(heads[0]))


def _named(chain: Sequence[LayerSpec]) -> bool:
    """Whether a name on the way to the top layer is one that heads have: ``classifier.6`` too."""
    return any(_HEADS.fullmatch(word) for word in chain[-1].name.split("."))


def _head(chain: Sequence[LayerSpec]) -> Head:
    steps = (*(HeadLayer(spec.name, "relu") for spec in chain[:-1]), HeadLayer(chain[-1].name, "linear"))
    return Head(steps, inferred=True, note=ASSUMED if len(steps) > 1 else f"{INFERRED}.")


def _counts(entry: SkippedLayer) -> bool:
    return bool(entry.parameters) or entry.reason.startswith("tied") or not all(entry.shape)


def with_adapters(found: FoundHead, entries: Sequence[LayerSpec | SkippedLayer]) -> FoundHead:
    """The head, unless the parts of an adapter beside one of its layers are listed as left out.

    The network computes with another weight there, so that labels would go down another network. Adapters alone are
    what is added to the layers of a network, and no network.
    """
    specs = [entry for entry in entries if isinstance(entry, LayerSpec)]
    if specs and all(f", {ALONE}" in spec.origin for spec in specs):
        return FoundHead(None, "an adapter alone has none: --base TARGET adds it to its model")
    parts = [entry.name for entry in entries if isinstance(entry, SkippedLayer) and "adapter" in entry.reason]
    for step in found.head.layers if found.head else ():
        layer = step.name.removesuffix(".base_layer")
        if any(name.startswith(f"{layer}.") for name in parts):
            return FoundHead(
                None, f"the adapter of {printable(layer, 80)}, at the top, could not be added to its weight"
            )
    return found


def _used_again(entry: SkippedLayer) -> bool:
    """Whether the weight of another layer is used a second time: with a bias of its own, or square as no table is."""
    square = len(entry.shape) == 2 and entry.shape[0] == entry.shape[1]
    return entry.reason.startswith("tied to ") and (entry.parameters > 0 or square)


def _chain(layers: Sequence[LayerSpec], ordered: bool) -> list[LayerSpec] | None:
    """The one chain through all the layers; empty where there are several, None where there is none."""
    shapes = [spec.shape for spec in layers]
    found = chains(shapes)
    if len(found) > 1:
        by_number = chains(shapes, _numbered_before([spec.name for spec in layers]))
        listed = tuple(range(len(layers)))
        if len(by_number) == 1:
            found = by_number
        elif ordered and all(shapes[a][0] == shapes[b][1] for a, b in pairwise(listed)):
            found = [listed]
        else:
            return []
    return [layers[place] for place in found[0]] if found else None


def _numbered_before(names: Sequence[str]) -> dict[int, set[int]]:
    """For each name the places of those that come before it: the same but for one smaller number."""
    before: dict[int, set[int]] = defaultdict(set)
    numbered = defaultdict(list)
    for place, name in enumerate(names):
        for match in re.finditer(r"\d+", name):
            numbered[name[: match.start()], name[match.end() :]].append((int(match[0]), place))
    for group in numbered.values():
        group.sort()
        for (_, earlier), (_, later) in pairwise(group):
            before[later].add(earlier)
    return before


def _inside_blocks(layers: Sequence[LayerSpec]) -> set[str]:
    """Names of attention's projections, of routers, and of layers of numbered blocks that hold the same layers."""
    inside = {spec.name for spec in layers if _ATTENTION.search(spec.name) or _ROUTER.fullmatch(spec.name)}
    blocks: dict[tuple[str, str], list[tuple[str, LayerSpec]]] = defaultdict(list)
    for spec in layers:
        for match in re.finditer(r"(?<![^._])\d+(?=\.)|(?<=[A-Za-z_])\d+(?=\.)", spec.name):
            blocks[spec.name[: match.start()], match[0]].append((spec.name[match.end() :], spec))
    alike: dict[tuple[str, frozenset[tuple[str, tuple[int, int]]]], list[str]] = defaultdict(list)
    for (prefix, _), held in blocks.items():
        if len(held) > 1:
            what = frozenset((name, spec.shape) for name, spec in held)
            alike[prefix, what].append("")
            alike[prefix, what] += [spec.name for _, spec in held]
    for names in alike.values():
        if names.count("") > 1:
            inside.update(filter(None, names))
    return inside


def _parts(layers: Sequence[LayerSpec], others: Sequence[SkippedLayer]) -> list[list[LayerSpec]]:
    """The layers of each top part that holds nothing but layers; what encloses the whole network is no part."""
    names = [spec.name for spec in layers] + [entry.name for entry in others]
    depth = len(_common(names))
    held: dict[str, list[LayerSpec]] = defaultdict(list)
    for spec in layers:
        held[_part(spec.name, depth)].append(spec)
    mixed = {_part(entry.name, depth) for entry in others}
    return [specs for part, specs in held.items() if part not in mixed]


def _part(name: str, depth: int) -> str:
    return ".".join(name.split(".")[: depth + 1])


def _common(names: Iterable[str]) -> list[str]:
    """The modules that enclose everything that has one of the names."""
    paths = [name.split(".")[:-1] for name in names]
    common = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return common


def _feeds(top: LayerSpec, rest: Sequence[LayerSpec]) -> bool:
    return top.shape[0] in {spec.shape[1] for spec in rest}


def _fed(bottom: LayerSpec, layers: Sequence[LayerSpec]) -> bool:
    return any(_feeds(spec, [bottom]) for spec in layers if spec is not bottom)


def _meets_convolutions(chain: Sequence[LayerSpec], others: Sequence[SkippedLayer]) -> bool:
    """Whether the chain lies below convolutions, as in a generator, instead of above them.

    Above convolutions its inputs are channels at some places, so a multiple of a number of channels. Below them its
    outputs are the channels of a square picture, and at least as many as its inputs.
    """
    kernels = [entry.shape for entry in others if entry.reason.startswith("convolution")]
    if not kernels:
        return False
    inputs, outputs = chain[0].shape[1], chain[-1].shape[0]
    channels = {number for shape in kernels for number in shape[:2] if number > 1}
    if channels and not any(inputs % number == 0 for number in channels):
        return True
    squares = {outputs // number for number in channels if outputs % number == 0}
    return outputs >= inputs and any(round(area**0.5) ** 2 == area for area in squares)


def _cut(chain: list[LayerSpec], others: Sequence[SkippedLayer]) -> list[LayerSpec]:
    """The top of the chain, from above the last place where another parameter may lie between two layers."""
    unknown = [entry for entry in others if not entry.reason.startswith(_APART)]
    for place in range(len(chain) - 1, 0, -1):
        below, above = chain[place - 1], chain[place]
        if any(below.shape[0] in entry.shape and _between(entry.name, below.name, above.name) for entry in unknown):
            return chain[place:]
    return chain


def _between(name: str, below: str, above: str) -> bool:
    """Whether the names allow something to lie between two layers: inside what encloses both, at a number between."""
    enclosing = _common((below, above))
    parts = [path.split(".") for path in (below, name, above)]
    if parts[1][: len(enclosing)] != enclosing:
        return False
    places = [path[len(enclosing)] if len(path) > len(enclosing) else "" for path in parts]
    if all(place.isdigit() for place in places):
        first, here, last = map(int, places)
        return first <= here <= last
    return True

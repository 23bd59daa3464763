"""Low-rank adapters: LoRA, and through :mod:`.lycoris` LoHa and LoKr, alone or added to their base weight.

LoRA is ``s B A`` with A ``[r, in]`` and B ``[out, r]``; s is in :mod:`.adapter_scale`. DoRA gives each row of W + s B A
the norm that it stores.

Sources: LoRA (Hu et al., 2021), DoRA (Liu et al., 2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed import lycoris
from netaudit.composed.adapter_scale import scale
from netaudit.composed.base_weight import ALONE, MERGED, base_bias, base_weight, beside, same_bias
from netaudit.composed.conv1d import TURNED
from netaudit.composed.rule import Group, Made, Read, Stored

if TYPE_CHECKING:
    from torch import Tensor

_A = re.compile(
    r"(?P<base>.*?)(?P<mark>\.lora_A|[._]lora\.down|\.lora_down|\.lora_linear_layer\.down|^lora_A|^lora_down)"
    r"(?P<adapter>\.(?!weight$)[^.]+)?(?P<end>\.weight)?"
)
_EMBEDDING = re.compile(r"(?P<base>.*)\.lora_embedding_A(?P<adapter>\.[^.]+)?")
_OTHER = {"lora_A": "lora_B", "lora_down": "lora_up", "lora.down": "lora.up", "layer.down": "layer.up"}
_LEFT = re.compile(r"(^|\.)(lora_(?!unet|te)\w+|lokr_\w+|hada_\w+|vera_\w+|ia3_l|lora_embedding_[AB])(\.|$)")


def module_of(name: str) -> str | None:
    """The module that a tensor of an adapter changes, told by its first factor; None for any other tensor."""
    match = _A.fullmatch(name) or _EMBEDDING.fullmatch(name) or lycoris.PART.fullmatch(name)
    return match["base"] if match else None


def is_part(name: str) -> bool:
    """Whether a tensor belongs to an adapter, by its name."""
    named = ".lora." in name or name.endswith((".alpha", ".dora_scale"))
    return named or _LEFT.search(name) is not None or module_of(name) is not None


def groups(stored: Stored) -> Iterator[Group]:
    """Every adapter as one layer; what is left of adapters is refused, so that no factor is taken for a layer."""
    taken: set[str] = set()
    for group in (*_lora(stored), *lycoris.groups(stored), *_embeddings(stored)):
        taken.update(group.parts)
        yield group
    for name, tensor in stored.declared.items():
        if name not in taken and not tensor.refusal and _LEFT.search(name):
            yield Group((name,), refusal="a part of an adapter (LoRA or its kin) that could not be put together")


def _lora(stored: Stored) -> Iterator[Group]:
    found: dict[str, list[tuple[str, str, str]]] = {}  # the base's adapters: name, A, B
    for name in stored.declared:
        match = _A.fullmatch(name)
        if match:
            word = next(word for word in _OTHER if match["mark"].endswith(word))
            other = match["base"] + match["mark"].removesuffix(word) + _OTHER[word]
            other += (match["adapter"] or "") + (match["end"] or "")
            if stored.usable(name) and stored.usable(other):
                found.setdefault(match["base"], []).append(((match["adapter"] or "").lstrip("."), name, other))
    # PEFT sets fan_in_fan_out for each layer by its kind, and keeps one of them: it tells only where no names do
    told = any(tensor.origin.startswith(TURNED) for tensor in stored.declared.values())
    turned = stored.adapter.get("fan_in_fan_out") is True and not told
    for base, adapters in found.items():
        for adapter, a, b in adapters:
            yield from _one(base, adapter, a, b, stored, square_turned=turned, alone=len(adapters) > 1)
        weight = base_weight(base, stored)
        if weight and len(adapters) > 1:
            yield beside(base, weight, f"the base of {len(adapters)} adapters, without them", stored)


def _one(
    base: str, adapter: str, a: str, b: str, stored: Stored, *, square_turned: bool, alone: bool
) -> Iterator[Group]:
    down, up = stored.declared[a].shape, stored.declared[b].shape
    alpha = f"{base}.alpha"
    dora = f"{base}.dora_scale"
    magnitude = [*stored.beginning(f"{base}.lora_magnitude_vector"), *([dora] if dora in stored.declared else [])]
    parts = [a, b, *([alpha] if alpha in stored.declared else []), *magnitude]
    weight = None if alone else base_weight(base, stored)
    if len(down) != 2 or len(up) != 2 or down[0] != up[1]:
        what = "of a convolution" if len(down) > 2 else f"whose factors {list(down)} and {list(up)} do not fit"
        yield Group((*parts, *filter(None, [weight])), refusal=f"LoRA {what}: not put together")
        return
    rank, shape = down[0], (up[0], down[1])
    s, words = scale(base, rank, stored)
    if weight is None:
        name = f"{base or 'adapter'}{f'.{adapter}' if alone and adapter else ''}.weight"
        words = words if s else "its scale alpha is not in the file and taken as the rank"
        dora = "; DoRA: its magnitudes are not applied" if magnitude else ""
        said = f"LoRA of rank {rank}, {ALONE}: s B A, {words}{dora}"
        product = partial(_product, a, b, s or 1.0)
        factors = partial(_factors, a, b, s or 1.0)
        yield Group(tuple(parts), (Made(name, shape, product, said, factors=factors),))
        return
    if s is None or len(magnitude) > 1:
        yield Group(tuple(parts), refusal="a LoRA adapter whose scale alpha is not in the file: not added to its base")
        yield beside(base, weight, "the base of an adapter, without it", stored)
        return
    held = stored.declared[weight]
    is_turned = not held.origin and (held.shape == shape[::-1] if shape != shape[::-1] else square_turned)
    if held.shape != (shape[::-1] if is_turned else shape):
        yield Group(tuple(parts), refusal=f"LoRA {list(shape)} that does not fit its base {list(held.shape)}")
        yield beside(base, weight, "the base of an adapter, without it", stored)
        return
    said = f"LoRA of rank {rank} {MERGED}: W + s B A, {words}{'; DoRA' if magnitude else ''}"
    merged = partial(_merged, weight, a, b, s, is_turned, magnitude[0] if magnitude else None)
    made = [Made(f"{base}.weight", shape, merged, f"{said}, {held.origin}" if held.origin else said)]
    bias, own = base_bias(base, stored), f"{b.removesuffix('weight')}bias"
    if bias and stored.usable(own) and stored.declared[own].shape == stored.declared[bias].shape:
        parts += [bias, own]
        added = partial(_added_bias, bias, own, s)
        made.append(Made(f"{base}.bias", stored.declared[bias].shape, added, f"the adapter's bias {MERGED}"))
    elif bias and bias != f"{base}.bias":
        parts.append(bias)
        made.append(same_bias(base, bias, stored))
    yield Group((weight, *parts), tuple(made))


def _embeddings(stored: Stored) -> Iterator[Group]:
    """Adapters of embeddings, which matter where a layer is tied to one: W + s (B A)^T, W ``[words, width]``."""
    for a in stored.declared:
        match = _EMBEDDING.fullmatch(a)
        b = a.replace("lora_embedding_A", "lora_embedding_B")
        weight = base_weight(match["base"], stored) if match else None
        if match is None or weight is None or not (stored.usable(a) and stored.usable(b)):
            continue
        base, (down, up) = match["base"], (stored.declared[name].shape for name in (a, b))
        s, words = scale(base, down[0] if down else 0, stored)
        magnitude = bool(stored.beginning(f"{base}.lora_magnitude_vector"))
        shape = stored.declared[weight].shape
        if s is None or magnitude or len(down) != 2 or len(up) != 2 or (down[1], up[0]) != shape or down[0] != up[1]:
            yield Group((weight, a, b), refusal="an embedding with an adapter that is not added to it")
            continue
        said = f"LoRA of rank {down[0]} {MERGED}: W + s (B A)^T, {words}"
        yield Group((weight, a, b), (Made(f"{base}.weight", shape, partial(_embedded, weight, a, b, s), said),))


def _product(a: str, b: str, s: float, read: Read) -> Tensor:
    return (read(b).float() @ read(a).float()).mul_(s)


def _factors(a: str, b: str, s: float, read: Read) -> tuple[Tensor, Tensor]:
    return read(b).double().mul_(s), read(a).double()


def _merged(weight: str, a: str, b: str, s: float, turned: bool, magnitude: str | None, read: Read) -> Tensor:
    base = read(weight).float()
    merged = (base.T if turned else base) + _product(a, b, s, read)
    if magnitude is None:
        return merged
    norms: Tensor = merged.norm(dim=1, keepdim=True)
    return merged * (read(magnitude).float().reshape(-1, 1) / norms)


def _embedded(weight: str, a: str, b: str, s: float, read: Read) -> Tensor:
    return read(weight).float() + _product(a, b, s, read).T


def _added_bias(bias: str, own: str, s: float, read: Read) -> Tensor:
    return read(bias).float() + s * read(own).float()

"""Low-rank adapters: LoRA, LoHa and LoKr, alone or added to the base weight in the same file.

- LoRA (Hu et al., 2021): ``s B A``, A ``[r, in]``, B ``[out, r]``, ``s = alpha / r``; rsLoRA has ``alpha / sqrt(r)``.
- LoHa (LyCORIS): ``s (B1 A1) * (B2 A2)``, entry by entry.
- LoKr (LyCORIS): the Kronecker product ``s W1 x W2``, of which either may itself be a product; s = 1 when neither is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from netaudit.sources.composed.rule import Group, Made, Read, Stored

if TYPE_CHECKING:
    from torch import Tensor

_A = re.compile(
    r"(?P<base>.*?)(?P<mark>\.lora_A|[._]lora\.down|\.lora_down|\.lora_linear_layer\.down|^lora_A|^lora_down)"
    r"(?P<adapter>\.(?!weight$)[^.]+)?(?P<end>\.weight)?"
)
_OTHER = {"lora_A": "lora_B", "lora_down": "lora_up", "lora.down": "lora.up", "layer.down": "layer.up"}
_LYCORIS = re.compile(r"(?P<base>.*)\.(?P<kind>lokr|hada)_w1(?P<factor>_a)?")
_LEFT = re.compile(r"(^|\.)(lora_(?!unet|te)\w+|lokr_\w+|hada_\w+|vera_\w+|ia3_l|lora_embedding_[AB])(\.|$)")
_KINDS = {"lokr": "LoKr: a Kronecker product", "hada": "LoHa: a product of two low-rank matrices, entry by entry"}


def groups(stored: Stored) -> Iterator[Group]:
    """Every adapter as one layer; what is left of adapters is refused, so that no factor is taken for a layer."""
    taken: set[str] = set()
    for group in (*_lora(stored), *_lycoris(stored)):
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
    for base, adapters in found.items():
        for adapter, a, b in adapters:
            yield from _one(base, adapter, a, b, stored, alone=len(adapters) > 1)
        weight = _base(base, stored)
        if weight and len(adapters) > 1:
            yield _beside(base, weight, f"the base of {len(adapters)} adapters, without them", stored)


def _one(base: str, adapter: str, a: str, b: str, stored: Stored, *, alone: bool) -> Iterator[Group]:
    down, up = stored.declared[a].shape, stored.declared[b].shape
    alpha = f"{base}.alpha"
    dora = f"{base}.dora_scale"
    magnitude = [*stored.beginning(f"{base}.lora_magnitude_vector"), *([dora] if dora in stored.declared else [])]
    parts = [a, b, *([alpha] if alpha in stored.declared else []), *magnitude]
    if len(down) != 2 or len(up) != 2 or down[0] != up[1]:
        what = "of a convolution" if len(down) > 2 else f"whose factors {list(down)} and {list(up)} do not fit"
        yield Group(tuple(parts), refusal=f"LoRA {what}: not put together")
        return
    rank, shape = down[0], (up[0], down[1])
    scale, words = _scale(base, rank, stored)
    weight = None if alone else _base(base, stored)
    name = f"{base or 'adapter'}{f'.{adapter}' if alone and adapter else ''}.weight"
    if weight is None:
        words = words if scale else "its scale alpha is not in the file and taken as the rank"
        said = (
            f"LoRA of rank {rank}, alone: s B A, {words}{'; DoRA: its magnitudes are not applied' if magnitude else ''}"
        )
        yield Group(tuple(parts), (Made(name, shape, partial(_product, a, b, scale or 1.0), said),))
        return
    if scale is None or (magnitude and len(magnitude) > 1):
        yield Group(tuple(parts), refusal="a LoRA adapter whose scale alpha is not in the file: not added to its base")
        yield _beside(base, weight, "the base of an adapter, without it", stored)
        return
    bases = stored.declared[weight].shape
    if bases not in (shape, shape[::-1]):
        yield Group(tuple(parts), refusal=f"LoRA {list(shape)} that does not fit its base {list(bases)}")
        yield _beside(base, weight, "the base of an adapter, without it", stored)
        return
    before = stored.declared[weight].origin
    said = f"LoRA of rank {rank} added to its base: W + s B A, {words}{'; DoRA' if magnitude else ''}"
    merged = partial(_merged, weight, a, b, scale, bases != shape, magnitude[0] if magnitude else None)
    made = [Made(f"{base}.weight", shape, merged, f"{said}, {before}" if before else said)]
    yield Group((weight, *parts, *_bias_parts(base, stored)), (*made, *_bias_made(base, stored)))


def _base(base: str, stored: Stored) -> str | None:
    names = (f"{base}.base_layer.weight", f"{base}.weight")
    return next((name for name in names if (t := stored.usable(name)) and len(t.shape) == 2 and t.floating), None)


def _beside(base: str, weight: str, words: str, stored: Stored) -> Group:
    """The base under its own name, without ``base_layer``."""
    tensor = stored.declared[weight]
    origin = f"{tensor.origin}, {words}" if tensor.origin else words
    made = Made(f"{base}.weight", tensor.shape, partial(_read, weight), origin, tensor.dtype)
    return Group((weight, *_bias_parts(base, stored)), (made, *_bias_made(base, stored)))


def _bias_parts(base: str, stored: Stored) -> tuple[str, ...]:
    return (f"{base}.base_layer.bias",) if stored.usable(f"{base}.base_layer.bias") else ()


def _bias_made(base: str, stored: Stored) -> tuple[Made, ...]:
    return tuple(
        Made(
            f"{base}.bias",
            stored.declared[name].shape,
            partial(_read, name),
            "of the base",
            stored.declared[name].dtype,
        )
        for name in _bias_parts(base, stored)
    )


def _scale(base: str, rank: int, stored: Stored) -> tuple[float | None, str]:
    """The factor before B A, and its words; None where neither the file nor its configuration says."""
    if stored.usable(f"{base}.alpha"):
        alpha: Any = float(stored.read(f"{base}.alpha").float().reshape(-1)[0])
    else:
        alpha = _pattern(stored.adapter.get("alpha_pattern"), base) or stored.adapter.get("lora_alpha")
    if not isinstance(alpha, (int, float)) or not math.isfinite(alpha):
        return None, ""
    if stored.adapter.get("use_rslora") is True:
        return alpha / math.sqrt(rank), f"s = alpha / sqrt(r) = {alpha:g} / sqrt({rank}) (rsLoRA)"
    return alpha / rank, f"s = alpha / r = {alpha:g} / {rank}"


def _pattern(patterns: Any, base: str) -> Any:
    """PEFT's ``alpha_pattern``: the value under the longest key that the module's name ends in."""
    keys = [key for key in patterns if base == key or base.endswith(f".{key}")] if isinstance(patterns, dict) else []
    return patterns[max(keys, key=len)] if keys else None


def _lycoris(stored: Stored) -> Iterator[Group]:
    for name in stored.declared:
        match = _LYCORIS.fullmatch(name)
        if not match:
            continue
        prefix = f"{match['base']}.{match['kind']}_"
        alpha = f"{match['base']}.alpha"
        parts = stored.beginning(prefix)
        factors = {part.removeprefix(prefix): stored.declared[part].shape for part in parts}
        parts += [alpha] if alpha in stored.declared else []
        shapes = [_factor_shape(factors, number) for number in "12"]
        if None in shapes or any(key.startswith("t") for key in factors):
            yield Group(tuple(parts), refusal=f"{match['kind']} adapter of a convolution or without all its factors")
            continue
        (m1, n1), (m2, n2) = (shape for shape in shapes if shape)
        ranks = [factors[key][0] for key in ("w1_b", "w2_b") if key in factors]
        scale, words = _scale(match["base"], ranks[0], stored) if ranks else (1.0, "s = 1")
        said = (
            f"{_KINDS[match['kind']]}, alone, {words if scale else 'its scale alpha is not in the file and taken as 1'}"
        )
        shape = (m1 * m2, n1 * n2) if match["kind"] == "lokr" else (m1, n1)
        compute = partial(_combined, prefix, tuple(factors), match["kind"], scale or 1.0)
        yield Group(tuple(parts), (Made(f"{match['base']}.weight", shape, compute, said),))


def _factor_shape(factors: dict[str, tuple[int, ...]], number: str) -> tuple[int, int] | None:
    whole, a, b = (factors.get(f"w{number}{end}", ()) for end in ("", "_a", "_b"))
    if len(whole) == 2:
        return whole[0], whole[1]
    return (a[0], b[1]) if len(a) == len(b) == 2 and a[1] == b[0] else None


def _combined(prefix: str, factors: tuple[str, ...], kind: str, scale: float, read: Read) -> Tensor:
    import torch

    def factor(number: str) -> Tensor:
        if f"w{number}" in factors:
            return read(f"{prefix}w{number}").float()
        return read(f"{prefix}w{number}_a").float() @ read(f"{prefix}w{number}_b").float()

    return torch.kron(factor("1"), factor("2")) * scale if kind == "lokr" else factor("1") * factor("2") * scale


def _read(name: str, read: Read) -> Tensor:
    return read(name)


def _product(a: str, b: str, scale: float, read: Read) -> Tensor:
    return (read(b).float() @ read(a).float()).mul_(scale)


def _merged(weight: str, a: str, b: str, scale: float, turned: bool, magnitude: str | None, read: Read) -> Tensor:
    base = read(weight).float()
    merged = (base.T if turned else base) + _product(a, b, scale, read)
    if magnitude is None:
        return merged
    norms: Tensor = merged.norm(dim=1, keepdim=True)
    return merged * (read(magnitude).float().reshape(-1, 1) / norms)

"""LoHa and LoKr adapters of one module, as LyCORIS and PEFT write them.

- LoHa: ``s (B1 A1) * (B2 A2)``, entry by entry.
- LoKr: the Kronecker product ``s W1 x W2``, of which either may itself be a product. s = 1 when neither is, unless
  PEFT's configuration says alpha and r.

Source: LyCORIS (Yeh et al., 2024), section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.adapter_scale import configured_rank, scale
from netaudit.composed.base_weight import ALONE, MERGED, base_weight, beside
from netaudit.composed.rule import Group, Made, Read, Stored

if TYPE_CHECKING:
    from torch import Tensor

PART = re.compile(r"(?P<base>.*)\.(?P<kind>lokr|hada)_w1(?P<factor>_a)?")
"""The tensor by which such an adapter is found."""
_KINDS = {"lokr": "LoKr: a Kronecker product", "hada": "LoHa: a product of two low-rank matrices, entry by entry"}


def groups(stored: Stored) -> Iterator[Group]:
    """Every adapter, added to its base where that is there, else alone."""
    for name in stored.declared:
        match = PART.fullmatch(name)
        if match:
            yield from _one(match["base"], match["kind"], stored)


def _one(base: str, kind: str, stored: Stored) -> Iterator[Group]:
    prefix, alpha = f"{base}.{kind}_", f"{base}.alpha"
    parts = stored.beginning(prefix)
    factors = {part.removeprefix(prefix): stored.declared[part].shape for part in parts}
    parts += [alpha] if alpha in stored.declared else []
    shapes = [_factor_shape(factors, number) for number in "12"]
    weight = base_weight(base, stored)
    if None in shapes or any(key.startswith("t") for key in factors):
        whole = (*parts, *filter(None, [weight]))
        yield Group(whole, refusal=f"{kind} adapter of a convolution or without all its factors: not put together")
        return
    (m1, n1), (m2, n2) = (shape for shape in shapes if shape)
    shape = (m1 * m2, n1 * n2) if kind == "lokr" else (m1, n1)
    ranks = [factors[key][0] for key in ("w1_b", "w2_b") if key in factors]
    rank = configured_rank(base, stored) or (ranks[0] if ranks else None)
    s, words = scale(base, rank, stored) if rank else (1.0, "s = 1")
    compute = partial(_combined, prefix, tuple(factors), kind, s or 1.0)
    if weight is None:
        said = f"{_KINDS[kind]}, {ALONE}, {words if s else 'its scale alpha is not in the file and taken as 1'}"
        yield Group(tuple(parts), (Made(f"{base}.weight", shape, compute, said),))
        return
    held = stored.declared[weight]
    fits = held.shape == shape
    if s is None or not fits:
        why = f"{list(shape)} that does not fit its base {list(held.shape)}" if s else "whose scale alpha is not known"
        yield Group(tuple(parts), refusal=f"a {kind} adapter {why}: not added to its base")
        yield beside(base, weight, "the base of an adapter, without it", stored)
        return
    said = f"{_KINDS[kind]}, {MERGED}, {words}"
    origin = f"{said}, {held.origin}" if held.origin else said
    yield Group((weight, *parts), (Made(f"{base}.weight", shape, partial(_added, weight, compute), origin),))


def _factor_shape(factors: dict[str, tuple[int, ...]], number: str) -> tuple[int, int] | None:
    whole, a, b = (factors.get(f"w{number}{end}", ()) for end in ("", "_a", "_b"))
    if len(whole) == 2:
        return whole[0], whole[1]
    return (a[0], b[1]) if len(a) == len(b) == 2 and a[1] == b[0] else None


def _combined(prefix: str, factors: tuple[str, ...], kind: str, s: float, read: Read) -> Tensor:
    import torch

    def factor(number: str) -> Tensor:
        if f"w{number}" in factors:
            return read(f"{prefix}w{number}").float()
        return read(f"{prefix}w{number}_a").float() @ read(f"{prefix}w{number}_b").float()

    return torch.kron(factor("1"), factor("2")) * s if kind == "lokr" else factor("1") * factor("2") * s


def _added(weight: str, compute: partial[Tensor], read: Read) -> Tensor:
    return read(weight).float() + compute(read)

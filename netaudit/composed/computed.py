"""Weights that a layer computes from others before it uses them: weight norm, pruning masks, spectral norm.

- Weight norm (Salimans & Kingma, 2016, equation 2): ``W = g v / |v|``, the norm over all axes but the one that g keeps.
- Pruning: ``W = weight_orig * weight_mask``.
- Spectral norm (Miyato et al., 2018): ``W = weight_orig / (u' W v)``, with the stored u and v of the power iteration.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.rule import Group, Made, Read, Stored

if TYPE_CHECKING:
    from torch import Tensor

_PARAMETRISED = ".parametrizations."


def groups(stored: Stored) -> Iterator[Group]:
    """Every weight of which the file holds the parts."""
    for name, tensor in stored.declared.items():
        if tensor.refusal or not tensor.floating:
            continue
        if (
            name.endswith("_v")
            and "weight" in name.rpartition(".")[2]
            and stored.usable(f"{name[:-1]}g")
            and len(tensor.shape) > 1
        ):
            yield _weight_norm(name[:-2], f"{name[:-1]}g", name, stored)
        elif name.endswith("_orig"):
            yield from _changed(name.removesuffix("_orig"), name, stored)
        elif (dot := f".{name}").find(_PARAMETRISED) >= 0:
            head, _, rest = dot.rpartition(_PARAMETRISED)
            weight, _, part = rest.partition(".")
            yield from _parametrised(f"{head}.{weight}".lstrip("."), name, part, stored)


def _parametrised(weight: str, name: str, part: str, stored: Stored) -> Iterator[Group]:
    """What ``torch.nn.utils.parametrize`` keeps of a weight: its originals, and what its functions hold."""
    prefix = name.removesuffix(part)
    if part == "original0":
        first, second = f"{prefix}original0", f"{prefix}original1"
        rest = [other for other in stored.beginning(prefix) if other not in (first, second)]
        if not rest and stored.usable(second) and _kept_axis(first, second, stored) is not None:
            yield _weight_norm(weight, first, second, stored)
        else:
            yield Group((first, *([second] if second in stored.declared else []), *rest), refusal=_BY_CODE)
    elif part == "original":
        u, v = f"{prefix}0._u", f"{prefix}0._v"
        rest = [other for other in stored.beginning(prefix) if other not in (name, u, v)]
        if not rest and stored.usable(u) and stored.usable(v):
            yield _spectral(weight, name, u, v, stored)
        else:
            yield Group(tuple(stored.beginning(prefix)), refusal=_BY_CODE)


_BY_CODE = "a weight that a parametrisation computes: its code is not in the file"


def _changed(weight: str, name: str, stored: Stored) -> Iterator[Group]:
    mask, u, v = f"{weight}_mask", f"{weight}_u", f"{weight}_v"
    shape = stored.declared[name].shape
    if mask in stored.declared and stored.declared[mask].shape == shape:
        made = Made(weight, shape, partial(_masked, name, mask), "pruned: the weight times its mask")
        yield Group((name, mask), (made,))
    elif stored.usable(u):
        yield _spectral(weight, name, u, v if v in stored.declared else None, stored)


def _masked(name: str, mask: str, read: Read) -> Tensor:
    return read(name).float() * read(mask).float()


def _kept_axis(g: str, v: str, stored: Stored) -> int | None:
    """The axis that the norms belong to, -1 for one norm of all entries; None where the shapes do not fit."""
    norms, shape = stored.declared[g].shape, stored.declared[v].shape
    if len(shape) < 2:
        return None
    if math.prod(norms) == 1:
        return -1 if shape[0] > 1 else 0
    kept = [axis for axis, length in enumerate(norms) if length > 1]
    fits = len(norms) == len(shape) and len(kept) == 1 and norms[kept[0]] == shape[kept[0]]
    return kept[0] if fits else 0 if norms == shape[:1] else None


def _weight_norm(weight: str, g: str, v: str, stored: Stored) -> Group:
    axis = _kept_axis(g, v, stored)
    if axis is None:
        shapes = f"{list(stored.declared[g].shape)} and {list(stored.declared[v].shape)}"
        return Group((g, v), refusal=f"weight norm whose parts {shapes} do not fit")
    made = Made(weight, stored.declared[v].shape, partial(_normed, g, v, axis), "weight norm multiplied out: g v / |v|")
    return Group((g, v), (made,))


def _normed(g: str, v: str, axis: int, read: Read) -> Tensor:
    direction = read(v).float()
    others = [other for other in range(direction.ndim) if other != axis]
    norms: Tensor = direction.norm(dim=others, keepdim=True)
    return direction * (read(g).float().reshape(norms.shape) / norms)


def _spectral(weight: str, name: str, u: str, v: str | None, stored: Stored) -> Group:
    shape = stored.declared[name].shape
    parts = (name, u, *([v] if v else []))
    lengths = stored.declared[u].shape
    axis = next((axis for axis, length in enumerate(shape) if lengths == (length,)), None)
    if axis is None or len(shape) < 2 or (v and stored.declared[v].size * shape[axis] != math.prod(shape)):
        return Group(parts, refusal="spectral norm whose vectors do not fit its weight")
    origin = "spectral norm: the weight divided by its largest singular value, as the stored u and v give it"
    return Group(parts, (Made(weight, shape, partial(_divided, name, u, v, axis), origin),))


def _divided(name: str, u: str, v: str | None, axis: int, read: Read) -> Tensor:
    stored = read(name).float()
    matrix = stored.movedim(axis, 0).flatten(1)
    left = matrix.T @ read(u).float()
    sigma = left.norm() if v is None else left @ read(v).float()
    return stored / sigma

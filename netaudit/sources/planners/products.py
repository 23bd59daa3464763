"""Which torch calls multiply an activation by one matrix, or by one of a stack of matrices, and which way it lies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

_PARAMETERS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")  # of F.linear and F.convNd
_MATMUL = frozenset(("matmul", "mm", "bmm", "__matmul__", "mv"))
_ADDED = frozenset(("addmm", "baddbmm"))
_GROUPED = frozenset(("grouped_mm", "_grouped_mm"))
_TERMS = re.compile(r"([a-zA-Z.]+),([a-zA-Z.]+)->([a-zA-Z.]+)")

IsWeight = Callable[[Any], bool]


@dataclass(frozen=True)
class Product:
    """An activation times a weight."""

    weight: Tensor
    """A matrix; where ``stacked``, 3-D: one matrix for each of its first axis."""
    bias: Any = None
    turned: bool = False
    """Whether the matrix lies as ``[in, out]``."""
    stacked: bool = False


def argument(args: tuple[Any, ...], kwargs: Mapping[str, Any], position: int, default: Any = None) -> Any:
    """One argument of ``F.linear`` or of a convolution, by its place."""
    return args[position] if position < len(args) else kwargs.get(_PARAMETERS[position], default)


def product(
    name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], is_weight: IsWeight, is_fixed: IsWeight | None = None
) -> Product | None:
    """The product that a call computes; None for any other call, and for a product of two activations.

    ``is_fixed`` tells what depends on no input. Multiplied by a matrix, that is a computed weight.
    """
    if name != "linear" and is_fixed and all(is_fixed(t) for t in _operands(args) if isinstance(t, Tensor)):
        return None
    if name == "linear":
        weight = argument(args, kwargs, 1)
        return Product(weight, argument(args, kwargs, 2)) if is_weight(weight) and weight.ndim == 2 else None
    if name in _MATMUL and len(args) == 2:
        return _matmul(args[0], args[1], None, is_weight)
    if name in _ADDED and len(args) == 3:
        plain = kwargs.get("alpha", 1) == 1 and kwargs.get("beta", 1) == 1
        return _matmul(args[1], args[2], args[0], is_weight) if plain else None
    if name in _GROUPED and len(args) > 1 and is_weight(args[1]) and args[1].ndim == 3:
        return Product(args[1], kwargs.get("bias"), turned=True, stacked=True)
    if name == "einsum":
        return _einsum(args, is_weight)
    if name == "tensordot":
        return _tensordot(args, kwargs, is_weight)
    return None


def _operands(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(item for arg in args for item in (arg if isinstance(arg, (list, tuple)) else (arg,)))


def _matmul(x: Any, weight: Any, bias: Any, is_weight: IsWeight) -> Product | None:
    """``x W`` by a matrix or a stack of them, or ``W x`` by a matrix and one vector."""
    if is_weight(weight) and not is_weight(x) and isinstance(x, Tensor) and x.ndim:
        fits = weight.ndim in (2, 3) and x.shape[-1] == weight.shape[-2]
        return Product(weight, bias, turned=True, stacked=weight.ndim == 3) if fits else None
    if is_weight(x) and not is_weight(weight) and isinstance(weight, Tensor):
        if x.ndim == 2 and weight.ndim == 1:
            return Product(x, bias)
        if x.ndim == 3 and weight.ndim == 3:
            return Product(x, bias, stacked=True)
    return None


def _einsum(args: tuple[Any, ...], is_weight: IsWeight) -> Product | None:
    """An einsum of one activation, whose last axis is summed, and one weight.

    >>> from torch import zeros
    >>> w = zeros(4, 6)
    >>> is_w = lambda tensor: tensor is w
    >>> [_einsum((e, zeros(2, 3, 6), w), is_w) is not None for e in ("bti,oi->bto", "bti,oi->bot", "bti,oi->bo")]
    [True, False, False]
    """
    operands = args[1] if len(args) == 2 and isinstance(args[1], (list, tuple)) else args[1:]
    terms = _TERMS.fullmatch(args[0].replace(" ", "")) if args and isinstance(args[0], str) else None
    if terms is None or len(operands) != 2 or sum(map(is_weight, operands)) != 1:
        return None
    place = 0 if is_weight(operands[0]) else 1
    own, x, result = terms[1 + place], terms[2 - place], terms[3]
    summed = [letter for letter in own if letter in x and letter not in result]
    given = [letter for letter in own if letter in result and letter not in x]
    if "." in own or len(set(own)) != len(own) or len(summed) != 1:
        return None
    turned = bool(given) and own.index(summed[0]) < own.index(given[-1])
    if len(own) == 2:
        fits = len(given) == 1 and x == x.replace(summed[0], "") + summed[0] and result == x[:-1] + given[0]
        return Product(operands[place], turned=turned) if fits else None
    experts = [letter for letter in own[:1] if letter in result]
    return Product(operands[place], turned=turned, stacked=True) if len(own) == 3 and experts and given else None


def _tensordot(args: tuple[Any, ...], kwargs: Mapping[str, Any], is_weight: IsWeight) -> Product | None:
    dims = args[2] if len(args) > 2 else kwargs.get("dims", 2)
    if len(args) < 2 or is_weight(args[0]) or not is_weight(args[1]) or args[1].ndim != 2:
        return None
    axes = ([args[0].ndim - 1], [0]) if dims == 1 else dims
    try:
        ((of_x,), (of_weight,)) = axes
    except (TypeError, ValueError):
        return None
    last = int(of_x) % args[0].ndim == args[0].ndim - 1
    return Product(args[1], turned=int(of_weight) % 2 == 0) if last else None

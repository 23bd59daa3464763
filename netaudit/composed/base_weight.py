"""The weight and the bias of the module that an adapter changes, in the same file or in another."""

from __future__ import annotations

from functools import partial

from netaudit.composed.rule import Group, Made, Stored, as_stored

ALONE = "alone"
"""In the origin of every layer that is an adapter without its base, after a comma."""
MERGED = "added to its base"
"""In the origin of every weight that an adapter was added to."""


def base_weight(base: str, stored: Stored) -> str | None:
    """The name of the weight that an adapter of the module ``base`` is added to, of any shape."""
    names = (f"{base}.base_layer.weight", f"{base}.weight")
    return next((name for name in names if (tensor := stored.usable(name)) and tensor.floating), None)


def base_bias(base: str, stored: Stored) -> str | None:
    """The name of the module's bias."""
    return next((name for name in (f"{base}.base_layer.bias", f"{base}.bias") if stored.usable(name)), None)


def beside(base: str, weight: str, words: str, stored: Stored) -> Group:
    """The base under its own name, without ``base_layer``, and without its adapter."""
    tensor = stored.declared[weight]
    origin = f"{tensor.origin}, {words}" if tensor.origin else words
    made = Made(f"{base}.weight", tensor.shape, partial(as_stored, weight), origin, tensor.dtype)
    bias = f"{base}.base_layer.bias"
    if not stored.usable(bias):
        return Group((weight,), (made,))
    return Group((weight, bias), (made, same_bias(base, bias, stored)))


def same_bias(base: str, bias: str, stored: Stored) -> Made:
    """The bias as it is stored, under its plain name."""
    tensor = stored.declared[bias]
    return Made(f"{base}.bias", tensor.shape, partial(as_stored, bias), "of the base", tensor.dtype)

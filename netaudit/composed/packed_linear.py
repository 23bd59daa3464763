"""PyTorch's dynamically quantised Linear, whose state dict holds weight and bias as one pair beside two numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from netaudit.composed.rule import Group, Made, Stored, as_stored

_PAIR = re.compile(r"(?P<dot>(?:.*\.)?)_packed_params\._packed_params\.0")


def groups(stored: Stored) -> Iterator[Group]:
    """The weight and the bias of each, under the names of a plain Linear."""
    for name, tensor in stored.declared.items():
        match = _PAIR.fullmatch(name)
        if not match or len(tensor.shape) != 2:
            continue
        dot, bias = match["dot"], f"{name[:-1]}1"
        numbers = [f"{dot}{own}" for own in ("scale", "zero_point")]
        parts = (name, *(part for part in (bias, *numbers) if part in stored.declared))
        if tensor.refusal or not tensor.floating:
            continue
        made = [Made(f"{dot}weight", tensor.shape, partial(as_stored, name), "dequantised from a quantised Linear")]
        if found := stored.usable(bias):
            made.append(Made(f"{dot}bias", found.shape, partial(as_stored, bias), "", found.dtype))
        yield Group(parts, tuple(made))

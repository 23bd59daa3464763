"""Weights that are parts of a layer, or of none: told by their names and shapes, and never audited as whole layers."""

from __future__ import annotations

import re

_FLAT = re.compile(r"_?flat_param(_\d+)?", re.IGNORECASE)
EMPTY = "empty: one rank of a ZeRO-3 checkpoint holds such weights; gather them with its zero_to_fp32.py"


def partial(key: str, shape: tuple[int, ...]) -> str | None:
    """Why a tensor is no whole weight; None for one that may be.

    ZeRO-3 leaves weights of shape ``(0,)`` in the state dict of a rank. FSDP keeps the parameters of many layers, or a
    rank's part of them, in one vector.
    """
    last = key.rpartition(".")[2]
    if _FLAT.fullmatch(last):
        return "a flat parameter of FSDP, in which layers cannot be told: save a full state dict"
    return EMPTY if shape == (0,) else None

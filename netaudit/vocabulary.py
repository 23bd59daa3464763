"""Words that have a fixed meaning, each list typed out once: verdicts, kinds of nulls, levels, ways to a spectrum.

No module here or above needs PyTorch to know them, so the command line can offer them at once.
"""

from __future__ import annotations

from typing import Literal

Verdict = Literal["holds", "fails", "undecided", "not_applicable"]
VERDICTS: tuple[Verdict, ...] = ("holds", "fails", "undecided", "not_applicable")
VERDICT_WORDS: dict[Verdict, str] = {
    "holds": "● holds",
    "undecided": "▲ undecided",
    "fails": "× fails",
    "not_applicable": "– not applicable",
}
"""A verdict as it is printed: a symbol and a word, never a colour alone."""

NullKind = Literal["gaussian", "permuted", "signs", "independent"]
"""What a null keeps: nothing (``gaussian``), the histogram of the weights (``permuted``), the variance of each row and
column (``signs``); or the shadow comes back through another matrix (``independent``)."""

NullLevel = Literal["none", "quick", "full"]
NULL_LEVELS: tuple[NullLevel, ...] = ("none", "quick", "full")
"""How many draws of a layer's own entries stand beside its statistics (``--nulls``)."""

SpectrumMethod = Literal["auto", "exact", "lanczos"]
SPECTRUM_METHODS: tuple[SpectrumMethod, ...] = ("auto", "exact", "lanczos")
"""How the singular values are computed (``--spectrum``)."""

Scope = Literal["layer", "network", "collection"]
"""What an analysis looks at: one layer, one network, or several reports."""

Need = Literal["weights", "bias", "activations", "spectrum", "head", "module", "cells", "sample", "data"]
"""What an analysis cannot do without; the loop says "not applicable" where it is missing."""
NEEDS: dict[Need, str] = {
    "weights": "weights that are finite and not constant",
    "bias": "a bias",
    "activations": "the layer's activations on real inputs",
    "spectrum": "singular values",
    "head": "the fully connected head",
    "module": "the network's architecture",
    "cells": "recurrent cells",
    "sample": "real inputs of the network",
    "data": "real inputs",
}

SET_ASIDE = "special_weights_set_aside"
"""Code of a claim's warning: it is judged on what is left without special weights."""

"""The head of a model of the transformers library, told by the names that its classes give."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netaudit.composed.adapter_scale import PREFIX
from netaudit.network.layers import Head, HeadLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.head import FoundHead

GAP = "a transformer that holds no layer that is named as an output layer"

# Output layers by their whole names; what is called so deeper inside is a part of a block.
_TOP = re.compile(
    r"lm_head(\.decoder)?|embed_out|classifier(\.out_proj)?|score|qa_outputs|proj_out|logits_proj|"
    r"(cls\.)?predictions\.decoder|decoder|vocab_projector|lm_loss|pred_layer\.proj|cls\.seq_relationship|classification_head\.out_proj|generator_lm_head",
)
# What these classes put below an output layer, with the activation between the two; as a rule it is tanh.
_BELOW = (
    (re.compile(r"(classifier|classification_head)\.out_proj"), r"\1.dense", "tanh"),
    (re.compile(r"classifier"), "pre_classifier", "relu"),
    (re.compile(r"classifier|cls\.seq_relationship"), r"(\w+\.)?pooler\.dense", "tanh"),
    (re.compile(r"logits_proj"), r"sequence_summary\.summary", "tanh"),
)
_GELU = frozenset(
    ("big_bird", "convbert", "deberta", "deberta-v2", "electra", "mra", "nystromformer", "roformer", "yoso")
)
"""Models whose classes have GELU there, or the activation of their blocks, which is GELU unless someone changed it."""


def transformer_head(layers: Sequence[LayerSpec], model_type: str) -> FoundHead:
    """The output layer, with the pooler or the dense layer below it where the model has one; else none.

    Layers of blocks, which residual connections bridge, are never a part of it.
    """
    own = {spec.name: spec.name.removeprefix(PREFIX) for spec in layers}
    tops = [spec for spec in layers if _TOP.fullmatch(own[spec.name])]
    if len(tops) > 1:
        return FoundHead(None, f"a {model_type} with several output layers: --order names the one to take")
    if not tops:
        return FoundHead(None, f"{GAP} (config.json: {model_type})")
    [top] = tops
    note = f"The head was told by the names that a {model_type} of transformers has"
    for pattern, below, usual in _BELOW:
        activation = "gelu" if usual == "tanh" and model_type in _GELU else usual
        match = pattern.fullmatch(own[top.name])
        name = match.expand(below) if match and "\\1" in below else below
        under = [
            spec for spec in layers if match and re.fullmatch(name, own[spec.name]) and spec.shape[0] == top.shape[1]
        ]
        if len(under) == 1:
            steps = (HeadLayer(under[0].name, activation), HeadLayer(top.name, "linear"))
            return FoundHead(Head(steps, inferred=True, note=f"{note}, {activation} between its layers included."))
    return FoundHead(Head((HeadLayer(top.name, "linear"),), inferred=True, note=f"{note}."))

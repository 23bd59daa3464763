"""The output layer of a language model that has no tensor of its own, because its embedding is its weight.

The transformers library leaves such a weight out of its files. The model multiplies by it all the same, so the layer
is there in a file as it is in the module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from netaudit.composed.model_config import transformer_type
from netaudit.composed.rule import Made, as_stored
from netaudit.composed.store import ComposedStore
from netaudit.formats.weights_file import Declared, WeightsFile

_WITH_OUTPUT = re.compile(
    r"\w+(ForCausalLM|LMHeadModel|DoubleHeadsModel|WithLMHead(Model)?|ForConditionalGeneration|ForMaskedLM)|"
    r"(Bert|BigBird|Ernie|MegatronBert)ForPreTraining"
)
"""Classes that give a score to every word."""
_BERT = ("bert", "big_bird", "deberta", "deberta-v2", "ernie", "layoutlm", "megatron-bert", "roformer")
_ROBERTA = ("camembert", "data2vec-text", "esm", "ibert", "longformer", "mpnet", "roberta", "roberta-prelayernorm",
            "xlm-roberta", "xlm-roberta-xl", "xmod")  # fmt: skip
_OUTPUTS = {
    **dict.fromkeys(_BERT, "cls.predictions.decoder"),
    **dict.fromkeys(_ROBERTA, "lm_head.decoder"),
    **dict.fromkeys(("convbert", "electra"), "generator_lm_head"),
    **{"albert": "predictions.decoder", "distilbert": "vocab_projector", "gpt_neox_japanese": "embed_out"},
    **{"modernbert": "decoder", "whisper": "proj_out", "xlm": "pred_layer.proj", "flaubert": "pred_layer.proj"},
    **{"xlnet": "lm_loss"},
}
"""What these models call their output layer; the others call it ``lm_head``."""
_EMBEDDING = re.compile(
    r"(?:.*\.)?(shared|embed_tokens|wte|word_embeddings?|tok_embeddings|tokens_embed|embed_in|embeddings)\.weight"
)


def with_tied_output(file: WeightsFile, config: Mapping[str, Any]) -> WeightsFile:
    """The file with the output layer under the name that the model's class gives it, if its weight is the embedding.

    Args:
        file: named tensors, composed.
        config: the configuration beside it, which names the model's class, and says where weights are *not* tied.
    """
    model, classes = transformer_type(config), config.get("architectures")
    name = str(classes[0]) if isinstance(classes, list) and classes else ""
    if model is None or not _WITH_OUTPUT.fullmatch(name) or config.get("tie_word_embeddings") is False:
        return file
    output = _OUTPUTS.get(model, "lm_head")
    embedding = _embedding(file.declared, config.get("vocab_size"))
    if embedding is None or any(f".{key}".endswith(f".{output}.weight") for key in file.declared):
        return file
    tied = {f"{output}.weight": embedding}
    bias = f"{output.rpartition('.')[0]}.bias"  # of BERT and RoBERTa, beside the layer that is left out
    if file.declared[embedding].shape[:1] == (file.declared[bias].shape if bias in file.declared else ()):
        tied[f"{output}.bias"] = bias
    note = f"the weight of the embedding {embedding.removesuffix('.weight')}"
    declared = {**file.declared, **{name: replace(file.declared[old], note=note) for name, old in tied.items()}}
    made = {name: Made(name, declared[old].shape, partial(as_stored, old), note) for name, old in tied.items()}
    store = ComposedStore(file.store, declared, made, {name: (old,) for name, old in tied.items()})
    return replace(file, declared=declared, store=store)


def _embedding(declared: Mapping[str, Declared], words: Any) -> str | None:
    """The one table of the words; of several, which a model of two halves may have, the common or the decoder's."""
    found = {
        key: tensor
        for key, tensor in declared.items()
        if _EMBEDDING.fullmatch(key) and len(tensor.shape) == 2 and tensor.floating and not tensor.refusal
        if not isinstance(words, int) or tensor.shape[0] == words
    }
    if len({tensor.identity for tensor in found.values()}) > 1:
        for part in (r"(.*\.)?shared\.weight", r"(.*\.)?decoder\..*"):
            if len(own := [key for key in found if re.fullmatch(part, key)]) == 1:
                return own[0]
        return None
    return next(iter(found), None)

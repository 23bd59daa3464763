"""What the configurations beside a file of the Hugging Face hub say of the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netaudit.errors import NetauditError
from netaudit.files import is_a
from netaudit.formats.json_object import json_object

LONGEST = 16 * 2**20
"""Bytes of a configuration beside a file. No model needs so many."""


def model_config(file: Path) -> Mapping[str, Any]:
    """The ``config.json`` beside a weights file; empty where there is none that can be read."""
    return with_text(_beside(file, "config.json"))


def adapter_config(file: Path) -> Mapping[str, Any]:
    """The ``adapter_config.json`` beside a weights file; empty where there is none that can be read."""
    return _beside(file, "adapter_config.json")


def with_text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a model of pictures and text says of its larger part, beside what it says of both."""
    text = config.get("text_config")
    return {**text, **config} if isinstance(text, dict) else config


def _beside(file: Path, name: str) -> Mapping[str, Any]:
    path = file.parent / name
    if not is_a(Path.is_file, path):
        return {}
    try:
        with path.open("rb") as stream:
            raw = stream.read(LONGEST + 1)
        return json_object(raw, name) if len(raw) <= LONGEST else {}
    except (OSError, ValueError, NetauditError):
        return {}


def transformer_type(config: Mapping[str, Any]) -> str | None:
    """The ``model_type`` of a model of the transformers library; None for a model of any other."""
    name = config.get("model_type")
    known = isinstance(name, str) and (name in _TYPES or "transformers_version" in config)
    return str(name)[:80] if known else None


_TYPES = frozenset(
    {
        *("albert", "bart", "beit", "bert", "bloom", "clip", "codegen", "convbert", "deberta", "deberta-v2", "deit"),
        *("detr", "distilbert", "electra", "falcon", "gemma", "gemma2", "gemma3", "gpt2", "gpt_bigcode", "gpt_neo"),
        *("gpt_neox", "gptj", "llama", "longformer", "m2m_100", "mamba", "marian", "mbart", "mistral", "mixtral"),
        *("mobilebert", "mpnet", "mpt", "mt5", "opt", "pegasus", "phi", "phi3", "qwen2", "qwen2_moe", "qwen3"),
        *("qwen3_moe", "roberta", "roformer", "siglip", "stablelm", "swin", "t5", "umt5", "vit", "vit_mae"),
        *("wav2vec2", "whisper", "xlm-roberta", "xlnet"),
    }
)

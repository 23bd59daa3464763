"""How the rows of a fused projection belong to its parts, from its name and the model's configuration.

A table of conventions, each read in the model's own code: thirds one after the other (timm, GPT-2), unequal parts for
grouped queries (Phi-3), and rows interleaved by head or by group of heads (GPT-NeoX, BLOOM, Falcon, InternLM2,
Megatron), where a flat split would mix queries, keys and values and no shape would tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_QKV = ("q", "k", "v")
_HALVES = {
    **dict.fromkeys(("kv", "to_kv", "kv_proj"), ("k", "v")),
    **dict.fromkeys(("qk", "to_qk"), ("q", "k")),
    **dict.fromkeys(("gate_up_proj", "w12", "gate_up"), ("gate", "up")),
}
_THIRDS = frozenset(("qkv", "to_qkv", "c_attn", "qkv_proj", "Wqkv", "W_pack", "in_proj_qkv"))
# Interleaved or not by the model: never split without its configuration.
_BY_MODEL = frozenset(("query_key_value", "linear_qkv", "wqkv", "kv_b_proj", "dense_h_to_4h", "in_proj"))
_BY_HEAD = frozenset(("gpt_neox", "gpt_neox_japanese", "bloom", "persimmon", "gpt_bigcode"))
_SHUFFLED = frozenset(("codegen",))  # rows in an order of its own

WORDS = {"q": "query", "k": "key", "v": "value", "gate": "gate", "up": "up", "x": "input", "z": "gate"}
NOT_SEPARATED = "fused, parts not separated"


@dataclass(frozen=True)
class Layout:
    """Rows in ``groups`` equal groups, each of ``sizes`` rows for the parts in their order."""

    parts: tuple[str, ...]
    sizes: tuple[int, ...]
    groups: int = 1

    def slices(self) -> list[tuple[str, int, int]]:
        """Every part with its rows ``[start, stop)`` in a group."""
        starts = [sum(self.sizes[:number]) for number in range(len(self.sizes))]
        return [(*item[:2], item[1] + item[2]) for item in zip(self.parts, starts, self.sizes, strict=True)]

    @property
    def words(self) -> str:
        """How the parts lie, in words."""
        if self.groups == 1:
            return "one after the other" if len(set(self.sizes)) > 1 else "equal parts one after the other"
        return f"interleaved in {self.groups} groups"


def layout(name: str, shape: tuple[int, int], config: Mapping[str, Any]) -> Layout | str | None:
    """The layout of a fused projection ``[out, in]``.

    Args:
        name: the module's own name, ``"qkv"`` for instance.
        shape: of the weight.
        config: the model's configuration, empty when there is none.

    Returns:
        The layout; :data:`NOT_SEPARATED` for a fused weight whose layout is not known; None for any other.
    """
    out, kind = shape[0], str(config.get("model_type", ""))
    if name in _HALVES:
        if name == "gate_up_proj" and kind.startswith("gpt_oss"):
            return Layout(("gate", "up"), (1, 1), out // 2) if out % 2 == 0 else NOT_SEPARATED
        return Layout(_HALVES[name], (out // 2,) * 2) if out % 2 == 0 else NOT_SEPARATED
    if name == "dense_h_to_4h":
        return Layout(("gate", "up"), (out // 2,) * 2) if kind == "chatglm" and out % 2 == 0 else None
    if name == "in_proj":
        return Layout(("x", "z"), (out // 2,) * 2) if kind in ("mamba", "falcon_mamba") and out % 2 == 0 else None
    if name not in _THIRDS and name not in _BY_MODEL:
        return None
    found = _attention(name, shape, kind, config)
    return found if found and sum(found.sizes) * found.groups == out else NOT_SEPARATED


def _attention(name: str, shape: tuple[int, int], kind: str, config: Mapping[str, Any]) -> Layout | None:
    out, width = shape
    if kind in _SHUFFLED:
        return None
    heads = _number(config, "num_attention_heads", "n_head", "num_heads", "n_heads")
    hidden = _number(config, "hidden_size", "n_embd", "d_model") or width
    attention = config.get("attn_config")
    inner = attention if isinstance(attention, Mapping) else {}
    pairs = _number(config, "num_key_value_heads", "num_kv_heads", "n_head_kv") or _number(inner, "kv_n_heads")
    size = _number(config, "head_dim", "kv_channels") or (hidden // heads if heads else 0)
    if name == "kv_b_proj":
        key, value = _number(config, "qk_nope_head_dim"), _number(config, "v_head_dim")
        return Layout(("k", "v"), (key, value), heads) if heads and key and value else None
    if heads and size:
        if kind in _BY_HEAD and (
            name == "query_key_value" or (kind == "gpt_bigcode" and not config.get("multi_query", True))
        ):
            return Layout(_QKV, (size,) * 3, heads)
        if kind in ("falcon", "RefinedWeb", "RefinedWebModel"):
            return _falcon(heads, size, pairs, config)
        if name in ("wqkv", "linear_qkv"):
            pairs = pairs or heads
            return Layout(_QKV, (heads // pairs * size, size, size), pairs) if heads % pairs == 0 else None
        if kind == "chatglm":
            pairs = _number(config, "multi_query_group_num") if config.get("multi_query_attention") else heads
        elif kind == "gpt_bigcode":
            pairs = 1
        elif name == "query_key_value":
            return None
        flat = Layout(_QKV, (heads * size, *((pairs or heads) * size,) * 2))
        if sum(flat.sizes) == out:
            return flat
    return Layout(_QKV, (out // 3,) * 3) if name in _THIRDS and out == 3 * width else None


def _falcon(heads: int, size: int, pairs: int, config: Mapping[str, Any]) -> Layout | None:
    """Falcon: by group of heads in the new decoder, one shared key and value in the 7B, else by head."""
    if config.get("new_decoder_architecture"):
        pairs = pairs or heads
        return Layout(_QKV, (heads // pairs * size, size, size), pairs) if heads % pairs == 0 else None
    if config.get("multi_query", True):
        return Layout(_QKV, (heads * size, size, size))
    return Layout(_QKV, (size,) * 3, heads)


def _number(config: Mapping[str, Any], *keys: str) -> int:
    """The first whole number above zero under one of the keys; 0 without any."""
    found = (config.get(key) for key in keys)
    return next((value for value in found if type(value) is int and value > 0), 0)

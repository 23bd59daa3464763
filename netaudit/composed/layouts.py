"""How the rows of a fused projection belong to its parts, from its name and the model's configuration.

A table of conventions, each read in the model's own code: thirds one after the other (timm, GPT-2), unequal parts for
grouped queries (Phi-3), and rows interleaved by head or by group of heads (GPT-NeoX, BLOOM, Falcon, InternLM2,
Megatron), where a flat split would mix queries, keys and values and no shape would tell. State-space models project
their input, their gate and what steers the state at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_QKV = ("q", "k", "v")
_HALVES = {
    **dict.fromkeys(("kv", "to_kv", "kv_proj"), ("k", "v")),
    **dict.fromkeys(("qk", "to_qk"), ("q", "k")),
    **dict.fromkeys(("gate_up_proj", "w12", "gate_up", "weights_in"), ("gate", "up")),
}
# Halves in some models alone, where other models have one projection of that name.
_HALVES_BY_MODEL = {
    "dense_h_to_4h": (("chatglm",), ("gate", "up")),
    "Wi": (("modernbert",), ("gate", "up")),
    "input_linear": (("granitemoe",), ("gate", "up")),
}
_THIRDS = frozenset(("qkv", "to_qkv", "c_attn", "qkv_proj", "Wqkv", "W_pack", "in_proj_qkv"))
# Interleaved or not by the model: never split without its configuration.
_BY_MODEL = frozenset(("query_key_value", "linear_qkv", "wqkv", "kv_b_proj", "kv_a_proj_with_mqa"))
_BY_HEAD = frozenset(("gpt_neox", "gpt_neox_japanese", "bloom", "persimmon", "gpt_bigcode"))
_MAMBA = frozenset(("mamba", "falcon_mamba", "jamba"))
_MAMBA2 = frozenset(("mamba2", "bamba", "falcon_h1", "granitemoehybrid", "nemotron_h", "zamba2"))

WORDS = {
    **{"q": "query", "k": "key", "v": "value", "gate": "gate", "up": "up", "x": "input", "z": "gate"},
    **{"latent": "latent", "rope": "rotated key", "dt": "step size", "b": "B", "c": "C"},
}
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
    models, halves = _HALVES_BY_MODEL.get(name, ((), _HALVES.get(name)))
    if halves:
        if models and not kind.startswith(models):
            return None
        if name == "gate_up_proj" and kind.startswith("gpt_oss"):
            return Layout(halves, (1, 1), out // 2) if out % 2 == 0 else NOT_SEPARATED
        return Layout(halves, (out // 2,) * 2) if out % 2 == 0 else NOT_SEPARATED
    if name in ("in_proj", "x_proj"):
        found = _state_space(name, out, kind, config)
        if found is None and (name, kind) != ("in_proj", "deberta"):
            return None
    elif name not in _THIRDS and name not in _BY_MODEL:
        return None
    else:
        found = None
    found = found or _attention(name, shape, kind, config)
    return found if found and min(found.sizes) > 0 and sum(found.sizes) * found.groups == out else NOT_SEPARATED


def _state_space(name: str, out: int, kind: str, config: Mapping[str, Any]) -> Layout | None:
    """Mamba: input and gate, then step size, B and C; Mamba-2 has all of them in one projection."""
    state = _number(config, "state_size", "mamba_d_state", "ssm_state_size")
    if kind in _MAMBA:
        if name == "in_proj":
            return Layout(("x", "z"), (out // 2,) * 2)
        return Layout(("dt", "b", "c"), (out - 2 * state, state, state)) if state else None
    if kind in _MAMBA2 and name == "in_proj":
        heads = _number(config, "mamba_n_heads", "mamba_num_heads", "n_mamba_heads", "num_heads")
        groups = _number(config, "mamba_n_groups", "mamba_ngroups", "n_groups")
        inner = heads * _number(config, "mamba_d_head", "mamba_head_dim", "mamba_headdim", "head_dim")
        return Layout(("z", "x", "b", "c", "dt"), (inner, inner, groups * state, groups * state, heads))
    return None


def _attention(name: str, shape: tuple[int, int], kind: str, config: Mapping[str, Any]) -> Layout | None:
    out, width = shape
    if kind == "codegen":  # written for four machines: each has a quarter of the queries, then values, then keys
        return Layout(("q", "v", "k"), (out // 12,) * 3, 4)
    heads = _number(config, "num_attention_heads", "n_head", "num_heads", "n_heads")
    hidden = _number(config, "hidden_size", "n_embd", "d_model") or width
    attention = config.get("attn_config")
    inner = attention if isinstance(attention, Mapping) else {}
    pairs = _number(config, "num_key_value_heads", "num_kv_heads", "n_head_kv") or _number(inner, "kv_n_heads")
    size = _number(config, "head_dim", "kv_channels") or (hidden // heads if heads else 0)
    if name == "kv_b_proj":
        key, value = _number(config, "qk_nope_head_dim"), _number(config, "v_head_dim")
        return Layout(("k", "v"), (key, value), heads) if heads and key and value else None
    if name == "kv_a_proj_with_mqa":
        return Layout(("latent", "rope"), (_number(config, "kv_lora_rank"), _number(config, "qk_rope_head_dim")))
    if hidden != width:  # of another part of the model than the one whose heads the configuration counts
        return Layout(_QKV, (out // 3,) * 3) if name in _THIRDS and out == 3 * width else None
    if name == "in_proj":  # DeBERTa
        return Layout(_QKV, (size,) * 3, heads)
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

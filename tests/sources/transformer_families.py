"""Makes transformer_families.json: names and shapes that small models of the transformers library save.

Run it where transformers is installed: ``python tests/sources/transformer_families.py``. What is a layer is read off
the modules, and never off a name: a tensor of the file is a layer if a Linear, a Conv1D, a router or an expert of the
module holds its numbers. Which rows of a fused projection are queries, keys and so on is read off the model's own
forward: the projection's outputs are replaced by the numbers of its rows, and followed to where attention, an
activation or the next layer takes them.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
BASE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 40}
WIDE = BASE | {"intermediate_size": 48}
GROUPED = WIDE | {"num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 40, "n_positions": 16}
MIXTURE = GROUPED | {"num_experts_per_tok": 2, "moe_intermediate_size": 20}
BOTH = {f"{part}_{what}": number for part in ("encoder", "decoder") for what, number in
        (("layers", 2), ("attention_heads", 4), ("ffn_dim", 48))} | {"d_model": 32, "vocab_size": 40}  # fmt: skip
T5 = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "vocab_size": 40}
IMAGES = {"image_size": 16, "patch_size": 8}
PICTURES = {name: number for name, number in WIDE.items() if name != "vocab_size"} | IMAGES
SPEECH = WIDE | {"conv_dim": [16, 16], "conv_stride": [2, 2], "conv_kernel": [3, 3], "num_feat_extract_layers": 2,
                 "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 4}  # fmt: skip
LATENT = GROUPED | {"num_key_value_heads": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 20,
                    "n_shared_experts": 1, "q_lora_rank": 12, "kv_lora_rank": 10, "qk_nope_head_dim": 8,
                    "qk_rope_head_dim": 4, "v_head_dim": 6, "first_k_dense_replace": 1, "topk_group": 1}  # fmt: skip
SAM = {
    "vision_config": PICTURES | {"image_size": 32, "output_channels": 16, "mlp_dim": 48, "window_size": 2,
                                 "global_attn_indexes": [1]},
    "prompt_encoder_config": {"hidden_size": 16, "image_size": 32, "patch_size": 8, "mask_input_channels": 4},
    "mask_decoder_config": {"hidden_size": 16, "mlp_dim": 24, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
}  # fmt: skip

FAMILIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert": ("BertForSequenceClassification", "Bert", WIDE | {"num_labels": 3}),
    "bert_masked": ("BertForMaskedLM", "Bert", WIDE),
    "roberta": ("RobertaForSequenceClassification", "Roberta", WIDE | {"num_labels": 3}),
    "roberta_masked": ("RobertaForMaskedLM", "Roberta", WIDE),
    "distilbert": (
        "DistilBertForSequenceClassification",
        "DistilBert",
        {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "vocab_size": 40},
    ),
    "electra": ("ElectraForSequenceClassification", "Electra", WIDE | {"embedding_size": 16}),
    "albert": ("AlbertForMaskedLM", "Albert", WIDE | {"embedding_size": 16}),
    "deberta": ("DebertaForSequenceClassification", "Deberta", WIDE),
    "deberta_v2": (
        "DebertaV2ForSequenceClassification",
        "DebertaV2",
        WIDE | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    ),
    "modernbert": ("ModernBertForSequenceClassification", "ModernBert", GROUPED | {"num_labels": 3}),
    "gpt2": ("GPT2LMHeadModel", "GPT2", GPT),
    "gpt2_base": ("GPT2Model", "GPT2", GPT),
    "gpt_bigcode": ("GPTBigCodeForCausalLM", "GPTBigCode", GPT),
    "gpt_bigcode_by_head": ("GPTBigCodeForCausalLM", "GPTBigCode", GPT | {"multi_query": False}),
    "codegen": ("CodeGenForCausalLM", "CodeGen", GPT | {"rotary_dim": 4}),
    "opt": (
        "OPTForCausalLM",
        "OPT",
        BASE | {"ffn_dim": 48, "word_embed_proj_dim": 16, "max_position_embeddings": 16},
    ),
    "llama": ("LlamaForCausalLM", "Llama", GROUPED),
    "llama_tied": ("LlamaForCausalLM", "Llama", GROUPED | {"tie_word_embeddings": True}),
    "mistral": ("MistralForCausalLM", "Mistral", GROUPED),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2", GROUPED),
    "gemma": ("GemmaForCausalLM", "Gemma", GROUPED | {"head_dim": 16}),
    "phi3": ("Phi3ForCausalLM", "Phi3", GROUPED),
    "persimmon": ("PersimmonForCausalLM", "Persimmon", WIDE | {"qk_layernorm": False}),
    "gpt_neox": ("GPTNeoXForCausalLM", "GPTNeoX", WIDE),
    "falcon_multi_query": ("FalconForCausalLM", "Falcon", BASE),
    "falcon_by_head": ("FalconForCausalLM", "Falcon", BASE | {"multi_query": False, "alibi": True, "bias": True}),
    "falcon_grouped": ("FalconForCausalLM", "Falcon", BASE | {"new_decoder_architecture": True, "num_kv_heads": 2}),
    "bloom": ("BloomForCausalLM", "Bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 40}),
    "mpt": ("MptForCausalLM", "Mpt", {"d_model": 32, "n_layers": 2, "n_heads": 4, "vocab_size": 40}),
    "t5": ("T5ForConditionalGeneration", "T5", T5),
    "bart": ("BartForConditionalGeneration", "Bart", BOTH | {"max_position_embeddings": 16}),
    "bart_classifier": ("BartForSequenceClassification", "Bart", BOTH | {"max_position_embeddings": 16}),
    "whisper": (
        "WhisperForConditionalGeneration",
        "Whisper",
        BOTH | {"num_mel_bins": 8, "max_source_positions": 16, "max_target_positions": 16, "pad_token_id": 0,
                "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1},
    ),
    "vit": ("ViTForImageClassification", "ViT", PICTURES | {"num_labels": 3}),
    "deit": ("DeiTForImageClassification", "DeiT", PICTURES | {"num_labels": 3}),
    "dinov2_gated": (
        "Dinov2ForImageClassification",
        "Dinov2",
        BASE | IMAGES | {"mlp_ratio": 2, "use_swiglu_ffn": True, "num_labels": 3},
    ),
    "clip": ("CLIPModel", "CLIP", {"text_config": WIDE, "vision_config": PICTURES, "projection_dim": 24}),
    "wav2vec2": ("Wav2Vec2ForCTC", "Wav2Vec2", SPEECH),
    "mixtral": ("MixtralForCausalLM", "Mixtral", GROUPED | {"num_local_experts": 3, "num_experts_per_tok": 2}),
    "qwen2_moe": (
        "Qwen2MoeForCausalLM",
        "Qwen2Moe",
        MIXTURE | {"num_experts": 3, "shared_expert_intermediate_size": 24},
    ),
    "granitemoe": ("GraniteMoeForCausalLM", "GraniteMoe", GROUPED | {"num_local_experts": 3}),
    "gpt_oss": (
        "GptOssForCausalLM",
        "GptOss",
        GROUPED | {"num_local_experts": 3, "head_dim": 8, "num_experts_per_tok": 2},
    ),
    "llama4": (
        "Llama4ForCausalLM",
        "Llama4Text",
        GROUPED | {"num_local_experts": 3, "head_dim": 8, "intermediate_size_mlp": 56, "interleave_moe_layer_step": 2},
    ),
    "deepseek_v2": ("DeepseekV2ForCausalLM", "DeepseekV2", LATENT | {"n_routed_experts": 3, "n_group": 1}),
    "mamba": ("MambaForCausalLM", "Mamba", BASE | {"state_size": 4, "time_step_rank": 6}),
    "mamba2": (
        "Mamba2ForCausalLM",
        "Mamba2",
        {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 40, "state_size": 4, "num_heads": 8, "head_dim": 8,
         "n_groups": 2},
    ),
    "sam": ("SamModel", "Sam", SAM),
}  # fmt: skip
"""The class of the model, the name of its configuration's class, and what it is given."""

_UNUSED = re.compile(
    r"drop|_prob$|_id$|initializer|id2label|label2id|^dtype$|^mask_|norm_eps|^ctc_|_token|rope_p|max_p"
)
"""Of a configuration, what says nothing of its layers."""
FUSED = ("c_attn", "qkv_proj", "query_key_value", "Wqkv", "qkv", "gate_up_proj", "Wi", "weights_in", "kv_b_proj",
         "kv_a_proj_with_mqa", "in_proj", "x_proj", "input_linear")  # fmt: skip
"""Modules whose rows belong to several parts."""


def build(name: str) -> Any:
    """A small random model of a family, every number of which is its own."""
    import torch
    import transformers

    kind, config, options = FAMILIES[name]
    torch.manual_seed(0)
    model = getattr(transformers, kind)(getattr(transformers, f"{config}Config")(**options)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    return model


def inputs_of(name: str, model: Any) -> dict[str, Any]:
    """One example: two tokens, or one picture."""
    import torch

    if name == "sam":
        points = torch.zeros(1, 1, 1, 2)
        return {"pixel_values": torch.rand(1, 3, 32, 32), "input_points": points}
    if "pixel_values" in getattr(model, "main_input_name", ""):
        return {"pixel_values": torch.rand(1, 3, 16, 16)}
    return {"input_ids": torch.tensor([[3, 4]])}


def rows_of(model: Any, module: Any, inputs: dict[str, Any]) -> dict[str, list[int]]:
    """The rows of each part of a fused projection that the model's forward is seen to take."""
    import torch
    from torch.overrides import TorchFunctionMode

    taken: dict[str, list[int]] = {}
    count = module.out_features if hasattr(module, "out_features") else module.nf
    armed = multiplied = False

    def take(part: str, tensor: Any) -> bool:
        """Row numbers at the first place, where rotation is the identity; scaled or not, by head or not."""
        if not armed or part in taken or tensor.dim() < 2 or not tensor.numel():
            return False
        values = tensor.detach().double()
        heads = values.flatten(0, -3) if values.dim() > 2 else values[None]
        best: list[int] = []
        for view in (heads[:, 0], heads[..., 0]):
            for scale in (1.0, *(size**power for size in (4, 6, 8, 12, 16) for power in (0.5, 0.25, -0.5, -0.25))):
                found = view.flatten() * scale
                whole = found.round()
                if (found - whole).abs().max() < 1e-3 and whole.min() >= 1 and whole.max() <= count:
                    rows = list(dict.fromkeys(int(value) - 1 for value in whole))
                    free = not set(rows) & {row for done in taken.values() for row in done}
                    best = rows if free and len(best) < len(rows) < count else best
        if len(best) > 1:
            taken[part] = best
        return len(best) > 1

    class Follow(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal multiplied
            name = getattr(function, "__name__", "")
            if name == "scaled_dot_product_attention":
                for part, tensor in zip("qkv", args, strict=False):
                    take(part, tensor)
            elif name in ("matmul", "__matmul__", "bmm", "baddbmm"):
                first, second = args[-2:] if name != "baddbmm" else (args + tuple((kwargs or {}).values()))[1:3]
                if multiplied:
                    take("v", second)
                elif take("q", first):
                    multiplied = take("k", second)
                else:
                    take("dt", second)
            elif name in ("silu", "gelu"):
                take("gate", args[0])
            elif name == "linear":
                take("dt", args[0])
            elif name == "pow":
                take("latent", args[0])
            return function(*args, **(kwargs or {}))

    def replaced(_: Any, __: Any, output: Any) -> Any:
        nonlocal armed
        armed = True
        return torch.arange(1, count + 1, dtype=output.dtype).expand_as(output)

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("q_bias", "v_bias")):  # DeBERTa adds them behind its projection
                parameter.zero_()
    handle = module.register_forward_hook(replaced)
    try:
        with torch.no_grad(), Follow():
            model(**inputs)
    except (RuntimeError, ValueError):  # row numbers are no inputs for what comes later; the parts were seen by then
        pass
    finally:
        handle.remove()
    return taken


def ranges(rows: list[int]) -> list[list[int]]:
    """Row numbers as ``[start, stop)``, in their order.

    >>> ranges([0, 1, 2, 6, 7])
    [[0, 3], [6, 8]]
    """
    found: list[list[int]] = []
    for row in rows:
        if found and found[-1][1] == row:
            found[-1][1] += 1
        else:
            found.append([row, row + 1])
    return found


def matrices_of(model: Any, name: str) -> dict[str, Any]:
    """Every matrix ``[out, in]`` by which the model multiplies, under a name of its own."""
    import torch

    found = {}
    for path, module in model.named_modules():
        kind = type(module).__name__
        if isinstance(module, torch.nn.Linear) or (kind.endswith("Router") and hasattr(module, "weight")):
            found[path] = module.weight.detach()
        elif kind == "Conv1D":
            found[path] = module.weight.detach().T
        elif kind.endswith("Experts"):
            for own, tensor in module.named_parameters(recurse=False):
                if tensor.dim() == 3:
                    turned = name in ("gpt_oss", "llama4")  # their forward multiplies inputs @ weight
                    found |= {f"{path}.{own}.{e}": one.T if turned else one for e, one in enumerate(tensor.detach())}
    return found


def described(name: str) -> dict[str, Any]:
    """One family: configuration, names and shapes of its file, and what is a layer in it."""
    import torch
    from safetensors.torch import load_file

    model = build(name)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        config = json.loads((Path(folder) / "config.json").read_text())
        tensors = load_file(Path(folder) / "model.safetensors")
    matrices = matrices_of(model, name)
    modules = dict(model.named_modules())
    tables = [module.weight for module in modules.values() if isinstance(module, torch.nn.Embedding)]
    layers: dict[str, Any] = {}
    for key, tensor in tensors.items():
        if tensor.dim() not in (2, 3) or any(torch.equal(tensor, table) for table in tables):
            continue
        one = tensor[0] if tensor.dim() == 3 else tensor
        exact = {path: m for path, m in matrices.items() if m.shape in (one.shape, one.T.shape)}
        straight = next((path for path, m in exact.items() if torch.equal(m, one)), None)
        turned = next((path for path, m in exact.items() if torch.equal(m.T, one)), None)
        inside = {path: rows for path, m in matrices.items() if (rows := rows_in(m, one)) is not None}
        block = any(rows_in(one, m) is not None for m in matrices.values())
        parts: dict[str, list[list[int]]] = {}
        if straight or turned:
            module = modules.get(straight or turned or "")
            own = (straight or turned or "").rpartition(".")[2]
            if module is not None and own in FUSED:
                parts = {part: ranges(rows) for part, rows in rows_of(model, module, inputs_of(name, model)).items()}
                if own == "kv_b_proj":  # its keys are joined to others before they are seen
                    parts = {"v": parts["v"]}
            elif "gate_up_proj" in key or "input_linear" in key:  # read in the forward of the experts
                out = one.shape[1] if turned and not straight else one.shape[0]
                parts = {"gate": [[r, r + 1] for r in range(0, out, 2)] if name == "gpt_oss" else [[0, out // 2]]}
        elif inside:
            parts = {path.rpartition(".")[2].removesuffix("_proj"): [rows] for path, rows in inside.items()}
        elif not block:
            continue
        found: dict[str, Any] = {"turned": True} if turned and not straight else {}
        layers[key] = found | ({"parts": parts} if parts else {})
    output = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    path = next((path for path, module in modules.items() if module is output and output is not None), None)
    tied = next(
        (key for key, t in tensors.items() if path and key not in layers and torch.equal(t, output.weight)), None
    )
    return {
        "config": {key: value for key, value in config.items() if value is not None and not _UNUSED.search(key)},
        "tensors": {key: list(tensor.shape) for key, tensor in tensors.items()},
        "layers": layers,
        "tied_output": {path: tied} if tied else {},
    }


def rows_in(part: Any, whole: Any) -> list[int] | None:
    """Where the rows of a matrix lie in a larger one, as ``[start, stop)``."""
    if part.shape[1] != whole.shape[1] or part.shape[0] >= whole.shape[0]:
        return None
    starts = ((whole - part[0]).abs().sum(1) == 0).nonzero().flatten().tolist()
    for start in starts:
        stop = start + len(part)
        if stop <= len(whole) and bool((whole[start:stop] == part).all()):
            return [start, stop]
    return None


def main() -> None:
    """Write the file, a line a family."""
    made = {name: described(name) for name in FAMILIES}
    lines = [f'"{name}": {json.dumps(family, separators=(",", ":"))}' for name, family in made.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

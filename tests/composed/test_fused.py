"""Fused projections and experts: each part is the matrix that was put in."""

from __future__ import annotations

import pytest
import torch

from netaudit.sources.planners.names_and_shapes import plan

D, HEADS, SIZE = 16, 4, 4
Q, K, V = torch.rand(3, D, D)
K1, V1 = torch.rand(2, SIZE, D)  # one key and value for all heads
K2, V2 = torch.rand(2, 2 * SIZE, D)


def by_group(groups: int, *parts: torch.Tensor) -> torch.Tensor:
    """Rows of each part in equal groups, the groups one after the other."""
    rows = []
    for group in range(groups):
        for part in parts:
            size = len(part) // groups
            rows += [part[row] for row in range(group * size, (group + 1) * size)]
    return torch.stack(rows)


PLAIN = {"hidden_size": D, "num_attention_heads": HEADS}


@pytest.mark.parametrize(
    ("name", "stored", "parts", "config"),
    [
        ("attn.qkv", torch.cat([Q, K, V]), (Q, K, V), {}),  # timm
        (
            "attn.qkv_proj",
            torch.cat([Q, K1, V1]),
            (Q, K1, V1),
            PLAIN | {"model_type": "phi3", "num_key_value_heads": 1},
        ),
        (
            "attn.Wqkv",
            torch.cat([Q, K2, V2]),
            (Q, K2, V2),
            {"d_model": D, "n_heads": 4, "attn_config": {"kv_n_heads": 2}},
        ),
        ("query_key_value", by_group(HEADS, Q, K, V), (Q, K, V), PLAIN | {"model_type": "gpt_neox"}),
        (
            "query_key_value",
            by_group(HEADS, Q, K, V),
            (Q, K, V),
            {"model_type": "bloom", "hidden_size": D, "n_head": 4},
        ),
        (
            "query_key_value",
            by_group(2, Q, K2, V2),
            (Q, K2, V2),
            PLAIN | {"model_type": "falcon", "num_kv_heads": 2, "new_decoder_architecture": True},
        ),
        ("query_key_value", torch.cat([Q, K1, V1]), (Q, K1, V1), PLAIN | {"model_type": "falcon", "multi_query": True}),
        (
            "query_key_value",
            torch.cat([Q, K2, V2]),
            (Q, K2, V2),
            PLAIN | {"model_type": "chatglm", "multi_query_attention": True, "multi_query_group_num": 2},
        ),
        ("wqkv", by_group(2, Q, K2, V2), (Q, K2, V2), PLAIN | {"model_type": "internlm2", "num_key_value_heads": 2}),
        ("c_attn", torch.cat([Q, K1, V1]), (Q, K1, V1), {"model_type": "gpt_bigcode", "n_embd": D, "n_head": 4}),
    ],
)
def test_queries_keys_and_values(composed, name, stored, parts, config) -> None:
    bias = torch.cat([torch.full((len(part),), float(place)) for place, part in enumerate(parts)])
    if not torch.equal(stored, torch.cat(parts)):
        groups = config.get("num_kv_heads", config.get("num_key_value_heads", HEADS))
        bias = by_group(groups, *bias[:, None].split([len(part) for part in parts]))[:, 0]
    found = composed({f"{name}.weight": stored, f"{name}.bias": bias}, config=config)
    for place, (letter, part) in enumerate(zip("qkv", parts, strict=True)):
        assert torch.equal(found[f"{name}.{letter}.weight"], part)
        assert set(found[f"{name}.{letter}.bias"].tolist()) == {float(place)}
    assert found.layers() == {f"{name}.{letter}": tuple(part.shape) for letter, part in zip("qkv", parts, strict=True)}


@pytest.mark.parametrize(
    ("name", "shape", "config"),
    [
        ("query_key_value", (48, 16), {}),
        ("query_key_value", (48, 16), PLAIN | {"model_type": "unheard_of"}),
        ("in_proj", (50, 16), PLAIN | {"model_type": "mamba2", "state_size": 4, "n_groups": 2}),
        ("qkv_proj", (24, 16), {}),
        ("query_key_value", (50, 16), PLAIN | {"model_type": "gpt_neox"}),
        ("qkv", (45, 16), {}),
    ],
)
def test_what_is_not_known_is_whole_and_called_fused(composed, name, shape, config) -> None:
    weight = torch.rand(shape)
    found = composed({f"{name}.weight": weight}, config=config)
    assert torch.equal(found[f"{name}.weight"], weight)
    assert found.origin(f"{name}.weight") == "fused, parts not separated"
    assert found.layers() == {name: shape}


def test_a_part_of_another_width_has_heads_of_its_own(composed) -> None:
    """Text of 32 with grouped queries beside pictures of 16: 64 rows for the one, thirds for the other."""
    config = {"model_type": "phi3", "hidden_size": 32, "num_attention_heads": 8, "num_key_value_heads": 2}
    found = composed({"vision.qkv.weight": torch.cat([Q, K, V])}, config=config)
    assert torch.equal(found["vision.qkv.k.weight"], K)
    assert found.layers() == {f"vision.qkv.{part}": (D, D) for part in "qkv"}


def test_gate_and_up(composed) -> None:
    found = composed({"mlp.gate_up_proj.weight": torch.cat([Q, K])})
    assert torch.equal(found["mlp.gate_up_proj.gate.weight"], Q)
    assert torch.equal(found["mlp.gate_up_proj.up.weight"], K)


@pytest.mark.parametrize("config", [{"model_type": "gpt2", "n_head": 4, "n_embd": D}, {}])
def test_gpt2_keeps_in_by_out(composed, config) -> None:
    square = torch.rand(D, D)
    tensors = {
        "h.0.attn.c_attn.weight": torch.cat([Q, K, V]).T.contiguous(),
        "h.0.attn.c_attn.bias": torch.zeros(3 * D),
    }
    found = composed(
        tensors | {"h.0.attn.c_proj.weight": square, "h.0.attn.c_proj.bias": torch.zeros(D)}, config=config
    )
    assert torch.equal(found["h.0.attn.c_attn.k.weight"], K)
    assert torch.equal(found["h.0.attn.c_proj.weight"], square.T)
    assert found.origin("h.0.attn.c_proj.weight") == "Conv1D, stored as [in, out]"


def test_a_square_layer_of_gpt2_alone_is_turned_by_the_configuration(composed) -> None:
    tensors = {"h.0.attn.c_proj.weight": Q, "h.0.attn.c_proj.bias": torch.zeros(D)}
    assert torch.equal(composed(tensors, config={"model_type": "gpt2"})["h.0.attn.c_proj.weight"], Q.T)
    assert torch.equal(composed(tensors)["h.0.attn.c_proj.weight"], Q)


@pytest.mark.parametrize(
    ("turned", "config"),
    [(False, {}), (True, {}), (False, {"model_type": "mixtral"}), (True, {"model_type": "llama4"})],
)
def test_experts(composed, turned, config) -> None:
    up, down = torch.rand(3, 2 * 6, 8), torch.rand(3, 8, 6)
    stored = [tensor.mT.contiguous() if turned else tensor for tensor in (up, down)]
    tensors = {
        "mlp.experts.gate_up_proj": stored[0],
        "mlp.experts.down_proj": stored[1],
        "mlp.gate.weight": torch.rand(3, 8),
    }
    found = composed(tensors, config=config)
    assert torch.equal(found["mlp.experts.2.down_proj.weight"], down[2])
    assert torch.equal(found["mlp.experts.1.gate_up_proj.gate.weight"], up[1, :6])
    assert torch.equal(found["mlp.experts.1.gate_up_proj.up.weight"], up[1, 6:])
    assert len(found.layers()) == 3 * 3 + 1


def test_experts_of_gpt_oss_have_rows_by_turns(composed) -> None:
    up = torch.rand(2, 8, 12)
    found = composed(
        {"e.experts.gate_up_proj": up, "e.experts.gate_up_proj_bias": torch.rand(2, 12)},
        config={"model_type": "gpt_oss"},
    )
    assert torch.equal(found["e.experts.1.gate_up_proj.up.weight"], up[1].T[1::2])
    assert found.layers() == {f"e.experts.{n}.gate_up_proj.{part}": (6, 8) for n in (0, 1) for part in ("gate", "up")}


def test_a_bilinear_layer_is_not_called_a_convolution(composed) -> None:
    found = composed({"bil.weight": torch.rand(10, 64, 64), "bil.bias": torch.zeros(10)})
    [entry] = plan(found.declared).layers
    assert "bilinear" in entry.reason


def test_rules_see_what_the_rules_before_them_made(composed) -> None:
    """float8 blocks, an adapter on top, and then the parts of the fused projection."""
    codes, scales = (torch.randn(48, 16) * 10).to(torch.float8_e4m3fn), torch.tensor(0.5)
    a, b = torch.rand(2, 16), torch.rand(48, 2)
    tensors = {"x.qkv.base_layer.weight": codes, "x.qkv.base_layer.weight_scale": scales}
    found = composed(tensors | {"x.qkv.lora_A.weight": a, "x.qkv.lora_B.weight": b}, adapter={"lora_alpha": 2})
    torch.testing.assert_close(found["x.qkv.v.weight"], (codes.float() * 0.5 + b @ a)[32:])
    assert found.layers() == {f"x.qkv.{part}": (16, 16) for part in "qkv"}

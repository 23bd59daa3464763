from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from netaudit.formats.weights_file import Declared
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, ModelInfo, Network
from netaudit.sources.planners.choices import Choices
from netaudit.sources.planners.names_and_shapes import plan
from netaudit.sources.planners.plan import Plan
from netaudit.sources.stores import MemoryStore, declare


def planned(*, dtypes: dict[str, str] | None = None, ties: dict[str, str] | None = None, **shapes: Any) -> Plan:
    """Plan tensors given by shape; ``__`` in a keyword is a dot."""
    names = {name.replace("__", "."): shape for name, shape in shapes.items()}
    return plan(
        {n: Declared(tuple(s), (dtypes or {}).get(n, "float32"), (ties or {}).get(n, n)) for n, s in names.items()}
    )


def layers(found: Plan) -> dict[str, LayerSpec]:
    return {entry.name: entry for entry in found.layers if isinstance(entry, LayerSpec)}


def skipped(found: Plan) -> dict[str, SkippedLayer]:
    return {entry.name: entry for entry in found.layers if isinstance(entry, SkippedLayer)}


def test_linear_layers_and_their_biases() -> None:
    found = planned(fc1__weight=(5, 8), fc1__bias=(5,), fc2__weight=(3, 5))
    assert layers(found) == {
        "fc1": LayerSpec("fc1", (5, 8), "fc1.weight", "fc1.bias", origin="2-D weight"),
        "fc2": LayerSpec("fc2", (3, 5), "fc2.weight", None, origin="2-D weight"),
    }
    assert found.parameters_total == 5 * 8 + 5 + 3 * 5
    assert skipped(found) == {}


@pytest.mark.parametrize(
    ("weight", "bias", "name"),
    [
        ("fc.weight", "fc.bias", "fc"),
        ("W1", "b1", "W1"),
        ("W1", "B1", "W1"),
        ("w", "b", "w"),
        ("net.fc1_weight", "net.fc1_bias", "net.fc1_weight"),
        ("layer.weights", "layer.biases", "layer.weights"),
        ("time_embed.0.weight", "time_embed.0.bias", "time_embed.0"),  # a bias: no nn.Embedding
    ],
)
def test_names_of_weights(weight: str, bias: str, name: str) -> None:
    found = plan({weight: Declared((4, 6), "float16", 1), bias: Declared((4,), "float16", 2)})
    assert {spec.name: spec.bias for spec in layers(found).values()} == {name: bias}
    assert not skipped(found)


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "reason", "counted"),
    [
        ("conv.weight", (4, 3, 3, 3), "float32", "convolution", True),
        ("conv.weight", (4, 3, 3), "float32", "convolution", True),
        ("layer_norm.weight", (4,), "float32", "normalisation", True),
        ("scale", (4,), "float32", "a lone vector: normalisation, bias or scale", True),
        ("logit_scale", (), "float32", "a single number", True),
        ("embed_tokens.weight", (100, 8), "float32", "embedding or another table, by its name", True),
        (
            "bert.embeddings.word_embeddings.weight",
            (100, 8),
            "float32",
            "embedding or another table, by its name",
            True,
        ),
        ("transformer.wte.weight", (100, 8), "float32", "embedding or another table, by its name", True),
        ("pos_embed", (100, 8), "float32", "embedding or another table, by its name", True),
        ("rnn.weight_ih_l0", (16, 8), "float32", "recurrent", True),
        ("rnn.weight_hh_l0_reverse", (16, 4), "float32", "recurrent", True),
        ("attn.bias_table", (16, 4), "float32", "2-D, but not named as a weight: --as-layer audits it", True),
        ("fc.weight", (4, 6), "int8", "int8, not floating point: quantised weights are not read yet", True),
        ("fc.weight", (4, 6), "complex64", "complex64: complex weights are not covered", True),
        ("fc.weight", (4, 6), "bool", "a mask of true and false, not a weight", True),
        ("fc.weight", (0, 6), "float32", "empty", True),
        ("bn.num_batches_tracked", (), "int64", "buffer, not a parameter", False),
        ("bn.running_mean", (4,), "float32", "buffer, not a parameter", False),
        ("attn.relative_position_index", (49, 49), "int64", "buffer, not a parameter", False),
        ("attn.causal_mask", (49, 49), "float32", "buffer, not a parameter", False),
        ("optimizer.state.0.exp_avg", (4, 6), "float32", "optimiser state, not a parameter", False),
        ("exp_avg_sq.fc.weight", (4, 6), "float32", "optimiser state, not a parameter", False),
    ],
)
def test_what_is_skipped_and_why(name: str, shape: tuple[int, ...], dtype: str, reason: str, counted: bool) -> None:
    found = plan({name: Declared(shape, dtype, 1)})
    assert [entry.reason for entry in skipped(found).values()] == [reason]
    size = torch.Size(shape).numel() if counted else 0
    assert found.parameters_total == sum(entry.parameters for entry in found.layers) == size
    assert found.head is None


TABLES = [
    "encoder.block.0.SelfAttention.relative_attention_bias", "decoder.query_feat", "label_enc", "user_factors",
    "vq.codebook", "shared", "wte", "causal_mask",
]  # fmt: skip
LAYERS = ["embed_out", "attn.pos_proj", "blocks.0.token_mixer", "embedding_projection", "mask_head", "queries", "keys"]


@pytest.mark.parametrize("name", TABLES)
def test_tables_by_name_and_the_user_s_word(name: str) -> None:
    declared = {f"{name}.weight": Declared((30, 8), "float32", 1)}
    assert "by its name" in skipped(plan(declared))[name].reason
    for glob in (name, f"{name}.weight", "*"):
        assert list(layers(plan(declared, choices=Choices(as_layer=(glob,))))) == [name]


@pytest.mark.parametrize("name", LAYERS)
def test_layers_by_name_and_the_user_s_word(name: str) -> None:
    declared = {f"{name}.weight": Declared((30, 8), "float32", 1), f"{name}.bias": Declared((30,), "float32", 2)}
    assert list(layers(plan(declared))) == [name]
    found = plan(declared, choices=Choices(not_layer=(name,)))
    assert skipped(found) == {name: SkippedLayer(name, (30, 8), "not a layer, by --not-layer", 270)}


def test_a_matrix_of_any_name_is_a_layer_when_asked() -> None:
    found = plan({"head.table": Declared((4, 6), "float32", 1)}, choices=Choices(as_layer=("*table",)))
    assert list(layers(found)) == ["head.table"]


def test_one_rank_of_zero_3_is_named_by_its_empty_weight() -> None:
    found = planned(a__weight=(0,), a__bias=(64,), b__weight=(64, 64), b__bias=(64,))
    assert list(layers(found)) == ["b"]
    assert skipped(found)["a"].reason.startswith("empty: one rank of a ZeRO-3 checkpoint")
    assert skipped(found)["a"].parameters == 64


def test_a_flat_parameter_of_fsdp_is_no_vector() -> None:
    found = plan({"net._flat_param": Declared((4096,), "float32", 1)})
    assert skipped(found)["net._flat_param"].reason.startswith("a flat parameter of FSDP")


def test_a_tensor_that_cannot_be_read_gives_its_reason() -> None:
    found = plan({"fc.weight": Declared((10**5, 10**5), "float32", 1, "a broadcast view")})
    assert skipped(found)["fc"].reason == "a broadcast view"


def test_a_batch_norm_is_one_entry() -> None:
    found = planned(bn__weight=(4,), bn__bias=(4,), bn__running_mean=(4,), bn__num_batches_tracked=())
    assert skipped(found) == {"bn": SkippedLayer("bn", (4,), "normalisation", 8)}


def test_in_proj_is_split() -> None:
    found = planned(a__in_proj_weight=(12, 4), a__in_proj_bias=(12,), a__out_proj__weight=(4, 4))
    assert [(s.name, s.shape, s.rows, s.bias_rows) for s in layers(found).values()] == [
        ("a.in_proj.q", (4, 4), (0, 4), (0, 4)),
        ("a.in_proj.k", (4, 4), (4, 8), (4, 8)),
        ("a.in_proj.v", (4, 4), (8, 12), (8, 12)),
        ("a.out_proj", (4, 4), None, None),
    ]
    assert found.parameters_total == sum(entry.parameters for entry in found.layers) == 12 * 4 + 12 + 16


def test_separate_q_k_v_share_one_bias() -> None:
    attention = torch.nn.MultiheadAttention(4, 2, kdim=6, vdim=8)
    torch.nn.init.normal_(attention.in_proj_bias)
    state = attention.state_dict()
    found = plan(declare(state))
    network = Network(ModelInfo("a", "file"), found.layers, MemoryStore(state), found.parameters_total)
    read = {spec.name: network.read(spec) for spec in network.specs()}
    assert list(read) == ["in_proj.q", "in_proj.k", "in_proj.v", "out_proj"]
    for i, part in enumerate("qkv"):
        bias = read[f"in_proj.{part}"].bias
        assert bias is not None
        assert torch.equal(read[f"in_proj.{part}"].weight, state[f"{part}_proj_weight"])
        assert torch.equal(bias, state["in_proj_bias"][4 * i : 4 * i + 4])
    assert found.parameters_total == sum(p.numel() for p in attention.parameters())


def test_an_in_proj_of_other_shape_is_one_layer() -> None:
    assert layers(planned(a__in_proj_weight=(13, 4)))["a.in_proj_weight"].shape == (13, 4)


def test_tied_weights_once_and_the_layer_wins() -> None:
    ties = {"wte.weight": "same", "lm_head.weight": "same"}
    found = planned(wte__weight=(50, 8), fc__weight=(8, 8), lm_head__weight=(50, 8), ties=ties)
    assert list(layers(found)) == ["fc", "lm_head"]
    assert skipped(found) == {"wte": SkippedLayer("wte", (50, 8), "tied to lm_head", 0)}
    assert found.parameters_total == 50 * 8 + 64


def test_tied_layers() -> None:
    ties = {"a.weight": "same", "b.weight": "same"}
    found = planned(a__weight=(4, 4), b__weight=(4, 4), b__bias=(4,), ties=ties)
    assert list(layers(found)) == ["a"]
    assert skipped(found) == {"b": SkippedLayer("b", (4, 4), "tied to a", 4)}


def test_a_bias_tells_how_the_weight_lies() -> None:
    # GPT-2 keeps [in, out]; the square c_proj is taken like the others.
    found = planned(
        c_attn__weight=(4, 12), c_attn__bias=(12,), c_proj__weight=(4, 4), c_proj__bias=(4,), head__weight=(9, 4)
    )
    assert {s.name: (s.shape, s.transposed) for s in layers(found).values()} == {
        "c_attn": ((12, 4), True),
        "c_proj": ((4, 4), True),
        "head": ((9, 4), False),
    }
    assert "stored as [in, out]" in layers(found)["c_attn"].origin


def test_square_weights_lie_as_usual_unless_all_others_are_turned() -> None:
    found = planned(a__weight=(4, 4), a__bias=(4,), b__weight=(5, 4), b__bias=(5,), c__weight=(4, 5), c__bias=(5,))
    assert {s.name: s.transposed for s in layers(found).values()} == {"a": False, "b": False, "c": True}


def test_kernels_are_in_by_out_and_read_so() -> None:
    state = {"params.dense.kernel": torch.arange(6.0).reshape(3, 2), "params.dense.bias": torch.zeros(2)}
    found = plan(declare(state))
    network = Network(ModelInfo("a", "file"), found.layers, MemoryStore(state), found.parameters_total)
    (spec,) = network.specs()
    assert (spec.name, spec.shape) == ("params.dense", (2, 3))
    assert torch.equal(network.read(spec).weight, state["params.dense.kernel"].T)


def head(found: Plan) -> list[tuple[str, str]]:
    assert found.head is not None
    assert found.head.inferred
    assert ("ReLU" in found.head.note) == (len(found.head.layers) > 1)
    return [(layer.name, layer.activation) for layer in found.head.layers]


def test_the_head_is_the_chain_of_all_layers() -> None:
    found = planned(conv__weight=(8, 3, 3, 3), a__weight=(6, 32), b__weight=(5, 6), b__bias=(5,), c__weight=(2, 5))
    assert head(found) == [("a", "relu"), ("b", "relu"), ("c", "linear")]


@pytest.mark.parametrize(
    "between",
    [
        {"norm__weight": (6,)},  # it may lie between any two
        {"attn__proj__weight": (6, 6)},  # a part of attention
        {"query__weight": (6, 6)},
    ],
)
def test_what_may_lie_between_cuts_the_chain(between: dict[str, tuple[int, ...]]) -> None:
    found = planned(a__weight=(6, 9), **between, y__weight=(6, 6), z__weight=(2, 6))
    assert head(found) == [("z", "linear")]


def test_a_layer_beside_the_chain_leaves_the_head_open() -> None:
    found = planned(a__weight=(6, 9), b__weight=(5, 7), y__weight=(6, 6), z__weight=(2, 6))
    assert found.head is None
    assert "--order" in found.head_gap


def test_buffers_do_not_end_a_run_and_what_follows_does_not_matter() -> None:
    found = planned(a__weight=(6, 9), running__num_batches_tracked=(), b__weight=(2, 6), norm__weight=(2,))
    assert head(found) == [("a", "relu"), ("b", "linear")]


def test_a_layer_called_out_is_no_attention() -> None:
    assert head(planned(hidden__weight=(6, 9), out__weight=(2, 6))) == [("hidden", "relu"), ("out", "linear")]
    assert planned(attn__out_proj__weight=(6, 6)).head is None


NAMES = st.lists(
    st.sampled_from(
        ["fc.weight", "fc.bias", "a.in_proj_weight", "bn.running_mean", "conv.weight", "W1", "x", "emb.weight"]
    ),
    unique=True,
)


@given(NAMES, st.data())
def test_every_parameter_is_counted_once(names: list[str], data: st.DataObject) -> None:
    shape = st.lists(st.integers(0, 4), max_size=4).map(tuple)
    declared = {n: Declared(data.draw(shape), data.draw(st.sampled_from(["float32", "int64"])), n) for n in names}
    found = plan(declared)
    assert sum(entry.parameters for entry in found.layers) == found.parameters_total
    floating = [d for n, d in declared.items() if d.floating and "running" not in n]
    assert found.parameters_total >= sum(d.size for d in floating)
    assert bool(found.layers) == bool(names)

from __future__ import annotations

import random
from itertools import pairwise, permutations
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from netaudit.formats.weights_file import Declared
from netaudit.sources.memory import open_memory
from netaudit.sources.open import open_network
from netaudit.sources.planners.chains import chains
from netaudit.sources.planners.names_and_shapes import plan
from netaudit.sources.planners.plan import Plan

Shapes = dict[str, tuple[int, ...]]


def planned(shapes: Shapes, *, ordered: bool = False, model_type: str | None = None) -> Plan:
    """Plan weights given by their layers' shapes."""
    declared = {f"{name}.weight": Declared(shape, "float32", name) for name, shape in shapes.items()}
    return plan(declared, ordered=ordered, model_type=model_type)


def head(found: Plan) -> list[str]:
    return [] if found.head is None else [step.name for step in found.head.layers]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=5))
def test_chains_are_those_of_a_search_through_all_orders(shapes: list[tuple[int, int]]) -> None:
    def fits(order: tuple[int, ...]) -> bool:
        return all(shapes[a][0] == shapes[b][1] for a, b in pairwise(order))

    found = chains(shapes, most=10**6)
    assert sorted(found) == sorted(order for order in permutations(range(len(shapes))) if fits(order))


def test_a_search_without_end_counts_as_several() -> None:
    assert len(chains([(64, 64)] * 40)) == 2
    assert len(chains([(2, 1), (1, 2)] * 12 + [(3, 1), (4, 3)])) == 2


@given(st.lists(st.integers(2, 9), min_size=3, max_size=7, unique=True), st.randoms())
def test_the_order_of_the_file_does_not_matter(widths: list[int], shuffle: random.Random) -> None:
    names = ["z", "e", "b", "r", "a", "top"]
    layers: Shapes = dict(zip(names, zip(widths[1:], widths, strict=False), strict=False))
    mixed = list(layers.items())
    shuffle.shuffle(mixed)
    for ordered in (True, False):
        assert head(planned(dict(mixed), ordered=ordered)) == list(layers)


AUTOENCODER: Shapes = {"encoder.0": (64, 196), "encoder.2": (32, 64), "decoder.0": (64, 32), "decoder.2": (196, 64)}


def test_several_chains_are_told_apart_by_the_order_of_the_definition_alone() -> None:
    assert head(planned(AUTOENCODER, ordered=True)) == list(AUTOENCODER)
    found = planned(AUTOENCODER)
    assert found.head is None
    assert found.head_gap.startswith("the order of the layers is not known: --order")
    by_name = {name: AUTOENCODER[name] for name in sorted(AUTOENCODER)}
    assert planned(by_name, ordered=True).head is None  # safetensors may have sorted it before it came into a .pt


def test_numbers_order_layers_of_one_width() -> None:
    shapes: Shapes = {f"fc{number}": (64, 64) for number in (10, 2, 1)} | {"out": (10, 64)}
    assert head(planned(shapes)) == ["fc1", "fc2", "fc10", "out"]
    shapes = {"b": (64, 64), "a": (64, 64), "out": (10, 64)}
    assert planned(shapes).head is None
    assert head(planned(shapes, ordered=True)) == ["b", "a", "out"]


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        # Above convolutions, whose channels its inputs are at 7 x 7 places.
        ({"conv": (8, 3, 3, 3), "fc1": (20, 8 * 49), "fc2": (10, 20)}, ["fc1", "fc2"]),
        # Below them: the start of a generator has no labels.
        ({"fc": (8 * 49, 100), "deconv": (8, 3, 3, 3)}, []),
        ({"conv": (8, 3, 3, 3), "fc1": (32, 8 * 49), "fc2": (8 * 49, 32), "deconv": (8, 3, 3, 3)}, []),
        # A part that holds nothing else, beside blocks.
        ({"blocks.0.fc1": (64, 16), "blocks.0.fc2": (16, 64), "blocks.0.norm1": (16,), "head": (10, 16)}, ["head"]),
        # Blocks that come again are no chain, whatever their shapes.
        ({f"layers.{n}.fc{k}": s for n in range(3) for k, s in ((1, (64, 16)), (2, (16, 64)))}, []),
        # Two outputs side by side.
        ({"trunk": (16, 8), "mean": (4, 16), "logvar": (4, 16)}, []),
        # What feeds another layer is not the top.
        ({"proj_in": (16, 8), "blocks.0.attn.qkv": (48, 16), "blocks.0.attn.out": (16, 16)}, []),
        # What no other layer feeds is the top by its name alone, not because the others feed one another.
        ({"a": (128, 128), "b": (64, 64), "c": (64, 64)}, []),
        ({"classifier.6": (128, 128), "b": (64, 64), "c": (64, 64)}, ["classifier.6"]),
        # A normalisation at a place where it cannot lie between, and at one where it can.
        ({"net.0": (8, 4), "net.1": (8,), "net.3": (8, 8), "net.5": (2, 8)}, ["net.3", "net.5"]),
        ({"features.norm": (8,), "top.0": (8, 4), "top.2": (2, 8)}, ["top.0", "top.2"]),
        ({"norm": (8,), "a": (8, 4), "b": (2, 8)}, ["b"]),
    ],
)
def test_what_is_a_head(shapes: Shapes, expected: list[str]) -> None:
    for order in (list(shapes), sorted(shapes), sorted(shapes, reverse=True)):
        for ordered in (True, False):
            assert head(planned({name: shapes[name] for name in order}, ordered=ordered)) == expected


BERT: Shapes = {
    "bert.encoder.layer.0.attention.self.query": (16, 16),
    "bert.encoder.layer.0.intermediate.dense": (64, 16),
    "bert.encoder.layer.0.output.dense": (16, 64),
    "bert.encoder.layer.0.output.LayerNorm": (16,),
    "bert.pooler.dense": (16, 16),
}


@pytest.mark.parametrize(
    ("model_type", "shapes", "steps"),
    [
        ("bert", {**BERT, "classifier": (3, 16)}, [("bert.pooler.dense", "tanh"), ("classifier", "linear")]),
        ("bert", BERT, []),
        ("roberta", {"classifier.dense": (16, 16), "classifier.out_proj": (2, 16)},
         [("classifier.dense", "tanh"), ("classifier.out_proj", "linear")]),
        ("distilbert", {"pre_classifier": (16, 16), "classifier": (2, 16)},
         [("pre_classifier", "relu"), ("classifier", "linear")]),
        ("vit", {"vit.encoder.layer.0.output.dense": (16, 64), "classifier": (10, 16)}, [("classifier", "linear")]),
        ("gpt2", {"h.0.attn.c_attn": (48, 16), "h.0.mlp.c_fc": (64, 16), "h.0.mlp.c_proj": (16, 64)}, []),
        ("llama", {"model.layers.0.mlp.up_proj": (64, 16), "lm_head": (90, 16)}, [("lm_head", "linear")]),
        ("gpt_neox", {"gpt_neox.layers.0.mlp.dense": (64, 16), "embed_out": (90, 16)}, [("embed_out", "linear")]),
        ("bert", {f"base_model.model.{name}": shape for name, shape in {**BERT, "classifier": (3, 16)}.items()},
         [("base_model.model.bert.pooler.dense", "tanh"), ("base_model.model.classifier", "linear")]),
        ("clip", {"text_projection": (16, 16), "visual_projection": (16, 16)}, []),
    ],
)  # fmt: skip
def test_heads_of_transformers(model_type: str, shapes: Shapes, steps: list[tuple[str, str]]) -> None:
    found = planned(shapes, model_type=model_type)
    assert ([] if found.head is None else [(step.name, step.activation) for step in found.head.layers]) == steps
    assert (found.head_gap == "") == bool(steps)


def test_the_kind_of_model_is_read_from_config_json(tmp_path: Path) -> None:
    weights = {f"{name}.weight": torch.ones(shape) for name, shape in {**BERT, "classifier": (16, 16)}.items()}
    save_file(weights, tmp_path / "model.safetensors")
    assert open_network(tmp_path).head is None or len(open_network(tmp_path).head.layers) == 1  # type: ignore[union-attr]
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    found = open_network(tmp_path).head
    assert found is not None
    assert [step.activation for step in found.layers] == ["tanh", "linear"]
    assert found.inferred


@pytest.mark.parametrize("layers", [AUTOENCODER, {"encoder.fc1": (128, 196), "encoder.fc2": (128, 128), "a": (9, 128)}])
def test_a_file_in_either_format_has_the_same_head_or_none(tmp_path: Path, layers: Shapes) -> None:
    weights = {f"{name}.weight": torch.zeros(shape) for name, shape in layers.items()}
    torch.save(weights, tmp_path / "net.pt")
    save_file(weights, tmp_path / "net.safetensors")
    ordered, sorted_ = open_network(tmp_path / "net.pt").head, open_network(tmp_path / "net.safetensors").head
    assert ordered is not None
    assert [step.name for step in ordered.layers] == list(layers)
    assert sorted_ in (None, ordered)


@pytest.mark.parametrize(
    ("layer", "factors"),
    [
        ("2", {"lora_A.default.weight": (2, 8), "lora_B.default.weight": (3, 2)}),
        ("0", {"lokr_w1.default": (2, 2), "lokr_w2.default": (4, 3)}),
    ],
)
def test_a_layer_whose_adapter_could_not_be_added_is_in_no_head(
    layer: str, factors: dict[str, tuple[int, ...]]
) -> None:
    """The network computes with another weight than that of the base alone."""
    shapes = {"0": (8, 6), "2": (3, 8)}
    state = {f"{name}{'.base_layer' * (name == layer)}.weight": torch.randn(shape) for name, shape in shapes.items()}
    assert open_memory(state).head is not None
    network = open_memory(state | {f"{layer}.{name}": torch.randn(shape) for name, shape in factors.items()})
    assert network.head is None
    assert network.head_gap() == f"the adapter of {layer}, at the top, could not be added to its weight"


def test_a_router_is_no_head() -> None:
    experts = {f"moe.experts.{n}.{name}.weight": torch.randn(6, 6) for n in range(3) for name in ("up", "down")}
    for name in ("moe.router", "moe.gate", "router.classifier"):
        assert open_memory({**experts, f"{name}.weight": torch.randn(3, 6)}).head is None

"""Kinds of layers from names and shapes, and sentences by range of blocks."""

import pytest

from netaudit.audit_page.kinds import Position, kinds, positions
from netaudit.audit_page.ranges import by_depth, in_ranges
from netaudit.results import LayerResult


def layer(name, shape=(320, 320)):
    return LayerResult(name, shape, "float32", None, "Linear", {})


@pytest.mark.parametrize(
    ("name", "shape", "kind", "depth"),
    [
        ("model.layers.7.self_attn.q_proj", (8, 8), "q", 7),
        ("model.layers.31.mlp.gate_proj.weight", (8, 8), "gate", 31),
        ("bert.encoder.layer.3.attention.self.query", (8, 8), "q", 3),
        ("bert.encoder.layer.3.attention.output.dense", (8, 8), "o", 3),
        ("bert.encoder.layer.3.intermediate.dense", (32, 8), "up", 3),
        ("bert.encoder.layer.3.output.dense", (8, 32), "down", 3),
        ("transformer.h.11.attn.c_attn", (24, 8), "qkv", 11),
        ("transformer.h.11.attn.c_proj", (8, 8), "o", 11),
        ("transformer.h.11.mlp.c_fc", (32, 8), "up", 11),
        ("transformer.h.11.mlp.c_proj", (8, 32), "down", 11),
        ("blocks.2.attn.qkv", (24, 8), "qkv", 2),
        ("blocks.2.mlp.fc2", (8, 32), "down", 2),
        ("encoder.layers.encoder_layer_5.mlp.0", (32, 8), "up", 5),
        ("encoder.layers.encoder_layer_5.mlp.3", (8, 32), "down", 5),
        ("lm_head", (100, 8), "head", 0),
        ("classifier.6", (10, 8), "head", 0),
        ("fc1", (10, 8), "head", 0),
        ("layers.4.odd_part", (8, 8), "odd_part", 4),
        ("", (8, 8), "layer", 0),
    ],
)
def test_the_kind_and_the_block_of_a_name(name, shape, kind, depth):
    assert positions([layer(name, shape)]) == [Position(kind, depth)]


def test_layers_without_a_block_are_counted_in_their_order():
    assert positions([layer(f"fc{i}") for i in (1, 2, 3)]) == [Position("head", i) for i in range(3)]


def test_the_rarest_of_many_kinds_are_one():
    names = [f"layers.{block}.part_{letter}" for block in range(3) for letter in "abcdefghi"]
    placed = positions([layer(name) for name in (*names, "layers.0.rare", "layers.1.odd")])
    assert kinds(placed) == (*(f"part_{letter}" for letter in "abcdefghi"), "other")


def test_a_hostile_name_is_made_safe():
    [at] = positions([layer("layers.0.\x1b[31m" + "a" * 100)])
    assert len(at.kind) == 24
    assert "\x1b" not in at.kind


def verdicts(text):
    words = {"h": "holds", "f": "fails", "u": "undecided", "-": "not_applicable"}
    return [(Position("q", block), words[letter]) for block, letter in enumerate(text)]


@pytest.mark.parametrize(
    ("letters", "says"),
    [
        ("hhhh", "holds throughout"),
        ("hhuf", "holds in blocks 0–1, undecided in 2, fails in 3"),
        ("hhuffff", "holds in blocks 0–1, undecided in 2, fails from 3 on"),
        ("fhhhh", "fails in block 0, holds from 1 on"),
        ("hhhhhhhfhhhhhfhhhhhhfhh", "mostly holds"),
        ("hhhhhhhfhhhhffffffhffffhfff", "mostly holds in blocks 0–11, mostly fails from 12 on"),
        ("hfhfhfhfhfhf", "fails in 6, holds in 6 of 12 blocks"),
        ("--hh", "q: holds throughout"),
    ],
)
def test_verdicts_in_ranges(letters, says):
    assert in_ranges(verdicts(letters)) == says


def test_of_several_layers_in_a_block_the_worst_counts():
    found = [(Position("q", 1), "holds"), (Position("q", 1), "fails"), (Position("q", 0), "undecided")]
    assert by_depth(found) == {0: "undecided", 1: "fails"}


def test_the_clause_says_where_the_worst_of_several_counts():
    experts = [(Position("up", 0), "holds"), (Position("up", 0), "fails"), (Position("up", 1), "fails")]
    worst = "; where a block has several layers of a kind, the worst of them counts"
    assert in_ranges(experts) == f"fails throughout{worst}"
    assert in_ranges([*experts, (Position("q", 0), "holds")]) == f"up: fails throughout; q: holds{worst}"
    assert in_ranges([*experts[1:], experts[1]]) == "fails throughout"

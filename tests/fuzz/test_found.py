"""What damaged files showed: each by its smallest case. All ended in an error of Python where a line was due."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fuzz import beside
from fuzz.in_process import readers
from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import keras_config
from netaudit.network.graph import Graph, Op
from netaudit.sources.open import open_network
from netaudit.sources.picture import read_picture
from netaudit.sources.weights import open_weights

WEIGHT = np.arange(6, dtype="f").reshape(2, 3)


def onnx_file(folder: Path, *nodes: Any, held: Any = None, replaced: tuple[bytes, bytes] = (b"", b"")) -> Path:
    """A model of some nodes, with bytes of it replaced."""
    constants = [numpy_helper.from_array(WEIGHT.T.copy(), "weight")] if held is None else held
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    data = helper.make_model(helper.make_graph(list(nodes), "net", inputs, outputs, constants)).SerializeToString()
    path = folder / "net.onnx"
    path.write_bytes(data.replace(*replaced) if replaced[0] else data)
    return path


MATMUL = helper.make_node("MatMul", ["x", "weight"], ["y"])
NODES = {
    "a product of one input": helper.make_node("Gemm", ["weight"], ["y"]),
    "a product without an output": helper.make_node("MatMul", ["x", "weight"], []),
    "a constant without an output": helper.make_node("Constant", [], [], value=numpy_helper.from_array(WEIGHT)),
    "what becomes of a constant, without an output": helper.make_node("Identity", ["weight"], []),
    "a value that is a list of numbers": helper.make_node("Constant", [], ["y"], value=[1, 2]),
    "an axis that is a text": helper.make_node("DequantizeLinear", ["weight", "weight"], ["y"], axis="one"),
}


@pytest.mark.parametrize("node", NODES.values(), ids=list(NODES))
def test_an_onnx_node_that_lacks_what_its_operation_needs_is_a_damaged_model(node: Any, tmp_path: Path) -> None:
    path = onnx_file(tmp_path, MATMUL, node)
    with readers(real=False), pytest.raises(SourceError, match=r"net\.onnx: not an ONNX model, or a damaged one"):
        open_network(path)


@pytest.mark.parametrize("name", [b"weight", b"MatMul"])
def test_an_onnx_text_that_is_no_text_is_a_damaged_model(name: bytes, tmp_path: Path) -> None:
    path = onnx_file(tmp_path, MATMUL, replaced=(name, b"\xff" + name[1:]))
    with readers(real=False), pytest.raises(SourceError, match=r"net\.onnx: not an ONNX model, or a damaged one"):
        open_network(path)


def test_an_onnx_tensor_must_have_its_numbers_where_its_type_has_them(tmp_path: Path) -> None:
    tensor = helper.make_tensor("weight", TensorProto.FLOAT, [3, 2], WEIGHT.reshape(-1).tolist())
    tensor.double_data.extend(tensor.float_data)
    del tensor.float_data[:]
    with readers(real=False), pytest.raises(UnsafeFileError, match="weight declares other bytes than it has"):
        open_network(onnx_file(tmp_path, MATMUL, held=[tensor]))


@pytest.mark.parametrize("name", ["net\x00.data", "net\x1b[31m.data", "net\udcff.data"])
def test_an_external_file_has_a_name_that_can_be_printed(name: str, tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(WEIGHT.T.copy(), "weight")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", name.replace("\udcff", "@@@")
    path = onnx_file(tmp_path, MATMUL, held=[tensor], replaced=(b"@@@", b"\xff@@") if "\udcff" in name else (b"", b""))
    with readers(real=False), pytest.raises(UnsafeFileError, match="lies in a file of a name that no model has"):
        open_network(path)


def test_what_is_said_of_an_onnx_constant_can_be_printed(tmp_path: Path) -> None:
    network = None
    odd = helper.make_node("\x1b[31mOdd", ["x", "weight"], ["z"])
    with readers(real=False):
        network = open_network(onnx_file(tmp_path, odd))
    assert [layer.reason for layer in network.layers] == [r"a constant of \x1b[31mOdd"]  # type: ignore[union-attr]


def test_the_smallest_recurrent_cell_of_onnx_can_be_read(tmp_path: Path) -> None:
    """Hidden size 1 and one input: its weights are lone numbers, which otherwise are no parameters."""
    held = [numpy_helper.from_array(np.full((1, 1, 1), value, "f"), name) for name, value in (("W", 2.0), ("R", 3.0))]
    node = helper.make_node("RNN", ["x", "W", "R"], ["y"], hidden_size=1, name="/rnn/RNN")
    with readers(real=False):
        network = open_network(onnx_file(tmp_path, node, held=held))
        (cell,) = network.cells
        read = network.read_cell(cell)
    (gate,) = read.gates.values()
    assert (float(gate.weight_ih), float(gate.weight_hh)) == (2.0, 3.0)


def test_recurrent_weights_of_onnx_that_are_no_floating_point_make_no_cell(tmp_path: Path) -> None:
    held = [numpy_helper.from_array(np.ones((1, 4, 4), np.int32), name) for name in ("W", "R")]
    node = helper.make_node("RNN", ["x", "W", "R"], ["y"], hidden_size=4)
    held.append(numpy_helper.from_array(WEIGHT.T.copy(), "weight"))
    with readers(real=False):
        assert not open_network(onnx_file(tmp_path, node, MATMUL, held=held)).cells


def test_the_head_ends_at_an_operation_without_an_input() -> None:
    graph = Graph(shapes=[(1, 3), (1, 2)], output=1)
    graph.add(Op("relu", (), (1,)))
    assert graph.top({"weight": 3}) == []


def test_a_quantised_tensor_of_gguf_without_rows_is_empty(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "net.gguf", "llama")
    writer.add_tensor("weight", np.zeros((0, 34), np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    opened = open_weights(tmp_path / "net.gguf")
    assert opened.store.read("weight").shape == opened.declared["weight"].shape == (0, 32)


@pytest.mark.parametrize(
    ("old", "new"), [(b"K\x02K\x03\x86", b"K\x02K\x04\x86"), (b"K\x02K\x03\x86", b"K\x02N\x86"), (b"f4", b"f?")]
)
def test_a_pickled_array_of_another_shape_or_type_is_damaged(old: bytes, new: bytes, tmp_path: Path) -> None:
    data = pickle.dumps({"fc.weight": WEIGHT}, 2)
    assert old in data
    (tmp_path / "net.pkl").write_bytes(data.replace(old, new))
    with pytest.raises(SourceError, match=r"net\.pkl: holds (a damaged array|no tensors)"):
        open_network(tmp_path / "net.pkl")


PIECES = {"__msgpack_chunked_array__": True, "shape": {"0": 2}, "chunks": {}}


@pytest.mark.parametrize("lost", ["shape", "chunks", "the pieces themselves"])
def test_an_array_of_flax_in_pieces_that_lacks_some_is_damaged(lost: str, tmp_path: Path) -> None:
    held = {key: value for key, value in PIECES.items() if key != lost}
    (tmp_path / "net.msgpack").write_bytes(msgspec.msgpack.encode({"params": {"fc": {"kernel": held}}}))
    with pytest.raises(SourceError, match="not a msgpack file of Flax, or a damaged one"):
        open_network(tmp_path / "net.msgpack")


def test_a_number_of_a_card_that_is_too_large_is_an_incomplete_card(tmp_path: Path) -> None:
    (valid, _) = beside.card(tmp_path)
    for name, data in valid.files.items():
        (tmp_path / name).write_bytes(data)
    card = json.loads(valid.files["card.json"])
    card["architecture"].insert(0, {"type": "Shift", "by": 10**400})
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(SourceError, match=r"the card beside model\.safetensors is incomplete: int too large"):
        open_network(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Sequential", "config": {"layers": 3}},
        {"class_name": ["Sequential"], "config": {"layers": []}},
        {"class_name": "Sequential", "config": [{"class_name": "ReLU", "config": {"max_value": []}}]},
        {"class_name": "Functional", "config": [{"class_name": "Dense", "config": {}, "inbound_nodes": 7}]},
    ],
)
def test_a_configuration_of_keras_with_fields_of_other_types_is_as_none(config: Any) -> None:
    assert keras_config.read(config, {}) is None


def test_a_chunk_of_a_picture_takes_no_more_memory_than_its_file_has(tmp_path: Path) -> None:
    (valid, *_) = beside.pictures(tmp_path)
    data = bytearray(valid.files["1/picture.png"])
    place = data.index(b"IDAT")
    data[place - 4 : place] = (2**31 - 47).to_bytes(4, "big")
    (tmp_path / "picture.png").write_bytes(data)
    tracemalloc.start()
    try:
        assert read_picture(tmp_path / "picture.png", "picture.png").size == (7, 9)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()

"""ONNX models: orientation and scales of weights, names, the head, quantised weights, and data in other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from one_network import onnx_model
from onnx import TensorProto, helper, numpy_helper

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import child
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import Network
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights

RANDOM = np.random.default_rng(3)
W = RANDOM.normal(size=(5, 4)).astype("f")  # [out, in]
B = RANDOM.normal(size=5).astype("f")
node = helper.make_node


def opened(
    folder: Path, nodes: list[Any], constants: dict[str, np.ndarray], sizes: tuple[int, int] = (4, 5)
) -> Network:
    onnx.save(onnx_model(nodes, constants, *sizes), folder / "a.onnx")
    return open_network(folder / "a.onnx")


def only_layer(network: Network) -> tuple[torch.Tensor, torch.Tensor | None]:
    [spec] = network.specs()
    layer = network.read(spec)
    return layer.weight, layer.bias


def near(tensor: torch.Tensor | None, array: np.ndarray) -> bool:
    return tensor is not None and np.allclose(tensor.numpy(), array, rtol=1e-6)


@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (2.0, 0.5)])
@pytest.mark.parametrize("shape", [(5,), (1, 5)])
def test_gemm(tmp_path: Path, trans_b: int, alpha: float, beta: float, shape: tuple[int, ...]) -> None:
    gemm = node("Gemm", ["x", "fc.weight", "fc.bias"], ["y"], transB=trans_b, alpha=alpha, beta=beta)
    network = opened(tmp_path, [gemm], {"fc.weight": W if trans_b else W.T.copy(), "fc.bias": B.reshape(shape)})
    weight, bias = only_layer(network)
    assert near(weight, alpha * W)
    assert near(bias, beta * B)
    [spec] = network.specs()
    assert ("stored as [in, out]" in spec.origin, "times 2" in spec.origin) == (trans_b == 0, alpha == 2)
    assert network.head is not None
    assert [(step.name, step.activation) for step in network.head.layers] == [("fc", "linear")]


@pytest.mark.parametrize("trans_a", [0, 1])
def test_samples_that_are_columns_make_a_layer_but_no_head(tmp_path: Path, trans_a: int) -> None:
    gemm = node("Gemm", ["fc.weight", "x", "fc.bias"], ["y"], transA=trans_a)
    constants = {"fc.weight": W.T.copy() if trans_a else W, "fc.bias": B.reshape(5, 1)}
    network = opened(tmp_path, [gemm], constants)
    weight, bias = only_layer(network)
    assert near(weight, W)
    assert near(bias, B)
    assert network.head is None


def test_one_number_added_is_a_constant_bias(tmp_path: Path) -> None:
    gemm = node("Gemm", ["x", "fc.weight", "c"], ["y"], transB=1)
    assert near(only_layer(opened(tmp_path, [gemm], {"fc.weight": W, "c": np.array([0.5], "f")}))[1], np.full(5, 0.5))


@pytest.mark.parametrize(("perm", "turned"), [([0, 1], False), ([1, 0], True), (None, True)])
def test_a_transposed_constant(tmp_path: Path, perm: list[int] | None, turned: bool) -> None:
    transpose = node("Transpose", ["w"], ["t"], **({} if perm is None else {"perm": perm}))
    nodes = [transpose, node("Identity", ["t"], ["i"]), node("MatMul", ["x", "i"], ["y"])]
    assert near(only_layer(opened(tmp_path, nodes, {"w": W if turned else W.T.copy()}))[0], W)


def test_constant_nodes_are_weights_and_shapes_are_not_listed(tmp_path: Path) -> None:
    nodes = [
        node("Constant", [], ["w"], value=numpy_helper.from_array(W.T.copy())),
        node("Constant", [], ["s"], value=numpy_helper.from_array(np.array([-1, 4], "i8"))),
        node("Reshape", ["x", "s"], ["r"]),
        node("MatMul", ["r", "w"], ["y"]),
    ]
    network = opened(tmp_path, nodes, {})
    assert near(only_layer(network)[0], W)
    assert len(network.layers) == 1
    assert network.parameters_total == 20


def test_weights_that_the_graph_fills_in_are_constant(tmp_path: Path) -> None:
    value = numpy_helper.from_array(np.array([0.02], "f"))
    nodes = [node("ConstantOfShape", ["s"], ["w"], value=value), node("MatMul", ["x", "w"], ["y"])]
    network = opened(tmp_path, nodes, {"s": np.array([4, 5], "i8")})
    assert near(only_layer(network)[0], np.full((5, 4), 0.02, "f"))


@pytest.mark.parametrize(
    ("weight", "scope", "bias", "name"),
    [
        ("net.fc.weight", "/other/Gemm", "b", "net.fc"),
        ("onnx::MatMul_123", "/net/fc/MatMul", "b", "net.fc"),
        ("onnx::MatMul_123", "", "net.fc.bias", "net.fc"),
        ("onnx::MatMul_123", "MatMul_0", "b", "MatMul_0"),
        ("net/fc/kernel:0", "", "b", "net.fc"),
        ("val_7", "", "b", "val_7"),
        ("module._orig_mod.fc.weight", "", "module._orig_mod.fc.bias", "module._orig_mod.fc"),
    ],
)
def test_names_that_users_know(tmp_path: Path, weight: str, scope: str, bias: str, name: str) -> None:
    nodes = [node("MatMul", ["x", weight], ["h"], name=scope), node("Add", ["h", bias], ["y"])]
    network = opened(tmp_path, nodes, {weight: W.T.copy(), bias: B})
    assert [spec.name for spec in network.specs()] == [name]
    assert near(only_layer(network)[1], B)


def test_a_tied_weight_is_audited_once_and_one_scaled_otherwise_keeps_its_name(tmp_path: Path) -> None:
    square = RANDOM.normal(size=(4, 4)).astype("f")
    nodes = [node("Gemm", ["x", "a.weight"], ["h"], transB=1), node("Gemm", ["h", "a.weight"], ["y"], alpha=3.0)]
    network = opened(tmp_path, nodes, {"a.weight": square}, (4, 4))
    assert near(only_layer(network)[0], square)
    assert [entry.reason for entry in network.layers if isinstance(entry, SkippedLayer)] == ["tied to a"]
    assert network.parameters_total == 16


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        (node("Tanh", ["h"], ["r"]), "tanh"),
        (node("LeakyRelu", ["h"], ["r"], alpha=0.01), "leaky_relu"),
        (node("LeakyRelu", ["h"], ["r"], alpha=0.2), "prelu"),
        (node("Elu", ["h"], ["r"]), "elu"),
        (node("Clip", ["h", "zero", "six"], ["r"]), "relu6"),
        (node("Clip", ["h", "zero", "one"], ["r"]), None),
        (node("HardSigmoid", ["h"], ["r"]), None),
        (node("Identity", ["h"], ["r"]), "linear"),
        (node("Dropout", ["h"], ["r", "mask"]), "linear"),
    ],
)
def test_activations(tmp_path: Path, activation: Any, name: str | None) -> None:
    nodes = [node("Gemm", ["x", "a.weight"], ["h"], transB=1), activation, node("Gemm", ["r", "b.weight"], ["l"])]
    nodes.append(node("Softmax", ["l"], ["y"]))
    constants = {"zero": np.float32(0), "six": np.float32(6), "one": np.float32(1)}
    arrays = {key: np.array(value) for key, value in constants.items()}
    network = opened(tmp_path, nodes, {"a.weight": W, "b.weight": W, **arrays}, (4, 4))
    assert [spec.activation for spec in network.specs()] == [name, "softmax"]
    assert network.head is not None
    named = name in ("tanh", "leaky_relu", "elu", "relu6", "linear")
    assert [step.name for step in network.head.layers] == (["a", "b"] if named else ["b"])
    assert (network.backbone is not None) == named  # what lies below b cannot be run


def test_a_multiplication_of_each_token_is_a_layer_but_no_head(tmp_path: Path) -> None:
    model = onnx_model([node("MatMul", ["x", "w"], ["y"])], {"w": W.T.copy()})
    for axis in (model.graph.input[0].type.tensor_type.shape.dim.add(),):
        axis.dim_value = 4
    onnx.save(model, tmp_path / "a.onnx")
    network = open_network(tmp_path / "a.onnx")
    assert near(only_layer(network)[0], W)
    assert network.head is None


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_quantised_codes_are_multiplied_out(tmp_path: Path, axis: int | None) -> None:
    codes = RANDOM.integers(-128, 127, size=(5, 4)).astype("i1")
    length = {None: (), 0: (5,), 1: (4,)}[axis]
    scale, zero = RANDOM.uniform(0.1, 1, length).astype("f"), RANDOM.integers(-9, 9, length).astype("i1")
    settings = {} if axis is None else {"axis": axis}
    nodes = [
        node("DequantizeLinear", ["q", "s", "z"], ["w"], **settings),
        node("Gemm", ["x", "w"], ["y"], transB=1, name="/fc/Gemm"),
    ]
    arrays = {"q": codes, "s": np.asarray(scale, "f"), "z": np.asarray(zero, "i1")}
    network = opened(tmp_path, nodes, arrays)
    shape = {None: (1, 1), 0: (5, 1), 1: (1, 4)}[axis]
    truth = (codes.astype("f") - np.reshape(zero, shape).astype("f")) * np.reshape(scale, shape)
    assert near(only_layer(network)[0], truth)
    assert "dequantised from int8" in next(network.specs()).origin
    assert network.parameters_total == 20


@pytest.mark.parametrize(
    ("made", "name", "shape", "reason"),
    [
        (node("Conv", ["x", "w"], ["y"]), "w", (3, 2, 3, 3), "convolution"),
        (node("Gather", ["w", "x"], ["y"]), "w", (9, 3), "embedding"),
        (node("GRU", ["x", "w", "w"], ["y"], hidden_size=2), "w", (1, 5, 2), "recurrent"),
        (node("MatMul", ["x", "w"], ["y"]), "w", (2, 4, 5), "more than two dimensions"),
        (node("MatMulNBits", ["x", "w"], ["y"], domain="com.microsoft"), "w", (4, 5), "quantised"),
        (node("Mystery", ["x", "w"], ["y"], domain="mine"), "w", (4, 5), "a constant of Mystery"),
    ],
)
def test_what_is_no_layer_is_listed(tmp_path: Path, made: Any, name: str, shape: tuple[int, ...], reason: str) -> None:
    network = opened(tmp_path, [made], {name: np.ones(shape, "f")})
    [entry] = network.layers
    assert isinstance(entry, SkippedLayer)
    assert reason in entry.reason
    assert entry.parameters == network.parameters_total == np.prod(shape)


def test_the_branches_of_a_condition_are_walked(tmp_path: Path) -> None:
    out = helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 5])
    branches = {
        key: helper.make_graph(
            [node("Gemm", ["x", f"{key}.weight"], ["b"], transB=1)],
            key,
            [],
            [out],
            [numpy_helper.from_array(array, f"{key}.weight")],
        )
        for key, array in (("then_branch", W), ("else_branch", 2 * W))
    }
    network = opened(tmp_path, [node("If", ["x"], ["y"], **branches)], {})
    assert {spec.name for spec in network.specs()} == set(branches)
    assert network.head is None


def test_a_bias_that_another_operation_has_too_ends_no_search(tmp_path: Path) -> None:
    """PyTorch's exporter stores equal constants once, so that a fresh network's biases are those of its norms."""
    nodes = [
        node("Add", ["x", "norm.bias"], ["n"]),
        node("MatMul", ["n", "val_1"], ["m"]),
        node("Add", ["m", "norm.bias"], ["y"]),
    ]
    zeros = np.zeros(4, "f")
    network = opened(tmp_path, nodes, {"norm.bias": zeros, "val_1": W[:4].T.copy()}, (4, 4))
    weight, bias = only_layer(network)
    assert near(weight, W[:4])
    assert near(bias, zeros)


def external(folder: Path, location: str, length: int = 80, offset: int = 0) -> Path:
    model = onnx_model([node("Gemm", ["x", "fc.weight"], ["y"], transB=1)], {"fc.weight": W})
    [tensor] = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": str(offset), "length": str(length)}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    (folder / "a.onnx").write_bytes(model.SerializeToString())
    return folder / "a.onnx"


def test_numbers_beside_the_model_are_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w.bin").write_bytes(bytes(16) + W.tobytes())
    assert near(only_layer(open_network(external(tmp_path, "sub/w.bin", offset=16)))[0], W)


def test_bfloat16_beside_the_model_is_read(tmp_path: Path) -> None:
    """NumPy has no such type; and a scale of the graph multiplies in float32."""
    codes = torch.from_numpy(W).bfloat16()
    (tmp_path / "w.bin").write_bytes(codes.view(torch.int16).numpy().tobytes())
    path = external(tmp_path, "w.bin", length=40)
    model = onnx.load(path, load_external_data=False)
    model.graph.initializer[0].data_type = TensorProto.BFLOAT16
    model.graph.node[0].attribute.add(name="alpha", type=1, f=3.0)
    path.write_bytes(model.SerializeToString())
    weight, _ = only_layer(open_network(path))
    assert torch.equal(weight, codes * 3.0)


@pytest.mark.parametrize(
    "location", ["../w.bin", "/etc/passwd", "sub/../../w.bin", "C:\\w.bin", "..\\w.bin", "", "link"]
)
def test_numbers_outside_the_folder_are_refused(tmp_path: Path, location: str) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "w.bin")
    with pytest.raises(UnsafeFileError, match="refused"):
        open_weights(external(folder, location))


@pytest.mark.parametrize(("length", "offset"), [(80, 1), (40, 0), (80, -8), (10**15, 0)])
def test_numbers_that_are_not_there_are_refused(tmp_path: Path, length: int, offset: int) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    with pytest.raises(UnsafeFileError, match="declares other bytes"):
        open_weights(external(tmp_path, "w.bin", length, offset))


@pytest.mark.parametrize("dims", [[10**9, 10**9], [5, 5], [-5, -4]])
def test_a_tensor_that_declares_other_bytes_is_refused(tmp_path: Path, dims: list[int]) -> None:
    model = onnx_model([node("Gemm", ["x", "fc.weight"], ["y"], transB=1)], {"fc.weight": W})
    model.graph.initializer[0].dims[:] = dims
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(UnsafeFileError, match="declares"):
        open_weights(tmp_path / "a.onnx")


def test_a_damaged_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"\x08\x07\x12\xff\xff")
    with pytest.raises(SourceError, match="not an ONNX model, a damaged one"):
        open_weights(tmp_path / "a.onnx")


def test_a_node_without_its_inputs_is_one_line(tmp_path: Path) -> None:
    nodes = [node("Gemm", ["x", "fc.weight"], ["y"], transB=1), node("Gemm", ["x"], ["z"])]
    with pytest.raises(SourceError, match="not an ONNX model, or a damaged one"):
        opened(tmp_path, nodes, {"fc.weight": W})


def test_a_small_file_that_fills_memory_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bytes for a node, which takes some hundred in memory."""
    graph = b"\x0a\x00" * 2**20
    (tmp_path / "a.onnx").write_bytes(b"\x08\x07\x3a" + b"\x80\x80\x80\x01" + graph)
    monkeypatch.setattr(child, "MEMORY", 10**8)
    with pytest.raises(SourceError, match=r"takes too much memory|of memory to read"):
        open_weights(tmp_path / "a.onnx")


def test_a_model_is_told_by_its_content(tmp_path: Path) -> None:
    opened(tmp_path, [node("Gemm", ["x", "fc.weight"], ["y"], transB=1)], {"fc.weight": W})
    (tmp_path / "a.onnx").rename(tmp_path / "a.bin")
    assert [spec.name for spec in open_network(tmp_path / "a.bin").specs()] == ["fc"]

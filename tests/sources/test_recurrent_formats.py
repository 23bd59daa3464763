"""The same recurrent layers as files of PyTorch, ONNX, Keras and Flax: equal cells, number for number."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
import onnx
import pytest
import torch
from one_network import flax_array
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from netaudit.errors import SourceError
from netaudit.network.cells import GATES, Cell
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import Network
from netaudit.sources.open import open_network

MODULES: dict[str, Callable[..., nn.RNNBase]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn_tanh": nn.RNN,
    "rnn_relu": lambda *sizes, **more: nn.RNN(*sizes, nonlinearity="relu", **more),
}
CLASSES = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "SimpleRNN", "rnn_relu": "SimpleRNN"}
# PyTorch's blocks of rows are i f g o and r z n; what each format has in their places.
ONNX = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn_tanh": (0,), "rnn_relu": (0,)}
KERAS = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2), "rnn_tanh": (0,), "rnn_relu": (0,)}
FLAX = {"lstm": "ifgo", "gru": "rzn", "rnn_tanh": ("",)}
INPUTS, HIDDEN = 5, 4
Parts = dict[str, list[np.ndarray]]


def made(kind: str, *, both: bool = False) -> nn.RNNBase:
    torch.manual_seed(len(kind))
    return MODULES[kind](INPUTS, HIDDEN, bidirectional=both)


def parts(module: nn.RNNBase, end: str = "") -> Parts:
    """The matrices and biases of one direction, a gate each, in PyTorch's order."""
    state, gates = module.state_dict(), module.weight_ih_l0.shape[0] // HIDDEN
    roles = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return {role: np.split(state[f"{role}_l0{end}"].numpy(), gates) for role in roles}


def ends(module: nn.RNNBase) -> tuple[str, ...]:
    return ("", "_reverse") if module.bidirectional else ("",)


def onnx_file(folder: Path, kind: str, module: nn.RNNBase, **settings: Any) -> Path:
    def joined(*roles: str) -> np.ndarray:
        ways = [parts(module, end) for end in ends(module)]
        return np.stack([np.concatenate([way[role][i] for role in roles for i in ONNX[kind]]) for way in ways])

    constants = {"onnx::W": joined("weight_ih"), "onnx::R": joined("weight_hh")}
    constants["onnx::B"] = joined("bias_ih", "bias_hh")
    settings = {
        "hidden_size": HIDDEN,
        **({"linear_before_reset": 1} if kind == "gru" else {}),
        "direction": "bidirectional" if module.bidirectional else "forward",
    } | settings
    if kind == "rnn_relu":
        settings["activations"] = ["Relu"] * len(ends(module))
    operation = CLASSES[kind].removeprefix("Simple")
    node = helper.make_node(operation, ["x", *constants, "", "h"], ["y"], name=f"/recurrent/{operation}", **settings)
    graph = helper.make_graph(
        [node],
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 3) for name in "xh"],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), folder / "net.onnx")
    return folder / "net.onnx"


def keras_arrays(kind: str, of: Parts) -> dict[str, np.ndarray]:
    def joined(role: str, axis: int = 1) -> np.ndarray:
        return np.concatenate([of[role][i].T for i in KERAS[kind]], axis=axis)

    first, second = joined("bias_ih", 0), joined("bias_hh", 0)
    bias = np.stack([first, second]) if kind == "gru" else first + second
    return {"kernel": joined("weight_ih"), "recurrent_kernel": joined("weight_hh"), "bias": bias}


def keras_config(kind: str, *, both: bool) -> dict[str, Any]:
    own: dict[str, Any] = {"name": "recurrent", "units": HIDDEN, "activation": "relu" if "relu" in kind else "tanh"}
    own |= {"recurrent_activation": "sigmoid"} if kind in ("lstm", "gru") else {}
    own |= {"reset_after": True} if kind == "gru" else {}
    layer = {"class_name": CLASSES[kind], "config": own}
    if both:
        layer = {"class_name": "Bidirectional", "config": {"name": "both", "layer": layer}}
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [layer]}}


def keras_h5(folder: Path, kind: str, module: nn.RNNBase) -> Path:
    with h5py.File(folder / "net.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(keras_config(kind, both=module.bidirectional))
        for end in ends(module):
            way = f"both/both/{'backward' if end else 'forward'}_recurrent" if module.bidirectional else "recurrent"
            for word, array in keras_arrays(kind, parts(module, end)).items():
                file[f"model_weights/{way}/{kind}_cell/{word}:0"] = array
    return folder / "net.h5"


def keras_archive(folder: Path, kind: str, module: nn.RNNBase) -> Path:
    with h5py.File(folder / "inner.h5", "w") as file:
        for end in ends(module):
            way = f"both/{'backward' if end else 'forward'}_layer" if module.bidirectional else "recurrent"
            for number, array in enumerate(keras_arrays(kind, parts(module, end)).values()):
                file[f"layers/{way}/cell/vars/{number}"] = array
    with zipfile.ZipFile(folder / "net.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(keras_config(kind, both=module.bidirectional)))
        archive.write(folder / "inner.h5", "model.weights.h5")
    return folder / "net.keras"


def flax_file(folder: Path, kind: str, module: nn.RNNBase) -> Path:
    cells: dict[str, Any] = {}
    for end in ends(module):
        of, cell = parts(module, end), cells.setdefault("backward_cell" if end else "SimpleCell_0", {})
        for i, letter in enumerate(FLAX[kind]):
            bias = of["bias_ih"][i] + of["bias_hh"][i]
            of_input: dict[str, Any] = {"kernel": flax_array(of["weight_ih"][i].T.copy())}
            of_state: dict[str, Any] = {"kernel": flax_array(of["weight_hh"][i].T.copy())}
            if letter == "n":
                of_input["bias"], of_state["bias"] = flax_array(of["bias_ih"][i]), flax_array(of["bias_hh"][i])
            else:
                (of_state if kind == "lstm" else of_input)["bias"] = flax_array(bias)
            cell |= {f"i{letter}": of_input, f"h{letter}": of_state}
    (folder / "net.msgpack").write_bytes(msgspec.msgpack.encode({"params": cells}))
    return folder / "net.msgpack"


def torch_file(folder: Path, kind: str, module: nn.RNNBase) -> Path:
    torch.save({f"recurrent.{name}": tensor for name, tensor in module.state_dict().items()}, folder / "net.pt")
    return folder / "net.pt"


WRITERS = (torch_file, onnx_file, keras_h5, keras_archive, flax_file)


def opened(path: Path) -> tuple[Network, list[Cell]]:
    network = open_network(path)
    return network, [network.read_cell(cell) for cell in network.cells]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def step(cell: Cell, kind: str, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> np.ndarray:
    """One step in NumPy and float64, from the equations in the documentation of nn.LSTM, nn.GRU and nn.RNN."""
    gates = cell.gates

    def given(gate: str, state: np.ndarray = h) -> np.ndarray:
        own = gates[gate]
        return own.weight_ih.double().numpy() @ x + own.weight_hh.double().numpy() @ state + own.bias.double().numpy()

    if kind == "lstm":
        i, f, g, o = (given(gate) for gate in ("input", "forget", "cell", "output"))
        return sigmoid(o) * np.tanh(sigmoid(f) * c + sigmoid(i) * np.tanh(g))
    if kind == "gru":
        r, z, new = sigmoid(given("reset")), sigmoid(given("update")), gates["new"]
        if cell.spec.reset_first:
            n = given("new", r * h)
        else:
            n = given("new", 0 * h) + r * (new.weight_hh.double().numpy() @ h + new.reset_bias.double().numpy())
        return (1 - z) * np.tanh(n) + z * h
    return np.tanh(given("hidden")) if kind == "rnn_tanh" else np.maximum(given("hidden"), 0)


def gates_are_the_cells(network: Network, cells: list[Cell]) -> None:
    """Each gate's two matrices are layers under names of their own, with the cell's numbers."""
    layers = [network.read(spec) for spec in network.specs()]
    assert len({layer.name for layer in layers}) == len(layers) == 2 * sum(len(cell.gates) for cell in cells)
    for cell in cells:
        for name, gate in cell.gates.items():
            for matrix, source in ((gate.weight_ih, "from the input"), (gate.weight_hh, "from the state")):
                [layer] = [layer for layer in layers if torch.equal(layer.weight, matrix)]
                assert layer.origin.endswith(source)
                assert len(cell.gates) == 1 or f"{name} gate" in layer.origin
                assert layer.name.endswith(f"[{name}]") or "[" not in layer.name


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", MODULES)
def test_one_recurrent_layer_is_the_same_cells_from_every_format(tmp_path: Path, kind: str, both: bool) -> None:
    module = made(kind, both=both)
    generator = np.random.default_rng(0)
    x, h, c = generator.normal(size=INPUTS), generator.normal(size=HIDDEN), generator.normal(size=HIDDEN)
    first: list[Cell] = []
    for write in WRITERS:
        if kind == "rnn_relu" and write is flax_file:
            continue
        network, cells = opened(write(tmp_path, kind, module))
        assert not [entry for entry in network.layers if isinstance(entry, SkippedLayer)]
        assert sum(entry.parameters for entry in network.layers) == network.parameters_total
        gates_are_the_cells(network, cells)
        assert [cell.spec.reverse for cell in cells] == sorted(cell.spec.reverse for cell in cells), write
        assert [(cell.spec.input_size, cell.spec.hidden_size) for cell in cells] == [(INPUTS, HIDDEN)] * (1 + both)
        told = kind if kind in ("lstm", "gru") or write not in (torch_file, flax_file) else None
        assert [cell.spec.kind for cell in cells] == [told] * len(cells)
        assert all((cell.spec.note == "") == (told is not None) for cell in cells)
        assert sum(cell.spec.reverse for cell in cells) == both
        for cell, end in zip(cells, ends(module), strict=True):
            assert tuple(cell.gates) == GATES[kind]
            own = {
                name.removesuffix("_reverse"): t
                for name, t in module.state_dict().items()
                if name.endswith("_l0" + end)
            }
            plain = MODULES[kind](INPUTS, HIDDEN)
            plain.load_state_dict(own)
            plain.double()
            state = torch.from_numpy(h)[None, None]
            given = (state, torch.from_numpy(c)[None, None]) if kind == "lstm" else state
            with torch.no_grad():
                want = plain(torch.from_numpy(x)[None, None], given)[0].numpy().reshape(-1)
            assert np.allclose(step(cell, kind, x, h, c), want, atol=1e-7), (write, end)
        first = first or cells
        for cell, other in zip(cells, first, strict=True):
            for name, gate in cell.gates.items():
                for word in ("weight_ih", "weight_hh", "bias", "reset_bias"):
                    one, two = getattr(gate, word), getattr(other.gates[name], word)
                    assert one is two is None or torch.equal(one, two), (write, name, word)


def test_cells_of_cudnn(tmp_path: Path) -> None:
    for kind in ("lstm", "gru"):
        module = made(kind)
        of, gates = parts(module), KERAS[kind]
        # As Keras 2 converts to them (_convert_rnn_weights in keras/saving/hdf5_format.py), a gate at a time.
        arrays = {
            "kernel": np.hstack([of["weight_ih"][i].T.T.reshape((INPUTS, HIDDEN), order="C") for i in gates]),
            "recurrent_kernel": np.hstack([of["weight_hh"][i].T.T for i in gates]),
            "bias": np.concatenate([of[role][i] for role in ("bias_ih", "bias_hh") for i in gates]),
        }
        with h5py.File(tmp_path / f"{kind}.h5", "w") as file:
            config = {"class_name": f"CuDNN{CLASSES[kind]}", "config": {"name": "a", "units": HIDDEN}}
            file.attrs["model_config"] = json.dumps(
                {"class_name": "Sequential", "config": {"name": "net", "layers": [config]}}
            )
            for word, array in arrays.items():
                file[f"model_weights/a/a/{word}:0"] = array
        [cell] = opened(tmp_path / f"{kind}.h5")[1]
        assert (cell.spec.kind, cell.spec.note, cell.spec.reset_first) == (kind, "", False)
        own = parts(module)
        for i, gate in enumerate(GATES[kind]):
            assert np.array_equal(cell.gates[gate].weight_ih, own["weight_ih"][i])
            assert np.array_equal(cell.gates[gate].weight_hh, own["weight_hh"][i])


def test_a_reset_before_the_product_is_told_from_one_behind_it(tmp_path: Path) -> None:
    module, generator = made("gru"), np.random.default_rng(1)
    x, h = generator.normal(size=INPUTS).astype("f"), generator.normal(size=HIDDEN).astype("f")
    values = []
    for first in (True, False):
        path = onnx_file(tmp_path, "gru", module, linear_before_reset=int(not first))
        [cell] = opened(path)[1]
        [want] = ReferenceEvaluator(str(path)).run(None, {"x": x[None, None], "h": h[None, None]})
        assert cell.spec.reset_first == first
        values.append(step(cell, "gru", x, h, h))
        assert np.allclose(values[-1], want.reshape(-1), atol=1e-6)
    assert not np.allclose(*values, atol=1e-3)


@pytest.mark.parametrize(
    ("bias", "config", "want"),
    [
        ((12,), None, (True, "")),
        ((2, 12), None, (False, "")),
        (None, None, (False, "whether its reset gate")),
        (None, {"reset_after": True}, (False, "")),
        (None, {}, (True, "")),  # Keras 1 and 2.0 had no other
        ((12,), {"recurrent_activation": "hard_sigmoid"}, (True, "its functions are hard_sigmoid and tanh")),
    ],
)
def test_the_reset_of_a_keras_gru(tmp_path: Path, bias: Any, config: Any, want: tuple[bool, str]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        if config is not None:
            layer = {"class_name": "GRU", "config": {"name": "gru", **config}}
            model = {"class_name": "Sequential", "config": {"name": "net", "layers": [layer]}}
            file.attrs["model_config"] = json.dumps(model)
        file["model_weights/gru/gru/gru_cell/kernel:0"] = np.ones((5, 12), "f")
        file["model_weights/gru/gru/gru_cell/recurrent_kernel:0"] = np.ones((4, 12), "f")
        if bias:
            file["model_weights/gru/gru/gru_cell/bias:0"] = np.ones(bias, "f")
    [spec] = open_network(tmp_path / "a.h5").cells
    assert spec.reset_first == want[0]
    assert spec.note.startswith(want[1])
    assert bool(spec.note) == bool(want[1])


def test_stacked_cells_each_have_their_own_settings(tmp_path: Path) -> None:
    names = {"lstm_cell": "LSTMCell", "gru_cell": "GRUCell"}
    cells = [{"class_name": kind, "config": {"name": name, "units": 4}} for name, kind in names.items()]
    stack = {"class_name": "StackedRNNCells", "config": {"name": "stack", "cells": cells}}
    layer = {"class_name": "RNN", "config": {"name": "rnn", "cell": stack, "go_backwards": True}}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(
            {"class_name": "Sequential", "config": {"name": "net", "layers": [layer]}}
        )
        for name, gates in (("lstm_cell", 4), ("gru_cell", 3)):
            file[f"model_weights/rnn/rnn/stack/{name}/kernel"] = np.ones((4, 4 * gates), "f")
            file[f"model_weights/rnn/rnn/stack/{name}/recurrent_kernel"] = np.ones((4, 4 * gates), "f")
    specs = {spec.name: spec for spec in open_network(tmp_path / "a.h5").cells}
    assert {name.rpartition(".")[2]: spec.kind for name, spec in specs.items()} == {
        "lstm_cell": "lstm",
        "gru_cell": "gru",
    }
    assert all(spec.reverse and not spec.note for spec in specs.values())


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({"activations": ["Sigmoid", "Relu", "Tanh"]}, "its functions are sigmoid, relu, tanh"),
        ({"clip": 3.0}, "clipped"),
        ({"input_forget": 1}, "one less the forget gate"),
    ],
)
def test_a_cell_that_steps_otherwise_says_so(tmp_path: Path, settings: dict[str, Any], note: str) -> None:
    [spec] = open_network(onnx_file(tmp_path, "lstm", made("lstm"), **settings)).cells
    assert spec.kind == "lstm"
    assert note in spec.note


def test_a_cell_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    network = open_network(torch_file(tmp_path, "gru", made("gru")))
    with pytest.raises(SourceError, match="too large"):
        network.guarded(lambda spec: "too large" if spec.shape == (12, 9) else None).read_cell(network.cells[0])

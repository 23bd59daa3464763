"""Cells step as PyTorch's own do and as the equations of each format say, and their Jacobians are those of autograd."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from netaudit.formats import keras_recurrent
from netaudit.network.cells import read_cell
from netaudit.recurrent import read_cells
from netaudit.recurrent.cells.reading import NotSteppedError, stepped
from netaudit.sources.open import open_network

IN, H, P = 5, 4, 7
LAYERS = {
    "tanh": lambda **more: nn.RNN(IN, H, **more),
    "relu": lambda **more: nn.RNN(IN, H, nonlinearity="relu", **more),
    "gru": lambda **more: nn.GRU(IN, H, **more),
    "lstm": lambda **more: nn.LSTM(IN, H, **more),
}
CELLS = {
    "tanh": lambda **more: nn.RNNCell(IN, H, **more),
    "relu": lambda **more: nn.RNNCell(IN, H, nonlinearity="relu", **more),
    "gru": lambda **more: nn.GRUCell(IN, H, **more),
    "lstm": lambda **more: nn.LSTMCell(IN, H, **more),
}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(3)


def drawn(cell, rows=P):
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(rows, cell.state_size, generator=generator, dtype=torch.float64)
    return states, torch.randn(rows, cell.input_size, generator=generator, dtype=torch.float64)


def own_step(module, states, inputs):
    """One step of PyTorch's cell, its state as ours."""
    if isinstance(module, nn.LSTMCell):
        return torch.cat(module(inputs, states.split(H, 1)), 1)
    return module(inputs, states)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", CELLS)
def test_a_single_cell_steps_as_pytorch_s(kind, bias, dtype, tolerance):
    module = CELLS[kind](bias=bias).to(dtype)
    [cell] = read_cells(module)
    states, inputs = drawn(cell)
    with torch.no_grad():
        theirs = own_step(module, states.to(dtype), inputs.to(dtype))
    assert cell(states, inputs).dtype == torch.float64
    assert (cell(states, inputs) - theirs).abs().max() < tolerance


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("source", ["module", "tensors", "held"])
@pytest.mark.parametrize("kind", LAYERS)
def test_all_layers_and_directions_of_a_module_give_its_outputs(kind, source, dtype, tolerance):
    module = LAYERS[kind](num_layers=2, bidirectional=True).to(dtype)
    if source == "held":
        cells = read_cells(nn.ModuleDict({"encoder": module, "head": nn.Linear(2 * H, 2)}))
        assert [cell.name for cell in cells] == [f"encoder.l{n}{end}" for n in (0, 1) for end in ("", "_reverse")]
    else:
        activation = kind if kind in ("tanh", "relu") else None
        cells = read_cells(module) if source == "module" else read_cells(module.state_dict(), activation=activation)
    x = torch.randn(6, 1, IN, dtype=torch.float64)
    with torch.no_grad():
        theirs = module(x.to(dtype))[0][:, 0]
    level = x[:, 0]
    for layer in range(2):
        ways = []
        for cell, turned in zip(cells[2 * layer : 2 * layer + 2], (False, True), strict=True):
            state, outputs = torch.zeros(1, cell.state_size, dtype=torch.float64), []
            for row in level.flip(0) if turned else level:
                state = cell(state, row[None])
                outputs.append(state[0, :H])
            ways.append(torch.stack(outputs[::-1] if turned else outputs))
        level = torch.cat(ways, 1)
    assert (level - theirs).abs().max() < tolerance


def reset_before(seed=0):
    """A GRU whose reset gate multiplies the state, from Keras's arrays."""
    generator = np.random.default_rng(seed)
    arrays = {"kernel": (IN, 3 * H), "recurrent_kernel": (H, 3 * H), "bias": (3 * H,)}
    arrays = {name: generator.normal(size=shape) for name, shape in arrays.items()}
    return arrays, from_keras("GRU", {"reset_after": False}, arrays)


def from_keras(name, config, arrays, **said):
    spec = keras_recurrent.cell("", {key: array.shape for key, array in arrays.items()}, (name, config))
    return stepped(read_cell(spec, lambda key: torch.from_numpy(arrays[key])), **said)


ALL = [*CELLS, "reset_first"]


def cell_of(kind):
    return reset_before()[1] if kind == "reset_first" else read_cells(CELLS[kind]().double())[0]


@pytest.mark.parametrize("one_input", [False, True])
@pytest.mark.parametrize("kind", ALL)
def test_jacobians_are_those_of_autograd(kind, one_input):
    cell = cell_of(kind)
    states, inputs = drawn(cell)
    inputs = inputs[:1] if one_input else inputs
    of_state, of_input = cell.jacobian(states, inputs), cell.input_jacobian(states, inputs)
    assert of_state.shape == (P, cell.state_size, cell.state_size)
    for row, (h, x) in enumerate(zip(states, inputs.expand(P, -1), strict=True)):
        theirs = torch.autograd.functional.jacobian(lambda h, x: cell(h[None], x[None])[0], (h, x))
        assert torch.allclose(of_state[row], theirs[0], atol=1e-13)
        assert torch.allclose(of_input[row], theirs[1], atol=1e-13)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def keras_step(name, arrays, h, c, x, *, after=True):
    """One step by the equations of keras/src/layers/rnn: gates z r h of a GRU, i f c o of an LSTM, in columns."""
    kernel, recurrent, bias = arrays["kernel"], arrays["recurrent_kernel"], arrays["bias"]
    if name == "SimpleRNN":
        return np.tanh(x @ kernel + bias + h @ recurrent)
    if name == "LSTM":
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return np.concatenate([sigmoid(o) * np.tanh(c), c])
    of_x, of_h = (bias[0], bias[1]) if after else (bias, 0 * bias)
    xz, xr, xn = np.split(x @ kernel + of_x, 3)
    hz, hr, hn = np.split(h @ recurrent + of_h, 3)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    n = np.tanh(xn + (r * hn if after else (r * h) @ recurrent[:, 2 * H :]))
    return z * h + (1 - z) * n


@pytest.mark.parametrize(
    ("name", "config", "gates", "bias"),
    [
        ("SimpleRNN", {"activation": "tanh"}, 1, (H,)),
        ("GRU", {"reset_after": True}, 3, (2, 3 * H)),
        ("GRU", {"reset_after": False}, 3, (3 * H,)),
        ("LSTM", {}, 4, (4 * H,)),
    ],
)
def test_arrays_of_keras_step_by_its_equations(name, config, gates, bias):
    generator = np.random.default_rng(0)
    arrays = {"kernel": (IN, gates * H), "recurrent_kernel": (H, gates * H), "bias": bias}
    arrays = {key: generator.normal(size=shape) for key, shape in arrays.items()}
    cell = from_keras(name, config, arrays)
    states, inputs = drawn(cell)
    for state, x, ours in zip(states.numpy(), inputs.numpy(), cell(states, inputs), strict=True):
        theirs = keras_step(name, arrays, state[:H], state[H:], x, after=config.get("reset_after", True))
        assert np.abs(ours.numpy() - theirs).max() < 1e-13


ONNX = {"RNN": 1, "GRU": 3, "LSTM": 4}


@pytest.mark.parametrize(("operation", "linear_before_reset"), [("RNN", 0), ("GRU", 0), ("GRU", 1), ("LSTM", 0)])
def test_nodes_of_onnx_step_as_its_reference_does(tmp_path, operation, linear_before_reset):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    generator, rows = np.random.default_rng(1), ONNX[operation] * H
    shapes = {"W": (1, rows, IN), "R": (1, rows, H), "B": (1, 2 * rows)}
    held = {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    places = ["x", *held, "", "h", *(["c"] if operation == "LSTM" else [])]
    outs = ["y", "yh", *(["yc"] if operation == "LSTM" else [])]
    more = {"linear_before_reset": linear_before_reset} if operation == "GRU" else {}
    node = helper.make_node(operation, places, outs, name="r", hidden_size=H, **more)
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 3) for name in places if len(name) == 1]
    graph = helper.make_graph(
        [node],
        "net",
        [info for info in given if info.name not in held],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * (4 if name == "y" else 3)) for name in outs],
        [numpy_helper.from_array(value, name) for name, value in held.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(model, tmp_path / "net.onnx")
    [cell] = read_cells(open_network(tmp_path / "net.onnx"))
    states, inputs = (one.float().double() for one in drawn(cell))
    feed = {"x": inputs.float().numpy()[None], "h": states[:, :H].float().numpy()[None]}
    if operation == "LSTM":
        feed["c"] = states[:, H:].float().numpy()[None]
    theirs = np.concatenate([out[0] for out in ReferenceEvaluator(model).run(outs[1:], feed)], 1)
    assert np.abs(cell(states, inputs).numpy() - theirs).max() < 1e-5


def test_parametrised_weights_are_read_as_they_are_used():
    module = weight_norm(nn.GRUCell(IN, H), "weight_hh")
    [cell] = read_cells(module)
    assert torch.equal(cell.weight_hh, module.weight_hh.detach().double())


def test_what_is_not_stepped_is_refused_by_name():
    with pytest.raises(NotSteppedError, match=r"the cell a\.l0 is a projected LSTM"):
        read_cells(nn.ModuleDict({"a": nn.LSTM(IN, H, proj_size=2)}))
    with pytest.raises(NotSteppedError, match="l0 is a simple recurrent cell; whether tanh or ReLU") as refusal:
        read_cells(nn.RNN(IN, H).state_dict())
    assert refusal.value.hints == ('say activation="tanh" or "relu"',)
    arrays = {"kernel": np.zeros((IN, 4 * H)), "recurrent_kernel": np.zeros((H, 4 * H))}
    with pytest.raises(NotSteppedError, match="not stepped: its functions are hard_sigmoid and tanh"):
        from_keras("LSTM", {"recurrent_activation": "hard_sigmoid"}, arrays)
    arrays = {"kernel": np.zeros((IN, H)), "recurrent_kernel": np.zeros((H, H))}
    with pytest.raises(NotSteppedError, match="not stepped: its activation is elu"):  # whatever is said of it
        from_keras("SimpleRNN", {"activation": "elu"}, arrays, activation="tanh")
    with pytest.raises(NotSteppedError, match="there is no recurrent cell"):
        read_cells(nn.Linear(3, 3))
    broken = nn.GRU(IN, H)
    broken.weight_hh_l0.data[0, 0] = torch.nan
    with pytest.raises(NotSteppedError, match="l0 is not stepped: weight_hh has numbers that are not finite"):
        read_cells(broken)

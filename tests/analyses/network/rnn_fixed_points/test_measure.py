"""Recurrent cells from files, through the whole audit: a planted line, an untrained cell, every format alike."""

import json

import h5py
import numpy as np
import onnx
import pytest
import torch
from fake_network import context_of
from onnx import TensorProto, helper, numpy_helper
from synthetic.rnn_fixed_points import cell as synthetic_cell
from torch import nn

import netaudit
from netaudit.analyses.network.rnn_fixed_points import measure
from netaudit.analyses.network.rnn_fixed_points.drawn import _axes
from netaudit.analyses.network.rnn_fixed_points.readout import readout
from netaudit.analyses.network.rnn_fixed_points.sequences import driven
from netaudit.network.inputs import Sample
from netaudit.recurrent import fixed_points, read_cells, states_along

LENGTH, UNITS = 40, 12
ROW = ["rnn_fixed_points"]


@pytest.fixture(autouse=True)
def few_starts(monkeypatch):
    monkeypatch.setattr(measure, "EFFORT", ((64, 30, 1),))


def keras(path, kind, arrays, units, **settings):
    """A Keras model of one recurrent layer, and a Dense layer where there is one."""
    layers = [{"class_name": kind, "config": {"name": "rnn", "units": units, **settings}}]
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[f"model_weights/{name}:0"] = np.asarray(array, "f")
        if any(name.startswith("out/") for name in arrays):
            layers.append({"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "sigmoid"}})
        config = {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}
        file.attrs["model_config"] = json.dumps(config)
    return path


def planted(path, time_constant):
    """A cell with ReLU far above its kinks: one mode of a time constant along u, all others of .6."""
    generator = np.random.default_rng(7)
    u = generator.normal(size=UNITS)
    u -= u.mean()  # the centre, the same number for every unit, is not along it
    u /= np.linalg.norm(u)
    matrix = 0.6 * np.eye(UNITS) + (np.exp(-1 / time_constant) - 0.6) * np.outer(u, u)
    inputs = 0.2 * np.outer(u, generator.normal(size=3)) + 0.02 * generator.normal(size=(UNITS, 3))
    arrays = {
        "rnn/rnn/cell/kernel": inputs.T,
        "rnn/rnn/cell/recurrent_kernel": matrix.T,
        "rnn/rnn/cell/bias": (np.eye(UNITS) - matrix) @ np.full(UNITS, 20.0),
        "out/out/kernel": u[:, None],
        "out/out/bias": np.zeros(1),
    }
    return keras(path, "SimpleRNN", arrays, UNITS, activation="relu")


def sequences(path, *shape, seed=0):
    np.savez(path, x=np.random.default_rng(seed).normal(size=shape).astype("f"))
    return path


@pytest.mark.parametrize(
    ("time_constant", "verdict"), [(1000 * LENGTH, "line_attractor"), (LENGTH / 10, "single_fixed_point")]
)
def test_a_planted_line_is_seen_and_a_near_miss_is_not_called_one(tmp_path, time_constant, verdict):
    path = planted(tmp_path / "net.h5", time_constant)
    data = sequences(tmp_path / "data.npz", 20, LENGTH, 3)
    report = netaudit.audit(path, data=data, analyses=ROW)
    [cell] = report.analyses["rnn_fixed_points"].cells
    assert (cell.inputs, cell.sequences, cell.length, cell.kind) == ("vectors", 20, LENGTH, "rnn_relu")
    zero, mean = cell.held
    assert zero.verdict == verdict, zero.against
    assert (mean.held, mean.verdict, mean.nulls) == ("mean", None, ())
    if verdict == "line_attractor":
        assert zero.share.value > 0.99
        assert zero.slow_modes == 1
        assert zero.along_tangent > 0.99
        assert cell.readout == "out"
        assert zero.along_readout > 0.99
        assert len(zero.drawn.readout) == len(zero.drawn.states[0])
    else:
        assert zero.slowest.value == pytest.approx(time_constant, rel=0.01)
        again = netaudit.audit(path, data=data, analyses=ROW)
        assert again.to_json() == report.to_json()


def test_a_gru_from_a_state_dict_keras_and_onnx_has_equal_verdicts(tmp_path):
    torch.manual_seed(0)
    module = nn.GRU(3, 8)
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    torch.save(module.state_dict(), tmp_path / "net.pt")
    order = (1, 0, 2)  # of Keras and ONNX: update, reset, new

    def ordered(name, axis=0):
        return np.concatenate([np.split(state[name], 3)[gate] for gate in order], axis)

    bias = np.stack([ordered("bias_ih_l0"), ordered("bias_hh_l0")])
    arrays = {
        "rnn/rnn/gru_cell/kernel": ordered("weight_ih_l0").T,
        "rnn/rnn/gru_cell/recurrent_kernel": ordered("weight_hh_l0").T,
        "rnn/rnn/gru_cell/bias": bias,
    }
    keras(tmp_path / "net.h5", "GRU", arrays, 8, reset_after=True)
    constants = {"W": ordered("weight_ih_l0")[None], "R": ordered("weight_hh_l0")[None], "B": bias.reshape(1, -1)}
    graph = helper.make_graph(
        [helper.make_node("GRU", ["x", *constants], ["y"], name="/GRU", hidden_size=8, linear_before_reset=1)],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "net.onnx")
    data, found = sequences(tmp_path / "data.npz", 8, 20, 3), []
    for name in ("net.pt", "net.h5", "net.onnx"):
        report = netaudit.audit(tmp_path / name, data=data, analyses=["gaussian_weights", *ROW])
        claims = {layer.origin: layer.analyses["gaussian_weights"].verdict for layer in report.layers}
        assert len(claims) == 6
        [cell] = report.analyses["rnn_fixed_points"].cells
        zero = cell.held[0]
        found.append((claims, cell.kind, cell.inputs, zero.verdict, zero.fixed, zero.stable))
    assert found[0] == found[1] == found[2]
    assert found[0][3] == "single_fixed_point"  # it has not learned


def sample(x):
    return Sample(np.asarray(x, "f"), None, "0" * 64, "data.npz")


def opened(module):
    network = netaudit.open_network(module)
    return network, list(zip(network.cells, read_cells(network), strict=True))


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 5)
        self.rnn = nn.GRU(5, 4, num_layers=2, bidirectional=True)


def test_tokens_go_through_the_embedding_and_upper_layers_get_the_states_below():
    torch.manual_seed(0)
    module = Tokens()
    network, cells = opened(module.state_dict())
    numbers = torch.randint(9, (6, 10))
    found = driven(network, cells, sample(numbers), 0)
    assert [one.source for one in found] == ["tokens", "tokens", "below", "below"]
    module = module.double()
    with torch.no_grad():
        outputs, _ = module.rnn(module.embed(numbers).transpose(0, 1))
    forward, backward = (states_along(cells[i][1], found[i].inputs) for i in (2, 3))
    assert torch.allclose(torch.cat((forward, backward.flip(1)), 2), outputs.transpose(0, 1))


def test_the_most_frequent_token_is_held_too(tmp_path):
    torch.manual_seed(0)
    state = Tokens().state_dict()
    numbers = torch.tensor([[1, 7, 7, 2, 7, 3], [7, 1, 5, 1, 7, 2]])
    np.savez(tmp_path / "data.npz", x=numbers.numpy().astype(np.int32))
    torch.save(state, tmp_path / "net.pt")
    first, _, third, _ = (
        netaudit.audit(tmp_path / "net.pt", data=tmp_path / "data.npz", analyses=ROW).analyses["rnn_fixed_points"].cells
    )
    assert [(one.held, one.token) for one in first.held] == [("zero", None), ("mean", None), ("token", 7)]
    assert [one.held for one in third.held] == ["zero", "mean"]  # its inputs are states, not tokens
    network, cells = opened(state)
    of_token = driven(network, cells, sample(numbers), 0)[0].of_token
    assert torch.equal(of_token.float(), state["embed.weight"][7])
    cell = cells[0][1]
    found = fixed_points(cell, torch.zeros(1, 4, dtype=torch.float64), of_token[None])
    largest = first.held[2].drawn.eigenvalues[0][0]
    assert found.modes.eigenvalues[0, 0].real == pytest.approx(largest, rel=1e-4)


@pytest.mark.parametrize(
    ("x", "why"),
    [
        (None, "no_data"),
        (np.zeros((2, 3, 4, 5)), "shape"),
        (np.zeros((2, 3, 4)), "width"),
        (np.full((2, 3), 9), "token_numbers"),
        (np.full((2, 3), 0.5), "token_numbers"),
        (np.full((2, 3), -1), "token_numbers"),
    ],
)
def test_noise_stands_in_and_says_why(x, why):
    network, cells = opened(Tokens().state_dict())
    found = driven(network, cells, None if x is None else sample(x), 0)
    assert {one.source for one in found} == {"noise"}
    assert found[0].unused == why
    without, [cell, *_] = opened({name: value for name, value in Tokens().state_dict().items() if "embed" not in name})
    assert driven(without, [cell], sample(np.zeros((2, 3))), 0)[0].unused == "no_embedding"


def test_points_with_most_starts_come_first_and_each_null_has_its_largest_draw(monkeypatch):
    """h' = tanh(2 h + b): two stable points, of which the one with fewer starts is found first."""
    monkeypatch.setattr(measure, "EFFORT", ((64, 40, 3),))
    given, searched = [], measure.line_attractor

    def kept(*arguments, **more):
        given.append(searched(*arguments, **more))
        return given[-1]

    monkeypatch.setattr(measure, "line_attractor", kept)
    state = {"weight_ih_l0": [[0.8]], "weight_hh_l0": [[1.5]], "bias_ih_l0": [0.05], "bias_hh_l0": [0.0]}
    state = {name: torch.tensor(value) for name, value in state.items()}
    report = netaudit.audit(state, analyses=ROW, cell_activation="tanh")
    [cell] = report.analyses["rnn_fixed_points"].cells
    assert cell.kind == "rnn_tanh"
    [zero], [judged] = cell.held, given
    found = judged.found.fixed.starts.tolist()
    assert found != sorted(found, reverse=True)
    assert [point.starts for point in zero.points] == sorted(found, reverse=True)
    for null in zero.nulls:
        slowest = [draw.slowest.value for draw in judged.nulls[null.kind]]
        assert null.draws == len(slowest) == 3
        assert null.slowest == max(slowest)
    assert min(slowest) < max(slowest)


def test_no_more_cells_are_looked_at_than_an_audit_has_time_for(monkeypatch):
    monkeypatch.setattr(measure, "_of_cell", lambda context, spec, *more: synthetic_cell(spec.name))
    report = netaudit.audit(nn.GRU(2, 2, num_layers=measure.MOST_CELLS + 2).state_dict(), analyses=ROW)
    found = report.analyses["rnn_fixed_points"]
    assert [cell.name for cell in found.cells] == ["l0", "l1", "l2", "l3"]
    assert {one.name: one.why for one in found.left_out} == dict.fromkeys(("l4", "l5"), "4 cells were looked at before")


@pytest.mark.parametrize("outputs", [1, 2])
def test_each_direction_is_read_by_its_own_columns(outputs):
    torch.manual_seed(0)
    module = nn.ModuleDict({"rnn": nn.LSTM(3, 4, bidirectional=True), "fc": nn.Linear(8, outputs)})
    network, cells = opened(module.state_dict())
    weight, bias = module["fc"].weight.detach().double(), module["fc"].bias.detach().double()
    context, states = context_of(network), torch.randn(5, 2, 8, dtype=torch.float64)
    read = [readout(context, spec, cell) for spec, cell in cells]
    h = torch.cat((states[:, 0, :4], states[:, 1, :4]), 1)  # the memory of an LSTM, behind its output, is not read
    theirs = h @ weight.T + bias
    theirs = theirs[:, 0] if outputs == 1 else theirs[:, 1] - theirs[:, 0]  # the logit of the second class
    offset = bias[0] if outputs == 1 else bias[1] - bias[0]  # of both together, so that neither is given it
    assert torch.allclose(read[0].of(states[:, 0]) + read[1].of(states[:, 1]) + offset, theirs)
    one, [(spec, cell)] = opened(nn.ModuleDict({"rnn": nn.GRU(3, 8), "fc": module["fc"]}).state_dict())
    alone = readout(context_of(one), spec, cell)
    assert alone.layer == "fc"
    assert torch.allclose(alone.of(h), theirs)


@pytest.mark.parametrize(
    ("given", "used"), [((70, 5, 3), (64, 5, 3)), ((70, 2000, 3), (10, 2000, 3)), ((1, 2500, 3), (1, 2000, 3))]
)
def test_long_sequences_take_no_more_time(given, used):
    network, cells = opened(nn.GRU(3, 4).state_dict())
    assert driven(network, cells, sample(np.zeros(given)), 0)[0].inputs.shape == used


def test_axes_have_one_sign():
    states = np.random.default_rng(0).normal(size=(50, 4)) * [4, 3, 1, 1]
    for each in (states, -states, states * [-1, 1, 1, 1]):
        _, axes = _axes(each)
        assert np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1).min() > 0


def test_what_is_not_looked_at_says_why():
    names = {"a": nn.LSTM(3, 8, proj_size=2), "b": nn.RNN(3, 4), "c": nn.GRU(2, 100)}
    state = {f"{path}.{name}": value for path, part in names.items() for name, value in part.state_dict().items()}
    report = netaudit.audit(state, analyses=ROW)
    found = report.analyses["rnn_fixed_points"]
    assert found.cells == ()
    why = {one.name: one.why for one in found.left_out}
    assert "projected" in why["a.l0"]
    assert why["b.l0"].endswith("whether tanh or ReLU follows is not in the file: --cell-activation says it")
    assert "more than an audit has time for" in why["c.l0"]

"""What is measured of a head and of a module, and what is said where there is nothing."""

import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of
from torch import nn

from netaudit.analyses.network.depth_limit import residual
from netaudit.analyses.network.depth_limit.measure import measure, square_runs
from netaudit.analyses.network.depth_limit.payload import Cut, DepthLimit
from netaudit.geometry import depth_limit, residual_depth
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable
from netaudit.sources.hubs import sequential
from netaudit.sources.planners import example_inputs, meta_tracing

X = np.random.default_rng(0).standard_normal((30, 20)).astype(np.float32)
Y = np.arange(30) % 4


def network(layers, head=None, *, module=None, shape=None, parameters=0, graph=None, **other):
    net = FakeNetwork(layers, head or head_of("".join(layer.name for layer in layers)), **other)
    net.make_module = None if module is None else lambda: module
    net.module = net.make_module
    net.input_shape, net.parameters_total, net.graph = shape, parameters, graph
    return net


def near_identity(d=40, depth=3, strength=0.1):
    generator = torch.Generator().manual_seed(3)
    return [
        FCLayer(str(k + 1), torch.eye(d) + strength * torch.randn(d, d, generator=generator) / d**0.5)
        for k in range(depth)
    ]


def head_with_run():
    bottom, *_ = gaussian_layers(20, 40)
    top = FCLayer("9", torch.randn(4, 40, generator=torch.Generator().manual_seed(5)))
    return [bottom, *near_identity(), top]


def test_a_run_near_the_identity_on_real_inputs():
    layers = head_with_run()
    found = measure(context_of(network(layers, backbone=lambda x: x), sample_of(X, Y)))
    [run] = found.runs
    assert [layer.name for layer in run.layers] == ["1", "2", "3"]
    assert {layer.likeness for layer in run.layers} == {"near_identity"}
    assert run.control_distance > 1
    x = (torch.from_numpy(X).double() @ layers[0].weight.double().T).relu()
    own = depth_limit([(layer.weight, None) for layer in layers[1:4]], x)
    lengths = own.data.lengths[:, None]
    assert run.data.errors == pytest.approx((own.data.errors / lengths).median(0).values.tolist(), rel=0.1)
    assert run.data.steps == pytest.approx(own.data.steps.quantile(0.5, 0).tolist(), rel=1e-5)
    assert all(error <= bound for error, bound in zip(run.data.errors, run.data.bounds, strict=True))
    tightness = (own.data.errors / own.data.bounds).quantile(0.5, 0).tolist()
    assert run.data.tightness == pytest.approx(tightness, rel=0.02)
    assert all(0 < share <= 1 for share in tightness)
    assert min(run.data.control_steps) > 3 * max(run.data.steps)
    assert run.decay == pytest.approx(own.decay)
    assert (found.stages, found.cuts, found.inputs, found.source) == ((), (), 0, None)


def test_without_inputs_the_weights_alone():
    [run] = measure(context_of(network(head_with_run()))).runs
    assert run.data is None
    assert len(run.layers) == 3


def test_runs_are_square_of_one_width_with_relu():
    layers = [*near_identity(40, 4), *gaussian_layers(40, 30)[:1]]
    layers[-1] = FCLayer("9", layers[-1].weight)
    wide = head_of("12349")
    assert list(square_runs(context_of(network(layers, wide)))) == [["1", "2", "3", "4"]]
    assert list(square_runs(context_of(network(layers, wide, skipped={"2": "too large"})))) == []
    assert list(square_runs(context_of(network(layers, head_of("12349", activation="gelu"))))) == []
    assert list(square_runs(context_of(network(layers, head_of("12349", activation="linear"))))) == []
    assert list(square_runs(context_of(network(layers[:4])))) == [["1", "2", "3", "4"]]  # the last has no ReLU


def test_a_run_with_a_layer_that_is_not_finite_is_left_out():
    layers = head_with_run()
    layers[2].weight[3, 4] = float("nan")
    found = measure(context_of(network(layers, backbone=lambda x: x)))
    assert isinstance(found, NotApplicable)


def test_two_runs_of_different_widths():
    narrow, wide = near_identity(10, 3), near_identity(12, 3)
    wide = [FCLayer(str(k + 5), layer.weight) for k, layer in enumerate(wide)]
    net = network([*narrow, *wide], head_of("123567"))
    assert list(square_runs(context_of(net))) == [["1", "2", "3"], ["5", "6", "7"]]


def block(d=20):
    branch = [{"type": "Linear", "in": d, "out": d}, {"type": "ReLU"}, {"type": "Linear", "in": d, "out": d}]
    return {"type": "Residual", "branch": branch}


def residual_net(blocks=4):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return sequential.build([*(block() for _ in range(blocks)), {"type": "Linear", "in": 20, "out": 4}])


def plain(**other):
    return network(gaussian_layers(20, 10, 4), backbone=lambda x: x, **other)


def test_residual_blocks_on_real_inputs():
    module = residual_net()
    found = measure(context_of(plain(module=module), sample_of(X, Y)))
    slow = residual_depth(module, torch.from_numpy(X))
    [stage] = found.stages
    assert stage.blocks == ("0", "1", "2", "3")
    assert stage.steps == pytest.approx(slow.stages[0].steps.quantile(0.5, 0).tolist(), rel=1e-4)
    assert all(a <= b <= c for a, b, c in zip(stage.errors, stage.paths, stage.bounds, strict=True))
    assert [cut.left_out for cut in found.cuts] == [4, 3, 2, 1]
    labels = slow.outputs.argmax(1)
    for cut, own in zip(found.cuts, slow.cuts, strict=True):
        assert cut.labels_kept == pytest.approx(float((own.outputs.argmax(1) == labels).double().mean()))
        assert cut.accuracy == pytest.approx(float((own.outputs.argmax(1).numpy() == Y).mean()))
    assert found.accuracy == pytest.approx(float((labels.numpy() == Y).mean()))
    assert (found.inputs, found.source) == (30, "real")


def test_of_very_many_blocks_the_last_cuts_are_kept(monkeypatch):
    monkeypatch.setattr(residual, "LONGEST_CURVE", 2)
    monkeypatch.setattr("netaudit.analyses.network.depth_limit.summary.LONGEST_CURVE", 2)
    found = measure(context_of(plain(module=residual_net()), sample_of(X, Y)))
    assert {cut.left_out for cut in found.cuts} == {1, 2}
    assert [len(stage.blocks) for stage in found.stages] == [2]


def test_without_real_inputs_gaussian_noise():
    found = measure(context_of(plain(module=residual_net(), shape=(20,))))
    assert (found.inputs, found.source, found.accuracy) == (residual.INPUTS // 4, "gaussian", None)
    assert {cut.accuracy for cut in found.cuts} == {None}
    again = measure(context_of(plain(module=residual_net(), shape=(20,))))
    assert found == again


def test_a_large_module_is_run_on_few_inputs_and_cut_rarely(monkeypatch):
    one = 4 * 800 + 80  # multiplications of a pass
    monkeypatch.setattr(residual, "WORK", 13 * one)
    found = measure(context_of(plain(module=residual_net()), sample_of(X, Y)))
    assert (found.inputs, len(found.cuts)) == (residual.FEWEST, 2)


def unknown(net):
    return measure(context_of(net))


@pytest.mark.parametrize(
    ("net", "why"),
    [
        (lambda: plain(), "the network's architecture is not known, so that residual blocks are not seen"),
        (lambda: plain(module=nn.Linear(20, 4), shape=(20,)), "the network has no residual blocks"),
        (lambda: plain(module=residual_net(), parameters=10**10, shape=(20,)), "the network is too large to be run"),
        (lambda: plain(module=residual_net()), "the shape of an input is not known (--data)"),
    ],
)
def test_where_there_is_nothing(net, why):
    found = unknown(net())
    assert isinstance(found, NotApplicable)
    assert found.note.startswith("The head has no 3 square layers with ReLU in a row, and ")
    assert why in found.note


def test_no_module_is_made_where_the_pass_adds_nothing():
    for module, added in (
        (nn.Sequential(nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 4)), False),
        (residual_net(), True),
    ):
        graph = meta_tracing.trace(module, [example_inputs.zeros(1, 20)]).graph
        net = plain(module=module, shape=(20,), graph=graph)
        made = []
        net.module = lambda module=module, made=made: made.append(1) or module
        assert isinstance(measure(context_of(net)), DepthLimit if added else NotApplicable)
        assert made == [1] * added


def test_the_payload_checks_itself():
    stage = measure(context_of(plain(module=residual_net()), sample_of(X, Y))).stages[0]
    with pytest.raises(ValueError, match="lengths differ"):
        type(stage)(stage.blocks[1:], stage.steps, stage.errors, stage.paths, None)
    cut = Cut(0, 9, 0.0, 1.0, None)
    with pytest.raises(ValueError, match="not there"):
        DepthLimit((), (stage,), (cut,), 3, "real", None)

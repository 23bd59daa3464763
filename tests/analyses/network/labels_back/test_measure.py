"""What is sent down the head, and what was assumed."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of

from netaudit.analyses.network.labels_back import measure as labels_back
from netaudit.numerics import device as devices

X = np.random.default_rng(0).standard_normal((12, 64)).astype(np.float32)


def network(head=None, backbone=lambda x: x, bias=0.0):
    return FakeNetwork(gaussian_layers(64, 50, 6, bias=bias), head or head_of("01"), backbone=backbone)


def test_with_real_inputs_the_networks_own_answers_go_down_too():
    found = labels_back.measure(context_of(network(), sample_of(X)))
    assert [(run.source, run.rho) for run in found.runs] == [
        (source, rho) for source in ("onehot", "softmax") for rho in (1.0, 0.5, 0.1)
    ]
    assert found.runs[-1].n == len(X)
    assert (found.biases, found.real_inputs) == ("used", "used")
    assert 1 / 6 < found.top_probability <= 1
    assert (found.reversed_as_relu, found.top_activation) == ((), "linear")


def test_without_real_inputs_the_biases_are_left_out():
    found = labels_back.measure(context_of(network()))
    assert {run.source for run in found.runs} == {"onehot"}
    assert (found.biases, found.real_inputs) == ("left_out", "absent")
    assert found.runs == labels_back.measure(context_of(network(bias=5.0))).runs


def test_inputs_that_could_not_be_used_are_told_apart():
    unreachable = labels_back.measure(context_of(network(backbone=None), sample_of(X)))
    assert (unreachable.biases, unreachable.real_inputs) == ("left_out", "unreachable")
    not_finite = labels_back.measure(context_of(network(), sample_of(X * np.inf)))
    assert (not_finite.biases, not_finite.real_inputs) == ("left_out", "not_finite")


def test_other_activations_are_named():
    head = head_of("01", activation="gelu", top="sigmoid")
    found = labels_back.measure(context_of(network(head)))
    assert (found.reversed_as_relu, found.top_activation) == (("gelu",), "sigmoid")


def test_the_numbers_follow_from_the_seed():
    first, again = (labels_back.measure(context_of(network(), sample_of(X))) for _ in range(2))
    assert first == again
    context = context_of(network(), sample_of(X))
    other = labels_back.measure(replace(context, settings=replace(context.settings, seed=1)))
    assert other.runs != first.runs


def test_it_runs_on_the_cpu_when_the_device_has_no_room(monkeypatch):
    whole = labels_back.measure(context_of(network()))
    gpu, recover = torch.device("cuda"), labels_back.recover

    def no_room(read, head, scales, labels, seed, where, norm, tell):
        if where == gpu:
            raise torch.OutOfMemoryError("out of memory")
        return recover(read, head, scales, labels, seed, where, norm, tell)

    def on_the_gpu(work, device):
        return devices.with_cpu_fallback(work, gpu)

    monkeypatch.setattr(labels_back, "recover", no_room)
    monkeypatch.setattr(labels_back, "devices", SimpleNamespace(**vars(devices) | {"with_cpu_fallback": on_the_gpu}))
    with devices.fallbacks() as told:
        assert labels_back.measure(context_of(network())) == whole
    assert told == ["Out of memory on cuda: a part was computed on the CPU."]


@pytest.mark.parametrize(("classes", "five"), [(5, False), (6, True)])
def test_few_classes_have_no_top_five(classes, five):
    net = FakeNetwork(gaussian_layers(64, classes), head_of("0"))
    assert all((run.top5 is not None) is five for run in labels_back.measure(context_of(net)).runs)

from itertools import pairwise

import pytest
import torch

from netaudit.analyses.network.labels_back.recover import ONEHOT_DRAWS, Labels, activate, forward, onehot, recover
from netaudit.network.layers import FCLayer, Head, HeadLayer

CPU = torch.device("cpu")


def network(*sizes, seed=0, bias=0.0):
    """Gaussian layers, bottom to top, and their stack."""
    generator = torch.Generator().manual_seed(seed)
    layers = {
        str(i): FCLayer(str(i), torch.randn(m, n, generator=generator), torch.full((m,), bias))
        for i, (n, m) in enumerate(pairwise(sizes))
    }
    names = list(layers)
    steps = tuple(HeadLayer(name, "linear" if name == names[-1] else "relu") for name in names)
    return layers.__getitem__, Head(steps, inferred=False), dict.fromkeys(names, 1.0)


def test_labels_come_back_through_a_gaussian_net_and_not_through_the_control():
    read, stack, sigmas = network(4000, 1500, 300, 100)
    runs = recover(read, stack, sigmas, [onehot(100)], torch.Generator().manual_seed(0), CPU)
    assert [(run.source, run.rho) for run in runs] == [("onehot", 1.0), ("onehot", 0.5), ("onehot", 0.1)]
    assert runs[0].n == 100
    assert runs[0].chance == 0.01
    assert runs[0].top1 > 0.95
    assert runs[0].top1 >= runs[1].top1 >= runs[2].top1
    assert all(run.control_top1 < 0.06 for run in runs)
    assert all(run.top5 >= run.top1 for run in runs)


def test_biases_count_only_at_the_natural_scale():
    read, stack, sigmas = network(400, 200, 10, bias=5.0)
    plain, without, _ = network(400, 200, 10)
    generator = torch.Generator
    biased = recover(read, stack, sigmas, [onehot(10)], generator().manual_seed(0), CPU)
    assert biased == recover(plain, without, sigmas, [onehot(10)], generator().manual_seed(0), CPU)
    drowned = recover(read, stack, sigmas, [onehot(10)], generator().manual_seed(0), CPU, input_norm=1e-3)
    assert drowned[0].top1 < biased[0].top1


def test_forward_is_the_network():
    read, stack, _ = network(30, 20, 5, bias=0.1)
    x = torch.randn(7, 30)
    up = forward(read, stack, x, CPU, keep=4)
    hidden = torch.relu(x @ read("0").weight.T + 0.1)
    assert up.logits == pytest.approx(hidden @ read("1").weight.T + 0.1, rel=1e-5, abs=1e-5)
    assert list(up.hidden) == ["0"]  # the logits are no activations
    assert up.hidden["0"] == pytest.approx(hidden[:4], rel=1e-5, abs=1e-5)
    assert up.norms["0"] == pytest.approx(float(x.square().sum(1).mean().sqrt()))
    assert up.norms["1"] == pytest.approx(float(hidden.square().sum(1).mean().sqrt()))


def test_onehot_uses_every_class_equally_or_spreads():
    assert onehot(10).h.sum(0).tolist() == [ONEHOT_DRAWS // 10] * 10
    many = onehot(1000).h
    assert many.shape == (ONEHOT_DRAWS, 1000)
    assert len(many.argmax(1).unique()) == ONEHOT_DRAWS


def test_five_classes_have_no_top_five():
    read, stack, sigmas = network(50, 20, 4)
    [run, *_] = recover(read, stack, sigmas, [Labels("onehot", torch.eye(4))], torch.Generator().manual_seed(0), CPU)
    assert run.top5 is None
    assert run.control_top5 is None


def test_activations_by_name():
    z = torch.tensor([-1.0, 2.0])
    assert activate(z, "relu").tolist() == [0.0, 2.0]
    assert activate(z, "linear").tolist() == activate(z, "no such thing").tolist() == [-1.0, 2.0]

from itertools import pairwise

import pytest
import torch
from fake_network import CPU, gaussian_layers, head_of

from netaudit.analyses.network.labels_back import recover as module
from netaudit.analyses.network.labels_back.recover import ONEHOT_DRAWS, LabelVectors, batches_of, onehot, recover
from netaudit.network.layers import FCLayer


def network(*sizes, bias=0.0):
    """Gaussian layers, bottom to top, their head, and their standard deviations."""
    layers = {layer.name: layer for layer in gaussian_layers(*sizes, bias=bias)}
    return layers.__getitem__, head_of(layers), dict.fromkeys(layers, 1.0)


def test_labels_come_back_through_a_gaussian_net_as_through_its_twins_and_not_through_the_control():
    read, head, sigmas = network(2000, 800, 200, 50)
    runs, twins = recover(read, head, sigmas, [onehot(50)], 0, CPU)
    assert [(run.source, run.rho) for run in runs] == [("onehot", 1.0), ("onehot", 0.5), ("onehot", 0.1)]
    assert runs[0].n == 50
    assert runs[0].chance == 0.02
    assert runs[0].top1 > 0.95
    assert runs[0].top1 >= runs[1].top1 >= runs[2].top1
    assert all(run.control_top1 < 0.08 for run in runs)
    assert all(run.top5 >= run.top1 for run in runs)
    assert twins == 6
    for run in runs:
        assert run.twin_lowest <= run.twin_top1 <= run.twin_highest
        assert run.top1 == pytest.approx(run.twin_top1, abs=0.15)
        assert run.permuted_top1 == pytest.approx(run.twin_top1, abs=0.15)


def test_what_the_weights_learnt_shows_beside_the_twin_and_not_beside_chance():
    """A network whose layers carry its labels along a few strong directions gives them back through much dropout."""
    sizes = (800, 600, 10)
    layers = []
    for index, (n, m) in enumerate(pairwise(sizes)):
        generator = torch.Generator().manual_seed(index)
        up, down = torch.zeros(m, 10), torch.zeros(n, 10)
        up[torch.arange(m), torch.arange(m) % 10] = 1
        down[torch.arange(n), torch.arange(n) % 10] = 1
        layers.append(FCLayer(str(index), torch.randn(m, n, generator=generator) + 3 * (up @ down.T - 0.1)))
    by_name = {layer.name: layer for layer in layers}
    sigmas = {layer.name: float(layer.weight.std(correction=0)) for layer in layers}
    runs, _ = recover(by_name.__getitem__, head_of(by_name), sigmas, [onehot(10)], 0, CPU)
    assert runs[2].top1 > 0.9
    assert runs[2].twin_highest < 0.6
    assert runs[2].permuted_top1 < 0.6


def test_a_large_head_has_few_twins_and_no_permuted_run(monkeypatch):
    monkeypatch.setattr(module, "_LARGE", 100)
    read, head, sigmas = network(60, 40, 10)
    runs, twins = recover(read, head, sigmas, [onehot(10)], 0, CPU)
    assert twins == 3
    assert {(run.permuted_top1, run.corrected_top1) for run in runs} == {(None, None)}


def test_some_rows_of_each_batch():
    batches = batches_of([onehot(4)])
    few = batches.first(3)
    assert few.parts == (("onehot", 1.0, 3), ("onehot", 0.5, 3), ("onehot", 0.1, 3))
    assert few.shares(few.h) == [1.0, 1.0, 1.0]
    assert few.rho[:, 0].tolist() == pytest.approx([1.0] * 3 + [0.5] * 3 + [0.1] * 3)


def test_biases_count_only_at_the_natural_scale():
    read, head, sigmas = network(400, 200, 10, bias=5.0)
    plain, without, _ = network(400, 200, 10)
    biased, _ = recover(read, head, sigmas, [onehot(10)], 0, CPU)
    assert biased == recover(plain, without, sigmas, [onehot(10)], 0, CPU)[0]
    drowned, _ = recover(read, head, sigmas, [onehot(10)], 0, CPU, input_norm=1e-3)
    assert drowned[0].top1 < biased[0].top1


def test_onehot_uses_every_class_equally_or_spreads():
    assert onehot(10).h.sum(0).tolist() == [ONEHOT_DRAWS // 10] * 10
    many = onehot(1000).h
    assert many.shape == (ONEHOT_DRAWS, 1000)
    assert len(many.argmax(1).unique()) == ONEHOT_DRAWS


def test_five_classes_have_no_top_five():
    read, head, sigmas = network(50, 20, 4)
    [run, *_], _ = recover(read, head, sigmas, [LabelVectors("onehot", torch.eye(4))], 0, CPU)
    assert run.top5 is None
    assert run.control_top5 is None

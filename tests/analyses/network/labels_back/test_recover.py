import torch
from fake_network import CPU, gaussian_layers, head_of

from netaudit.analyses.network.labels_back.recover import ONEHOT_DRAWS, LabelVectors, onehot, recover


def network(*sizes, bias=0.0):
    """Gaussian layers, bottom to top, their head, and their standard deviations."""
    layers = {layer.name: layer for layer in gaussian_layers(*sizes, bias=bias)}
    return layers.__getitem__, head_of(layers), dict.fromkeys(layers, 1.0)


def test_labels_come_back_through_a_gaussian_net_and_not_through_the_control():
    read, head, sigmas = network(4000, 1500, 300, 100)
    runs = recover(read, head, sigmas, [onehot(100)], torch.Generator().manual_seed(0), CPU)
    assert [(run.source, run.rho) for run in runs] == [("onehot", 1.0), ("onehot", 0.5), ("onehot", 0.1)]
    assert runs[0].n == 100
    assert runs[0].chance == 0.01
    assert runs[0].top1 > 0.95
    assert runs[0].top1 >= runs[1].top1 >= runs[2].top1
    assert all(run.control_top1 < 0.06 for run in runs)
    assert all(run.top5 >= run.top1 for run in runs)


def test_biases_count_only_at_the_natural_scale():
    read, head, sigmas = network(400, 200, 10, bias=5.0)
    plain, without, _ = network(400, 200, 10)
    generator = torch.Generator
    biased = recover(read, head, sigmas, [onehot(10)], generator().manual_seed(0), CPU)
    assert biased == recover(plain, without, sigmas, [onehot(10)], generator().manual_seed(0), CPU)
    drowned = recover(read, head, sigmas, [onehot(10)], generator().manual_seed(0), CPU, input_norm=1e-3)
    assert drowned[0].top1 < biased[0].top1


def test_onehot_uses_every_class_equally_or_spreads():
    assert onehot(10).h.sum(0).tolist() == [ONEHOT_DRAWS // 10] * 10
    many = onehot(1000).h
    assert many.shape == (ONEHOT_DRAWS, 1000)
    assert len(many.argmax(1).unique()) == ONEHOT_DRAWS


def test_five_classes_have_no_top_five():
    read, head, sigmas = network(50, 20, 4)
    [run, *_] = recover(
        read, head, sigmas, [LabelVectors("onehot", torch.eye(4))], torch.Generator().manual_seed(0), CPU
    )
    assert run.top5 is None
    assert run.control_top5 is None

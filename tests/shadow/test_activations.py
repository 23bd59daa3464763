"""Real activations down a layer and back."""

import numpy as np
import pytest
import torch

from netaudit.numerics import device as devices
from netaudit.shadow.activations import MOST_ACTIVATIONS, recover

CPU = torch.device("cpu")


def generator(seed=0):
    return devices.generator(seed, "test")


def relu_activations(m, count=40, seed=1):
    return torch.randn(count, m, generator=generator(seed)).relu()


def by_kind(found, rho=1.0):
    return {one.kind: one for one in found if one.rho == rho}


def test_agrees_with_a_plain_loop():
    m, n, mean = 30, 50, 0.2
    matrix, h = torch.randn(m, n, generator=generator()), relu_activations(m)
    [real, _, _] = recover(matrix, mean, h, [1.0], generator(2), CPU)
    A = matrix.double().numpy() + mean
    backs, zs = [], []
    for start in h.double().numpy():
        x = np.maximum(0, 2 / n * (A.T @ start))
        zs.append(A @ x)
        backs.append(np.maximum(0, zs[-1]))
    starts = h.double().numpy()
    gain = sum(b @ s for b, s in zip(backs, starts, strict=True)) / sum(b @ b for b in backs)
    cosines = [b @ s / np.linalg.norm(b) / np.linalg.norm(s) for b, s in zip(backs, starts, strict=True)]
    errors = [np.sum((gain * b - s) ** 2) / np.sum(s**2) for b, s in zip(backs, starts, strict=True)]
    wins = [np.mean([zi > zj for zi in z[s > 0] for zj in z[s == 0]]) for z, s in zip(zs, starts, strict=True)]
    assert real.k == pytest.approx(np.mean([(s > 0).sum() for s in starts]))
    assert real.cosine == pytest.approx(np.mean(cosines), rel=1e-5)
    assert real.relative_error == pytest.approx(np.mean(errors), rel=1e-5)
    assert real.support_auc == pytest.approx(np.mean(wins), rel=1e-5)


def test_a_gaussian_layer_does_what_a_gaussian_layer_does():
    m, n = 300, 800
    found = recover(torch.randn(m, n, generator=generator()), 0.0, relu_activations(m), [1.0, 0.1], generator(2), CPU)
    for rho in (1.0, 0.1):
        kinds = by_kind(found, rho)
        for figure in ("cosine", "relative_error", "support_auc"):
            assert getattr(kinds["real"], figure) == pytest.approx(getattr(kinds["gaussian"], figure), abs=0.02)
    assert by_kind(found, 0.1)["real"].cosine < by_kind(found)["real"].cosine


def test_activations_along_the_layer_s_own_signal_come_back_better_than_synthetic_ones():
    """What training does: a spike whose direction the activations share."""
    m, n = 200, 300
    u, v = torch.rand(m, 1, generator=generator(3)), torch.rand(n, 1, generator=generator(4))
    matrix = torch.randn(m, n, generator=generator()) + 6 * (m * n) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T
    h = u.T * (0.5 + torch.rand(40, 1, generator=generator(5))) + 0.3 * torch.randn(40, m, generator=generator(6))
    kinds = by_kind(recover(matrix / matrix.std(), 0.0, h.relu(), [1.0], generator(2), CPU))
    assert kinds["real"].cosine > kinds["gaussian"].cosine + 0.1


def test_the_synthetic_ones_are_as_sparse():
    kinds = by_kind(recover(torch.randn(60, 90), 0.0, relu_activations(60), [1.0], generator(), CPU))
    assert kinds["synthetic"].k == round(kinds["real"].k)


def test_activations_without_a_support_are_left_out_and_many_are_cut():
    h = torch.cat([torch.zeros(3, 20), torch.ones(2, 20), relu_activations(20, MOST_ACTIVATIONS + 10)])
    found = recover(torch.randn(20, 40), 0.0, h, [1.0], generator(), CPU)
    assert {one.n for one in found} == {MOST_ACTIVATIONS}
    assert recover(torch.randn(20, 40), 0.0, torch.zeros(5, 20), [1.0], generator(), CPU) == []

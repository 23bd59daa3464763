"""Real activations down a layer and back."""

import numpy as np
import pytest
import torch

from netaudit.numerics import device as devices
from netaudit.shadow.activations import GAUSSIAN_LAYERS, MOST_ACTIVATIONS, recover
from netaudit.shadow.gauge import fixed_gauge
from netaudit.shadow.reverse import reverse_pass


def generator(seed=0):
    return devices.generator(seed, "test")


def relu_activations(m, count=40, seed=1):
    return torch.randn(count, m, generator=generator(seed)).relu()


def by_kind(found, rho=1.0):
    return {one.kind: one for one in found if one.rho == rho}


def sent(matrix, h, rhos=(1.0,), seed=2, **other):
    return recover(reverse_pass(matrix), fixed_gauge(matrix), h, rhos, generator(seed), **other)


def test_agrees_with_a_plain_loop():
    m, n = 30, 50
    matrix, h = torch.randn(m, n, generator=generator()) + 0.2, relu_activations(m)
    real = by_kind(sent(matrix, h).rows)["stored"]
    A = matrix.double().numpy()
    backs, zs = [], []
    for start in h.double().numpy():
        x = np.maximum(0, 2 / (n * A.var()) * (A.T @ start))
        zs.append(A @ x)
        backs.append(np.maximum(0, zs[-1]))
    starts = h.double().numpy()

    def cosine(one, other):
        return one @ other / np.linalg.norm(one) / np.linalg.norm(other)

    pairs = list(zip(backs, starts, strict=True))
    gain = sum(b @ s for b, s in pairs) / sum(b @ b for b in backs)
    errors = [np.sum((gain * b - s) ** 2) / np.sum(s**2) for b, s in pairs]
    wins = [np.mean([zi > zj for zi in z[s > 0] for zj in z[s == 0]]) for z, s in zip(zs, starts, strict=True)]
    middle, mean = np.mean(backs, axis=0), np.mean(starts, axis=0)
    nearest = [int(np.argmax([cosine(b, s) for s in starts])) == i for i, b in enumerate(backs)]
    assert real.k == pytest.approx(np.mean([(s > 0).sum() for s in starts]))
    assert real.cosine == pytest.approx(np.mean([cosine(b, s) for b, s in pairs]), rel=1e-5)
    assert real.centred_cosine == pytest.approx(np.mean([cosine(b - middle, s - mean) for b, s in pairs]), rel=1e-4)
    others = [cosine(b, starts[i - 1]) for i, b in enumerate(backs)]
    assert real.other_cosine == pytest.approx(np.mean(others), rel=1e-5)
    assert real.mean_cosine == pytest.approx(np.mean([cosine(mean, s) for s in starts]), rel=1e-5)
    assert real.retrieval == pytest.approx(np.mean(nearest))
    assert real.relative_error == pytest.approx(np.mean(errors), rel=1e-5)
    assert real.support_auc == pytest.approx(np.mean(wins), rel=1e-5)


def test_a_gaussian_layer_does_what_a_gaussian_layer_does():
    m, n = 300, 800
    found = sent(torch.randn(m, n, generator=generator()), relu_activations(m), (1.0, 0.1))
    for rho in (1.0, 0.1):
        kinds = by_kind(found.rows, rho)
        for figure in ("cosine", "centred_cosine", "relative_error", "support_auc"):
            assert getattr(kinds["gauge"], figure) == pytest.approx(getattr(kinds["gaussian"], figure), abs=0.02)
            assert getattr(kinds["permuted"], figure) == pytest.approx(getattr(kinds["gaussian"], figure), abs=0.02)
    assert by_kind(found.rows, 0.1)["stored"].cosine < by_kind(found.rows)["stored"].cosine
    assert found.residuals.shape == (40,)
    assert found.gaussian_residuals.shape == (GAUSSIAN_LAYERS, 40)
    assert found.residuals.mean() == pytest.approx(found.gaussian_residuals.mean(), rel=0.05)


def test_activations_along_the_layer_s_own_signal_come_back_better_than_permuted_ones():
    """What training does: a spike whose direction the activations share."""
    m, n = 200, 300
    u, v = torch.rand(m, 1, generator=generator(3)), torch.rand(n, 1, generator=generator(4))
    matrix = torch.randn(m, n, generator=generator()) + 6 * (m * n) ** 0.25 * (u / u.norm()) @ (v / v.norm()).T
    h = u.T * (0.5 + torch.rand(40, 1, generator=generator(5))) + 0.3 * torch.randn(40, m, generator=generator(6))
    kinds = by_kind(sent(matrix, h.relu()).rows)
    assert kinds["gauge"].cosine > kinds["permuted"].cosine + 0.1


def test_what_all_activations_share_does_not_count():
    """A high cosine that says nothing: every h is nearly the mean one, and the layer gives back that alone."""
    m, n = 100, 150
    u, v = torch.rand(m, 1, generator=generator(3)) + 0.1, torch.rand(n, 1, generator=generator(4))
    matrix = 0.05 * torch.randn(m, n, generator=generator()) + u @ v.T
    h = u.T + 0.2 * torch.rand(60, m, generator=generator(5))
    h[:, :10] = 0
    stored = by_kind(sent(matrix, h).rows)["stored"]
    assert stored.cosine > 0.9
    assert stored.mean_cosine > 0.9
    assert stored.other_cosine == pytest.approx(stored.cosine, abs=0.02)
    assert stored.centred_cosine < 0.5
    assert stored.retrieval < 0.2


def test_rescaled_units_change_nothing_in_the_fixed_gauge():
    m, n = 80, 120
    matrix, h = torch.randn(m, n, generator=generator()), relu_activations(m)
    rows, columns = torch.randn(m, generator=generator(7)).exp(), torch.randn(n, generator=generator(8)).exp()
    one, twin = sent(matrix, h), sent(rows[:, None] * matrix * columns, h * rows)
    for kind in ("gauge", "permuted", "gaussian"):
        assert by_kind(twin.rows)[kind].cosine == pytest.approx(by_kind(one.rows)[kind].cosine, rel=1e-3)
    assert twin.residuals == pytest.approx(one.residuals, rel=1e-2)


def test_the_own_bias_and_the_corrected_pass_are_there_where_they_are_asked_for():
    m, n = 60, 90
    matrix, h = torch.randn(m, n, generator=generator()), relu_activations(m)
    assert {row.kind for row in sent(matrix, h).rows} == {"stored", "gauge", "permuted", "gaussian"}
    corrected = reverse_pass(matrix, corrected=True)
    rows = by_kind(sent(matrix, h, corrected=corrected, bias=torch.full((m,), -100.0), input_norm=1.0).rows)
    assert rows["own_bias"].cosine == 0
    assert rows["corrected"].cosine == pytest.approx(rows["gauge"].cosine, abs=0.05)


def test_activations_without_a_support_are_left_out_and_many_are_cut():
    h = torch.cat([torch.zeros(3, 20), torch.ones(2, 20), relu_activations(20, MOST_ACTIVATIONS + 10)])
    matrix = torch.randn(20, 40, generator=generator())
    assert {one.n for one in sent(matrix, h).rows} == {MOST_ACTIVATIONS}
    assert sent(matrix, torch.zeros(5, 20)) is None
    assert sent(matrix, relu_activations(20, 1)) is None

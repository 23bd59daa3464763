"""Statements on matrices for which they are false must not hold."""

import pytest
import torch

from netaudit.studies.theory import baby, lemma_2_5, noise_variance, one_layer
from netaudit.studies.theory.lab import Lab


def lab():
    return Lab(0, torch.device("cpu"))


def with_a_mean(m, n, generator):
    return torch.randn(m, n, generator=generator) + 0.2


def too_large(m, n, generator):
    return 1.2 * torch.randn(m, n, generator=generator)


@pytest.mark.parametrize("law", [with_a_mean, too_large])
def test_the_baby_theorem_needs_its_matrix(monkeypatch, law):
    monkeypatch.setattr(baby, "gaussian", law)
    assert baby.run(baby.SIZES["quick"], lab()).holds is False


@pytest.mark.parametrize("statement", [lemma_2_5, noise_variance])
def test_so_do_the_lemma_and_the_variance(monkeypatch, statement):
    monkeypatch.setattr(
        one_layer.measure_grid, "__kwdefaults__", {**one_layer.measure_grid.__kwdefaults__, "entries": too_large}
    )
    assert statement.run(statement.SIZES["quick"], lab()).holds is False

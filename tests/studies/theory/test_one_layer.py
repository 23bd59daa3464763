import numpy as np
import pytest
import torch

from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.laws import HALF, SIGN, STUDENT_T3, UNIFORM, sparse
from netaudit.studies.theory.one_layer import LayerGrid, gaussian, measure_grid

CPU = torch.device("cpu")
GRID = LayerGrid(300, 1500, ((5, 40), (30, 20)), (1.0, 0.4), 6)


def lab(seed=0):
    return Lab(seed, CPU)


def figures(sent):
    off = (sent.h == 0).float()
    return {
        "variance": (sent.z.square() * off).sum(1) / off.sum(1) / sent.s[:, 0].square(),
        "gain": (sent.z * sent.h).sum(1) / sent.norm[:, 0].square(),
        "error": sent.error((sent.z - sent.cell.prediction.offset * sent.s).relu()),
    }


@pytest.mark.parametrize("keep", [1.0, 0.5])
def test_gaussian_layers_meet_their_predictions(keep):
    found = measure_grid(lab(), "test", GRID, figures, forward_keep=keep)
    assert [(cell.k, cell.rho) for cell, _ in found] == [(5, 1.0), (5, 0.4), (30, 1.0), (30, 0.4)]
    for cell, samples in found:
        assert samples["variance"].shape == (6,)
        assert samples["variance"].mean() == pytest.approx(1, abs=0.06)
        assert samples["gain"].mean() == pytest.approx(1, abs=0.06)
        assert samples["error"].mean() == pytest.approx(cell.prediction.relative_error, rel=0.12)


def test_another_scale_is_seen():
    found = measure_grid(lab(), "test", GRID, figures, entries=lambda m, n, g: 1.2 * gaussian(m, n, g))
    for _, samples in found:
        assert samples["gain"].mean() == pytest.approx(1.44, rel=0.05)


def test_the_numbers_follow_from_the_seed_and_the_key():
    def variances(seed, key):
        return [samples["variance"].tolist() for _, samples in measure_grid(lab(seed), key, GRID, figures)]

    assert variances(0, "a") == variances(0, "a")
    assert variances(0, "a") != variances(1, "a")
    assert variances(0, "a") != variances(0, "b")


def test_replicates_are_independent_matrices_with_the_same_values():
    found = measure_grid(lab(), "test", GRID, figures)
    for cell, samples in found:
        assert len(set(samples["variance"])) == GRID.matrices
        assert cell.values.shape[1] == cell.k


def test_smaller_batches_give_the_same_numbers(monkeypatch):
    whole = measure_grid(lab(), "test", GRID, figures)
    seen = []

    def short_of_memory(sent):
        seen.append(len(sent.z))
        if len(sent.z) > 7:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return figures(sent)

    parts = measure_grid(lab(), "test", GRID, short_of_memory)
    assert max(seen) == 40
    for (_, one), (_, other) in zip(whole, parts, strict=True):
        assert other["error"] == pytest.approx(one["error"], rel=1e-5)


def test_progress_goes_from_begin_to_end():
    told = []
    run = lab()
    run.advance = told.append
    measure_grid(run, "test", GRID, figures, part=(0.5, 1.0))
    assert told == pytest.approx(list(np.linspace(0.5, 1.0, 6, endpoint=False)))


@pytest.mark.parametrize("law", [UNIFORM, SIGN, HALF, sparse(0.1)], ids=lambda law: law.name)
def test_laws_have_mean_0_variance_1_and_their_kurtosis(law):
    entries = law.draw(1500, 1000, torch.Generator().manual_seed(0)).double()
    assert float(entries.mean()) == pytest.approx(0, abs=0.01)
    assert float(entries.square().mean()) == pytest.approx(1, rel=0.01)
    assert float(entries.pow(4).mean()) == pytest.approx(law.kurtosis, rel=0.03)
    assert float(entries.pow(3).mean()) == pytest.approx(0, abs=0.1)  # symmetric


def test_student_t3_has_variance_1_and_heavy_tails():
    entries = STUDENT_T3.draw(1000, 1000, torch.Generator().manual_seed(0)).double()
    # P(|t_3| > 5.841) = 0.01, and the entries are t_3 / sqrt 3
    assert float((entries.abs() > 5.841 / np.sqrt(3)).double().mean()) == pytest.approx(0.01, rel=0.05)
    assert float(entries.abs().max()) > 30
    assert STUDENT_T3.kurtosis is None


def test_sparse_entries_are_sparse():
    entries = sparse(0.03).draw(500, 1000, torch.Generator().manual_seed(0))
    assert float((entries != 0).float().mean()) == pytest.approx(0.03, rel=0.05)


def test_a_lab_measures_once():
    calls = []

    def measure():
        calls.append(1)
        return 7

    run = lab()
    assert [run.once("a", measure), run.once("a", measure), run.once("b", measure)] == [7, 7, 7]
    assert len(calls) == 2

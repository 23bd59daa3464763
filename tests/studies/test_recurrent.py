"""The study of recurrent networks that read texts, in small: tasks, bag of words, journal, page."""

import csv
import json

import numpy as np
import pytest
import torch
from scipy import sparse

from netaudit.errors import SourceError
from netaudit.recurrent import fixed_points
from netaudit.recurrent.cells.simple import SimpleCell
from netaudit.studies.recurrent import known, page, run
from netaudit.studies.recurrent.bag_of_words import bag_of_words, fitted
from netaudit.studies.recurrent.measure import _mixed
from netaudit.studies.recurrent.mechanism import Reader, _first_axis, _hole, _neutral, linear, of_points
from netaudit.studies.recurrent.plan import QUICK, Effort, Synthetic, Text, tasks
from netaudit.studies.recurrent.words import conclusion, expected
from netaudit.training.text import load_texts

F64 = torch.float64
SMALL = Effort(starts=16, draws=1, sequences=12, steps=200, batches=5, texts=60)


def silent(message, done, total):
    pass


@pytest.fixture
def table(tmp_path):
    """Texts of which every good one has a good word and every bad one a bad word, among others."""
    random = np.random.default_rng(0)
    with (tmp_path / "reviews.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "source"))
        for place in range(240):
            label = place % 2
            others = " ".join(f"w{word}" for word in random.integers(0, 20, 8))
            writer.writerow((f"{others} {('bad', 'good')[label]} {place}", label, "rotten_tomatoes"))
    return tmp_path / "reviews.csv"


def test_it_runs_once_and_makes_its_page(tmp_path, table, monkeypatch):
    planned = tasks(table, kinds=("GRU",), sources=("sentences",), seeds=1, epochs=1, effort=SMALL)
    planned = [task for task in planned if task.cell != Synthetic("flip_flop")]
    data = run.run(tmp_path / "out", planned, command="test", jobs=1, progress=silent)
    monkeypatch.setattr(run, "worker", lambda networks: None)  # what is in the journal is not run again
    again = run.run(tmp_path / "out", planned, command="test", jobs=1, progress=silent)
    assert again == data
    [network] = data["networks"]
    assert (network["kind"], network["source"], network["epochs"]) == ("GRU", "sentences", 1)
    assert network["zero"]["length"] == 10
    assert {name: len(draws) for name, draws in network["zero"]["nulls"].items()} == dict.fromkeys(
        ("initialisation", "shuffled", "gaussian"), 1
    )
    assert network["untrained"]["verdict"] in ("single_fixed_point", "undecided")
    assert {task["task"] for task in data["tasks"]} == {"integrator", "two_integrators", "last_word"}
    document = page.document(data).document(draw=False)
    identifiers = [section.identifier for section in document.sections]
    assert identifiers == ["summary", "accuracy", "line", "readout", "known", "how"]
    assert str(tmp_path) not in document.json
    assert json.loads(document.json) == data
    assert sorted(path.name for path in (tmp_path / "out" / run.NETWORKS).iterdir()) == ["GRU_sentences_1_epochs_0"]


def test_texts_that_are_not_there_are_said_before_any_work(tmp_path):
    planned = tasks(tmp_path / "none.csv", seeds=1, effort=QUICK)
    with pytest.raises(SourceError, match=r"none\.csv is not there"):
        run.run(tmp_path / "out", planned, command="test", jobs=1, progress=silent)


def test_no_two_records_share_a_key(tmp_path):
    planned = tasks(tmp_path)
    assert len({(task.cell.key, task.seed) for task in planned}) == len(planned) == 4 * 3 + 2 * (1 + 3 * 3)
    assert sum(isinstance(task.cell, Text) for task in planned) == 18


def test_a_bag_of_words_finds_the_words_that_tell(table):
    data = load_texts("sentences", table)
    found = bag_of_words(data)
    assert found.accuracy > 0.95
    order = np.argsort(found.coefficients)
    assert (data.words[order[0]], data.words[order[-1]]) == ("bad", "good")
    assert found.coefficients[0] == 0


def test_the_regression_is_at_its_minimum():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(80, 5)), random.integers(0, 2, 80).astype(float)
    w, intercept = fitted(sparse.csr_array(x), y, 2.0)
    p = 1 / (1 + np.exp(-(x @ w + intercept)))
    assert x.T @ (p - y) + 2.0 * w == pytest.approx(0, abs=1e-3)
    assert (p - y).sum() == pytest.approx(0, abs=1e-3)


def test_words_in_random_order_are_the_same_words():
    x = torch.tensor([[1.0, 2, 3, 4, 5, 6, 7, 0, 0], [8, 9, 0, 0, 0, 0, 0, 0, 0]])
    mixed = _mixed(x, 0)
    assert torch.equal(mixed.sort(1).values, x.sort(1).values)
    assert torch.equal(mixed == 0, x == 0)
    assert not torch.equal(mixed, x)


def test_the_tasks_ask_for_what_they_say():
    generator = torch.Generator().manual_seed(0)
    for name, drill in known.TASKS.items():
        inputs, targets = drill.draw(generator, 50)
        assert inputs.shape == (50, known.LENGTH, drill.inputs)
        assert targets.shape == (50, known.LENGTH, drill.outputs)
        silent_steps = (inputs == 0).all(2)
        change = targets.diff(dim=1)[silent_steps[:, 1:]]
        if name == "last_word":
            assert bool((targets[silent_steps] == 0).all())
        else:
            assert float(change.abs().max()) < 1e-5  # a silent word changes nothing
        if name == "integrator":
            assert 0.5 < float(targets[:, -1].std()) < 2
    inputs, targets = known.flip_flop(generator, 20)
    assert torch.equal(targets[inputs != 0], inputs[inputs != 0])


@pytest.mark.parametrize(
    ("task", "verdict", "stable", "right"),
    [
        ("flip_flop", "point_attractors", 8, True),
        ("flip_flop", "point_attractors", 7, False),
        ("integrator", "line_attractor", 2, True),
        ("integrator", "single_fixed_point", 1, False),
        ("two_integrators", "line_attractor", 1, False),
        ("last_word", "single_fixed_point", 1, True),
    ],
)
def test_the_known_answers(task, verdict, stable, right):
    assert expected({"task": task, "verdict": verdict, "evidence": {"stable": stable}}) is right


def planted():
    """A linear cell that adds up the first number of its input along an axis of three, and forgets the rest."""
    matrix = torch.diag(torch.tensor([0.999, 0.5, 0.4], dtype=F64))
    centre = torch.full((3,), 20.0, dtype=F64)
    by_input = torch.diag(torch.tensor([1.0, 0.3, 0.3], dtype=F64))
    cell = SimpleCell("planted", by_input, matrix, centre - matrix @ centre, "relu")
    return Reader(cell, np.array([2.0, 0.0, 0.0]), -40.0), centre


def test_a_planted_integrator_adds_up_what_it_reads():
    reader, centre = planted()
    generator = torch.Generator().manual_seed(0)
    starts = centre + torch.randn(30, 3, generator=generator, dtype=F64)
    found = fixed_points(reader.cell, starts, torch.zeros(3), steps=200)
    figures = of_points(reader, found, 100)
    assert figures["readout_alignment"] == pytest.approx(1)
    assert figures["tangent_alignment"] > 0.95
    assert figures["readout_order"] == pytest.approx(1)
    assert figures["slow_modes"] == 1
    assert figures["time_constants"][0] == pytest.approx(999.5, rel=1e-3)
    assert [[round(value, 6), stable] for value, stable in figures["fixed"]] == [[0, True]]
    tokens = torch.randn(50, 3, generator=generator, dtype=F64)
    texts = [torch.randn(12, 3, generator=generator, dtype=F64) for _ in range(20)]
    logits = np.array([2 * float(text[:, 0].sum()) for text in texts])
    alone = linear(reader, found, tokens, texts, logits, tokens[:, 0].numpy())
    assert alone == {"selectivity": pytest.approx(1), "integration": pytest.approx(1)}
    other = linear(reader, found, tokens, texts, logits, tokens[:, 1].numpy())
    assert abs(other["selectivity"]) < 0.5
    turned = Reader(reader.cell, -reader.weight, 40.0)
    assert linear(turned, found, tokens, texts, -logits, -tokens[:, 0].numpy()) == alone


def test_without_networks_there_is_a_sentence():
    assert conclusion({"networks": [], "tasks": []}) == ("No network that reads texts was trained.",)


def test_a_hole_and_the_sense_of_the_line():
    assert _hole(np.array([0.0, 1.0, 0.1])) == pytest.approx(0.9)
    assert _hole(np.zeros(3)) is None
    points = np.outer([0.0, 1.0, 2.0, 5.0], [1.0, 2.0])
    for readout in (points[:, 0], -points[:, 0]):
        assert np.corrcoef(_first_axis(points, readout), readout)[0, 1] == pytest.approx(1)


def test_the_neutral_point_is_that_of_the_smallest_readout():
    reader, centre = planted()
    starts = centre + torch.tensor([[3.0, 0, 0], [-1.0, 0, 0], [0.5, 0, 0], [-2.0, 0, 0]], dtype=F64)
    slow = fixed_points(reader.cell, starts, torch.zeros(3), thresholds=(1e-4, 1e-12), steps=50).slow
    sizes = np.abs(reader.read(slow.points))
    assert sizes.argmin() > 0
    assert np.abs(reader.read(_neutral(reader, slow).points)) == pytest.approx(sizes.min())

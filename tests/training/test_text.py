"""Texts as numbers, the recipes that read them, and the command that trains on them."""

import csv
import json
from dataclasses import replace

import pytest
import torch

from netaudit.cli.main import main
from netaudit.errors import SourceError
from netaudit.training import checkpoint, loop, text
from netaudit.training.recipes import text_recipe
from netaudit.training.text import load_texts

CPU = torch.device("cpu")
LABELS = {"good": 1, "bad": 0}


def silent(message, done, total):
    pass


def rows(n=100, source="imdb"):
    """Texts of three words, one of which tells the label."""
    return [(f"film {place} is {word}", LABELS[word], source) for place in range(n // 2) for word in LABELS]


def write(path, found):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "source"))
        writer.writerows(found)
    return path


def texts_of(part, words):
    return {tuple(words[int(number)] for number in row[row > 0]) for row in part.x}


def test_a_fifth_is_held_out_whatever_the_order(tmp_path):
    one = load_texts("imdb", write(tmp_path / "one.csv", rows(400)))
    other = load_texts("imdb", write(tmp_path / "two.csv", rows(400)[::-1]))
    assert len(one.test.y) == len(other.test.y)
    assert 50 < len(one.test.y) < 110
    assert one.words == other.words
    assert texts_of(one.test, one.words) == texts_of(other.test, other.words)


def test_equal_texts_are_on_one_side(tmp_path):
    once, twice = (load_texts("imdb", write(tmp_path / "t.csv", rows() * times)) for times in (1, 2))
    assert len(twice.test.y) == 2 * len(once.test.y)
    assert not texts_of(twice.test, twice.words) & texts_of(twice.train, twice.words) - {("film", "is", "good")}


def test_words_are_those_of_the_training_texts(tmp_path):
    found = load_texts("imdb", write(tmp_path / "t.csv", rows()))
    numbers = {word for word in found.words if word.isdigit()}
    held = {place for place in map(str, range(50)) if place not in numbers}
    assert held, "some texts are tested on alone"
    assert found.words[:2] == ("", "")
    assert float(found.test.x.max()) < len(found.words)
    assert bool((found.test.x == text.UNKNOWN).any())  # a number that no training text has
    assert not bool((found.train.x == text.UNKNOWN).any())


def test_the_last_words_are_kept_and_padding_follows():
    words = text.vocabulary(["a b c d"])
    x = text.numbered(["a b c d", "b", "never seen"], words, 3)
    assert x.tolist() == [[3, 4, 5], [3, 0, 0], [1, 1, 0]]


def test_a_source_is_its_rows_of_the_table_and_all_of_one_without_the_column(tmp_path):
    both = rows(60) + [(f"other {words}", label, "rotten_tomatoes") for words, label, _ in rows(100)]
    table = write(tmp_path / "reviews.csv", both)
    imdb, sentences = (load_texts(name, tmp_path) for name in ("imdb", "sentences"))
    assert [len(one.train.y) + len(one.test.y) for one in (imdb, sentences)] == [60, 100]
    assert (imdb.train.x.shape[1], sentences.train.x.shape[1]) == (100, 50)
    lines = [line.rpartition(",")[0] for line in table.read_text().splitlines()]
    table.write_text("\n".join(lines) + "\n")
    own = load_texts("imdb", tmp_path)
    assert len(own.train.y) + len(own.test.y) == 160


def test_the_folder_of_reviews_gives_what_the_table_gives(tmp_path):
    of_table = load_texts("imdb", write(tmp_path / "t.csv", sorted(rows(), key=lambda row: row[1])))
    for place, (words, label, _) in enumerate(rows()):
        folder = tmp_path / "aclImdb" / "train" / ("neg", "pos")[label]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{place:03}_7.txt").write_text(words)
    assert load_texts("imdb", tmp_path).test.sha256() == of_table.test.sha256()
    assert load_texts("imdb", tmp_path / "aclImdb").train.sha256() == of_table.train.sha256()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "it must have columns text and label"),
        ("text,label\nx,2\n", "row 2 must have a text and the label 0 or 1, not '2'"),
        ("text,label\nx\n", "row 2 must have a text and the label 0 or 1, not 'None'"),
        ("text,label\nx y,1\n", "texts are not of both labels"),
        ("text,label\n" + 200_000 * "x" + ",1\n", "a damaged table: field larger than field limit"),
        ("text,label\n\xff", "a damaged table"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path, content, words):
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SourceError, match=words) as raised:
        load_texts("imdb", path)
    assert "\n" not in str(raised.value)


def test_texts_that_are_not_there_say_where_they_must_lie(tmp_path):
    with pytest.raises(SourceError, match=r"neither reviews\.csv nor aclImdb/train") as raised:
        load_texts("imdb", tmp_path)
    assert "--data-root DIR" in raised.value.hints[0]


def test_a_table_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "LARGEST_TABLE", 100)
    with pytest.raises(SourceError, match="may have 100 bytes"):
        load_texts("imdb", write(tmp_path / "t.csv", rows()))


def small(kind):
    recipe = text_recipe(kind)
    layers = [dict(layer) for layer in recipe.architecture]
    return replace(recipe, architecture=tuple(layers), batch=16, input=(100,))


@pytest.mark.parametrize("kind", ["GRU", "UGRNN"])
def test_a_run_goes_on_to_the_same_numbers_and_learns(tmp_path, kind):
    data, recipe = load_texts("sentences", write(tmp_path / "t.csv", rows(source="rotten_tomatoes"))), small(kind)

    def go(folder, stops):
        for stop in stops:
            folder.mkdir(exist_ok=True)
            run = checkpoint.resume(folder, recipe, 0, 5, CPU)

            def after(run, stop=stop):
                checkpoint.save_run(run, folder)
                if run.done == stop:
                    raise InterruptedError

            try:
                loop.train(run, data, silent, after=after)
            except InterruptedError:
                continue
        return run

    whole, parts = go(tmp_path / "whole", [None]), go(tmp_path / "parts", [2, 3, None])
    assert parts.history == whole.history
    assert whole.history[-1]["test_accuracy"] > 0.95
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, parts.model.state_dict()[name]), name
    if kind == "UGRNN":
        units = whole.model.rnn.hidden_size
        assert not bool(whole.model.rnn.weight_hh_l0[:units].any())
        assert bool((whole.model.rnn.bias_ih_l0[:units] == 40).all())


def test_a_gradient_is_scaled_to_the_norm_of_the_recipe(tiny, images):
    changes = []
    for clip in (None, 1e-4):
        run = loop.start(replace(tiny, momentum=0.0, weight_decay=0.0, batch=200, clip=clip), 0, 1, CPU)
        before = torch.cat([one.detach().flatten().clone() for one in run.model.parameters()])
        loop.epoch(run, images.train, 0.1, loop.cross_entropy, silent)
        after = torch.cat([one.detach().flatten() for one in run.model.parameters()])
        changes.append(float((after - before).norm()))
    assert changes[1] == pytest.approx(0.1 * 1e-4, rel=0.01)
    assert changes[0] > 100 * changes[1]


def test_the_command_trains_on_texts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table = write(tmp_path / "own.csv", rows())
    arguments = ["train", "imdb-rnn", "--data-root", str(table), "--epochs", "1", "--device", "cpu"]
    with pytest.raises(SystemExit) as leaving:
        main([*arguments, "--quiet"])
    assert leaving.value.code == 0
    folder = tmp_path / "trained" / "imdb-rnn"
    card = json.loads((folder / "card.json").read_text())
    words = (folder / "vocabulary.txt").read_text().split("\n")
    assert tuple(words[:-1]) == load_texts("imdb", table).words
    assert (card["vocabulary"], card["input"]) == ("vocabulary.txt", [100])
    assert "authors' and no part of the license" in card["sample_data"]
    assert card["accuracy"]["test_texts"] == len(load_texts("imdb", table).test.y)
    assert "Adam" in card["recipe"]
    assert "momentum" not in card["recipe"]
    capsys.readouterr()
    with pytest.raises(SystemExit) as leaving:
        main([*arguments, "--shadow", "--out", "shadowed"])
    assert leaving.value.code == 2
    assert "shadow training takes pictures" in capsys.readouterr().err

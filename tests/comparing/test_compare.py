"""The door: what can be compared, what is listed, and what is kept."""

import copy
import json
import re
from pathlib import Path

import pytest
import torch
from in_names import NAMES
from safetensors.torch import save_file
from torch import nn

import netaudit
from netaudit.comparing.alignment import MOST_UNITS
from netaudit.comparing.pairing import partners
from netaudit.comparing.result import Comparison
from netaudit.comparing.roundings import rounded
from netaudit.comparing.rules import RELATED, RULES, SAME_IN, SMALL_CHANGE, UNRELATED, WITHIN, in_words
from netaudit.errors import NetauditError, ReportError

DOCS = Path(__file__).parents[2] / "docs" / "compare.md"


def compared(*targets, **options):
    return netaudit.compare(*targets, ladder=False, **options)


def state(net, prefix=""):
    return {f"{prefix}{name}": tensor.clone() for name, tensor in net.state_dict().items()}


@pytest.fixture
def noisy(net, change):
    return change(net, lambda W: W + 0.02 * W.std() * torch.randn_like(W))


def test_formats_and_shards_do_not_count(net, tmp_path):
    torch.save(state(net), tmp_path / "a.pt")
    save_file(state(net), tmp_path / "b.safetensors")
    shards, tensors = tmp_path / "shards", list(state(net).items())
    shards.mkdir()
    places = {}
    for number, part in enumerate((tensors[:2], tensors[2:]), 1):
        name = f"model-{number:05d}-of-00002.safetensors"
        save_file(dict(part), shards / name)
        places |= dict.fromkeys(dict(part), name)
    (shards / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    found = compared(tmp_path / "a.pt", tmp_path / "b.safetensors", shards)
    assert found.words == ("identical", "identical")
    assert len({side.file_sha256 for side in found.sides}) == 3
    assert [side.name for side in found.sides][:2] == ["a.pt", "b.safetensors"]
    assert str(tmp_path) not in found.to_json()


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.module."])
def test_the_prefix_of_a_wrapper_does_not_count(net, tmp_path, prefix):
    torch.save(state(net), tmp_path / "a.pt")
    torch.save(state(net, prefix), tmp_path / "b.pt")
    [pair] = compared(tmp_path / "a.pt", tmp_path / "b.pt").pairs
    assert (pair.word, len(pair.layers)) == ("identical", 3)


def test_layers_are_matched_by_name_and_shape_and_not_by_place():
    ours = {"fc1": (8, 8), "fc2": (8, 8), "top": (2, 8)}
    theirs = {"model.net.fc2": (8, 8), "model.net.fc1": (8, 8), "model.net.top": (3, 8)}
    for first, second in ((ours, theirs), (theirs, ours)):
        found = partners(first, second)
        assert {tuple(sorted(name.rpartition(".")[2] for name in pair)) for pair in found.pairs} == {
            ("fc1", "fc1"), ("fc2", "fc2"),
        }  # fmt: skip
        assert len(found.other_shape) == 1
    assert partners(ours, {"other.fc1": (8, 8)}).pairs == ()


def test_what_has_no_partner_is_listed(net):
    other = nn.Sequential(*copy.deepcopy(net)[:4], nn.Linear(64, 7), nn.ReLU(), nn.Linear(7, 7))
    found = compared(net, other)
    [pair] = found.pairs
    assert [layer.layer for layer in pair.layers] == ["0", "2"]
    assert (pair.only_first, pair.only_second, pair.other_shape) == ((), ("6",), ("4",))
    assert found.raises("changed")
    assert "another shape in the other network: 4" in page_text(found)


def page_text(found):
    from netaudit.report.renderers.text import to_text

    return to_text(found.document(draw=False))


def test_a_series_gives_curves(net, change):
    torch.manual_seed(0)
    steps = [change(net, lambda W, s=size: W + s * W.std() * torch.randn_like(W)) for size in (0.01, 0.1, 0.4)]
    found = compared(net, *steps)
    assert found.words == ("fine_tuned",) * 3
    sizes = [pair.layers[0].change.relative for pair in found.pairs]
    assert sizes == pytest.approx([0.01, 0.1, 0.4], rel=0.1)
    document = found.document(draw=False)
    assert {"series_size", "series_cosine", "changes", "pair_03_spectrum_001"} <= document.figures.keys()


def test_the_untrained_twin_has_the_start_that_is_recognised(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(200, 300), nn.ReLU(), nn.Linear(300, 100))
    with torch.no_grad():
        nn.init.kaiming_normal_(net[0].weight)
        net[2].weight += 0.1
    found = compared(net, vs_init=True)
    assert [side.kind for side in found.sides] == ["twin", "module"]
    assert "kaiming_normal (1 layer)" in found.sides[0].notes[0]
    assert found.words == ("unrelated",)
    again, other = compared(net, vs_init=True), compared(net, vs_init=True, seed=1)
    assert again.to_json() == found.to_json()
    assert other.pairs[0].layers[0].cosine != found.pairs[0].layers[0].cosine


def test_audits_give_words_and_numbers_with_intervals(net):
    torch.manual_seed(1)
    other = copy.deepcopy(net)
    with torch.no_grad():
        other[0].weight += 0.5 * torch.outer(torch.randn(80), torch.randn(60))
    found = netaudit.compare(net, other, audited=True, ladder=False, layers=["0"])
    [pair] = found.pairs
    changed = {(each.layer, each.what): (each.before, each.after) for each in pair.verdicts}
    assert changed["0", "singular_law"] == ("holds", "fails")
    assert changed["0", "initialisation.verdict"][1] == "trained"
    spikes = next(each for each in pair.metrics if each.metric == "spikes")
    assert (spikes.before, spikes.after) == (0, 1)
    judged = [each for each in pair.metrics if each.interval is not None]
    assert judged
    for each in judged:
        assert each.interval[0] <= each.after - each.before <= each.interval[1]
    sure = [each.interval is not None and not each.interval[0] <= 0 <= each.interval[1] for each in pair.metrics]
    assert sure == sorted(sure, reverse=True)
    assert found.raises("verdict")
    assert found.raises("changed")


def test_of_two_audits_the_numbers_are_compared_and_the_weights_are_not(net, noisy, tmp_path):
    for name, each in (("a", net), ("b", noisy), ("c", net)):
        netaudit.audit(each, analyses=["gaussian_weights"], nulls="none").to_json(tmp_path / f"{name}.json")
    found = netaudit.compare(tmp_path / "a.json", tmp_path / "b.json")
    [pair] = found.pairs
    assert (pair.word, pair.layers[0].note) == ("undecided", "The weights are not there.")
    assert pair.metrics
    assert pair.notes[0].startswith("Of both there is an audit and no weights: ")
    assert netaudit.compare(tmp_path / "a.json", tmp_path / "c.json").words == ("identical",)
    with pytest.raises(NetauditError, match=r"one of the two is an audit\.json"):
        netaudit.compare(tmp_path / "a.json", noisy)


def test_the_order_of_units_is_looked_for_only_where_the_order_of_layers_is_known(net, tmp_path):
    for name in ("a", "b"):
        weights = {f"{letter}.weight": torch.randn(40, 40) for letter in ("left", "right")}
        torch.save(weights, tmp_path / f"{name}.pt")
    [pair] = compared(tmp_path / "a.pt", tmp_path / "b.pt").pairs
    assert any("units in another order are not looked for" in note for note in pair.notes)


def test_the_json_is_read_back_and_the_same_twice(net, noisy, tmp_path):
    found, again = (netaudit.compare(net, noisy, layers=["0"]) for _ in range(2))
    assert found.to_json() == again.to_json()
    found.to_json(tmp_path / "compare.json")
    read = Comparison.from_json(tmp_path / "compare.json")
    assert read == found
    assert read.to_json() == found.to_json()
    for folder in ("one", "two"):
        read.write(tmp_path / folder)
    names = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert {str(name) for name in names} >= {"compare.html", "compare.pdf", "compare.json", "figures/changes.svg"}
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def broken(text, damage):
    data = json.loads(text)
    damage(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda d: d.update({"$schema": "urn:netaudit-dnn:audit:2"}), r"not a compare\.json: \$schema is"),
        (lambda d: d.update(format_version=9), r"format_version 9, but this netaudit reads 1"),
        (lambda d: d["pairs"][0].update(word="identical"), "a word or a number was changed since it was written"),
        (lambda d: d["pairs"][0].update(word="renewed"), "not a compare.json: Invalid enum value"),
        (lambda d: d["pairs"][0].update(second=7), "a pair names a network that is not there"),
        (lambda d: d.update(more=1), "not a compare.json: Object contains unknown field"),
        (lambda d: d["pairs"][0]["layers"][0].update(cosine=2), "not a compare.json: Expected `float` <= 1"),
    ],
)
def test_a_file_that_is_damaged_is_refused(net, noisy, damage, says):
    text = compared(net, noisy).to_json()
    with pytest.raises(ReportError, match=says):
        Comparison.from_json(broken(text, damage))


def test_hostile_names_are_names(tmp_path):
    for name, size in (("a", 0.0), ("b", 0.01)):
        torch.manual_seed(0)
        weights = {key: torch.randn(24, 30) + size * torch.randn(24, 30) for key in NAMES.values()}
        torch.save(weights, tmp_path / f"{name}.pt")
    found = compared(tmp_path / "a.pt", tmp_path / "b.pt")
    assert len(found.pairs[0].layers) == len(NAMES)
    out = tmp_path / "out"
    found.write(out, formats=["html", "pdf", "text", "json"])
    html = (out / "compare.html").read_text(encoding="utf-8")
    assert "<script" not in html
    for page in (html, (out / "compare.txt").read_text(encoding="utf-8")):
        assert not {"\x1b", "\x07", "\x9b", "\r", "\0", "\u202e"} & set(page)
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == [
        "compare.html", "compare.json", "compare.pdf", "compare.txt", "figures",
    ]  # fmt: skip


def test_the_example_of_the_documentation_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    [example] = re.findall(r"^```python\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(example, "compare.md", "exec"), {})
    assert capsys.readouterr().out.startswith("('fine_tuned',) [('0', 'fine_tuned', 'related_and_small'), ('2', ")
    assert (tmp_path / "compared" / "compare.pdf").is_file()


def test_the_documentation_has_every_word_and_rule_with_its_threshold():
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \| ([^|]+) \|$", text, re.MULTILINE)
    named = {name: word for word, names, _ in rows for name in re.findall(r"`(\w+)`", names)}
    assert named == {rule.name: in_words(rule.word) for rule in RULES}
    said = {name: says for _, names, says in rows for name in re.findall(r"`(\w+)`", names)}
    assert f"at most {SAME_IN:g} roundings" in said["same_after_alignment"]
    assert f"{WITHIN:.1%} of the weights" in said["within_half_a_step"]
    assert f"above {RELATED:g}, and the change is at most half" in said["related_and_small"]
    assert SMALL_CHANGE == 0.5
    assert f"above {UNRELATED:g}" in said["related_and_large"]
    assert f"below {UNRELATED:g}" in said["no_overlap"]
    smallest = (3 / UNRELATED) ** 2
    assert smallest == pytest.approx(900)
    assert f"Above {MOST_UNITS:,} units" in text


def test_page_one_names_the_word_the_place_and_the_kind_of_the_change(net, noisy, change):
    text = page_text(compared(net, noisy))
    assert "changed a little, as fine-tuning does" in text
    assert "Of 3 layers: 3 fine-tuned. Layer " in text
    assert "of full rank, 0 spikes" in text
    adapted = change(net, lambda W: W + 0.005 * torch.randn(W.shape[0], 1) @ torch.randn(1, W.shape[1]))
    assert "In 3 layers the change has a low rank, as LoRA gives (rank 1)." in page_text(compared(net, adapted))
    by_row = change(net, lambda W: rounded(W.double(), "int8 per row").float())
    assert "Rounding explains the change of 3 layers: int8 per row." in page_text(compared(net, by_row))

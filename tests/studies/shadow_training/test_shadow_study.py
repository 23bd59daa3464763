"""The study of shadow training: its arms, its choice of rates, its statistics, its runs, and the committed page."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional

from netaudit.report.renderers.html import to_html
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.page import write_study
from netaudit.studies.shadow_training import arms, measure, page, plan, points, run, summary, words
from netaudit.studies.shadow_training.comparisons import comparisons, distinct, paired_p
from netaudit.studies.shadow_training.plan import Setting, TrainingCell
from netaudit.training.shadow_loss import ShadowLoss

FOLDER = Path(__file__).parents[3] / "reports" / "shadow-training"


@pytest.fixture
def tiny():
    """Forty labelled points of the small MNIST, three epochs, all arms; layers of 50 instead of 500 units."""
    base = plan._mnist(dropout=True)
    narrow = [{name: 50 if value == 500 else value for name, value in layer.items()} for layer in base.architecture]
    base = replace(base, architecture=tuple(narrow), epochs=3, batch=20)
    return Setting("tiny", base, 40, plan.ARMS, seeds=2, rates=(0.01, 0.1))


@pytest.fixture
def held_out(monkeypatch):
    """The small MNIST has 300 training images."""
    monkeypatch.setattr(points, "HELD_OUT", 100)
    yield
    points._judged_on.cache_clear()
    points._data.cache_clear()


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(30, 12, generator=generator), torch.arange(30) % 3


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 20), nn.ReLU(), nn.Linear(20, 3))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_arm_of_the_plan_can_be_built():
    found = plan.settings()
    assert len({setting.name for setting in found}) == len(found) == 14
    for setting in found:
        assert plan.steps(setting) > 100
        for arm in setting.arms:
            arms.build(arm, model(), 0, 10)
    for arm in (*plan.VARIANTS, *(plan.sweep_arm(*place) for place in plan.SWEEP)):
        assert arms.build(arm, model(), 0, 10).shadow is not None


def test_repeating_the_points_doubles_the_step(batch):
    net = model()
    plain, twice = (arms.build(name, net, 0, 10)(net, *batch, generator()) for name in ("plain", "repeat"))
    assert twice.item() == pytest.approx(2 * plain.item())


def test_noise_has_the_norm_of_the_input(batch):
    seen = []
    arms.noise(lambda x: (seen.append(x), model()(x))[1], *batch, generator())
    difference = seen[0] - batch[0]
    assert torch.allclose(difference.norm(dim=1), batch[0].norm(dim=1), rtol=1e-5)


def test_mixup_mixes_points_and_labels_in_the_same_shares(batch):
    x, y = batch
    net = model()
    found = arms.mixup(3)(net, x, y, generator())
    share, other = (
        float(arms.devices.numpy_generator(3, "shadow-study", "mixup").beta(0.4, 0.4)),
        torch.randperm(30, generator=generator()),
    )
    soft = share * functional.one_hot(y, 3) + (1 - share) * functional.one_hot(y[other], 3)
    expected = functional.cross_entropy(net(share * x + (1 - share) * x[other]), soft.float())
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_random_control_has_nothing_of_the_network(batch):
    net = model()
    own, random = ShadowLoss(net, rho=1.0), arms.RandomShadow(net, 0)
    logits = net(batch[0]).detach()
    shadows = [criterion.draw(logits, batch[1])[0] for criterion in (own, random)]
    weights = net[2].weight.detach()
    aimed, below = logits.softmax(1) @ weights, net[0].weight.detach()
    aligned = [float(functional.cosine_similarity(x @ below.T, aimed).mean()) for x in shadows]
    assert aligned[0] > 0.15 > abs(aligned[1])


def test_combined_arms_add_their_terms(batch):
    net = model()
    criterion = arms.build("shadow+noise", net, 0, 10)
    criterion.shadow.rhos = [1.0, 1.0]
    total = criterion(net, *batch, generator()).item()
    shadow = ShadowLoss(net, rho=1.0)(net(batch[0]), batch[1]).item()
    assert total == pytest.approx(shadow + arms.noise(net, *batch, generator()).item(), rel=1e-5)


def test_paired_intervals_are_the_t_test_s():
    ours, theirs = np.random.default_rng(0).normal([[0.1], [0.12]], 0.01, (2, 8))
    found = summary.paired(list(ours), list(theirs))
    low, high = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert (found["low"], found["high"]) == (pytest.approx(low), pytest.approx(high))
    assert (found["sign"], found["n"]) == (-1, 8)
    assert summary.paired([1.0, 2.0], [2.0, 1.0])["sign"] == 0
    with pytest.raises(ValueError, match="two replicates"):
        summary.paired([1.0], [2.0])


def test_a_run_is_the_same_again_and_arms_of_one_seed_see_the_same_points(tiny, mnist_root, held_out):
    def go(arm, seed=0, stage="test"):
        record = measure.train(TrainingCell(tiny, arm, stage, 0.1), seed, mnist_root)
        del record["seconds"]
        return record

    first = go("shadow")
    assert first == go("shadow")
    assert [set(point) for point in first["curves"]] == [{"real", "shadow", "test"}] * 3
    assert set(first["audit"]) == {"fc1", "fc2", "fc3"}
    assert 0 <= first["error"] < 0.9
    assert "curves" not in go("plain")
    a, b, other = (points.labelled(tiny, mnist_root, seed) for seed in (0, 0, 1))
    assert torch.equal(a.x, b.x)
    assert not torch.equal(a.x, other.x)


def test_labelled_points_are_not_held_out(tiny, mnist_root, held_out):
    everything = replace(tiny, labels=200)
    labelled = {row.numpy().tobytes() for row in points.labelled(everything, mnist_root, 0).x}
    judged = {row.numpy().tobytes() for row in points.judged_on(everything, mnist_root, "rate").x}
    assert (len(labelled), len(judged)) == (200, 100)
    assert not labelled & judged


def test_a_diverged_run_is_a_whole_error(tiny, mnist_root, held_out):
    record = measure.train(TrainingCell(tiny, "plain", "rate", 1e6), 0, mnist_root)
    assert record["error"] == measure.DIVERGED


def test_the_best_rate_is_chosen_unless_a_run_diverges(tiny, tmp_path):
    only = replace(tiny, arms=("plain", "shadow"), rates=(0.01, 0.1, 0.2))
    errors = {0.01: 0.3, 0.1: 0.2, 0.2: 0.1}
    with Journal(tmp_path / "j", "x") as journal:
        for cell in plan.rate_cells(only):
            for seed in plan.seeds(cell):
                journal.add({"cell": cell.key, "seed": seed, "error": errors[cell.rate]})
        assert run.choose(only, journal)[0] == {"plain": 0.2, "shadow": 0.2}
        confirmed = TrainingCell(only, "shadow", "confirm", 0.2)
        journal.add({"cell": confirmed.key, "seed": plan.seeds(confirmed)[1], "error": measure.DIVERGED})
        assert run.choose(only, journal)[0] == {"plain": 0.2, "shadow": 0.1}
        assert run.outcomes([only], journal) == []  # nothing is confirmed yet


def test_the_study_runs_goes_on_and_makes_a_page(tiny, mnist_root, held_out, tmp_path, monkeypatch):
    small = replace(tiny, arms=("plain", "shadow", "random"), follow=False)
    told = []
    monkeypatch.setattr(run, "run_tasks", lambda tasks, jobs, work: (r for task in tasks for r in work(task)))
    monkeypatch.setattr(run, "cost", lambda: [])
    with run.open_journal(tmp_path / "out") as journal:
        run.run([small], mnist_root, journal, command="test", jobs=1, progress=lambda *a: told.append(a[0]))
        data = summary.study_data(run.outcomes([small], journal), [small, tiny], journal)
    assert "test: tiny, shadow" in " ".join(told)
    told.clear()
    with run.open_journal(tmp_path / "out") as journal:
        run.run([small], mnist_root, journal, command="test", jobs=1, progress=lambda *a: told.append(a[0]))
        again = summary.study_data(run.outcomes([small], journal), [small, tiny], journal)
    assert not any("test: tiny" in message for message in told)  # nothing is run twice
    assert again["settings"] == data["settings"]
    write_study(page.document(data), tmp_path / "out")
    html = (tmp_path / "out/shadow-training.html").read_text()
    assert "tiny" in html
    assert words.verdict(data) in html


def data_with(*signs, seeds=6, same=False):
    """Settings in which the shadow is clearly better (-1), worse (1) or as good as plain training."""
    settings = []
    for place, sign in enumerate(signs):
        plain = [0.1 + 0.001 * seed for seed in range(seeds)]
        shadow = [error + 0.01 * sign + 0.0005 * (-1) ** seed for seed, error in enumerate(plain)]
        arms = {"plain": plain, "shadow": shadow} | ({"repeat": list(plain)} if same else {})
        entry = {"arm": "shadow", "base": "plain", "sign": sign, "mean": 0.01 * sign, "low": 0.0, "high": 0.0}
        settings.append(
            {
                "name": str(place), "tracking": None, "audit": {}, "against": [entry], "rates": [0.1, 0.2, 0.3],
                "arms": {arm: {"errors": errors, "rate": 0.2} for arm, errors in arms.items()},
            }
        )  # fmt: skip
    return {"settings": settings, "sweep": [], "variants": []}


def test_the_verdict_says_what_the_numbers_say():
    assert words.verdict(data_with(0, 0)).startswith("Shadow training does not help: in 0 of 2 settings")
    assert "in 1 of 2 settings it is clearly above" in words.verdict(data_with(0, 1))
    helped = words.verdict(data_with(-1, -1, 1))
    assert "in 2 of 3 settings and raises it in 1" in helped
    assert "In 0 of these the gain is the shadow's own" in helped
    assert helped.endswith("after correction for all 3 comparisons with its controls.")
    [sentence, *_] = words.findings(data_with(-1, 0, 0))
    assert "clearly fewer errors in 1 of 3 settings, clearly more in 0, no clear difference in 2" in sentence


def test_a_difference_that_correction_takes_away_is_not_called_clear():
    data = data_with(-1, *[0] * 80, seeds=3)
    found = comparisons(data)
    assert found["0", "plain"].p < 0.05 < found["0", "plain"].adjusted
    assert words.verdict(data).startswith("Shadow training does not help")


def test_p_values_are_those_of_the_paired_t_test():
    ours, theirs = [0.1, 0.13, 0.11, 0.2], [0.12, 0.1, 0.19, 0.23]
    assert paired_p(ours, theirs)[1] == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)


def test_a_control_with_the_same_runs_is_counted_once():
    data = data_with(-1, 0, same=True)
    found = comparisons(data)
    assert found["0", "repeat"].same_as == "plain"
    assert found["0", "repeat"].adjusted == found["0", "plain"].adjusted == min(1, 2 * found["0", "plain"].p)
    assert distinct(found) == 2
    assert "0: the runs of repeat are those of plain, bit for bit, and the comparison is counted once." in set(
        words.cautions(data)
    )


def test_a_rate_at_the_end_of_its_list_is_said():
    data = data_with(0)
    assert not list(words.cautions(data))
    assert words.rates_at_the_end(data["settings"][0]) == ""
    data["settings"][0]["arms"]["shadow"]["rate"] = 0.3
    [said] = words.cautions(data)
    assert said.startswith("In 1 of 1 setting the best rate of at least one arm lies at an end of its list")
    assert words.rates_at_the_end(data["settings"][0]).startswith("The best rate of shadow lies at an end")


@pytest.mark.skipif(not FOLDER.exists(), reason="the study is not committed")
def test_the_committed_page_is_the_one_its_json_gives():
    text = (FOLDER / "shadow-training.json").read_text(encoding="ascii")
    made = page.document(json.loads(text))
    assert made.to_json() == text
    plain = [
        re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)
        for html in (to_html(made.document()), (FOLDER / "shadow-training.html").read_text("utf-8"))
    ]
    assert plain[0] == plain[1]


@pytest.mark.skipif(not FOLDER.exists(), reason="the study is not committed")
def test_the_committed_summary_is_that_of_the_committed_runs(tmp_path):
    committed = json.loads((FOLDER / "shadow-training.json").read_text(encoding="ascii"))
    (tmp_path / run.JOURNAL).write_bytes((FOLDER / run.JOURNAL).read_bytes())
    settings = plan.settings()
    with run.open_journal(tmp_path) as journal:
        again = summary.study_data(run.outcomes(settings, journal), settings, journal)
    assert [setting["name"] for setting in again["settings"]] == [setting["name"] for setting in committed["settings"]]
    for ours, theirs in zip(again["settings"], committed["settings"], strict=True):
        assert ours["arms"] == theirs["arms"]
        assert [e["sign"] for e in ours["against"]] == [e["sign"] for e in theirs["against"]]

"""The monitor changes nothing of a training, and says what an audit of the same weights says."""

import csv
import importlib
import json
import sys
import types

import pytest
import torch
from torch import nn

import netaudit
from netaudit.training import Monitor

EVERY, STEPS = 4, 10


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(36, 48), nn.ReLU(), nn.Dropout(0.2), nn.BatchNorm1d(48), nn.Linear(48, 40))


def train(model, steps=STEPS, after=lambda: None):
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    torch.manual_seed(1)
    for _ in range(steps):
        optimiser.zero_grad()
        model(torch.rand(32, 36)).square().mean().backward()
        optimiser.step()
        after()
    return torch.rand(1)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("watched"), network()
    with Monitor(model, folder, every=EVERY, final=("json",), analyses=("gaussian_weights", "singular_law")) as monitor:
        last = train(model, after=monitor.step)
    return model, monitor, folder, last


def test_the_training_is_the_same_without_it(watched):
    model, _, _, last = watched
    alone = network()
    assert torch.equal(train(alone), last)
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name
    assert all(module.training for module in model.modules())


def test_a_counter_that_leaps_over_a_step_is_measured_behind_it(tmp_path):
    monitor = Monitor(network(), tmp_path, every=4, final=(), analyses=("gaussian_weights",))
    for steps in (3, 5, 6, 7, 13, 15):
        monitor.step(steps)
    monitor.close()
    assert monitor.measured == [0, 5, 13]


def test_it_measures_first_last_and_in_between(watched):
    _, monitor, folder, _ = watched
    assert monitor.measured == [0, 4, 8, 10]
    with (folder / "monitor.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(step) for step in dict.fromkeys(row["step"] for row in rows)] == [0, 4, 8, 10]
    assert {row["layer"] for row in rows} == {"0", "4"}


def test_the_numbers_are_those_of_an_audit(watched):
    model, _, folder, _ = watched
    report = netaudit.audit(model, analyses=("gaussian_weights", "singular_law"), nulls="none")
    frame = report.to_dataframe(long=True)
    of_layers = frame[(frame.layer != "") & frame.value.notna()]
    with (folder / "monitor.csv").open(newline="") as file:
        last = [row for row in csv.DictReader(file) if row["step"] == "10" and row["layer"] and row["value"]]
    assert [float(row["value"]) for row in last] == list(of_layers.value)
    assert len(last) > 20


def test_tensorboard_has_the_same_scalars(watched):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(watched[2] / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("0/gaussian_weights.ks_gaussian")] == [0, 4, 8, 10]


def test_it_leaves_a_page_a_report_and_its_cost(watched):
    _, monitor, folder, _ = watched
    page = (folder / "monitor.html").read_text()
    assert "Training, watched" in page
    assert page.count("<svg ") >= 2
    report = json.loads((folder / "report" / "audit.json").read_text())
    assert len(report["layers"]) == 2
    cost = json.loads((folder / "cost.json").read_text())
    assert cost["measurements"] == 4
    assert 0 < cost["share_of_time"] <= 1
    assert cost["seconds"] == pytest.approx(monitor.seconds, abs=1e-3)


def test_weights_that_cannot_be_audited_end_no_training(tmp_path):
    model = nn.Sequential(nn.Linear(40, 40))
    with Monitor(model, tmp_path, every=1, final=(), analyses=("gaussian_weights",)) as monitor:
        with torch.no_grad():
            model[0].weight.fill_(float("nan"))
        monitor.step()
    assert list(monitor.failures) == [1]
    assert "After 1 step" in (tmp_path / "monitor.html").read_text()


def test_an_exception_in_the_training_stays_what_it_is(tmp_path):
    def broken():
        with Monitor(nn.Linear(40, 40), tmp_path, analyses=("constant_bias",)):
            raise KeyError("batch")

    with pytest.raises(KeyError, match="batch"):
        broken()
    assert (tmp_path / "monitor.csv").is_file()
    assert not (tmp_path / "monitor.html").exists()


def test_every_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        Monitor(nn.Linear(2, 2), tmp_path, every=0)


@pytest.fixture
def with_fakes(monkeypatch):
    """The two packages as far as the adapters know them: a base class of each."""
    lightning, transformers = types.ModuleType("lightning.pytorch"), types.ModuleType("transformers")
    lightning.Callback = type("Callback", (), {})
    transformers.TrainerCallback = type("TrainerCallback", (), {})
    monkeypatch.setitem(sys.modules, "lightning", types.ModuleType("lightning"))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", lightning)
    monkeypatch.setitem(sys.modules, "transformers", transformers)
    yield lightning, transformers
    monkeypatch.undo()
    for name in ("lightning_monitor", "trainer_monitor"):
        importlib.reload(importlib.import_module(f"netaudit.training.{name}"))


def adapter(name):
    return importlib.reload(importlib.import_module(f"netaudit.training.{name}"))


def test_the_callback_of_lightning(with_fakes, tmp_path):
    made = adapter("lightning_monitor").LightningMonitor(tmp_path, every=2, final=(), analyses=("gaussian_weights",))
    assert isinstance(made, with_fakes[0].Callback)
    trainer, model = types.SimpleNamespace(global_step=0, is_global_zero=True), nn.Linear(40, 40)
    made.on_train_start(trainer, model)
    for batch in range(8):  # two batches a step
        trainer.global_step = (batch + 1) // 2
        made.on_train_batch_end(trainer, model, None, None, batch)
    made.on_train_end(trainer, model)
    assert made.monitor.measured == [0, 2, 4]
    assert (tmp_path / "monitor.html").is_file()


def test_the_callback_of_transformers(with_fakes, tmp_path):
    made = adapter("trainer_monitor").TrainerMonitor(tmp_path, every=2, final=(), analyses=("gaussian_weights",))
    assert isinstance(made, with_fakes[1].TrainerCallback)
    state = types.SimpleNamespace(global_step=0, is_world_process_zero=True)
    made.on_train_begin(None, state, None, model=nn.Linear(40, 40))
    for state.global_step in range(1, 6):
        made.on_step_end(None, state, None)
    made.on_train_end(None, state, None)
    assert made.monitor.measured == [0, 2, 4, 5]


def test_other_processes_measure_nothing(with_fakes, tmp_path):
    made = adapter("lightning_monitor").LightningMonitor(tmp_path / "none")
    trainer = types.SimpleNamespace(global_step=1, is_global_zero=False)
    made.on_train_start(trainer, nn.Linear(40, 40))
    made.on_train_batch_end(trainer, None, None, None, 0)
    made.on_train_end(trainer, None)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "made", "packages"),
    [("lightning_monitor", "LightningMonitor", ("lightning", "lightning.pytorch", "pytorch_lightning")),
     ("trainer_monitor", "TrainerMonitor", ("transformers",))],
)  # fmt: skip
def test_without_the_package_it_says_what_to_install(monkeypatch, name, made, packages, tmp_path):
    with monkeypatch.context() as patch:
        for package in packages:
            patch.setitem(sys.modules, package, None)
        with pytest.raises(netaudit.NetauditError, match=f"{made} needs") as caught:
            getattr(adapter(name), made)(tmp_path)
    assert caught.value.hints[0].startswith("install it: pip install")
    adapter(name)

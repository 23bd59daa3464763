import sys
import time
from types import SimpleNamespace

import pytest

from netaudit.training.log import Log, follows, to_csv

HISTORY = [
    {"epoch": 0, "rate": None, "loss": None, "test_accuracy": 0.1},
    {"epoch": 1, "rate": 0.1, "loss": 2.5, "test_accuracy": 0.7, "real_error": 0.4, "shadow_error": 0.5},
    {"epoch": 2, "rate": 0.05, "loss": 1.5, "test_accuracy": 0.8, "real_error": 0.3, "shadow_error": 0.35},
]


def test_the_csv_has_a_line_an_epoch():
    assert to_csv(HISTORY).splitlines() == [
        "epoch,rate,loss,test_error,real_error,shadow_error",
        "0,,,0.9,,",
        "1,0.1,2.5,0.3,0.4,0.5",
        "2,0.05,1.5,0.2,0.3,0.35",
    ]


def test_tensorboard_reads_the_scalars_and_a_run_that_goes_on(tmp_path, monkeypatch):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = Log(tmp_path)
    for epoch in range(3):
        log(HISTORY[: epoch + 1])
    log.close()
    # TensorBoard orders its files by the second that is in their names: a run that goes on comes seconds later
    later = SimpleNamespace(time=lambda: time.time() + 5)
    monkeypatch.setattr("tensorboard.summary.writer.event_file_writer.time", later)
    again = Log(tmp_path)
    again([*HISTORY[:2], {**HISTORY[2], "shadow_error": 0.2}])
    again.close()
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    found = {
        tag: [(event.step, round(event.value, 6)) for event in events.Scalars(tag)]
        for tag in ("test_error", "shadow_error")
    }
    assert found == {"test_error": [(0, 0.9), (1, 0.3), (2, 0.2)], "shadow_error": [(1, 0.5), (2, 0.2)]}


def test_without_tensorboard_there_is_the_csv_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    log = Log(tmp_path)
    log(HISTORY)
    log.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_follows_tells_the_common_fall_from_what_is_beyond_it():
    real, shadow = [0.5, 0.4, 0.2, 0.1, 0.05], [0.6, 0.55, 0.3, 0.25, 0.22]
    both = follows(real, shadow)
    assert both["levels"] == pytest.approx(0.982, abs=0.01)
    assert both["changes"] == pytest.approx(0.9, abs=0.1)
    assert follows(real, real) == {"levels": pytest.approx(1), "changes": pytest.approx(1)}
    other = follows([4.0, 3.0, 1.0, 0.0], [4.0, 2.0, 1.0, -1.0])  # falls by 1, 2, 1 and by 2, 1, 2
    assert other["levels"] > 0.9
    assert other["changes"] == pytest.approx(-1)
    assert follows([0.5, 0.4], [0.5, 0.4]) == {"levels": None, "changes": None}
    assert follows([0.5, 0.5, 0.5], [0.5, 0.4, 0.2])["levels"] is None

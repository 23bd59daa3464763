"""An audit goes on from the results that it kept, to the same bytes, and never from those of anything else."""

import json

import pytest
import torch

import netaudit
from netaudit.auditing import layer_key
from netaudit.auditing.kept import KeptLayers
from netaudit.errors import ReportError
from netaudit.report.document.model import Presentation
from netaudit.results import Payload

QUICK = {"analyses": ["gaussian_weights", "constant_bias"], "nulls": "none"}


class Stopped(BaseException):
    """What Ctrl-C is like."""


def stop_after(layers):
    """A progress callback that stops the audit once so many layers are done."""
    begun = set()

    def progress(message, done, total):
        begun.update([done] if total and ":" not in message else [])
        if len(begun) > layers:
            raise Stopped

    return progress


@pytest.fixture
def data(tmp_path):
    import numpy as np

    random = np.random.default_rng(0)
    path = tmp_path / "data.npz"
    np.savez(path, x=random.standard_normal((50, 64)).astype(np.float32), y=random.integers(0, 10, 50))
    return path


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_an_interrupted_audit_goes_on_to_the_same_bytes(mlp, data, tmp_path, done):
    keep = tmp_path / "keep"
    if done < 3:
        with pytest.raises(Stopped):
            netaudit.audit(mlp, data=data, keep=keep, progress=stop_after(done))
    else:
        netaudit.audit(mlp, data=data, keep=keep)
    kept = KeptLayers(keep)
    resumed = netaudit.audit(mlp, data=data, keep=kept)
    assert resumed.to_json() == netaudit.audit(mlp, data=data).to_json()
    assert (kept.reused, kept.kept, kept.total) == (done, 3, 3)
    assert all(json.loads(path.read_text())["sha256"] for path in keep.iterdir())


def test_what_is_kept_is_not_measured_again(mlp, tmp_path, monkeypatch):
    netaudit.audit(mlp, keep=str(tmp_path))
    monkeypatch.setattr("netaudit.analyses.context.LayerContext.prepare", None)
    monkeypatch.setattr("netaudit.analyses.layer.gaussian_weights.measure.measure", None)
    monkeypatch.setattr("netaudit.analyses.context.entries", None)  # the scale of the weights is kept, too
    kept = KeptLayers(tmp_path)
    report = netaudit.audit(mlp, keep=kept)
    assert kept.reused == 3
    assert "Not judged" not in report.to_json()


DAMAGE = {
    "cut": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "a digit": lambda text: text.replace('"value": 0.', '"value": 1.', 1),
    "another type": lambda text: "[]",
    "no JSON": lambda text: "\x00" * 100,
    "deep": lambda text: "[" * 100_000,
    "another schema": lambda text: json.dumps(
        {"kept": {"key": "x"}, "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_result_is_measured_again_and_named(mlp, tmp_path, damage):
    whole = netaudit.audit(mlp, keep=tmp_path, **QUICK).to_json()
    path = next(path for path in tmp_path.iterdir() if '"name": "4"' in path.read_text())
    text = DAMAGE[damage](path.read_text())
    assert text != path.read_text()
    path.write_text(text)
    kept = KeptLayers(tmp_path)
    assert netaudit.audit(mlp, keep=kept, **QUICK).to_json() == whole
    assert (kept.damaged, kept.reused, kept.kept) == (["4"], 2, 3)
    again = KeptLayers(tmp_path)
    netaudit.audit(mlp, keep=again, **QUICK)
    assert again.reused == 3


def test_a_result_under_another_key_is_damage(mlp, tmp_path):
    whole = netaudit.audit(mlp, keep=tmp_path, **QUICK).to_json()
    one, other, *_ = sorted(tmp_path.iterdir())
    one.replace(other)
    kept = KeptLayers(tmp_path)
    assert netaudit.audit(mlp, keep=kept, **QUICK).to_json() == whole
    assert len(kept.damaged) == 1


CHANGES = {
    "seed": {"seed": 1},
    "nulls": {"nulls": "quick"},
    "spectrum": {"spectrum": "lanczos"},
    "analyses": {"analyses": ["gaussian_weights"]},
}


@pytest.mark.parametrize(
    "change", [*CHANGES, "weights", "bias", "name", "one layer more", "version", "threads", "code"]
)
def test_nothing_is_used_of_what_is_another_audit(mlp, tmp_path, monkeypatch, change):
    state = {"fc.weight": torch.randn(60, 80), "fc.bias": torch.randn(60)}
    netaudit.audit(state, keep=tmp_path, **QUICK)
    threads = torch.get_num_threads()
    if change == "weights":
        state["fc.weight"][0, 0] += 1e-6
    elif change == "bias":
        state["fc.bias"][0] += 1e-6
    elif change == "name":
        state = {key.replace("fc", "fd"): value for key, value in state.items()}
    elif change == "one layer more":
        state["other.weight"] = torch.randn(10, 10)
    elif change == "version":
        monkeypatch.setattr("netaudit.auditing.provenance.__version__", "99")
    elif change == "threads":
        torch.set_num_threads(threads + 1)
    elif change == "code":
        monkeypatch.setattr(layer_key, "_code", lambda package: "other")
    kept = KeptLayers(tmp_path)
    try:
        netaudit.audit(state, keep=kept, **QUICK | CHANGES.get(change, {}))
    finally:
        torch.set_num_threads(threads)
    assert (kept.reused, kept.damaged) == (0, [])


def test_real_inputs_are_part_of_what_a_result_depends_on(mlp, data, tmp_path):
    netaudit.audit(mlp, keep=tmp_path, **QUICK)
    kept = KeptLayers(tmp_path)
    netaudit.audit(mlp, keep=kept, data=data, **QUICK)
    assert kept.reused == 0


class Number(Payload, frozen=True):
    """One number."""

    value: float


def test_a_layer_of_which_an_analysis_went_wrong_is_not_kept(mlp, tmp_path):
    def measure(context):
        if context.layer.name == "4":
            raise OSError("for once")
        return Number(1.0)

    mine = netaudit.Analysis("mine", "Mine", "?", "layer", (), Number, measure, lambda payload, place: Presentation())
    netaudit.audit(mlp, analyses=["gaussian_weights", mine], keep=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_code_of_another_package_counts(mlp, tmp_path):
    analysis = netaudit.Analysis("mine", "Mine", "?", "layer", (), Number, None, None)
    assert layer_key._modules(analysis) == [__name__.partition(".")[0]]
    assert layer_key._code("netaudit") == layer_key._code.__wrapped__("netaudit")
    assert layer_key._code.__wrapped__("no_such_package") != layer_key._code.__wrapped__("no_such_package")


def test_a_folder_that_cannot_be_written_is_an_error(mlp, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportError, match="cannot write"):
        netaudit.audit(mlp, keep=tmp_path / "file")

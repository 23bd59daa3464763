"""An audit goes on from the results that it kept, to the same bytes, and never from those of anything else."""

import json
import os

import numpy as np
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
    assert all(json.loads(path.read_text())["sha256"] for path in keep.rglob("*.json"))


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


def folder(path):
    path.mkdir()
    (path / "inside").write_bytes(b"{}")


IN_THE_WAY = {
    "a folder": folder,
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to another file": lambda path: path.symlink_to(__file__),
    "a link that never ends": lambda path: path.symlink_to("/dev/zero"),
    "a sparse file": lambda path: os.truncate(path.touch() or path, 2**40),
}


@pytest.mark.skipif(os.name == "nt", reason="links and pipes")
@pytest.mark.parametrize("what", IN_THE_WAY)
@pytest.mark.parametrize("of_network", [False, True])
def test_whatever_lies_in_the_place_of_a_result_is_measured_again_and_named(mlp, tmp_path, what, of_network):
    options = {"analyses": ["gaussian_weights", "hidden_units"], "nulls": "none"}
    whole = netaudit.audit(mlp, keep=tmp_path, **options).to_json()
    place = tmp_path / "network" if of_network else tmp_path
    path = next(path for path in place.glob("*.json") if of_network or '"name": "4"' in path.read_text())
    path.unlink()
    IN_THE_WAY[what](path)
    kept = KeptLayers(tmp_path)
    assert netaudit.audit(mlp, keep=kept, **options).to_json() == whole
    assert (kept.damaged, kept.network.damaged) == (([], ["hidden_units"]) if of_network else (["4"], []))
    assert not path.is_symlink()
    again = KeptLayers(tmp_path)
    netaudit.audit(mlp, keep=again, **options)
    assert (again.reused, again.network.reused) == (3, 1)


def test_a_result_that_may_not_be_read_is_measured_again_and_named(mlp, tmp_path, monkeypatch):
    whole = netaudit.audit(mlp, keep=tmp_path, **QUICK).to_json()
    refused = str(next(tmp_path.glob("*.json")))
    real = os.open

    def refuse(path, *arguments, **options):
        if str(path) == refused:
            raise PermissionError(13, "Permission denied", refused)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    kept = KeptLayers(tmp_path)
    assert netaudit.audit(mlp, keep=kept, **QUICK).to_json() == whole
    assert len(kept.damaged) == 1


def test_a_result_under_another_key_is_damage(mlp, tmp_path):
    whole = netaudit.audit(mlp, keep=tmp_path, **QUICK).to_json()
    one, other, *_ = sorted(tmp_path.glob("*.json"))
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
    assert len(list(tmp_path.glob("*.json"))) == 2


OF_NETWORK = {"analyses": ["gaussian_weights", "hidden_units", "labels_back", "injectivity"], "nulls": "none"}


def stop_at(words):
    """A progress callback that stops the audit at a step."""

    def progress(message, done, total):
        if words in message:
            raise Stopped

    return progress


def test_an_audit_that_was_interrupted_in_its_last_analysis_goes_on_with_that_one(mlp, data, tmp_path, monkeypatch):
    with pytest.raises(Stopped):
        netaudit.audit(mlp, data=data, keep=tmp_path, progress=stop_at("injectivity of"), **OF_NETWORK)
    for name in ("hidden_units", "labels_back"):
        monkeypatch.setattr(f"netaudit.analyses.network.{name}.measure.measure", None)
    kept = KeptLayers(tmp_path)
    resumed = netaudit.audit(mlp, data=data, keep=kept, **OF_NETWORK).to_json()
    assert (kept.reused, kept.network.reused, kept.network.kept, kept.network.total) == (3, 2, 3, 3)
    monkeypatch.undo()
    assert resumed == netaudit.audit(mlp, data=data, **OF_NETWORK).to_json()


def first(mlp):
    """First weights that differ in one number."""
    state = {name: tensor.clone() for name, tensor in mlp.state_dict().items()}
    state["1.weight"][0, 0] += 1e-3
    return state


@pytest.mark.parametrize("change", ["seed", "layers", "data", "inputs", "init", "other init", "weights", "code"])
def test_nothing_is_used_of_the_network_where_anything_that_it_rests_on_differs(
    mlp, data, tmp_path, monkeypatch, change
):
    options = OF_NETWORK | {"data": data}
    options |= {"init": first(mlp)} if change == "other init" else {}
    netaudit.audit(mlp, keep=tmp_path, **options)
    if change == "inputs":
        np.savez(data, x=np.ones((50, 64), np.float32), y=np.arange(50) % 10)
    elif change == "weights":
        with torch.no_grad():
            mlp[1].weight[0, 0] += 1e-6
    elif change == "code":
        monkeypatch.setattr(layer_key, "_code", lambda package: "other")
    elif change == "other init":
        options["init"]["1.weight"][0, 0] += 1e-3
    options |= {"seed": {"seed": 1}, "layers": {"layers": ["1", "4"]}, "init": {"init": first(mlp)}}.get(change, {})
    options |= {"data": None} if change == "data" else {}
    kept = KeptLayers(tmp_path)
    netaudit.audit(mlp, keep=kept, **options)
    assert (kept.network.reused, kept.network.damaged) == (0, [])


def test_an_analysis_of_the_network_that_went_wrong_is_not_kept(mlp, tmp_path):
    def exhausted(context):
        raise MemoryError

    def once(context):
        raise OSError("for once")

    mine = [
        netaudit.Analysis(name, name, "?", "network", (), Number, measure, lambda payload, place: Presentation())
        for name, measure in (("exhausted", exhausted), ("once", once), ("one", lambda context: Number(1.0)))
    ]
    kept = KeptLayers(tmp_path)
    report = netaudit.audit(mlp, analyses=["gaussian_weights", *mine], keep=kept)
    assert report.analyses["exhausted"].note == "Not judged: memory ran out."
    assert (kept.network.kept, kept.network.total, kept.network.on_disk()) == (1, 3, 1)


def test_the_code_of_another_package_counts(mlp, tmp_path):
    analysis = netaudit.Analysis("mine", "Mine", "?", "layer", (), Number, None, None)
    assert layer_key._modules(analysis) == [__name__.partition(".")[0]]
    assert layer_key._code("netaudit") == layer_key._code.__wrapped__("netaudit")
    assert layer_key._code.__wrapped__("no_such_package") != layer_key._code.__wrapped__("no_such_package")


def test_a_folder_that_cannot_be_written_is_an_error(mlp, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportError, match="cannot write"):
        netaudit.audit(mlp, keep=tmp_path / "file")

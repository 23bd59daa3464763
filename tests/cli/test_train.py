"""``netaudit train`` and ``netaudit study curves`` as a user meets them, on a small MNIST."""

import json
import signal
import subprocess
import sys
import time

import pytest

from netaudit.cli.main import main

TRAIN = ("train", "mnist-mlp", "--epochs", "3", "--device", "cpu", "--data-root", "data")
FILES = {"model.safetensors", "card.json", "sample.npz", "training.json", "log.csv", "state.safetensors"}


def contents(folder):
    """Of the files; events for TensorBoard hold the time of day."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command line in a folder of its own: ``(exit code, stdout, stderr)``."""
    monkeypatch.chdir(tmp_path)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


def test_train_then_audit_then_curves(run, mnist_root, tmp_path):
    code, out, err = run(*TRAIN, "--epochs", "1", "--keep-epochs")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("epoch 0/1: at initialisation, test accuracy ")
    assert lines[1].startswith("epoch 1/1: loss ")
    assert lines[-1] == (
        "Trained: trained/mnist-mlp/model.safetensors; audit it: netaudit trained/mnist-mlp/model.safetensors"
    )
    folder = tmp_path / "trained" / "mnist-mlp"
    assert {path.name for path in folder.iterdir()} == {*FILES, "epochs", "tensorboard"}

    weights, sample = "trained/mnist-mlp/model.safetensors", "trained/mnist-mlp/sample.npz"
    few = ("--analyses", "gaussian_weights,labels_back", "--nulls", "none")
    assert run(weights, "--data", sample, "--format", "json", "--out", "audit", "--quiet", *few) == (0, "", "")
    report = json.loads((tmp_path / "audit/audit.json").read_text())
    card = json.loads((folder / "card.json").read_text())
    assert report["data"]["accuracy"] == card["accuracy"]["sample"]
    assert not report["head"]["inferred"]
    assert report["model"]["card"] == card

    code, out, err = run("study", "curves", "trained/mnist-mlp", "--format", "json,html", "--device", "cpu")
    assert (code, err) == (0, "")
    assert out == "Report: reports/training/training.html, reports/training/training.json\n"
    [network] = json.loads((tmp_path / "reports/training/training.json").read_text())["networks"]
    assert [entry["epoch"] for entry in network["epochs"]] == [0, 1]
    assert network["epochs"][1]["accuracy"] == card["accuracy"]["sample"]


def test_quiet_and_the_same_again(run, mnist_root, tmp_path):
    assert run(*TRAIN, "--quiet") == (0, "", "")
    folder = tmp_path / "trained" / "mnist-mlp"
    before = contents(folder)
    code, out, _ = run(*TRAIN)
    assert code == 0
    assert out.startswith("trained/mnist-mlp holds 3 of 3 epochs: going on from there\n")
    assert contents(folder) == before
    code, _, err = run(*TRAIN, "--seed", "1")
    assert code == 2
    assert "holds a run with seed 0, not 1\nhint: --out DIR for a new run" in err


def test_an_interrupted_run_goes_on_to_the_same_bytes(mnist_root, tmp_path):
    def start(out):
        command = [sys.executable, "-m", "netaudit", *TRAIN, "--epochs", "20", "--out", out]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    cut, whole = start("cut"), start("whole")
    while not (tmp_path / "cut" / "training.json").exists():
        time.sleep(0.05)
        assert cut.poll() is None
    cut.send_signal(signal.SIGINT)
    _, err = cut.communicate(timeout=60)
    assert cut.returncode == 130
    assert err == "netaudit: error: interrupted\nhint: the same command goes on from the last whole epoch\n"
    assert not (tmp_path / "cut" / "card.json").exists()
    assert not list((tmp_path / "cut").glob("*.tmp"))
    for process in (start("cut"), whole):
        process.communicate(timeout=300)
        assert process.returncode == 0
    whole, cut = (contents(tmp_path / out) for out in ("whole", "cut"))
    assert set(whole) == FILES
    assert whole == cut


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("train", "resnet"), "'resnet' is not one of 'mnist-mlp', 'cifar10-mlp', 'alexnet-cifar10', 'cifar10-resmlp'"),
        (("train",), "Missing argument 'RECIPE'"),
        ((*TRAIN, "--epochs", "0"), "0 is not in the range"),
        ((*TRAIN, "--device", "tpu"), "'tpu' is no device"),
        (("train", "mnist-mlp", "--data-root", "absent"), "MNIST is not there, and: cannot download train-images"),
        (("train", "cifar10-mlp", "--data-root", "absent"), "CIFAR-10 is not there, and: cannot download cifar-10"),
        ((*TRAIN, "--shadow", "--shadow-rho", "0"), "0 is not in the range"),
        (("study", "curves", "absent"), "absent: no epochs of a training run in it"),
    ],
)
def test_errors_are_one_line_with_a_hint(run, arguments, reason):
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    error, *hints = err.splitlines()
    assert error.startswith("netaudit: error: ")
    assert reason in error
    assert hints
    assert all(hint.startswith("hint: ") for hint in hints)


def test_shadow_training_logs_both_errors_and_is_named_in_the_card(run, mnist_root, tmp_path):
    options = ("--shadow", "--shadow-start", "label", "--shadow-rho", "0.5", "--shadow-weight", "2")
    code, out, err = run(*TRAIN, *options)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "error on shadows" in lines[3]
    assert "error on shadows" not in lines[0]
    assert any(line.startswith("error on shadows and on real points, epoch by epoch: correlation ") for line in lines)
    folder = tmp_path / "trained/mnist-mlp"
    card = json.loads((folder / "card.json").read_text())
    assert "shadow training: from label, rho 0.5, weight 2" in card["recipe"]
    assert card["command"].endswith(" ".join(options))
    header, _, *rows = (folder / "log.csv").read_text().splitlines()
    assert header.startswith("epoch,rate,loss,test_error,real_error,shadow_error,gap,")
    for row in (dict(zip(header.split(","), map(float, row.split(",")), strict=True)) for row in rows):
        assert row["gap"] == pytest.approx(row["shadow_error"] - row["real_error"])
        assert row["loss"] == pytest.approx(row["real_loss"] + 2 * row["shadow_loss"], rel=1e-4)
    code, _, err = run(*TRAIN)
    assert code == 2
    assert "another version of the recipe mnist-mlp" in err


def test_an_unfinished_run_has_no_curves(run, mnist_root, tmp_path):
    run(*TRAIN, "--keep-epochs", "--quiet")
    (tmp_path / "trained/mnist-mlp/card.json").unlink()
    code, _, err = run("study", "curves", "trained/mnist-mlp")
    assert code == 2
    assert "trained/mnist-mlp: the run is not finished: it has no card" in err

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from netaudit.errors import NetauditError
from netaudit.training import checkpoint, export, loop

CPU = torch.device("cpu")


class Interrupted(BaseException):
    """As the command line's: no Exception."""


def go(folder, recipe, images, stop_in=None, seed=0, epochs=3, precision="float32"):
    """Train in a folder, as the command does; ``stop_in`` interrupts half way through that epoch."""
    folder.mkdir(exist_ok=True)
    run = checkpoint.resume(folder, recipe, seed, epochs, CPU, precision)
    begun = run.done

    def after(run):
        export.keep_epoch(run, folder)
        export.write_figures(run, folder)
        checkpoint.save_run(run, folder)

    def progress(message, done, total):
        if stop_in is not None and done == int((stop_in - 0.5) * total / epochs):
            raise Interrupted

    loop.train(run, images, progress, after=after)
    export.export(run, images, folder)
    return begun


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("stops", [[1], [2], [2, 3], [1, 2, 3]])
def test_an_interrupted_run_gives_the_same_bytes(tmp_path, tiny, images, stops):
    go(tmp_path / "whole", tiny, images)
    for stop in stops:
        with pytest.raises(Interrupted):
            go(tmp_path / "cut", tiny, images, stop)
    assert "model.safetensors" not in contents(tmp_path / "cut")
    assert go(tmp_path / "cut", tiny, images) == stops[-1] - 1
    whole, cut = contents(tmp_path / "whole"), contents(tmp_path / "cut")
    assert set(whole) == {
        "state.safetensors", "training.json", "model.safetensors", "sample.npz", "card.json",
        *(f"epochs/00{epoch}.safetensors" for epoch in range(4)),
    }  # fmt: skip
    assert whole == cut


def test_a_finished_run_is_only_written_again(tmp_path, tiny, images):
    go(tmp_path, tiny, images)
    before = contents(tmp_path)
    assert go(tmp_path, tiny, images) == 3
    assert contents(tmp_path) == before


def test_the_state_holds_the_momentum(tmp_path, tiny, images):
    """Without it a resumed run would differ: the test above would not be able to fail otherwise."""
    go(tmp_path, tiny, images)
    with safe_open(tmp_path / checkpoint.NAME, framework="pt") as file:
        names = set(file.keys())
        assert file.get_tensor("optimiser.0.momentum_buffer").abs().sum() > 0
    assert {"model.conv1.weight", "model.fc2.bias", "optimiser.5.momentum_buffer"} <= names


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seed": 1}, "holds a run with seed 0, not 1"),
        ({"epochs": 4}, "holds a run with epochs 3, not 4"),
        ({"precision": "bfloat16"}, "holds a run with precision float32, not bfloat16"),
        ({"rate": 0.2}, "holds a run with another version of the recipe tiny"),
        ({"name": "other"}, "holds a run with recipe tiny, not other"),
    ],
)
def test_another_run_is_not_continued(tmp_path, tiny, images, change, reason):
    go(tmp_path, tiny, images)
    settings = {key: change.pop(key) for key in ("seed", "epochs", "precision") if key in change}
    with pytest.raises(NetauditError, match=reason) as caught:
        go(tmp_path, replace(tiny, **change), images, **settings)
    assert "--out DIR" in caught.value.hints[0]


def damage_half(path):
    path.write_bytes(path.read_bytes()[:-100])


def damage_header(path):
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path)


def damage_tensors(path):
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    save_file({"model.fc2.bias": torch.zeros(4)}, path, header)


def damage_history(path):
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["netaudit"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del header["history"]
    save_file(tensors, path, {"netaudit": json.dumps(header)})


@pytest.mark.parametrize("damage", [damage_half, damage_header, damage_tensors, damage_history])
def test_a_damaged_state_is_an_error(tmp_path, tiny, images, damage):
    go(tmp_path, tiny, images)
    damage(tmp_path / checkpoint.NAME)
    with pytest.raises(NetauditError, match="a damaged training state") as caught:
        go(tmp_path, tiny, images)
    assert caught.value.hints == ("delete it to begin again",)

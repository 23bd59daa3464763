"""Folders that hold no weights file themselves: the line says what they are and what to type."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from netaudit.errors import SourceError
from netaudit.sources.open import open_network

WEIGHTS = {"fc.weight": torch.rand(3, 4)}


def hint(folder: Path, match: str) -> str:
    with pytest.raises(SourceError, match=match) as caught:
        open_network(folder)
    [line] = caught.value.hints
    return line


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".safetensors":
            save_file(WEIGHTS, path)
        elif path.suffix in (".pt", ".ckpt"):
            torch.save(WEIGHTS, path)
        else:
            path.write_bytes(b"{}")
    return folder


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ("model_index.json", "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors"),
            "unet, vae",
        ),
        (
            ("checkpoint-1000/model.safetensors", "checkpoint-500/model.safetensors", "training_args.bin"),
            "checkpoint-500, checkpoint-1000",
        ),
        (("checkpoints/last.ckpt", "hparams.yaml"), "checkpoints"),
        (("version_0/checkpoints/last.ckpt", "version_0/metrics.csv"), "version_0/checkpoints"),
        (("a/.metadata", "a/__0_0.distcp", "b/optimizer.pt"), "a"),
    ],
)
def test_the_folders_to_type(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    folder = tree(tmp_path / "run", *names)
    assert hint(folder, "without a weights file of a known name") == f"name what holds them, in it: {said}"


def test_a_folder_so_named_opens(tmp_path: Path) -> None:
    folder = tree(tmp_path, "model_index.json", "unet/diffusion_pytorch_model.safetensors")
    assert open_network(folder / "unet").spec("fc").shape == (3, 4)


def test_slices_in_folders(tmp_path: Path) -> None:
    names = ("mp_rank_00/model_optim_rng.pt", "mp_rank_01/model_optim_rng.pt")
    assert "mp_rank_00/model_optim_rng.pt" in hint(tree(tmp_path, *names), "slices of a model-parallel checkpoint")


@pytest.mark.parametrize(
    ("names", "what", "how"),
    [
        ((".metadata", "__0_0.distcp", "__1_0.distcp"), "a distributed checkpoint of PyTorch", "dcp_to_torch_save"),
        (("_METADATA", "manifest.ocdbt", "d/abc"), "a checkpoint of Orbax", "flax.serialization.to_bytes"),
    ],
)
def test_checkpoints_of_many_files(tmp_path: Path, names: tuple[str, ...], what: str, how: str) -> None:
    assert how in hint(tree(tmp_path, *names), what)


def test_what_lies_beside_weights_is_not_offered(tmp_path: Path) -> None:
    assert "it holds none" in hint(tree(tmp_path, "optimizer.pt", "training_args.bin"), "without a weights file")


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    outside = tree(tmp_path / "outside", "model.safetensors")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "in").symlink_to(outside, target_is_directory=True)
    assert "it holds none" in hint(tmp_path / "run", "without a weights file")


def test_the_state_of_an_optimiser(tmp_path: Path) -> None:
    layer = torch.nn.Linear(4, 4)
    optimiser = torch.optim.AdamW(layer.parameters())
    layer(torch.rand(2, 4)).sum().backward()
    optimiser.step()
    torch.save(optimiser.state_dict(), tmp_path / "optimizer.pt")
    assert "the file with the weights" in hint(tmp_path / "optimizer.pt", "the state of an optimiser, and no layers")

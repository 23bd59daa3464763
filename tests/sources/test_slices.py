from __future__ import annotations

from pathlib import Path

import pytest
import torch

from netaudit.errors import SourceError
from netaudit.sources.open import open_network


def save(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"w.weight": torch.ones(4, 4)}, path)
    return path


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["consolidated.00.pth", "consolidated.01.pth"], "slice 1 of 2"),
        (["consolidated.03.pth"], "slice number 03"),
        (["mp_rank_00_model_states.pt", "mp_rank_01_model_states.pt", "mp_rank_00_optim.pt"], "slice 1 of 2"),
        (["mp_rank_00/model.pt", "mp_rank_01/model.pt", "mp_rank_02/model.pt"], "slice 1 of 3"),
        (["net_tp_rank_1.pt"], "slice number 1"),
    ],
)
def test_a_slice_is_never_audited_as_a_model(tmp_path: Path, names: list[str], what: str) -> None:
    first, *_ = [save(tmp_path / name) for name in names]
    with pytest.raises(SourceError, match=rf"^{first.name}: {what} of a model-parallel checkpoint") as caught:
        open_network(first)
    assert "join the files" in caught.value.hints[0]


@pytest.mark.parametrize(
    "name", ["consolidated.00.pth", "mp_rank_00_model_states.pt", "mp_rank_00/model.pt", "rank_3.pt"]
)
def test_the_only_slice_is_the_whole_model(tmp_path: Path, name: str) -> None:
    assert [spec.name for spec in open_network(save(tmp_path / name)).specs()] == ["w"]


@pytest.mark.parametrize(
    "names", [["consolidated.00.pth", "consolidated.01.pth"], ["mp_rank_00/a.pt", "mp_rank_01/a.pt"]]
)
def test_a_folder_of_slices_is_named_as_that(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        save(tmp_path / name)
    with pytest.raises(SourceError, match="a folder with slices of a model-parallel checkpoint"):
        open_network(tmp_path)

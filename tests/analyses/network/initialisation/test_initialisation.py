"""Page one's first sentence, and what changed since the first weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import netaudit
from netaudit.analyses.network.initialisation.measure import fewest
from netaudit.analyses.network.initialisation.payload import LayerChange, LayerStart, NetworkInitialisation, Since
from netaudit.analyses.network.initialisation.present import headline
from netaudit.analyses.network.initialisation.since import change

LayerChanges = tuple[LayerChange, ...]
WHY = "None of the usual initialisations could have drawn them."
NEVER = "This network cannot be told from one that was never trained."
UNKNOWN = (
    "look drawn at random, but by no usual initialisation: the start is not on the list, or training has hardly begun."
)


def found(verdict: str, layers: Sequence[tuple[str, str | None]]) -> NetworkInitialisation:
    """Layers called a, b, c, ..."""
    families = tuple(dict.fromkeys(family for each, family in layers if family and each == "as_drawn"))
    starts = tuple(LayerStart("abcdefgh"[i], each, family, 1.0) for i, (each, family) in enumerate(layers))
    return NetworkInitialisation(verdict=verdict, family=None, families=families, p_adjusted=1.0, layers=starts)


T, D, S, U = ("trained", None), ("as_drawn", "torch_default"), ("too_small", None), ("unknown_start", None)


@pytest.mark.parametrize(
    ("verdict", "layers", "says"),
    [
        ("trained", [T, T, T], f"All 3 layers have been trained. {WHY}"),
        ("as_drawn", [D, D, D], f"All 3 layers are as PyTorch's default initialisation draws them. {NEVER}"),
        ("as_drawn", [D], f"The one layer is as PyTorch's default initialisation draws it. {NEVER}"),
        ("partly_trained", [T, D, T], f"Layers a, c have been trained. {WHY} "
         "Layer b is as PyTorch's default initialisation draws it."),
        ("as_drawn", [D, S], "Layer a is as PyTorch's default initialisation draws it. Layer b is too small to tell. "
         "No layer was seen to be trained."),
        ("unknown_start", [U, U], f"Both layers {UNKNOWN}"),
        ("too_small", [S], "The one layer is too small to tell."),
        ("as_drawn", [("as_drawn", "identity"), D, ("as_drawn", "zeros")], "Layer a is an identity matrix. Layer b is "
         f"as PyTorch's default initialisation draws it. Layer c is all zeros. {NEVER}"),
    ],
)  # fmt: skip
def test_the_first_sentence(verdict: str, layers: list[tuple[str, str | None]], says: str) -> None:
    assert headline(found(verdict, layers)) == says


def test_layers_that_were_not_judged_are_not_spoken_of() -> None:
    """As one with NaN: "both layers" of three would be wrong, and that the network was never trained is not known."""
    assert headline(found("as_drawn", [D, D]), unjudged=1) == (
        "Layers a, b are as PyTorch's default initialisation draws them. No layer was seen to be trained."
    )
    weights = {"a.weight": torch.full((50, 40), torch.nan), "b.weight": nn.Linear(60, 50).weight.detach()}
    report = netaudit.audit(weights, analyses=["initialisation", "gaussian_weights"], nulls="none")
    assert "Layer b is as PyTorch&#39;s default initialisation draws it. No layer" in report.to_html()


def test_the_start_of_a_recurrent_cell_is_called_by_its_name() -> None:
    torch.manual_seed(0)
    report = netaudit.audit(nn.LSTM(100, 60), analyses=["initialisation"], nulls="none")
    assert "(PyTorch&#39;s default for recurrent cells; " in report.to_html()


def test_as_few_families_as_do_are_named() -> None:
    assert fewest({"a": ["x", "y"], "b": ["y"]}) == {"a": "y", "b": "y"}
    assert fewest({}) == {}


def test_it_is_the_first_thing_that_page_one_says() -> None:
    torch.manual_seed(0)
    report = netaudit.audit(nn.Linear(100, 50), analyses=["initialisation"], nulls="none")
    first = report.document(draw=False).sections[0].blocks[0]
    assert "".join(span.text for span in first.spans).startswith("The one layer is as PyTorch's default")
    assert netaudit.AuditReport.from_json(report.to_json()).to_json() == report.to_json()


def low_rank(shape: tuple[int, int], rank: int, size: float) -> Tensor:
    """A change of that rank and Frobenius norm."""
    made = torch.randn(shape[0], rank) @ torch.randn(rank, shape[1])
    return size * made / made.norm()


def test_a_change_of_low_rank_is_described() -> None:
    torch.manual_seed(0)
    first = torch.randn(120, 80)
    found = change("fc", first + low_rank((120, 80), 3, 5 * float(first.norm())), first)
    assert (found.rank, found.spikes) == (3, 3)
    assert found.relative == pytest.approx(5, rel=1e-5)
    assert found.stable_rank is not None
    assert 1 < found.stable_rank <= 3
    assert found.overlap_with_change is not None
    assert found.overlap_with_start is not None
    assert found.overlap_with_change > 0.95
    assert found.overlap_with_start < 0.3


def test_a_small_change_leaves_the_vectors() -> None:
    torch.manual_seed(0)
    first = torch.randn(120, 80) + low_rank((120, 80), 1, 80)
    found = change("fc", first + 0.01 * torch.randn(120, 80), first)
    assert found.overlap_with_start == pytest.approx(1, abs=0.01)
    assert found.relative == pytest.approx(0.01, rel=0.4)


def test_no_change_is_no_division_by_zero() -> None:
    weight = torch.ones(3, 4)
    assert change("fc", weight, weight).stable_rank is None
    assert change("fc", weight, torch.zeros(3, 4)).relative == 1e9


def test_a_file_of_first_weights_gives_a_section_and_names_what_it_lacks(tmp_path: Path) -> None:
    torch.manual_seed(0)
    first = {"0.weight": torch.randn(60, 50), "2.weight": torch.randn(40, 60), "4.weight": torch.randn(7, 9)}
    last = first | {
        "0.weight": first["0.weight"] * 1.5,
        "4.weight": torch.randn(50, 40),
        "6.weight": torch.randn(30, 50),
    }
    for name, tensors in (("first", first), ("last", last)):
        save_file(tensors, tmp_path / f"{name}.safetensors")
    report = netaudit.audit(
        tmp_path / "last.safetensors", init=tmp_path / "first.safetensors", analyses=["initialisation"], nulls="none"
    )
    since = report.analyses["initialisation"].since
    assert [(each.layer, each.relative) for each in since.changes] == [("0", pytest.approx(0.5)), ("2", 0.0)]
    assert (since.missing, since.other_shape) == (("6",), ("4",))
    text = report.to_html()
    assert "(first.safetensors), layer 0 has changed by 50.0% of its norm, layer 2 has not changed." in text
    assert "Not compared with the first weights (first.safetensors): 6 not there; 4 of another shape." in text
    assert report.provenance.settings["init"]["name"] == "first.safetensors"


def moved(*sizes: float) -> LayerChanges:
    return tuple(LayerChange(f"fc{n}", size, 1, 1.0, 0, None, None) for n, size in enumerate(sizes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (moved(0.0), "Since the first weights (w0.pt), no weight of the 1 layer compared has changed."),
        (moved(0.123), "Since the first weights (w0.pt), layer fc0 has changed by 12.3% of its norm."),
        (
            moved(0.0, 0.25),
            "Since the first weights (w0.pt), layer fc0 has not changed, layer fc1 has changed by 25% of its norm.",
        ),
        (
            moved(0.1, 0.5, 0.2, 0.3),
            "Since the first weights (w0.pt), 4 layers have changed by 10% to 50% of their norm.",
        ),
        (
            moved(0.1, 0.5, 0.2, 0.0),
            "Since the first weights (w0.pt), 3 layers have changed by 10% to 50% of their norm, and 1 has not.",
        ),
    ],
)
def test_page_one_says_how_far_the_weights_went(changes: LayerChanges, sentence: str) -> None:
    found = NetworkInitialisation(
        verdict="trained",
        family=None,
        families=(),
        p_adjusted=0.0,
        layers=(LayerStart("fc0", "trained", None, 0.0),),
        since=Since("w0.pt", changes),
    )
    assert headline(found).endswith(sentence)

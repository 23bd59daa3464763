from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from netaudit.errors import SourceError
from netaudit.formats.torch_save import CheckpointStore
from netaudit.network.layers import SkippedLayer
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
        (["mp_rank_00_000/a.pt", "mp_rank_01_000/a.pt"], "slice 1 of 2"),
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


WIDTH, HEADS, PAIRS, INNER, VOCABULARY = 48, 8, 4, 80, 40
Tensors = dict[str, torch.Tensor]


def llama() -> Tensors:
    """A Llama of two layers with grouped queries, whole."""
    generator, small = torch.Generator().manual_seed(0), PAIRS * WIDTH // HEADS
    shapes = {
        "tok_embeddings.weight": (VOCABULARY, WIDTH),
        "norm.weight": (WIDTH,),
        "output.weight": (VOCABULARY, WIDTH),
    }
    for number in range(2):
        block = f"layers.{number}"
        shapes |= {f"{block}.attention.{name}.weight": (WIDTH, WIDTH) for name in ("wq", "wo")}
        shapes |= {f"{block}.attention.{name}.weight": (small, WIDTH) for name in ("wk", "wv")}
        shapes |= {f"{block}.feed_forward.{name}.weight": (INNER, WIDTH) for name in ("w1", "w3")}
        shapes |= {f"{block}.feed_forward.w2.weight": (WIDTH, INNER), f"{block}.ffn_norm.weight": (WIDTH,)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def llama_slices(folder: Path, whole: Tensors, count: int, *, by_rows: bool) -> Path:
    """As Meta's files are; the embedding is cut along its width in Llama 1 and 2, by tokens in Llama 3."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        own = {}
        for name, tensor in whole.items():
            inner = name.split(".")[-2]
            axis = (
                None if "norm" in inner else int(inner in ("wo", "w2") or (inner == "tok_embeddings" and not by_rows))
            )
            own[name] = tensor if axis is None else tensor.chunk(count, axis)[number].clone()
        torch.save(own, folder / f"consolidated.{number:02d}.pth")
    params = {"dim": WIDTH, "n_heads": HEADS, "n_kv_heads": PAIRS, "n_layers": 2, "vocab_size": -1}
    (folder / "params.json").write_text(json.dumps(params))
    return folder / "consolidated.00.pth"


def megatron(*, gated: bool) -> Tensors:
    generator = torch.Generator().manual_seed(1)
    top, layer = "language_model", "language_model.encoder.layers.0"
    shapes: dict[str, tuple[int, ...]] = {
        f"{top}.embedding.word_embeddings.weight": (VOCABULARY, WIDTH),
        f"{top}.embedding.position_embeddings.weight": (30, WIDTH),
        f"{layer}.input_layernorm.weight": (WIDTH,),
        f"{layer}.self_attention.query_key_value.weight": (3 * WIDTH, WIDTH),
        f"{layer}.self_attention.query_key_value.bias": (3 * WIDTH,),
        f"{layer}.self_attention.dense.weight": (WIDTH, WIDTH),
        f"{layer}.self_attention.dense.bias": (WIDTH,),
        f"{layer}.mlp.dense_h_to_4h.weight": ((1 + gated) * INNER, WIDTH),
        f"{layer}.mlp.dense_h_to_4h.bias": ((1 + gated) * INNER,),
        f"{layer}.mlp.dense_4h_to_h.weight": (WIDTH, INNER),
        f"{layer}.mlp.dense_4h_to_h.bias": (WIDTH,),
    }
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def megatron_slices(folder: Path, whole: Tensors, count: int, *, gated: bool) -> Path:
    for number in range(count):
        own = {}
        for name, tensor in whole.items():
            if name.endswith(("dense.weight", "4h_to_h.weight")):
                own[name] = tensor.chunk(count, 1)[number]
            elif "h_to_4h" in name and gated:  # each rank computes its part of the gate and of the up projection
                own[name] = torch.cat([half.chunk(count)[number] for half in tensor.chunk(2)])
            elif "query_key_value" in name or "word_embeddings" in name or "h_to_4h" in name:
                own[name] = tensor.chunk(count)[number]
            else:
                own[name] = tensor
        place = folder / f"mp_rank_{number:02d}" / "model_optim_rng.pt"
        place.parent.mkdir(parents=True)
        torch.save({"model": {name: tensor.clone() for name, tensor in own.items()}, "iteration": 3}, place)
    return folder / "mp_rank_00" / "model_optim_rng.pt"


def assert_equal(path: Path, whole: Path) -> None:
    joined, expected = open_network(path), open_network(whole)
    assert [(spec.name, spec.shape) for spec in joined.specs()] == [
        (spec.name, spec.shape) for spec in expected.specs()
    ]
    for spec, other in zip(joined.specs(), expected.specs(), strict=True):
        one, two = joined.read(spec), expected.read(other)
        assert torch.equal(one.weight, two.weight), spec.name
        assert one.bias is two.bias is None or torch.equal(one.bias, two.bias)
        assert "joined from" in spec.origin
    assert joined.parameters_total == expected.parameters_total
    assert [(e.name, e.shape) for e in joined.layers] == [(e.name, e.shape) for e in expected.layers]


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("count", [2, 4])
def test_slices_of_llama_are_the_model_that_was_cut(tmp_path: Path, count: int, by_rows: bool) -> None:
    torch.save(llama(), tmp_path / "whole.pt")
    path = llama_slices(tmp_path / "llama", llama(), count, by_rows=by_rows)
    assert_equal(path, tmp_path / "whole.pt")
    assert_equal(tmp_path / "llama", tmp_path / "whole.pt")  # the folder, and any of its slices
    assert_equal(tmp_path / "llama" / "consolidated.01.pth", tmp_path / "whole.pt")
    assert len(open_network(path).files) == count


@pytest.mark.parametrize("gated", [False, True])
def test_slices_of_megatron_are_the_model_that_was_cut(tmp_path: Path, gated: bool) -> None:
    torch.save({"model": megatron(gated=gated)}, tmp_path / "whole.pt")
    assert_equal(megatron_slices(tmp_path / "m", megatron(gated=gated), 4, gated=gated), tmp_path / "whole.pt")


def test_one_slice_is_in_memory_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = open_network(llama_slices(tmp_path, llama(), 4, by_rows=True))
    sizes, read = [], CheckpointStore.read

    def counted(self: CheckpointStore, name: str) -> torch.Tensor:
        sizes.append(read(self, name).numel())
        return read(self, name)

    monkeypatch.setattr(CheckpointStore, "read", counted)
    network.read(network.spec("layers.0.attention.wq"))
    assert sizes == [WIDTH * WIDTH // 4] * 4


def test_the_slices_that_are_missing_are_named(tmp_path: Path) -> None:
    first = llama_slices(tmp_path, llama(), 4, by_rows=True)
    (tmp_path / "consolidated.03.pth").unlink()
    with pytest.raises(SourceError, match=r"slice 1 of 3 .*; missing: consolidated\.03\.pth$"):
        open_network(first)
    (tmp_path / "consolidated.01.pth").unlink()
    with pytest.raises(SourceError, match=r"slice 1 of 2 .*; missing: consolidated\.01\.pth$"):
        open_network(first)
    (tmp_path / "params.json").unlink()
    (tmp_path / "consolidated.02.pth").rename(tmp_path / "consolidated.01.pth")
    with pytest.raises(SourceError, match=r"slice 1 of 2 .*; missing: params\.json"):
        open_network(first)


def test_heads_that_several_slices_hold_are_listed_and_not_joined(tmp_path: Path) -> None:
    first = llama_slices(tmp_path, llama(), 4, by_rows=True)
    params = json.loads((tmp_path / "params.json").read_text())
    (tmp_path / "params.json").write_text(json.dumps({**params, "n_kv_heads": 2}))  # 4 slices, so each head lies in two
    network = open_network(first)
    assert {spec.name.rpartition(".")[2] for spec in network.specs()} >= {"wq", "wo", "w1", "w2", "w3"}
    assert not any(spec.name.endswith(("wk", "wv")) for spec in network.specs())
    skipped = {entry.name: entry.reason for entry in network.layers if isinstance(entry, SkippedLayer)}
    assert "how it is joined is not known" in skipped["layers.0.attention.wk"]


def test_slices_of_two_models_are_refused(tmp_path: Path) -> None:
    first = llama_slices(tmp_path, llama(), 2, by_rows=True)
    save(tmp_path / "consolidated.01.pth")
    with pytest.raises(SourceError, match=r"slice 2 of 2 .* other tensors than consolidated\.00\.pth"):
        open_network(first)

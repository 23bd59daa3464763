from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from netaudit.formats.plain_names import plain_names
from netaudit.sources.open import open_network


@pytest.mark.parametrize(
    ("stored", "plain"),
    [
        (["module.a.w", "module.b.w"], ["a.w", "b.w"]),
        (["module.a.w", "b.w"], ["module.a.w", "b.w"]),
        (["module.module.a.w"], ["a.w"]),
        (["_orig_mod.module.a.w", "n_averaged"], ["a.w", "n_averaged"]),
        (["module._orig_mod.a.w"], ["a.w"]),
        (["model._orig_mod.a.w", "model._orig_mod.b.w"], ["model.a.w", "model.b.w"]),
        (["_fsdp_wrapped_module.a._checkpoint_wrapped_module.w"], ["a.w"]),
        (["_fsdp_wrapped_module._flat_param"], ["_flat_param"]),
        (["a/b/kernel:0", "a/b/bias:0"], ["a.b.kernel", "a.b.bias"]),
        (["a/w", "a.w"], ["a/w", "a.w"]),
        (["n_averaged"], ["n_averaged"]),
        (["<b>a</b>", "a b/c", "../a/b"], ["<b>a</b>", "a b/c", "../a/b"]),
        (["module.", "/", ":0"], ["module.", "/", ":0"]),
    ],
)
def test_plain_names(stored: list[str], plain: list[str]) -> None:
    assert list(plain_names(stored).values()) == plain


def test_a_safetensors_file_is_read_under_plain_names(tmp_path: Path) -> None:
    kernel = torch.arange(6.0).reshape(3, 2)
    save_file({"net/dense/kernel:0": kernel, "net/dense/bias:0": torch.zeros(2)}, tmp_path / "a.safetensors")
    network = open_network(tmp_path / "a.safetensors")
    [spec] = network.specs()
    assert (spec.name, spec.shape, spec.bias) == ("net.dense", (2, 3), "net.dense.bias")
    assert torch.equal(network.read(spec).weight, kernel.T)


def test_weights_of_an_averaged_and_compiled_model_fit_its_architecture(tmp_path: Path) -> None:
    store = open_network("mnist-mlp").store
    state = {f"module._orig_mod.{name}": store.read(name) for name in store.names()}
    torch.save({"n_averaged": torch.tensor(3), **state}, tmp_path / "swa.pt")
    network = open_network("mnist-mlp", weights=tmp_path / "swa.pt")
    assert torch.equal(network.read(network.spec("7")).weight, store.read("7.weight"))

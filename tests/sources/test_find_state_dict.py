from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
import torch

from netaudit.errors import SourceError
from netaudit.formats import find_state_dict
from netaudit.formats.find_state_dict import state_dict

A, B = torch.ones(1), torch.zeros(2)


@pytest.mark.parametrize(
    ("loaded", "names", "nested_under"),
    [
        ({"fc.weight": A, "fc.bias": B}, ["fc.weight", "fc.bias"], ""),
        ({"model": {"w": A}, "optimizer": {"state": {0: {"exp_avg": B}}}}, ["w"], "model"),
        ({"state_dict": {"w": A}, "model": {"v": B}}, ["w"], "state_dict"),
        ({"checkpoint": {"w": A}}, ["checkpoint.w"], ""),
        ({"model": {"state_dict": {"w": A}}}, ["w"], "model.state_dict"),
        ({"ema": {"w": B}, "model": {"v": A}}, ["v"], "model"),
        ({"ema": {"w": B}, "epoch": 3}, ["w"], "ema"),
        ({"model": "resnet18", "w": A}, ["w"], ""),
        ({"model": {"arch": "resnet18"}, "w": A}, ["w"], ""),
        ({"module.a": A, "module.b": B}, ["a", "b"], ""),
        ({"module._orig_mod.a": A}, ["a"], ""),
        ({"_orig_mod.module.a": A}, ["a"], ""),
        ({"module.a": A, "b": B}, ["module.a", "b"], ""),
        ({"n_averaged": A, "module.fc.w": B}, ["n_averaged", "fc.w"], ""),
        ({"state_dict": {"model._orig_mod.fc.w": A}}, ["model.fc.w"], "state_dict"),
        ({"_fsdp_wrapped_module.a._checkpoint_wrapped_module.w": A}, ["a.w"], ""),
        ({"_orig_mod.a": A, "a": B}, ["_orig_mod.a", "a"], ""),  # two tensors, so two names
        ({"model/dense/kernel:0": A}, ["model.dense.kernel"], ""),
        ({"layers": [A, {"w": B}]}, ["layers.0", "layers.1.w"], ""),
        (A, ["tensor"], ""),
    ],
)
def test_where_the_weights_are(loaded: Any, names: list[str], nested_under: str) -> None:
    found = state_dict(loaded)
    assert (list(found.tensors), found.nested_under) == (names, nested_under)


def test_what_lies_beside_is_kept_under_its_key() -> None:
    found = state_dict({"model": {"w": A}, "ema": {"module.w": B}, "epoch": 3, "opt": {"state": {0: {"m": A}}}, "t": B})
    assert {key: list(held) for key, held in found.others.items()} == {
        "ema": ["ema.w"],
        "opt": ["opt.state.0.m"],
        "t": ["t"],
    }
    assert list(found.everything) == ["ema.w", "opt.state.0.m", "t", "w"]


def test_what_lies_beside_never_hides_the_chosen() -> None:
    found = state_dict({"model": {"gen.w": A}, "gen": {"w": B}})
    assert found.everything["gen.w"] is A


def test_metadata() -> None:
    state: Any = OrderedDict(w=A)
    state._metadata = {"": {"version": 2}}
    assert state_dict({"model": state}).metadata == {"": {"version": 2}}
    state._metadata = "hostile"
    assert state_dict({"model": state}).metadata is None


def test_a_list_that_holds_itself() -> None:
    loop: list[Any] = [A]
    loop.append(loop)
    deep: Any = [A]
    for _ in range(50_000):
        deep = [deep]
    assert list(state_dict(loop).tensors) == ["0"]
    with pytest.raises(SourceError, match="only in containers nested more than 100 deep"):
        state_dict(deep)
    beside = state_dict({"a": A, "deep": deep})
    assert (list(beside.tensors), beside.notes) == (
        ["a"],
        ("Not read: what lies in containers nested more than 100 deep.",),
    )


def test_shared_lists_do_not_multiply() -> None:
    shared: list[Any] = [A]
    for _ in range(60):
        shared = [shared, shared]
    assert len(state_dict(shared).tensors) == 1


def test_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_state_dict, "BUDGET", 50)
    with pytest.raises(SourceError, match="more than 50 objects"):
        state_dict(list(range(100)))


def test_nothing() -> None:
    with pytest.raises(SourceError, match="holds no tensors"):
        state_dict({"epoch": 3})

"""The names read from the network of torchvision and timm are those of their registries."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import timm
from torchvision import models

from netaudit.sources.hubs import registered


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("torchvision", "timm"):
        monkeypatch.delitem(sys.modules, library)


@pytest.mark.usefixtures("not_loaded")
def test_names_in_the_source_are_those_registered() -> None:
    assert set(registered.names("torchvision")) == set(models.list_models())
    found = set(registered.names("timm"))
    assert set(timm.list_models()) <= found
    assert all(timm.is_model(name) for name in found)  # old names are none of its list, and taken


@pytest.mark.usefixtures("not_loaded")
@pytest.mark.parametrize(
    ("library", "name", "known"),
    [
        ("torchvision", "alexnet", True),
        ("torchvision", "quantized_googlenet", True),
        ("torchvision", "vgg16.tv_in1k", False),
        ("timm", "vgg16.tv_in1k", True),
        ("timm", "vit_small_resnet26d_224", True),
        ("timm", "alexnet", False),
    ],
)
def test_known_without_asking_the_library(
    monkeypatch: pytest.MonkeyPatch, library: str, name: str, known: bool
) -> None:
    monkeypatch.setattr(registered, "_room", lambda library: pytest.fail(f"{library} was asked"))
    assert registered.knows(library, name) is known


def test_a_library_that_is_loaded_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "is_model", lambda name: name == "registered_by_this_program")
    assert registered.knows("timm", "registered_by_this_program")
    assert not registered.knows("timm", "vgg16")


@pytest.mark.usefixtures("not_loaded")
def test_without_readable_source_the_library_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    registered._in_source.cache_clear()
    monkeypatch.setattr(registered, "find_spec", lambda library: Spec())
    try:
        assert registered.knows("torchvision", "alexnet")
        assert not registered.knows("torchvision", "alexnat")
    finally:
        registered._in_source.cache_clear()

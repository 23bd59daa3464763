"""The shipped names are those that torchvision and timm register, and another version is asked itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
import timm

from netaudit.sources.hubs import registered


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither library is loaded, and both are of the versions that the list was made from."""
    for library in registered.LIBRARIES:
        monkeypatch.delitem(sys.modules, library)
    monkeypatch.setattr(registered, "up_to_date", lambda library: True)


def test_the_shipped_names_are_those_registered() -> None:
    old = [library for library in registered.LIBRARIES if not registered.up_to_date(library)]
    if old:
        pytest.skip(f"the list was made from another version of {' and '.join(old)}")
    assert registered.FILE.read_text(encoding="utf-8") == registered.document()


@pytest.mark.usefixtures("not_loaded")
@pytest.mark.parametrize(
    ("library", "name", "known"),
    [
        ("torchvision", "alexnet", True),
        ("torchvision", "quantized_googlenet", True),
        ("torchvision", "vgg16.tv_in1k", False),
        ("timm", "vgg16.tv_in1k", True),
        ("timm", "vit_small_resnet26d_224", True),  # a deprecated name, which timm takes
        ("timm", "alexnet", False),
    ],
)
def test_known_without_asking_the_library(
    monkeypatch: pytest.MonkeyPatch, library: str, name: str, known: bool
) -> None:
    monkeypatch.setattr(registered, "_hub", lambda library: pytest.fail(f"{library} was asked"))
    assert registered.knows(library, name) is known


class Newer:
    """A library of another version, with one architecture."""

    @staticmethod
    def knows(name: str) -> bool:
        return name == "of_a_newer_version"

    @staticmethod
    def names() -> list[str]:
        return ["of_a_newer_version"]


@pytest.mark.usefixtures("not_loaded")
@pytest.mark.parametrize("library", registered.LIBRARIES)
def test_a_prefix_has_the_library_asked(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setattr(registered, "_hub", lambda library: Newer)
    assert not registered.knows(library, "of_a_newer_version")
    assert registered.knows(library, "of_a_newer_version", ask=True)


@pytest.mark.parametrize("installed", ["999.0", None])
@pytest.mark.parametrize("library", registered.LIBRARIES)
def test_another_version_is_asked(monkeypatch: pytest.MonkeyPatch, library: str, installed: str | None) -> None:
    monkeypatch.delitem(sys.modules, library)
    monkeypatch.setattr(registered, "_installed", lambda library: installed)
    monkeypatch.setattr(registered, "_hub", lambda library: Newer)
    assert registered.knows(library, "of_a_newer_version")
    assert not registered.knows(library, "resnet18")  # which is in the shipped list
    assert registered.names(library) == ["of_a_newer_version"]


def test_a_build_of_another_device_is_the_same_version(monkeypatch: pytest.MonkeyPatch) -> None:
    made = registered._shipped()["torchvision"]["version"]
    monkeypatch.setattr(registered, "version", lambda library: f"{made}+cu128")
    assert registered.up_to_date("torchvision")


def test_a_library_that_is_loaded_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "is_model", lambda name: name == "registered_by_this_program")
    assert registered.knows("timm", "registered_by_this_program")
    assert not registered.knows("timm", "vgg16")


def test_the_file_is_read_without_importing_either_library() -> None:
    code = (
        "import sys\nfrom netaudit.sources.hubs import registered\n"
        "registered.up_to_date = lambda library: True\n"
        "assert registered.knows('torchvision', 'alexnet') and not registered.knows('timm', 'alexnat')\n"
        "print(*[name for name in ('torch', 'torchvision', 'timm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

"""Every attack of the table: no code of the file runs, nothing else is read, and one line or the good layer comes."""

from __future__ import annotations

import re
import sys
import time
import unicodedata
from pathlib import Path

import in_archives
import in_headers
import in_names
import in_pickles
import pytest
import torch
from attack import GOOD, RAN, Attack
from click.testing import CliRunner

from netaudit.cli.main import cli
from netaudit.errors import SourceError
from netaudit.network.layers import SkippedLayer
from netaudit.sources.open import open_network

TABLE = [attack for part in (in_pickles, in_archives, in_headers, in_names) for attack in part.attacks()]


def printable(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text.replace("\n", ""))


def opened(path: Path) -> tuple[str, dict[str, torch.Tensor], str]:
    """The one line of a refusal; or every layer, and what is said of what is none."""
    try:
        network = open_network(path)
        read = {spec.name: network.read(spec).weight for spec in network.specs()}
    except SourceError as error:
        return str(error), {}, ""
    reasons = [entry.reason for entry in network.layers if isinstance(entry, SkippedLayer)]
    return "", read, " ".join([*reasons, *network.notes])


@pytest.mark.parametrize("attack", TABLE, ids=lambda attack: attack.name)
def test_attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = attack.make(folder)
    before = sorted(tmp_path.rglob("*"))
    modules = set(sys.modules)
    monkeypatch.chdir(folder)
    started = time.monotonic()
    refused, read, said = opened(path)
    if attack.refused or refused:
        assert attack.refused, refused
        assert re.search(attack.refused, refused), refused or "it was read"
        assert printable(refused)
        assert len(refused) < 500
    else:
        assert torch.equal(read["good"], torch.from_numpy(GOOD))
        assert re.search(attack.said, said), said
    assert time.monotonic() - started < 60, "it hangs"  # a second, but for a machine that is busy
    assert sorted(tmp_path.rglob("*")) == before, "a file was written"
    assert not (tmp_path / RAN).exists(), "code ran"
    assert not {name for name in set(sys.modules) - modules if name in named(attack)}, "a module was imported"


def named(attack: Attack) -> set[str]:
    """The modules that the gadget of an attack names."""
    return {attack.name.removeprefix("pickle: ").split()[0]} - {"torch", "numpy"}


def test_names_are_shown_as_names(tmp_path: Path) -> None:
    """The command line prints every name of the table on one line each, without what a terminal would obey."""
    state = {name: torch.ones(3, 4) for name in in_names.NAMES.values()}
    torch.save(state, tmp_path / "a.pt")
    run = CliRunner().invoke(cli, ["layers", str(tmp_path / "a.pt")])
    assert run.exit_code == 0
    assert printable(run.output), run.output
    assert not any(line.startswith("netaudit: error") for line in run.output.splitlines())


def test_the_page_names_tests_that_are_there() -> None:
    tests = Path(__file__).parent.parent
    page = (tests.parent / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/\w+\.py)`", page)
    assert len(named) > 10
    assert [name for name in named if not (tests / name).is_file()] == []


def test_no_two_attacks_have_one_name() -> None:
    assert len({attack.name for attack in TABLE}) == len(TABLE)

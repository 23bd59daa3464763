"""The folder of an audit: what is kept in it, what an interruption says of that, and whose report it holds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.cli import interruption
from netaudit.cli.run_file import NAME
from netaudit.errors import NetauditError, ReportError
from netaudit.report.folder import ReportFolder, report_folder
from netaudit.text import count, number, printable

if TYPE_CHECKING:
    from netaudit.api import KeptLayers

_GO_ON = "the same command goes on from there, with --fresh it begins anew"


@contextmanager
def audit_folder(folder: Path, fresh: bool) -> Iterator[tuple[ReportFolder, KeptLayers]]:
    """Use the folder inside the block; an error or an interruption says what is kept there.

    Raises:
        ReportError: another run uses the folder, or no report can be written into it.
    """
    from netaudit.api import KeptLayers

    with report_folder(folder, fresh=fresh) as place:
        kept = KeptLayers(place.layers)

        def says() -> str:
            place.tidy()
            return _whole(folder) if place.done else _kept_in(folder, kept)

        interruption.say(says)
        try:
            yield place, kept
            kept.unused = kept.on_disk() - kept.kept  # before the folder is tidied
        except Exception as error:
            rescued = ("audit.json is written",) if place.rescue("audit.json") else ()
            if _is_final(error, kept):
                kept.remove()
            hints = (*rescued, *((_kept_in(folder, kept),) if kept.on_disk() else ()))
            if isinstance(error, NetauditError):
                error.hints = (*error.hints, *hints)[:2]
            for hint in hints:
                error.add_note(hint)
            raise
        finally:
            interruption.say((lambda: _whole(folder)) if place.done else None)


def _is_final(error: Exception, kept: KeptLayers) -> bool:
    """Whether the same command would end in the same way: every layer is done, and writing is not what failed."""
    return isinstance(error, NetauditError) and not isinstance(error, ReportError) and 0 < kept.total == kept.kept


def _whole(folder: Path) -> str:
    return f"the report in {folder} is whole"


def _kept_in(folder: Path, kept: KeptLayers) -> str:
    found = kept.on_disk()
    if not found:
        return "no layer was done yet, so nothing is kept"
    layers = f"{number(found)} of {count(kept.total, 'layer')}" if found == kept.kept else count(found, "layer")
    more = _and_analyses(kept.network.kept, kept.network.total)
    return f"{layers}{more} {'is' if found == 1 and not more else 'are'} kept in {folder}; {_GO_ON}"


def _and_analyses(done: int, total: int) -> str:
    word = "analysis" if total == 1 else "analyses"
    return f" and {number(done)} of {number(total)} {word} of the network" if done else ""


def notes(kept: KeptLayers) -> None:
    """Say what was taken from an audit that was interrupted, and what could not be."""
    if kept.reused:
        more = _and_analyses(kept.network.reused, kept.network.total)
        verb = "was" if kept.reused == 1 and not more else "were"
        layers = f"{number(kept.reused)} of {count(kept.total, 'layer')}"
        _note(f"{layers}{more} {verb} kept from an audit that was interrupted")
    if kept.unused > 0:
        layers = count(kept.unused, "layer")
        _note(f"what an interrupted audit with other settings had kept here is removed ({layers})")
    for name in kept.damaged:
        _note(f"what was kept of layer {name} is damaged; it was measured again")
    for name in kept.network.damaged:
        _note(f"what was kept of the analysis {name} is damaged; it was measured again")


def warn(faults: tuple[str, ...]) -> None:
    """Say what could not be drawn: the report is whole but for that."""
    for fault in faults:
        print(f"netaudit: warning: {fault}", file=sys.stderr)


def _note(text: str) -> None:
    print(f"netaudit: note: {text}", file=sys.stderr)


def what_is_of(target: str, weights: Path | None, base: str | None) -> list[str]:
    """What a report is of: the target, and the files that go with it, as seen from the folder that we are in."""
    return [_from_here(str(each)) for each in (target, weights, base) if each is not None]


def _from_here(name: str) -> str:
    if not os.path.exists(name):  # noqa: PTH110 - a name that no file can have is a name too
        return name
    try:
        return os.path.relpath(name)
    except ValueError:  # another drive of Windows
        return os.path.abspath(name)  # noqa: PTH100 - of a link the link itself


def refuse_another_target(folder: Path, what: list[str], quiet: bool) -> None:
    """Refuse to overwrite, unasked, the report of another target of the same name.

    Raises:
        ReportError: the folder holds one.
    """
    try:
        held = json.loads((folder / NAME).read_text(encoding="utf-8"))["of"]
    except (OSError, ValueError, KeyError, TypeError):
        held = None
    if not isinstance(held, list):
        if (folder / "audit.json").exists() and not quiet:
            _note(f"{folder}: it is not known what the report there is of (it has no {NAME}); it will be replaced")
        return
    if held != what:
        shown = printable(" with ".join(map(str, held)), 200)
        raise ReportError(
            f"{folder} holds the report of {shown}, which would be overwritten",
            hint=f"write elsewhere: --out DIR; --out {folder} overwrites it",
        )

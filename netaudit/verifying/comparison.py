"""Check a comparison: what it carries, what it shows, the files that it is of, and its numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from netaudit.comparing.compare import compare
from netaudit.comparing.opening import open_side
from netaudit.comparing.payload import SCHEMA_ID
from netaudit.comparing.result import STEM, Comparison
from netaudit.comparing.rules import RULE, of_network
from netaudit.errors import NetauditError, ReportError
from netaudit.network.network import Progress
from netaudit.report.write import FIGURES
from netaudit.results.fingerprint import FIELD, fingerprint
from netaudit.results.reading import is_as_written, parsed
from netaudit.text import count, names, printable
from netaudit.verifying.again import Given
from netaudit.verifying.carried import ReportFile
from netaudit.verifying.check import Check, Verification, compared
from netaudit.verifying.rendering import same_figures, shows
from netaudit.verifying.rerun import within_tolerance
from netaudit.version import __version__

AGAIN = "the comparison once more"
_ELSEWHERE = ("versions", "threads", "sides", FIELD)
"""What may be another on another machine, or in other files of the same weights."""


class Asked(msgspec.Struct, frozen=True):
    """What the comparison was asked for, of what it keeps as settings; it may come from a stranger."""

    seed: int = 0
    layers: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    audited: bool = False
    vs_init: bool = False
    ladder: bool = True


def is_one(file: ReportFile) -> bool:
    """Whether a file carries a comparison, and no audit."""
    data, _ = parsed(file.json, file.name)
    return isinstance(data, dict) and data.get("$schema") == SCHEMA_ID


def verify(path: Path, files: Sequence[ReportFile], given: Given, tell: Progress, *, rerun: bool) -> Verification:
    """Check the files of one comparison; the first of them says what it is of.

    Raises:
        ReportError: it cannot be read, or what was given does not fit it.
    """
    if given.data or given.base or given.init:
        raise ReportError("a comparison has no data, base or first weights of its own", hint="name --weights alone")
    said = Comparison.from_json(files[0].json, changed=True)
    document = said.document(progress=tell)
    checks: list[Check] = []
    for file in files:
        own = Comparison.from_json(file.json, changed=True)
        checks += [_fingerprint(file), _version(own, file.name), _words(own, file.name)]
        if file.kind != "json":
            tell(f"making {file.name} again", 0.0, 0.0)
            checks.append(shows(file, document if file.json == files[0].json else own.document()))
    if len(files) > 1:
        marks = [fingerprint(parsed(file.json)[0]) for file in files]
        other = [file.name for file, mark in zip(files, marks, strict=True) if mark != marks[0]]
        differ = [f"{', '.join(other)} and {files[0].name} are of different comparisons"] if other else []
        checks.append(compared("one comparison in all files", differ, "each carries the same numbers"))
    if (path / FIGURES).is_dir():
        made = next((file.made_with for file in files if file.made_with), "")
        checks.append(same_figures(path / FIGURES, document, made))
    checks += _about_weights(said, given, tell, rerun=rerun)
    return Verification(printable(path.name or str(path), 80), tuple(checks))


def _fingerprint(file: ReportFile) -> Check:
    data, _ = parsed(file.json)
    what = f"{file.name}: fingerprint of its numbers"
    if FIELD not in data:
        return Check(what, "differs", "it has none, so that a change in it cannot be found")
    differ = [] if is_as_written(data) else ["a word or a number was changed since it was written"]
    return compared(what, differ, f"{str(data[FIELD])[:12]}…, as it was written")


def _version(found: Comparison, name: str) -> Check:
    wrote = printable(found.versions.get("netaudit", "no version"), 40)
    says = f"written by netaudit {wrote}"
    differ = (
        [] if wrote == __version__ else [f"{says}, and this is {__version__}: verify it with the one that wrote it"]
    )
    return compared(f"{name}: version", differ, f"{says}, as this one")


def _words(found: Comparison, name: str) -> Check:
    """Whether each word is that of its rule, and the word of a network that of its layers."""
    differ = []
    for pair in found.pairs:
        for layer in pair.layers:
            if layer.rule not in RULE or RULE[layer.rule].word != layer.word:
                rule = printable(layer.rule, 40)
                differ.append(
                    f"layer {printable(layer.layer, 80)} is {layer.word}, which is no word of the rule {rule}"
                )
        if of_network([(layer.word, layer.rule) for layer in pair.layers]) != pair.word:
            differ.append(f"the word of network {pair.second + 1} is {pair.word}, and its layers give another")
    return compared(f"{name}: words", differ, "the word of each network agrees with those of its layers")


def _about_weights(found: Comparison, given: Given, tell: Progress, *, rerun: bool) -> Iterator[Check]:
    sides = [side for side in found.sides if side.kind != "twin"]
    named = [each for each in (given.weights, *given.others) if each is not None]
    if not named and all(side.kind == "zoo" for side in sides):
        named = [f"zoo:{side.name}" for side in sides]
    each = f"--weights once for each of {names([printable(side.name, 60) for side in sides])}, in this order"
    if not named:
        yield Check("weights", "not checked", f"name them: {each}")
        if rerun:
            raise ReportError("--rerun compares the weights again", hint=f"name them: {each}")
        return
    if len(named) != len(sides):
        raise ReportError(f"the comparison is of {count(len(sides), 'network')}, and {len(named)} are named", hint=each)
    for side, target in zip(sides, named, strict=True):
        what = f"file of {printable(side.name, 80)}"
        if side.file_sha256 is None:
            yield Check(what, "not checked", "the comparison has no hash of it; --rerun compares its numbers")
        elif open_side(target, tell).file_sha256 == side.file_sha256:
            yield Check(what, "same", "the file that was compared, by its SHA-256")
        elif rerun:
            yield Check(what, "not checked", "another file than the one that was compared; its numbers count")
        else:
            yield Check(what, "differs", "another file; --rerun tells whether its numbers are the same")
    if rerun:
        yield _again(found, named, tell)
    else:
        yield Check(AGAIN, "not checked", "ask for it with --rerun")


def _again(found: Comparison, targets: Sequence[str | Path], tell: Progress) -> Check:
    try:
        asked = msgspec.convert(found.settings, Asked)
    except ValueError as error:
        raise ReportError(f"the settings in it are not those of a {STEM}: {printable(str(error), 200)}") from error
    try:
        again = compare(*targets, **msgspec.structs.asdict(asked), hash_files=False, progress=tell)
    except NetauditError as error:
        return Check(AGAIN, "differs", f"it cannot be run: {error}")
    return within_tolerance(AGAIN, _numbers(found), _numbers(again))


def _numbers(found: Comparison) -> dict[str, Any]:
    """All but what the files are called, and what is said of how they were read."""
    data = {key: value for key, value in json.loads(found.to_json()).items() if key not in _ELSEWHERE}
    for pair in data["pairs"]:
        pair.pop("notes", None)
    return data

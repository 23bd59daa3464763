"""Check a report: what it carries, what it shows, the weights that it is of, and its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from netaudit.api import AuditReport, audit
from netaudit.errors import NetauditError, ReportError
from netaudit.network.network import Progress
from netaudit.report.document.model import Document
from netaudit.report.write import FIGURES
from netaudit.results.fingerprint import FIELD, fingerprint
from netaudit.results.reading import is_as_written, load_json
from netaudit.results.report import Report
from netaudit.text import printable
from netaudit.verifying import comparison
from netaudit.verifying.again import Given, arguments, asked, opened
from netaudit.verifying.carried import ReportFile, open_report
from netaudit.verifying.check import Check, Verification
from netaudit.verifying.rendering import same_figures, shows
from netaudit.verifying.rerun import same_numbers
from netaudit.verifying.weights import same_weights
from netaudit.version import __version__

FILES = ("audit.json", "audit.html", "audit.pdf")
"""Those of a report's folder."""
COMPARED = ("compare.json", "compare.html", "compare.pdf")
"""Those of a comparison's."""


def verify(
    report: str | Path, given: Given | None = None, *, rerun: bool = False, progress: Progress | None = None
) -> Verification:
    """Check a report: an audit.json, audit.html or audit.pdf, or the folder of all three; or the same of a comparison.

    This finds damage and carelessness. It does not find a forger, who can compute a new fingerprint for other numbers;
    only ``rerun`` can, which audits the weights once more.

    Args:
        report: the file or the folder.
        given: the weights, and what else the audit was given.
        rerun: whether to audit the weights again, and compare all numbers.
        progress: called with (message, done, total).

    Raises:
        ReportError: it cannot be read, or is no report.
    """
    path, tell = Path(report), progress or _silent
    files = [open_report(each) for each in _files(path)]
    if comparison.is_one(files[0]):
        return comparison.verify(path, files, given or Given(), tell, rerun=rerun)
    drawn = _Drawn(tell)
    said = AuditReport.from_json(files[0].json, changed=True)
    checks = [check for file in files for check in _file(file, drawn, tell)]
    if len(files) > 1:
        checks.append(_one_audit(files))
    if (path / FIGURES).is_dir():
        made = next((file.made_with for file in files if file.made_with), "")
        checks.append(same_figures(path / FIGURES, drawn.document(files[0].json), made))
    checks += _about_weights(said, given or Given(), tell, rerun=rerun)
    return Verification(printable(path.name or str(path), 80), tuple(checks))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    for names in (FILES, COMPARED):
        found = [path / name for name in names if (path / name).is_file()]
        if found:
            return found
    raise ReportError(f"{printable(str(path))}: there is none of {', '.join((*FILES, *COMPARED))} in this folder")


class _Drawn:
    """The document of each JSON, with its figures; the files of one report carry the same, and it is drawn once."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self._documents: dict[str, Document] = {}

    def document(self, text: str) -> Document:
        """The document of a JSON text."""
        if text not in self._documents:
            self._documents[text] = AuditReport.from_json(text, changed=True).document(progress=self._tell)
        return self._documents[text]


def _file(file: ReportFile, drawn: _Drawn, tell: Progress) -> Iterator[Check]:
    """What a file carries, and what it shows."""
    data, _ = load_json(file.json)
    what = f"{file.name}: fingerprint of its numbers"
    if FIELD not in data:
        yield Check(what, "differs", "it has none, so that a change in it cannot be found")
    elif is_as_written(data):
        yield Check(what, "same", f"{str(data[FIELD])[:12]}…, as it was written")
    else:
        yield Check(what, "differs", "a word or a number was changed since it was written")
    report = AuditReport.from_json(file.json, changed=True)
    yield _version(report, file.name)
    yield _counts(report, file.name)
    if file.kind != "json":
        tell(f"making {file.name} again", 0.0, 0.0)
        yield shows(file, drawn.document(file.json))


def _version(report: Report, name: str) -> Check:
    what, wrote = f"{name}: version", printable(report.provenance.versions.get("netaudit", "no version"), 40)
    says = f"written by netaudit {wrote}"
    return (
        Check(what, "same", f"{says}, as this one")
        if wrote == __version__
        else Check(what, "differs", f"{says}, and this is {__version__}: verify it with the version that wrote it")
    )


def _counts(report: Report, name: str) -> Check:
    """Whether the summary counts the verdicts that the layers have, all of them."""
    what = f"{name}: verdicts counted"
    claims = report.summary.claims
    for claim in dict.fromkeys([*claims, *(found for layer in report.layers for found in layer.findings)]):
        verdicts = Counter(_verdict(layer.analyses.get(claim)) for layer in report.layers)
        counted = Counter(claims.get(claim, {}))
        if verdicts != counted:  # a count of nothing and one that is missing are equal
            return Check(what, "differs", f"the summary counts other verdicts on {printable(claim, 60)} than there are")
    audited = sum(layer.shape[0] * (layer.shape[1] + ("bias" in layer.sha256)) for layer in report.layers)
    if all(layer.sha256 for layer in report.layers) and audited != report.coverage.parameters_audited:
        return Check(what, "differs", "the layers have another number of parameters than the summary says")
    return Check(what, "same", "the summary agrees with the layers")


def _verdict(payload: Any) -> str | None:
    """The verdict of a claim; of one that is not installed here, as the JSON has it; None where that is no word."""
    verdict = payload.get("verdict") if isinstance(payload, Mapping) else getattr(payload, "verdict", None)
    return verdict if isinstance(verdict, str) else None


def _one_audit(files: list[ReportFile]) -> Check:
    first, what = files[0], "one audit in all files"
    marks = [fingerprint(load_json(file.json)[0]) for file in files]  # of the content: another layout is no difference
    other = [file.name for file, mark in zip(files, marks, strict=True) if mark != marks[0]]
    says = f"{', '.join(other)} and {first.name} are of different audits" if other else "each carries the same numbers"
    return Check(what, "differs" if other else "same", says)


def _about_weights(report: AuditReport, given: Given, tell: Progress, *, rerun: bool) -> Iterator[Check]:
    if given.others:
        raise ReportError("an audit is of one network", hint="name its weights once: --weights FILE")
    target = given.target(report)
    if target is None:
        yield Check("weights", "not checked", "name them with --weights")
        if rerun:
            raise ReportError("--rerun audits the weights again", hint="name them: --weights FILE")
        return
    missing = given.missing(report)
    if report.provenance.settings.get("base") and given.base is None:
        yield Check("weights", "not checked", str(missing))
    else:
        settings = asked(report)
        network = opened(report, given, target, tell).select(settings.layers, settings.exclude)
        yield same_weights(report, network, tell)
    if not rerun:
        yield Check("the audit once more", "not checked", "ask for it with --rerun")
    elif missing:
        raise ReportError(f"the audit cannot be run again: {missing}")
    else:
        yield _again(report, given, target, tell)


def _again(report: AuditReport, given: Given, target: str | Path, tell: Progress) -> Check:
    try:
        again = audit(**arguments(report, given, target), progress=tell)
    except NetauditError as error:
        return Check("the audit once more", "differs", f"it cannot be run: {error}")
    return same_numbers(report, again)


def _silent(message: str, done: float, total: float) -> None:
    """The default progress: nothing."""

"""``netaudit verify REPORT``: whether a report still says what its audit found, about the weights at hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from netaudit.verifying.check import Verification

_STYLES = {"same": "holds", "differs": "fails", "not checked": "not_applicable"}


@click.command()
@click.argument("source", metavar="REPORT", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--weights", metavar="TARGET", multiple=True,
    help="The weights at hand, as a file in any format, a folder or a name; of a comparison once for each network.",
)  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), metavar="PATH", help="The real inputs that the audit had.")
@click.option("--base", metavar="TARGET", help="Where the weights are an adapter, the model that it is added to.")
@click.option("--init", metavar="TARGET", help="The first weights of the training run, which the audit had.")
@click.option("--rerun", is_flag=True, help="Audit the weights once more, and compare every number.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def verify(
    source: Path,
    weights: tuple[str, ...],
    data: Path | None,
    base: str | None,
    init: str | None,
    rerun: bool,
    quiet: bool,
) -> None:
    """Check a REPORT: audit.json, audit.html or audit.pdf, or the folder of all three; or compare.json, ...

    It is made again from the numbers that it carries, and compared with what it shows. This finds damage and
    carelessness, and no forger: only --rerun does.

    Exit codes: 0 nothing differs; 1 something differs, or nothing was checked; 2 could not verify.
    """
    from netaudit.cli.progress import progress_bar
    from netaudit.verifying.again import Given
    from netaudit.verifying.verify import verify as check

    named = [Path(each) if Path(each).exists() else each for each in weights]
    given = Given(named[0] if named else None, data, base, init, tuple(named[1:]))
    with progress_bar(quiet) as progress:
        found = check(source, given, rerun=rerun, progress=progress)
    if not quiet:
        _print(found)
    if not found.same:
        sys.exit(1)


def _print(found: Verification) -> None:
    from netaudit.cli.tables import console, print_table
    from netaudit.report.document.model import Span

    rows = [
        (check.what, Span(check.outcome, _STYLES[check.outcome]), check.says)  # type: ignore[arg-type]
        for check in found.checks
    ]
    print_table(["what was looked at", "outcome", "what was found"], rows)
    if found.same:
        says = "Nothing differs in what was checked. A forger could still have changed numbers and their fingerprint"
        rerun = any(check.what.endswith(" once more") and check.outcome == "same" for check in found.checks)
        says = "Nothing differs, and the weights give these numbers again." if rerun else f"{says}: --rerun tells."
    else:
        differ = [check.what for check in found.checks if check.outcome == "differs"]
        says = f"Not as it was written: {'; '.join(differ)}." if differ else "Nothing was checked."
    console().print(says, markup=False)

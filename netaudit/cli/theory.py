"""``netaudit study theory``: the theory's statements, tested on matrices that are random by construction."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.cli.run_file import run_file_option, write_run

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = Path("reports") / "theory-run"  # reports/theory is the committed run, which `make theory` rewrites


@click.command(short_help="Test the theory on random networks.")
@click.option("--quick", is_flag=True, help="Small layers and wide tolerances, to see that everything runs.")
@click.option("--out", type=OUT_FOLDER, metavar="DIR", help=f"Where to write; {DEFAULT} by default.")
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."
)
@click.option("--seed", default=0, show_default=True, help="Every random number follows from it.")
@run_file_option
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def theory(quick: bool, out: Path | None, device: str, seed: int, run_file: bool, quiet: bool) -> None:
    """Test the theory on Gaussian networks: which statements hold at real sizes, and with which constants.

    Needs no network of yours. Writes theory.html, theory.pdf and theory.json. A statement that does not hold is a
    finding, not an error: the exit code is 0.
    """
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder

    started, clock = datetime.now(UTC), time.perf_counter()
    folder = out or DEFAULT
    make_folder(folder)  # now, not after minutes of work
    with progress_bar(quiet) as progress:
        from netaudit.studies.harness.page import write_study
        from netaudit.studies.theory.page import document
        from netaudit.studies.theory.run import run_theory

        data = run_theory(quick=quick, device=device, seed=seed, progress=progress)
        measured = time.perf_counter()
        if progress:
            progress("writing the report", 0.0, 0.0)
        written = write_study(document(data), folder)
        if run_file:
            write_run(folder, started, {"theory": measured - clock, "reports": time.perf_counter() - measured})
    if not quiet:
        _print(data, [written[name] for name in ("html", "pdf", "json")])


def _print(data: Mapping[str, Any], written: list[Path]) -> None:
    from rich.text import Text

    from netaudit.cli.tables import console, print_table
    from netaudit.report.document.model import Span
    from netaudit.studies.theory.page import verdict_of
    from netaudit.vocabulary import VERDICT_WORDS

    rows = []
    for statement in data["statements"]:
        low, high = statement["interval"]
        verdict = Span(VERDICT_WORDS[verdict_of(statement)], verdict_of(statement))
        rows.append(
            (statement["title"], verdict, f"{statement['value']:.3g}", f"[{low:.3g}, {high:.3g}]", statement["measure"])
        )
    print_table(["statement", "verdict", "value", "95% interval", "headline check"], rows)
    console().print(Text(f"Report: {', '.join(map(str, written))}"), soft_wrap=True)

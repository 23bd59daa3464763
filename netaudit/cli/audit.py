"""``netaudit audit TARGET``, the default command."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from netaudit.analyses.surrogates import Level
    from netaudit.numerics.spectrum import Method
    from netaudit.results import AuditReport

FORMATS = ("html", "pdf", "json")
CLAIMS = ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion")  # a test holds both to the analysers
NULLS = ("none", "quick", "full")
SPECTRA = ("auto", "exact", "lanczos")


def split_formats(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """A comma-separated choice of report formats."""
    asked = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if not asked or not set(asked) <= set(FORMATS):
        raise click.BadParameter(f"{value!r}: a comma-separated choice of {', '.join(FORMATS)}", context, parameter)
    return asked


@click.command()
@click.argument("target")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to write; reports/NAME by default.")
@click.option(
    "--weights", type=click.Path(path_type=Path), metavar="FILE", help="A state dict for a named architecture."
)
@click.option("--layers", multiple=True, metavar="GLOB", help="Audit only layers that match; may be repeated.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out layers that match; may be repeated.")
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."
)
@click.option("--seed", default=0, show_default=True, help="Every random number follows from it.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="FILE.npz|FOLDER",
    help="Real inputs x and labels y for the network, or a folder of images.",
)
@click.option(
    "--nulls", type=click.Choice(NULLS), default="quick", show_default=True,
    help="Draws of each layer's own entries, permuted and with random signs: one on at most 1024 x 1024 of them, "
    "ten at full size, or none.",
)  # fmt: skip
@click.option(
    "--spectrum", type=click.Choice(SPECTRA), default="auto", show_default=True,
    help="Singular values: exact, or their distribution by Lanczos with an error bound; auto is exact up to a smaller "
    "side of 2048, and up to 8192 decomposes a layer once, with its mean: without it they are right to two ranks.",
)  # fmt: skip
@click.option(
    "--format",
    "formats",
    callback=split_formats,
    default=",".join(FORMATS),
    show_default=True,
    help="Reports to write.",
)
@click.option(
    "--fail-on", multiple=True, type=click.Choice(CLAIMS), metavar="CLAIM",
    help=f"Exit 1 if this claim fails in any layer: {', '.join(CLAIMS)}.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def audit(
    target: str,
    out: Path | None,
    weights: Path | None,
    layers: tuple[str, ...],
    exclude: tuple[str, ...],
    device: str,
    seed: int,
    data: Path | None,
    nulls: Level,
    spectrum: Method,
    formats: tuple[str, ...],
    fail_on: tuple[str, ...],
    quiet: bool,
) -> None:
    """Audit TARGET: a file, a folder of shards, a bundled network, or a torchvision or timm name (the default)."""
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder
    from netaudit.sources.open import report_folder, require

    started, clock = datetime.now(UTC), time.perf_counter()
    require(target)
    folder = out or Path("reports") / report_folder(target)
    make_folder(folder)  # now, not after minutes of work
    with progress_bar(quiet) as progress:
        from netaudit.auditor import audit as run

        report = run(
            target, weights=weights, layers=layers, exclude=exclude, device=device, seed=seed, data=data,
            nulls=nulls, spectrum=spectrum, progress=progress,
        )  # fmt: skip
        audited = time.perf_counter()
        if progress:
            progress("writing the report", 0.0, 0.0)
        _write(report, folder, formats, started, audited - clock)
    if not quiet:
        _print(report, folder, formats)
    if any("fails" in report.verdicts(claim).values() for claim in fail_on):
        sys.exit(1)


def _write(report: AuditReport, folder: Path, formats: tuple[str, ...], started: datetime, seconds: float) -> None:
    """Reports first, then run.json."""
    from netaudit.cli.run_file import write_run
    from netaudit.report import write_reports

    clock = time.perf_counter()
    write_reports(report, folder, formats)
    write_run(folder, started, {"audit": seconds, "reports": time.perf_counter() - clock})


def _print(report: AuditReport, folder: Path, formats: tuple[str, ...]) -> None:
    from rich.text import Text

    from netaudit.cli.tables import console, print_summary

    print_summary(report)
    for sentence in report.summary["text"]:
        console().print(Text(sentence), soft_wrap=True)
    if report.provenance.hash_matches_name is False:
        console().print(Text("The file's SHA-256 does not begin with the hash in its name.", style="yellow"))
    # in the order a person opens them
    written = ", ".join(str(folder / f"audit.{name}") for name in FORMATS if name in formats)
    console().print(Text(f"Report: {written}"), soft_wrap=True)

"""``netaudit study calibration``: how often the analyses are right on layers whose answer is known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netaudit.cli.out_folder import OUT_FOLDER

if TYPE_CHECKING:
    from netaudit.studies.calibration.cells import CalibrationPlan


@click.command(short_help="Measure how often each verdict is right.")
@click.option(
    "--out", type=OUT_FOLDER, metavar="DIR",
    help="Where to write; reports/calibration by default, reports/calibration-quick with --quick.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Few seeds of small layers, to see that everything runs.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes of one thread each.")
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help="Layers of each kind; 200 by default.")
@click.option(
    "--large-seeds", type=click.IntRange(min=1), metavar="N",
    help="Gaussian layers of 4096 x 4096 and 4096 x 9216; 10 by default.",
)  # fmt: skip
@click.option(
    "--curve-seeds", type=click.IntRange(min=1), metavar="N", help="Layers a point of the curves; 100 by default."
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def calibration(
    out: Path | None,
    quick: bool,
    jobs: int,
    seeds: int | None,
    large_seeds: int | None,
    curve_seeds: int | None,
    quiet: bool,
) -> None:
    """Measure false alarms and power of the analyses on layers whose answer is known: an hour or more.

    What was measured is kept in DIR: a study that was stopped goes on where it was, unless the code that measures or
    the tolerances have changed since; then it begins anew.

    Exit codes: 0 every bar is met; 1 one is not; 2 the study could not be run.
    """
    from netaudit.cli.progress import progress_bar
    from netaudit.studies.calibration import plan as plans
    from netaudit.studies.calibration.run import calibrate as run

    asked = {"seeds": seeds, "large_seeds": large_seeds, "curve_seeds": curve_seeds}
    sizes = {name: value for name, value in asked.items() if value is not None}
    if quick and sizes:
        raise click.UsageError("--quick has its own numbers of seeds")
    plan: CalibrationPlan = plans.quick() if quick else plans.full(**sizes)
    folder = out or Path("reports") / ("calibration-quick" if quick else "calibration")
    options = ["--quick"] * quick + [f"--{name.replace('_', '-')} {value}" for name, value in sizes.items()]
    command = " ".join(["netaudit study calibration", *options, f"--jobs {jobs}"])
    with progress_bar(quiet) as progress:
        data = run(plan, folder, command=command, jobs=jobs, progress=progress)
    missed = [criterion for criterion in data["bars"] if not criterion["met"]]
    if not quiet:
        _print(data, missed, folder)
    if missed:
        sys.exit(1)


def _print(data: dict[str, Any], missed: list[dict[str, Any]], folder: Path) -> None:
    from netaudit.cli.tables import print_table
    from netaudit.studies.calibration.words import figure, limits

    if missed:
        rows = [(each["requirement"], each["cell"], each["claim"] or "", limits(each), figure(each)) for each in missed]
        print_table(["bar not met", "layers", "claim", "asked", "measured"], rows)
    click.echo(f"{len(data['bars']) - len(missed)} of {len(data['bars'])} bars are met.")
    written = ", ".join(str(folder / f"calibration.{ending}") for ending in ("html", "pdf", "json"))
    click.echo(f"Report: {written}")

"""``netaudit study injectivity``: from how many rows an input is a Gaussian layer injective."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.out_folder import OUT_FOLDER


@click.command("injectivity", short_help="From how many rows is a layer injective?")
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/injectivity"), show_default=True, metavar="DIR",
    help="Where to write, and where what was measured is kept.",
)  # fmt: skip
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes of one thread each.")
@click.option("--quick", is_flag=True, help="Four shapes, to see that everything runs.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def expansivity(out: Path, jobs: int, quick: bool, quiet: bool) -> None:
    """Draw Gaussian layers of many shapes: how many are injective, on all inputs and on those that are not negative?

    Takes minutes. What was measured is kept in DIR: a study that was stopped goes on where it was.
    """
    from netaudit.cli.progress import progress_bar

    with progress_bar(quiet) as progress:
        from netaudit.studies.expansivity import page, run
        from netaudit.studies.harness.page import write_study

        tell = progress or (lambda message, done, total: None)
        command = f"netaudit study injectivity --jobs {jobs}{' --quick' if quick else ''}"
        data = run.run(out, command=command, jobs=jobs, progress=tell, quick=quick)
        tell("writing the study", 0.0, 0.0)
        written = write_study(page.document(data), out)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in ("html", "pdf", "json")))

"""``netaudit study geometry-claims``: false alarms and power of the analyses of a network's geometry."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.out_folder import OUT_FOLDER


@click.command(short_help="Calibrate the geometry of a network.")
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/geometry-claims"), show_default=True, metavar="DIR",
    help="Where to write, and where what was measured is kept.",
)  # fmt: skip
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes of one thread each.")
@click.option("--quick", is_flag=True, help="Two draws a line, to see that everything runs.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def geometry_claims(out: Path, jobs: int, quick: bool, quiet: bool) -> None:
    """How often do the analyses of the geometry refuse a random network, and which plants do they notice?

    Takes minutes. What was measured is kept in DIR: a study that was stopped goes on where it was.
    """
    from netaudit.cli.progress import progress_bar

    with progress_bar(quiet) as progress:
        from netaudit.studies.geometry_claims import page, run
        from netaudit.studies.harness.page import write_study

        tell = progress or (lambda message, done, total: None)
        command = f"netaudit study geometry-claims --jobs {jobs}{' --quick' if quick else ''}"
        data = run.run(out, command=command, jobs=jobs, progress=tell, quick=quick)
        tell("writing the study", 0.0, 0.0)
        written = write_study(page.document(data), out)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in ("html", "pdf", "json")))

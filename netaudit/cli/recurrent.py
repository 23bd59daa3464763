"""``netaudit study recurrent``: do recurrent networks that classify sentiment have a line attractor?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netaudit.cli.out_folder import OUT_FOLDER

if TYPE_CHECKING:
    from netaudit.studies.recurrent.plan import Source
    from netaudit.training.recipes import Kind


@click.command(short_help="Do networks that read texts have a line attractor?")
@click.option(
    "--data-root", type=click.Path(path_type=Path), default=Path("data"), show_default=True, metavar="DIR|FILE",
    help="reviews.csv with columns text, label and source (imdb or rotten_tomatoes), or its folder.",
)  # fmt: skip
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(["GRU", "LSTM", "RNN", "UGRNN"]),
    default=("GRU", "LSTM", "RNN"), show_default=True, help="Cells, an option each.",
)  # fmt: skip
@click.option(
    "--texts", "sources", multiple=True, type=click.Choice(["sentences", "imdb"]), default=("sentences", "imdb"),
    show_default=True, help="What they read, an option each.",
)  # fmt: skip
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 100), help="Networks of each cell.")
@click.option("--epochs", type=click.IntRange(1, 100), help="Of training on texts; 6 for sentences, 3 for reviews.")
@click.option("--known/--no-known", default=True, show_default=True, help="Tasks with known answers as well.")
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/recurrent"), show_default=True, metavar="DIR",
    help="Where to write, and where what was measured is kept.",
)  # fmt: skip
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes of one thread each.")
@click.option("--quick", is_flag=True, help="Small searches on few texts, to see that everything runs.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def recurrent(
    data_root: Path,
    kinds: tuple[Kind, ...],
    sources: tuple[Source, ...],
    seeds: int,
    epochs: int | None,
    known: bool,
    out: Path,
    jobs: int,
    quick: bool,
    quiet: bool,
) -> None:
    """Train networks on film reviews, find their fixed points, and judge whether they add up along a line.

    Takes an hour on one core. What was measured, and the networks, are kept in DIR: a study that was stopped goes on
    where it was, and the page shows all that was measured there, by other options as well.
    """
    from netaudit.cli.progress import progress_bar

    with progress_bar(quiet) as progress:
        from netaudit.studies.harness.page import write_study
        from netaudit.studies.recurrent import page, plan, run

        tell = progress or (lambda message, done, total: None)
        chosen = [f"--kind {kind}" for kind in kinds] + [f"--texts {source}" for source in sources]
        flags = [
            *chosen,
            f"--seeds {seeds}",
            *([f"--epochs {epochs}"] if epochs else []),
            *([] if known else ["--no-known"]),
            f"--jobs {jobs}",
        ]
        command = " ".join(["netaudit study recurrent", *flags, *(["--quick"] if quick else [])])
        effort = plan.QUICK if quick else plan.FULL
        planned = plan.tasks(
            data_root.resolve(), kinds=kinds, sources=sources, seeds=seeds, epochs=epochs, known=known, effort=effort
        )
        data = run.run(out, planned, command=command, jobs=jobs, progress=tell)
        tell("writing the study", 0.0, 0.0)
        written = write_study(page.document(data), out)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in ("html", "pdf", "json")))

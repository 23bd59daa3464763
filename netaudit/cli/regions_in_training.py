"""``netaudit study linear-regions DIR...``: what training did to the linear regions, from the weights of each epoch."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.out_folder import OUT_FOLDER


@click.command("linear-regions", short_help="Follow the linear regions through training runs.")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/linear-regions"), show_default=True, metavar="DIR",
    help="Where to write.",
)  # fmt: skip
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."
)
@click.option("--seed", default=0, show_default=True, help="The segments and the random layers follow from it.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def regions_in_training(folders: tuple[Path, ...], out: Path, device: str, seed: int, quiet: bool) -> None:
    """Count the linear pieces after every epoch of training runs (netaudit train --keep-epochs in DIR)."""
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder

    make_folder(out)  # now, not after minutes of work
    with progress_bar(quiet) as progress:
        from netaudit.numerics import device as devices
        from netaudit.studies.harness.page import write_study
        from netaudit.studies.regions_in_training import page
        from netaudit.studies.regions_in_training.measure import measure

        tell = progress or (lambda message, done, total: None)
        found = measure(folders, devices.choose(device), seed, tell)
        tell("writing the report", 0.0, 0.0)
        written = write_study(page.document(found), out)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in ("html", "pdf", "json")))

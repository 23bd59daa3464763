"""``netaudit study curves DIR...``: what training did to each claim, from the weights kept after each epoch."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.choices import split_page_formats
from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.report.renderers.table import DEFAULT_FORMATS, PAGE_FORMATS


@click.command(short_help="Follow each claim through training runs.")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/training"), show_default=True, metavar="DIR",
    help="Where to write.",
)  # fmt: skip
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."
)
@click.option("--seed", default=0, show_default=True, help="Every random number of the audits follows from it.")
@click.option(
    "--format", "formats", callback=split_page_formats, default=",".join(DEFAULT_FORMATS), show_default=True,
    help=f"Reports to write, of {', '.join(PAGE_FORMATS)}.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def curves(folders: tuple[Path, ...], out: Path, device: str, seed: int, formats: tuple[str, ...], quiet: bool) -> None:
    """Audit every epoch of training runs (netaudit train --keep-epochs in DIR) and draw each claim as a curve."""
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder

    make_folder(out)  # now, not after minutes of work
    with progress_bar(quiet) as progress:
        from netaudit.numerics import device as devices
        from netaudit.studies.harness.page import write_study
        from netaudit.studies.training_curves import page
        from netaudit.studies.training_curves.measure import measure

        tell = progress or (lambda message, done, total: None)
        found = measure(folders, devices.choose(device), seed, tell)
        tell("writing the report", 0.0, 0.0)
        written = write_study(page.document(found), out, formats)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in PAGE_FORMATS if name in written))

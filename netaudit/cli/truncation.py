"""``netaudit study truncation DIR``: a residual network without its last blocks, over its training."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.out_folder import OUT_FOLDER


@click.command(short_help="What do the last blocks of a residual network change?")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out", type=OUT_FOLDER, default=Path("reports/truncation"), show_default=True, metavar="DIR",
    help="Where to write.",
)  # fmt: skip
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def truncation(folder: Path, out: Path, device: str, quiet: bool) -> None:
    """Leave out the last blocks of a residual network at some epochs of its training.

    DIR is what netaudit train cifar10-resmlp --keep-epochs wrote. Takes seconds.
    """
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder

    make_folder(out)
    with progress_bar(quiet) as progress:
        from netaudit.numerics import device as devices
        from netaudit.studies.harness.page import write_study
        from netaudit.studies.truncation import page
        from netaudit.studies.truncation.measure import measure

        tell = progress or (lambda message, done, total: None)
        data = measure(folder, devices.float64_device(devices.choose(device)), tell)
        tell("writing the study", 0.0, 0.0)
        written = write_study(page.document(data), out)
    if not quiet:
        click.echo("Report: " + ", ".join(str(written[name]) for name in ("html", "pdf", "json")))

"""``netaudit render audit.json``: the reports again, from the JSON alone."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.choices import split_formats
from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.report.renderers.table import DEFAULT_FORMATS, FORMATS, RENDERERS

_DEFAULT = ",".join(name for name in DEFAULT_FORMATS if name != "json")
"""The JSON is there already."""


@click.command()
@click.argument("source", metavar="AUDIT.JSON", type=click.Path(path_type=Path))
@click.option("--out", type=OUT_FOLDER, metavar="DIR", help="Where to write; beside the JSON by default.")
@click.option(
    "--format", "formats", callback=split_formats, default=_DEFAULT, show_default=True,
    help=f"Reports to write, of {', '.join(FORMATS)}.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def render(source: Path, out: Path | None, formats: tuple[str, ...], quiet: bool) -> None:
    """Rebuild the reports from an AUDIT.JSON; needs neither the model nor PyTorch."""
    from netaudit.api import AuditReport
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder
    from netaudit.report.write import show_figures, write_document

    report = AuditReport.from_json(source)
    folder = out or source.parent
    make_folder(folder)
    with progress_bar(quiet) as progress:
        document = report.document(draw=show_figures(formats), progress=progress)
        if progress:
            progress("writing the report", 0.0, 0.0)
        write_document(document, folder, formats)
    if not quiet:
        written = [str(folder / f"audit{renderer.suffix}") for renderer in RENDERERS if renderer.name in formats]
        click.echo(f"Report: {', '.join(written)}")

"""``netaudit render audit.json``: the reports again, from the JSON alone."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.audit import FORMATS, split_formats


@click.command()
@click.argument("source", metavar="AUDIT.JSON", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to write; beside the JSON by default."
)
@click.option(
    "--format", "formats", callback=split_formats, default="html,pdf", show_default=True, help="Reports to write."
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def render(source: Path, out: Path | None, formats: tuple[str, ...], quiet: bool) -> None:
    """Rebuild the reports from an AUDIT.JSON; needs neither the model nor PyTorch."""
    from netaudit.cli.progress import progress_bar
    from netaudit.files import make_folder
    from netaudit.report import write_reports
    from netaudit.results import AuditReport

    report = AuditReport.from_json(source)
    folder = out or source.parent
    make_folder(folder)
    with progress_bar(quiet) as progress:
        if progress:
            progress("writing the report", 0.0, 0.0)
        write_reports(report, folder, formats)
    if not quiet:
        click.echo("Report: " + ", ".join(str(folder / f"audit.{name}") for name in FORMATS if name in formats))

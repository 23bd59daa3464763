"""``netaudit render audit.json``: the reports again, from the JSON alone; those of a comparison as well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netaudit.cli.choices import split_formats
from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.cli.run_file import NAME
from netaudit.paper.venues import DEFAULT as DEFAULT_VENUE
from netaudit.paper.venues import NAMES as VENUES
from netaudit.report.renderers.table import COMPARE_FORMATS, DEFAULT_FORMATS, FORMATS, RENDERERS

if TYPE_CHECKING:
    from netaudit.api import AuditReport
    from netaudit.comparing.result import Comparison

_DEFAULT = ",".join(name for name in DEFAULT_FORMATS if name != "json")
"""The JSON is there already."""


@click.command()
@click.argument("source", metavar="JSON", type=click.Path(path_type=Path))
@click.option("--out", type=OUT_FOLDER, metavar="DIR", help="Where to write; beside the JSON by default.")
@click.option(
    "--format", "formats", callback=split_formats, default=_DEFAULT, show_default=True,
    help=f"Reports to write, of {', '.join(FORMATS)}.",
)  # fmt: skip
@click.option(
    "--venue", type=click.Choice(VENUES), default=DEFAULT_VENUE, show_default=True,
    help="Whose columns --format latex writes for.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def render(source: Path, out: Path | None, formats: tuple[str, ...], venue: str, quiet: bool) -> None:
    """Rebuild the reports from an audit.json or a compare.json; needs neither the model nor PyTorch.

    They take the place of an earlier report in the folder. Beside the JSON itself, reports that are there in other
    formats are made anew, too.
    """
    from netaudit.cli import interruption
    from netaudit.cli.audit_folder import warn
    from netaudit.cli.progress import progress_bar
    from netaudit.report.folder import write_whole
    from netaudit.report.write import show_figures

    report, stem = _read(source)
    refused = [each.name for each in RENDERERS if each.name in formats and each.only and stem not in each.only]
    if refused:
        raise click.UsageError(f"a comparison has no format {refused[0]}: choose of {', '.join(COMPARE_FORMATS)}")
    folder = out or source.parent
    stays: tuple[str, ...] = ()
    if _same(source, folder / f"{stem}.json"):
        there = [each.name for each in RENDERERS if (folder / each.sign(stem)).is_file() and each.name != "json"]
        stays = (NAME,) if "json" in formats else (NAME, f"{stem}.json")
        formats = tuple(name for name in FORMATS if name in (*formats, *there))
    with progress_bar(quiet) as progress:
        document = report.document(draw=show_figures(formats), progress=progress, venue=venue)
        if progress:
            progress("writing the report", 0.0, 0.0)
        write_whole(document, folder, formats, stays=stays, moving=interruption.held)
    warn(document.faults)
    if not quiet:
        written = [str(folder / renderer.place(stem)) for renderer in RENDERERS if renderer.name in formats]
        click.echo(f"Report: {', '.join(written)}")


def _read(source: Path) -> tuple[AuditReport | Comparison, str]:
    """The report that a JSON file holds, and what its files are called.

    Raises:
        ReportError: it holds none.
    """
    from netaudit.api import AuditReport
    from netaudit.comparing.payload import SCHEMA_ID
    from netaudit.comparing.result import STEM, Comparison
    from netaudit.results.reading import parsed

    data, _ = parsed(source, "audit.json")
    if isinstance(data, dict) and data.get("$schema") == SCHEMA_ID:
        return Comparison.from_json(source), STEM
    return AuditReport.from_json(source), "audit"


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False

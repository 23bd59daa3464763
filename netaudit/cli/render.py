"""``netaudit render audit.json``: the reports again, from the JSON alone."""

from __future__ import annotations

from pathlib import Path

import click

from netaudit.cli.choices import split_formats
from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.cli.run_file import NAME
from netaudit.paper.venues import DEFAULT as DEFAULT_VENUE
from netaudit.paper.venues import NAMES as VENUES
from netaudit.report.renderers.table import DEFAULT_FORMATS, FORMATS, RENDERERS

_DEFAULT = ",".join(name for name in DEFAULT_FORMATS if name != "json")
"""The JSON is there already."""
_JSON = "audit.json"


@click.command()
@click.argument("source", metavar="AUDIT.JSON", type=click.Path(path_type=Path))
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
    """Rebuild the reports from an AUDIT.JSON; needs neither the model nor PyTorch.

    They take the place of an earlier report in the folder. Beside the JSON itself, reports that are there in other
    formats are made anew, too.
    """
    from netaudit.api import AuditReport
    from netaudit.cli import interruption
    from netaudit.cli.audit_folder import warn
    from netaudit.cli.progress import progress_bar
    from netaudit.report.folder import write_whole
    from netaudit.report.write import show_figures

    report = AuditReport.from_json(source)
    folder = out or source.parent
    stays: tuple[str, ...] = ()
    if _same(source, folder / _JSON):
        there = [each.name for each in RENDERERS if (folder / each.sign("audit")).is_file() and each.name != "json"]
        stays = (NAME,) if "json" in formats else (NAME, _JSON)
        formats = tuple(name for name in FORMATS if name in (*formats, *there))
    with progress_bar(quiet) as progress:
        document = report.document(draw=show_figures(formats), progress=progress, venue=venue)
        if progress:
            progress("writing the report", 0.0, 0.0)
        write_whole(document, folder, formats, stays=stays, moving=interruption.held)
    warn(document.faults)
    if not quiet:
        written = [str(folder / renderer.place("audit")) for renderer in RENDERERS if renderer.name in formats]
        click.echo(f"Report: {', '.join(written)}")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False

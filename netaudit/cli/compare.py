"""``netaudit compare A B [C ...]``: what is the same in two networks or more, what changed, and where."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netaudit.cli.choices import split_compare_formats
from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.comparing.rules import CHANGED
from netaudit.paper.venues import DEFAULT as DEFAULT_VENUE
from netaudit.paper.venues import NAMES as VENUES
from netaudit.report.renderers.table import COMPARE_FORMATS, DEFAULT_FORMATS, RENDERERS

ALARMS = ("changed", *CHANGED, "verdict")


@click.command()
@click.argument("targets", metavar="A B [C ...]", nargs=-1, required=True)
@click.option("--out", type=OUT_FOLDER, metavar="DIR", help="Where to write; reports/compare-A-B by default.")
@click.option("--audit", "audited", is_flag=True, help="Audit each network, too, and compare every number.")
@click.option("--vs-init", is_flag=True, help="Set one network beside an untrained twin, drawn with the seed.")
@click.option("--layers", multiple=True, metavar="GLOB", help="Compare only layers that match; may be repeated.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out layers that match; may be repeated.")
@click.option("--seed", default=0, show_default=True, help="Every random number follows from it.")
@click.option("--no-ladder", is_flag=True, help="Leave out how random-like the changes are: half of the time.")
@click.option("--deterministic", is_flag=True, help="Compute in one thread: the same bytes on the same machine.")
@click.option(
    "--format", "formats", callback=split_compare_formats, default=",".join(DEFAULT_FORMATS), show_default=True,
    help=f"Reports to write, of {', '.join(COMPARE_FORMATS)}.",
)  # fmt: skip
@click.option(
    "--venue", type=click.Choice(VENUES), default=DEFAULT_VENUE, show_default=True,
    help="Whose columns --format latex writes for.",
)  # fmt: skip
@click.option(
    "--fail-on", multiple=True, type=click.Choice(ALARMS), metavar="WORD",
    help="Exit 1 if any layer is so, if anything changed, or if a verdict of the audits did: " f"{', '.join(ALARMS)}.",
)  # fmt: skip
@click.option("--no-hash", is_flag=True, help="Leave out the SHA-256 of the files.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def compare(
    targets: tuple[str, ...],
    out: Path | None,
    audited: bool,
    vs_init: bool,
    layers: tuple[str, ...],
    exclude: tuple[str, ...],
    seed: int,
    no_ladder: bool,
    deterministic: bool,
    formats: tuple[str, ...],
    venue: str,
    fail_on: tuple[str, ...],
    no_hash: bool,
    quiet: bool,
) -> None:
    """Compare networks: A beside B (and C ...), each a name, a file, a folder, or the audit.json of an audit.

    Each layer gets a word with its rule: identical, the same in another order, requantised, fine-tuned, retrained,
    unrelated, or undecided. The difference of the weights is audited itself.

    Exit codes: 0 compared; 1 compared, and what --fail-on names is so; 2 could not compare.
    """
    from netaudit.cli import interruption
    from netaudit.cli.audit_folder import warn
    from netaudit.cli.progress import progress_bar
    from netaudit.report.folder import write_whole
    from netaudit.report.write import show_figures

    if vs_init == (len(targets) > 1):
        raise click.UsageError("name two networks or more, or one with --vs-init")
    if "verdict" in fail_on and not audited and not all(_is_audit(target) for target in targets):
        raise click.UsageError("--fail-on verdict needs the audits: add --audit, or name audit.json files")
    folder = out or Path("reports") / _folder(targets, vs_init)
    with progress_bar(quiet) as progress:
        from netaudit.comparing.compare import compare as run

        found = run(
            *targets, audited=audited, vs_init=vs_init, layers=layers, exclude=exclude, seed=seed,
            ladder=not no_ladder, hash_files=not no_hash, deterministic=deterministic, progress=progress,
        )  # fmt: skip
        document = found.document(draw=show_figures(formats), progress=progress, venue=venue)
        write_whole(document, folder, formats, moving=interruption.held)
    warn(document.faults)
    if not quiet:
        from netaudit.cli.tables import print_document

        print_document(document)
        written = [str(folder / renderer.place("compare")) for renderer in RENDERERS if renderer.name in formats]
        click.echo(f"Report: {', '.join(written)}")
    if any(found.raises(alarm) for alarm in fail_on):
        sys.exit(1)


def _is_audit(target: str) -> bool:
    return Path(target).name.endswith(".json")


def _folder(targets: tuple[str, ...], vs_init: bool) -> str:
    """What the folder is called; each part is safe in a path."""
    from netaudit.sources.open import report_folder
    from netaudit.text import folder_name

    shown = [report_folder(target) for target in targets[:2]] + ([f"{len(targets)}"] if len(targets) > 2 else [])
    return folder_name("-".join(["compare", *shown, *(["init"] if vs_init else [])]))

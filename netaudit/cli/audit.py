"""``netaudit audit TARGET``, the default command."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netaudit.analyses.table import ALARMS
from netaudit.cli import interruption, streams
from netaudit.cli.choices import split_analyses, split_formats
from netaudit.cli.file_options import file_options
from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.cli.run_file import run_file_option, write_run
from netaudit.network.cells import CellActivation
from netaudit.paper.venues import DEFAULT as DEFAULT_VENUE
from netaudit.paper.venues import NAMES as VENUES
from netaudit.report.renderers.table import DEFAULT_FORMATS, FORMATS, RENDERERS
from netaudit.text import printable, sentence
from netaudit.vocabulary import NULL_LEVELS, SPECTRUM_METHODS, NullLevel, SpectrumMethod

if TYPE_CHECKING:
    from netaudit.report.document.model import Document

LONGEST_PATH = 4096  # characters, as Linux has it: a path is shown whole


@click.command()
@click.argument("target")
@click.option("--out", type=OUT_FOLDER, metavar="DIR", help="Where to write; reports/NAME by default.")
@click.option(
    "--weights", type=click.Path(path_type=Path), metavar="FILE", help="A state dict for a named architecture."
)
@click.option("--layers", multiple=True, metavar="GLOB", help="Audit only layers that match; may be repeated.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out layers that match; may be repeated.")
@file_options
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."
)
@click.option("--seed", default=0, show_default=True, help="Every random number follows from it.")
@click.option(
    "--deterministic", is_flag=True,
    help="Compute in one thread: the same bytes on the same machine, however many cores it may use.",
)  # fmt: skip
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="Real inputs for the network: an .npz with x and labels y, .npy, .csv, or a folder of images.",
)
@click.option(
    "--init", type=click.Path(path_type=Path), metavar="FILE",
    help="The first weights of the training run: the report says what changed since.",
)  # fmt: skip
@click.option(
    "--analyses", callback=split_analyses, metavar="NAME,...",
    help="Run only these analyses; `netaudit analyses` lists them.",
)  # fmt: skip
@click.option(
    "--nulls", type=click.Choice(NULL_LEVELS), default="quick", show_default=True,
    help="Draws of each layer's own entries, permuted and with random signs: one on at most 1024 x 1024 of them, "
    "ten at full size, or none.",
)  # fmt: skip
@click.option(
    "--spectrum", type=click.Choice(SPECTRUM_METHODS), default="auto", show_default=True,
    help="Singular values: exact, or their distribution by Lanczos with an error bound; auto is exact up to a smaller "
    "side of 2048, and up to 8192 decomposes a layer once, with its mean: without it they are right to two ranks.",
)  # fmt: skip
@click.option(
    "--format",
    "formats",
    callback=split_formats,
    default=",".join(DEFAULT_FORMATS),
    show_default=True,
    help=f"Reports to write, of {', '.join(FORMATS)}.",
)
@click.option(
    "--venue", type=click.Choice(VENUES), default=DEFAULT_VENUE, show_default=True,
    help="Whose columns --format latex writes for.",
)  # fmt: skip
@click.option(
    "--fail-on", multiple=True, type=click.Choice(tuple(ALARMS)), metavar="CLAIM",
    help="Exit 1 if this claim fails in any layer, or if any layer is as this word says: "
    f"{', '.join(ALARMS)}.",
)  # fmt: skip
@run_file_option
@click.option(
    "--no-hash", is_flag=True, help="Leave out the SHA-256 of the files: quicker for a few layers of a large one."
)
@click.option("--fresh", is_flag=True, help="Begin anew, rather than go on from what an interrupted audit has kept.")
@click.option(
    "--all", "every", is_flag=True, help="Print the verdict and the statistics of each layer, however many there are."
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def audit(
    target: str,
    out: Path | None,
    weights: Path | None,
    layers: tuple[str, ...],
    exclude: tuple[str, ...],
    state: str | None,
    order: tuple[str, ...],
    as_layer: tuple[str, ...],
    not_layer: tuple[str, ...],
    cell_activation: CellActivation | None,
    base: str | None,
    device: str,
    seed: int,
    deterministic: bool,
    data: Path | None,
    init: Path | None,
    analyses: tuple[str, ...] | None,
    nulls: NullLevel,
    spectrum: SpectrumMethod,
    formats: tuple[str, ...],
    venue: str,
    fail_on: tuple[str, ...],
    run_file: bool,
    no_hash: bool,
    fresh: bool,
    every: bool,
    quiet: bool,
) -> None:
    """Audit TARGET (the default): a file, a folder of shards, a bundled network, a torchvision or timm name, or
    hf:OWNER/NAME[@REVISION] of the Hugging Face hub."""
    from netaudit.cli.audit_folder import audit_folder, notes, refuse_another_target, warn, what_is_of
    from netaudit.cli.progress import progress_bar
    from netaudit.report.write import show_figures, write_document
    from netaudit.sources.open import report_folder, require

    unjudged = [alarm for alarm in fail_on if analyses is not None and ALARMS[alarm].name not in analyses]
    if unjudged:
        raise click.UsageError(
            f"--fail-on {unjudged[0]} needs that analysis: add {ALARMS[unjudged[0]].name} to --analyses"
        )
    started, clock = datetime.now(UTC), time.perf_counter()
    require(target)
    if base is not None:
        require(base)
    folder = out or Path("reports") / report_folder(target, base, weights)
    what = what_is_of(target, weights, base)
    if out is None:
        refuse_another_target(folder, what, quiet)
    with audit_folder(folder, fresh) as (place, kept), progress_bar(quiet) as progress:
        from netaudit.api import audit as run

        kept.tell = None if progress is None else progress.layer
        report = run(
            target, weights=weights, layers=layers, exclude=exclude, state=state, order=order, as_layer=as_layer,
            not_layer=not_layer, cell_activation=cell_activation, base=base, analyses=analyses, device=device,
            seed=seed, data=data, init=init, nulls=nulls, spectrum=spectrum, deterministic=deterministic,
            hash_files=not no_hash, progress=progress, keep=kept,
        )  # fmt: skip
        audited = time.perf_counter()
        if "json" in formats:
            report.to_json(place.new / "audit.json")  # before the figures are drawn: all else is made from it
        document = report.document(draw=show_figures(formats), progress=progress, venue=venue)
        if progress:
            progress("writing the report", 0.0, 0.0)
        write_document(document, place.new, [each for each in formats if each != "json"])
        if run_file:
            seconds = {"audit": audited - clock, "reports": time.perf_counter() - audited}
            write_run(place.new, started, seconds, of=what)
        with interruption.held:
            place.replace()
    warn(document.faults)
    if not quiet:
        notes(kept)
        with streams.whoever_reads():  # or --fail-on would depend on that
            _print(document, report.events, folder, formats, every)
    if any(report.raises(alarm) for alarm in fail_on):
        sys.exit(1)


def _print(document: Document, events: tuple[str, ...], folder: Path, formats: tuple[str, ...], every: bool) -> None:
    from rich.text import Text

    from netaudit.cli.tables import console, print_document

    print_document(document, every=every)
    for event in events:  # such as a glob that matches no layer: the reports have it further down
        console().print(Text(f"Note: {sentence(event)}"), soft_wrap=True)
    # in the order in which a person opens them
    written = [
        printable(str(folder / renderer.place("audit")), LONGEST_PATH)
        for renderer in RENDERERS
        if renderer.name in formats
    ]
    console().print(Text(f"Report: {', '.join(written)}"), soft_wrap=True)

"""``netaudit layers TARGET``: what would be audited and what is skipped, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netaudit.cli.file_options import file_options
from netaudit.network.cells import CellActivation
from netaudit.network.layers import SkippedLayer
from netaudit.text import count, printable, sentence

if TYPE_CHECKING:
    from netaudit.network.network import LayerSpec, Network

MOST_STEPS = 12  # layers of the head that are named
MOST_METADATA = 12  # lines; trainers write thousands into the header of a safetensors file


@click.command()
@click.argument("target")
@click.option(
    "--weights", type=click.Path(path_type=Path), metavar="FILE", help="A state dict for a named architecture."
)
@click.option("--layers", multiple=True, metavar="GLOB", help="Audit only layers that match; may be repeated.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out layers that match; may be repeated.")
@file_options
@click.option("--hash", "hashed", is_flag=True, help="Show the SHA-256 of the file, or of its index and shards.")
def layers(
    target: str,
    weights: Path | None,
    layers: tuple[str, ...],
    exclude: tuple[str, ...],
    state: str | None,
    order: tuple[str, ...],
    as_layer: tuple[str, ...],
    not_layer: tuple[str, ...],
    cell_activation: CellActivation | None,
    base: str | None,
    hashed: bool,
) -> None:
    """List the layers of TARGET: what would be audited, what is skipped and why. Downloads only what hf: names."""
    from netaudit.auditing.refusals import require_layers
    from netaudit.auditing.selection import Selection
    from netaudit.cli.progress import progress_bar
    from netaudit.cli.tables import console, print_table
    from netaudit.network.fingerprint import unchanged_files
    from netaudit.sources.open import open_network
    from netaudit.sources.planners.choices import Choices
    from netaudit.sources.planners.head import INFERRED

    choices = Choices(state, order, as_layer, not_layer, cell_activation)
    with progress_bar(quiet=False) as progress:
        network = open_network(target, weights=weights, pretrained=False, progress=progress, choices=choices, base=base)
        with unchanged_files(network.files if hashed else (), progress or _silent) as digest:
            pass
    selection = Selection(layers, exclude)
    require_layers(network, selection)
    for line in _file_lines(network, digest):
        console().print(line, markup=False, highlight=False, soft_wrap=True)
    selected = network.select(layers, exclude)
    audited = list(selected.specs())
    print_table(
        ["layer", "shape", "parameters", "activation", "what it is, or why it is skipped"], map(_row, selected.layers)
    )
    parameters = sum(spec.parameters for spec in audited)
    share = parameters / network.parameters_total if network.parameters_total else 0.0
    console().print(
        f"{len(audited)} of {len(selected.layers)} entries would be audited: {parameters:,} of "
        f"{network.parameters_total:,} parameters ({share:.1%})."
    )
    unmatched = selection.excludes_nothing([spec.name for spec in network.specs()])
    for note in (*unmatched, *(selection.several_in_one if unmatched else ()), *network.notes):
        console().print(note, markup=False)
    if network.cells:
        cells = ", ".join(f"{printable(cell.name, 60)} ({cell.kind or 'simple'})" for cell in network.cells)
        console().print(f"Recurrent cells, of which each gate is audited: {cells}", markup=False)
    if network.head is not None:
        inferred = " (inferred)" if network.head.inferred and network.head.note.startswith(INFERRED) else ""
        steps = " > ".join(_ends([f"{printable(step.name, 60)} {step.activation}" for step in network.head.layers]))
        console().print(f"Head{inferred}: {steps}", markup=False)
        if network.head.note and not inferred:
            console().print(network.head.note, markup=False)
    elif network.missing_head:
        console().print(sentence(f"No head: {network.missing_head}"), markup=False)


def _ends(steps: list[str]) -> list[str]:
    """The steps, without the middle of very many."""
    left_out = len(steps) - MOST_STEPS
    half = MOST_STEPS // 2
    return steps if left_out <= 0 else [*steps[:half], f"... {left_out:,} more ...", *steps[-half:]]


def _file_lines(network: Network, digest: str | None) -> Iterator[str]:
    """What the file is, and what it says of itself; nothing for a network without one."""
    if not network.files:
        return
    first, *shards = network.files
    size = sum(file.stat().st_size for file in network.files)
    kind = f", {network.about['format']}" if network.about.get("format") else ""
    more = f" and {count(len(shards), 'shard')}" if shards else ""
    yield f"{printable(first.name, 120)}{more}{kind}, {size:,} bytes"
    if network.info.revision:
        yield f"Revision: {printable(network.info.revision, 80)}"
    if network.base is not None:
        shown = (network.base.name, network.base.weights, network.base.revision)
        yield f"Base: {', '.join(printable(part, 120) for part in dict.fromkeys(shown) if part)}"
    if network.about.get("state"):
        yield f"Taken: what lies under {printable(network.about['state'], 120)}"
    if digest:
        yield f"SHA-256: {digest}"
    for key, value in list(network.about.items())[:MOST_METADATA]:
        if key not in ("format", "state"):
            yield f"Metadata: {printable(key, 60)} = {printable(value, 120)}"


def _silent(message: str, done: float, total: float) -> None:
    """No progress is shown."""


def _row(layer: LayerSpec | SkippedLayer) -> tuple[str, ...]:
    """One layer of the inventory, audited or skipped."""
    shown = (printable(layer.name), " x ".join(map(str, layer.shape)), f"{layer.parameters:,}")
    if isinstance(layer, SkippedLayer):
        return (*shown, "", f"skipped: {layer.reason}")
    return (*shown, layer.activation or "not known", layer.origin)

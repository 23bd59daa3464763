"""``netaudit layers TARGET``: what would be audited and what is skipped, with the reasons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netaudit.network.layers import SkippedLayer
from netaudit.text import printable

if TYPE_CHECKING:
    from netaudit.network.network import LayerSpec


@click.command()
@click.argument("target")
@click.option(
    "--weights", type=click.Path(path_type=Path), metavar="FILE", help="A state dict for a named architecture."
)
@click.option("--layers", multiple=True, metavar="GLOB", help="Audit only layers that match; may be repeated.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out layers that match; may be repeated.")
def layers(target: str, weights: Path | None, layers: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    """List the layers of TARGET: what would be audited, what is skipped and why. Downloads nothing."""
    from netaudit.cli.progress import progress_bar
    from netaudit.cli.tables import console, print_table
    from netaudit.sources.open import open_network

    with progress_bar(quiet=False) as progress:
        network = open_network(target, weights=weights, pretrained=False, progress=progress)
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
    for note in network.notes:
        console().print(note, markup=False)
    if network.cells:
        cells = ", ".join(f"{printable(cell.name, 60)} ({cell.kind or 'simple'})" for cell in network.cells)
        console().print(f"Recurrent cells, which are not audited: {cells}", markup=False)
    if network.head is not None:
        inferred = " (inferred from names and shapes)" if network.head.inferred else ""
        steps = " > ".join(f"{printable(step.name, 60)} {step.activation}" for step in network.head.layers)
        console().print(f"Head{inferred}: {steps}", markup=False)


def _row(layer: LayerSpec | SkippedLayer) -> tuple[str, ...]:
    """One layer of the inventory, audited or skipped."""
    shown = (printable(layer.name), " x ".join(map(str, layer.shape)), f"{layer.parameters:,}")
    if isinstance(layer, SkippedLayer):
        return (*shown, "", f"skipped: {layer.reason}")
    return (*shown, layer.activation or "not known", layer.origin)

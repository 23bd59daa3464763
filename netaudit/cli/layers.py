"""``netaudit layers TARGET``: what would be audited and what is skipped, with the reasons."""

from __future__ import annotations

from pathlib import Path

import click


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
    from netaudit.network.network import LayerSpec
    from netaudit.sources.open import open_network
    from netaudit.text import printable

    with progress_bar(quiet=False) as progress:
        network = open_network(target, weights=weights, pretrained=False, progress=progress)
    entries = network.select(layers, exclude).layers
    audited = [entry for entry in entries if isinstance(entry, LayerSpec)]
    rows = [
        (printable(e.name), " x ".join(map(str, e.shape)), f"{e.parameters:,}", e.activation or "not known", e.origin)
        if isinstance(e, LayerSpec)
        else (printable(e.name), " x ".join(map(str, e.shape)), f"{e.parameters:,}", "", f"skipped: {e.reason}")
        for e in entries
    ]
    print_table(["layer", "shape", "parameters", "activation", "what it is, or why it is skipped"], rows)
    parameters = sum(spec.parameters for spec in audited)
    share = parameters / network.parameters_total if network.parameters_total else 0.0
    console().print(
        f"{len(audited)} of {len(entries)} entries would be audited: {parameters:,} of {network.parameters_total:,} "
        f"parameters ({share:.1%})."
    )
    if network.head is not None:
        guessed = " (inferred from names and shapes)" if network.head.inferred else ""
        steps = " > ".join(f"{printable(step.name, 60)} {step.activation}" for step in network.head.layers)
        console().print(f"Stack{guessed}: {steps}", markup=False)

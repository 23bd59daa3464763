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
    from netaudit.network.network import FCSpec
    from netaudit.sources.open import open_source
    from netaudit.text import printable

    with progress_bar(quiet=False) as progress:
        source = open_source(target, weights=weights, pretrained=False, progress=progress)
    entries = source.select(layers, exclude)
    audited = [entry for entry in entries if isinstance(entry, FCSpec)]
    rows = [
        (printable(e.name), " x ".join(map(str, e.shape)), f"{e.parameters:,}", e.activation or "not known", e.origin)
        if isinstance(e, FCSpec)
        else (printable(e.name), " x ".join(map(str, e.shape)), f"{e.parameters:,}", "", f"skipped: {e.reason}")
        for e in entries
    ]
    print_table(["layer", "shape", "parameters", "activation", "what it is, or why it is skipped"], rows)
    parameters = sum(spec.parameters for spec in audited)
    share = parameters / source.parameters_total if source.parameters_total else 0.0
    console().print(
        f"{len(audited)} of {len(entries)} entries would be audited: {parameters:,} of {source.parameters_total:,} "
        f"parameters ({share:.1%})."
    )
    if source.stack is not None:
        guessed = " (inferred from names and shapes)" if source.stack.inferred else ""
        steps = " > ".join(f"{printable(step.name, 60)} {step.activation}" for step in source.stack.layers)
        console().print(f"Stack{guessed}: {steps}", markup=False)

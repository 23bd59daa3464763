"""``netaudit zoo``: the bundled networks."""

from __future__ import annotations

import click


@click.command()
def zoo() -> None:
    """List the bundled networks: they need no download."""
    from netaudit.cli.tables import print_table
    from netaudit.sources.hubs.zoo import bundled

    rows = [
        (name, card["title"], f"{card['accuracy']['test']:.2%}", card["data"].partition(":")[0])
        for name, card in bundled().items()
    ]
    print_table(["name", "network", "test accuracy", "data"], rows)

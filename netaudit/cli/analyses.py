"""``netaudit analyses``: what an audit asks, and what each question needs."""

from __future__ import annotations

import click


@click.command()
def analyses() -> None:
    """List the analyses: what each asks of a layer or of the network, and what it needs."""
    from netaudit.analyses.table import BUILT_IN, installed
    from netaudit.cli.tables import print_table
    from netaudit.vocabulary import NEEDS

    rows = [
        (
            analysis.name,
            analysis.scope,
            analysis.asks,
            ", ".join(NEEDS[need] for need in analysis.needs) or "nothing more",
            "netaudit" if analysis in BUILT_IN else "an installed package",
        )
        for analysis in installed()
    ]
    print_table(["analysis", "of", "what it asks", "what it needs", "from"], rows)

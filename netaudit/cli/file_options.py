"""Options that say what a file holds, where names and shapes leave it open: of ``audit`` and of ``layers``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from netaudit.network.cells import CELL_ACTIVATIONS

_OPTIONS = (
    click.option("--state", metavar="KEY", help="Of several networks in a file the one under this key: model_ema."),
    click.option(
        "--order", callback=lambda context, parameter, value: split_names(value), metavar="NAME,...",
        help="The layers at the top of the network, from bottom to top, where their order is not known.",
    ),
    click.option(
        "--as-layer", multiple=True, metavar="GLOB", help="Audit what is a table by its name; may be repeated."
    ),
    click.option(
        "--not-layer", multiple=True, metavar="GLOB", help="Skip what is a layer by its name; may be repeated."
    ),
    click.option(
        "--cell-activation", type=click.Choice(CELL_ACTIVATIONS),
        help="What follows a simple recurrent cell, where the file does not say it.",
    ),
    click.option("--base", metavar="TARGET", help="Where TARGET is an adapter (LoRA), the model that it is added to."),
)  # fmt: skip


def file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --state, --order, --as-layer, --not-layer, --cell-activation and --base."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def split_names(value: str | None) -> tuple[str, ...]:
    """Comma-separated names."""
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())

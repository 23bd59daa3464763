"""``netaudit study``: the studies behind the verdicts, which a reader may run again."""

from __future__ import annotations

from copy import copy

import click

from netaudit.cli.calibration import calibration
from netaudit.cli.comparison import comparison
from netaudit.cli.curves import curves
from netaudit.cli.expansivity import expansivity
from netaudit.cli.geometry_claims import geometry_claims
from netaudit.cli.initialisation import initialisation
from netaudit.cli.recurrent import recurrent
from netaudit.cli.regions_in_training import regions_in_training
from netaudit.cli.shadow_training import shadow_training
from netaudit.cli.survey import survey
from netaudit.cli.theory import theory
from netaudit.cli.truncation import truncation

_EARLIER_NAMES = {"theory": theory, "calibrate": calibration, "shadow-study": shadow_training, "curves": curves}


@click.group(invoke_without_command=True, short_help="Run a study that netaudit rests on.")
@click.pass_context
def study(context: click.Context) -> None:
    """Run one of the studies that netaudit rests on; each writes an HTML page, a PDF and a JSON file."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    theory,
    calibration,
    shadow_training,
    curves,
    initialisation,
    survey,
    geometry_claims,
    expansivity,
    regions_in_training,
    truncation,
    comparison,
    recurrent,
):
    study.add_command(command)


def aliases() -> list[click.Command]:
    """The studies under the names that they had before, which no help shows."""
    hidden = []
    for name, command in _EARLIER_NAMES.items():
        alias = copy(command)
        alias.name, alias.hidden = name, True
        hidden.append(alias)
    return hidden

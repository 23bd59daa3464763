"""Options whose choices come from a table: report formats and analyses."""

from __future__ import annotations

import click

from netaudit.analyses.table import installed
from netaudit.near import near
from netaudit.report.renderers.table import COMPARE_FORMATS, FORMATS, PAGE_FORMATS
from netaudit.text import printable


def split_formats(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """A comma-separated choice of report formats."""
    return _split(context, parameter, value, FORMATS)


def split_page_formats(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """The same of what is no audit."""
    return _split(context, parameter, value, PAGE_FORMATS)


def split_compare_formats(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """The same of a comparison."""
    return _split(context, parameter, value, COMPARE_FORMATS)


def split_analyses(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """A comma-separated choice of analyses; None for all of them."""
    return (
        None
        if value is None
        else _split(context, parameter, value, list(dict.fromkeys(analysis.name for analysis in installed())))
    )


def _split(
    context: click.Context, parameter: click.Parameter, value: str, choices: tuple[str, ...] | list[str]
) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    wrong = next((part for part in asked if part not in choices), None)
    if not asked or wrong is not None:
        close = near(wrong or "", choices, most=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        shown = f"{printable(wrong or value, 80)!r}{meant}"
        raise click.BadParameter(f"{shown}: a comma-separated choice of {', '.join(choices)}", context, parameter)
    return asked

"""Every analysis, in the order of the report: an explicit list. Third parties add theirs by an entry point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module, metadata

from netaudit.analyses.analysis import Analysis
from netaudit.errors import NetauditError
from netaudit.results.payload import Payload
from netaudit.text import printable
from netaudit.vocabulary import Scope

ENTRY_POINT = "netaudit.analyses"
"""Group of the entry points of other packages, each of which names an :class:`Analysis`."""

FOLDERS = (
    "layer.special_weights",
    "layer.gaussian_weights",
    "layer.constant_bias",
    "layer.singular_law",
    "layer.shadow_inversion",
    "layer.power_law",
    "layer.initialisation",
    "layer.random_likeness",
    "network.initialisation",
    "network.random_likeness",
    "network.labels_back",
    "network.shadow_images",
    "network.hidden_units",
    "network.linear_regions",
    "network.injectivity",
    "network.identifiability",
    "network.depth_limit",
    "network.rnn_fixed_points",
    "network.circular_law",
    "network.edge_tests",
)
"""The folders of the built-in analyses, each of which defines its ``ANALYSIS``."""


def load(folder: str) -> Analysis:
    """The analysis that a folder of this package defines."""
    analysis = import_module(f"netaudit.analyses.{folder}").ANALYSIS
    assert isinstance(analysis, Analysis)
    return analysis


BUILT_IN: tuple[Analysis, ...] = tuple(map(load, FOLDERS))
CLAIMS: tuple[str, ...] = tuple(analysis.name for analysis in BUILT_IN if analysis.claim)
ALARMS: Mapping[str, Analysis] = {
    **{analysis.name: analysis for analysis in BUILT_IN if analysis.claim},
    **{alarm: analysis for analysis in BUILT_IN for alarm in analysis.alarms},
}
"""What ``--fail-on`` takes, with the analysis that it is of: a claim that fails, or another finding."""


@cache
def installed() -> tuple[Analysis, ...]:
    """The built-in analyses, then those of installed packages, in the order of their names.

    Raises:
        NetauditError: an entry point that cannot be loaded, is no analysis, or has the name of another.
    """
    points = sorted(metadata.entry_points(group=ENTRY_POINT), key=lambda point: point.name)
    return with_unique_names((*BUILT_IN, *(_loaded(point) for point in points)))


def payload_types(scope: Scope) -> dict[str, type[Payload]]:
    """The payload type of each installed analysis of the scope, by the analysis' name."""
    return {analysis.name: analysis.payload for analysis in installed() if analysis.scope == scope}


def with_unique_names(analyses: Iterable[Analysis]) -> tuple[Analysis, ...]:
    """The analyses, each name once in its scope: one of the layers and one of the network may share a name.

    Raises:
        NetauditError: two of one scope and name.
    """
    by_name: dict[tuple[Scope, str], Analysis] = {}
    for analysis in analyses:
        if (analysis.scope, analysis.name) in by_name:
            raise NetauditError(f"two analyses are called {analysis.name}", hint="`netaudit analyses` lists them")
        by_name[analysis.scope, analysis.name] = analysis
    return tuple(by_name.values())


def chosen(names: Iterable[str]) -> tuple[Analysis, ...]:
    """The installed analyses of these names, in the order of the report.

    Raises:
        NetauditError: no analysis has one of the names.
    """
    asked = tuple(names)
    known = list(dict.fromkeys(analysis.name for analysis in installed()))
    for name in asked:
        if name not in known:
            raise NetauditError(f"no analysis is called {printable(name, 80)}", hint=f"there are {', '.join(known)}")
    return tuple(analysis for analysis in installed() if analysis.name in asked)


def _loaded(point: metadata.EntryPoint) -> Analysis:
    shown = printable(f"{point.name} = {point.value}", 120)
    try:
        analysis = point.load()
    except Exception as error:  # another package's code may raise anything
        reason = printable(f"{type(error).__name__}: {error}".partition("\n")[0], 120)
        hint = "mend or uninstall the package that brings it"
        raise NetauditError(f"the analysis {shown} cannot be loaded: {reason}", hint=hint) from error
    if not isinstance(analysis, Analysis):
        raise NetauditError(f"the entry point {shown} names no netaudit Analysis")
    return analysis

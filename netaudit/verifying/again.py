"""From a report to what its audit was called with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from netaudit.errors import ReportError
from netaudit.network.cells import CellActivation
from netaudit.network.network import Network, Progress
from netaudit.results.report import Report
from netaudit.sources.open import open_network
from netaudit.sources.planners.choices import Choices
from netaudit.text import printable
from netaudit.vocabulary import NullLevel, SpectrumMethod

_NAMED = ("torchvision", "timm")
_GIVEN = {"data": "--data", "base": "--base", "init": "--init"}
"""What an audit was given beside the weights, and only whoever verifies has: the options that give it again."""


class Asked(msgspec.Struct, frozen=True):
    """What the audit was asked for, of what its report keeps as settings; a report may come from a stranger."""

    layers: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    state: str | None = None
    order: tuple[str, ...] = ()
    as_layer: tuple[str, ...] = ()
    not_layer: tuple[str, ...] = ()
    cell_activation: CellActivation | None = None
    analyses: tuple[str, ...] | None = None
    nulls: NullLevel = "quick"
    spectrum: SpectrumMethod = "auto"


def asked(report: Report) -> Asked:
    """The settings of a report, checked.

    Raises:
        ReportError: they are none that an audit has.
    """
    try:
        return msgspec.convert(report.provenance.settings, Asked)
    except ValueError as error:
        raise ReportError(
            f"the settings in the report are not those of an audit: {printable(str(error), 200)}"
        ) from error


@dataclass(frozen=True)
class Given:
    """What a reader has, beside the report."""

    weights: str | Path | None = None
    """The weights: what ``netaudit TARGET`` takes. A bundled network needs none."""
    data: str | Path | None = None
    """The real inputs."""
    base: str | Path | None = None
    """The model that an adapter is added to."""
    init: str | Path | None = None
    """The first weights of the training run."""
    others: tuple[str | Path, ...] = ()
    """Of a comparison: the weights of the other networks, in their order."""

    def target(self, report: Report) -> str | Path | None:
        """The weights to read; None where nobody said which."""
        if self.weights is None and report.model.kind == "zoo":
            return f"zoo:{report.model.name}"
        return self.weights

    def missing(self, report: Report) -> str | None:
        """What the audit was given and the reader has not, in words."""
        settings, bundled = report.provenance.settings, report.model.kind == "zoo"
        if settings.get("example") is not None:
            return "the audit was given an example of an input, which only Python can give again"
        for name, option in _GIVEN.items():
            own = name == "data" and bundled and self.weights is None
            if settings.get(name) and getattr(self, name) is None and not own:
                return f"the audit was given {option}, so give it here too"
        return None


def opened(report: Report, given: Given, target: str | Path, progress: Progress) -> Network:
    """Open the weights as the audit did.

    Raises:
        SourceError: they cannot be read.
    """
    return open_network(target, progress=progress, choices=_choices(report, target), base=given.base)


def arguments(report: Report, given: Given, target: str | Path) -> dict[str, Any]:
    """The arguments of :func:`netaudit.api.audit` that give the audit of a report again."""
    settings, choices = asked(report), _choices(report, target)
    named = report.model.kind in _NAMED and isinstance(target, Path)  # a state dict alone does not say its network
    return {
        "target": f"{report.model.kind}:{report.model.name}" if named else target,
        "weights": target if named else None,
        "layers": settings.layers or None,
        "exclude": settings.exclude or None,
        "state": choices.state,
        "order": choices.order,
        "as_layer": choices.as_layer,
        "not_layer": choices.not_layer,
        "cell_activation": choices.cell_activation,
        "base": given.base,
        "analyses": settings.analyses,
        "seed": report.provenance.seed,
        "data": given.data,
        "init": given.init,
        "nulls": settings.nulls,
        "spectrum": settings.spectrum,
        "hash_files": False,
    }


def _choices(report: Report, target: str | Path) -> Choices:
    settings = asked(report)
    if str(target).startswith("zoo:"):
        return Choices()
    return Choices(settings.state, settings.order, settings.as_layer, settings.not_layer, settings.cell_activation)

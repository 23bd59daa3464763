"""What an analysis is: a row of the table in :mod:`netaudit.analyses.table`, or of a third party's entry point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from netaudit.report.document.model import Method, Presentation
from netaudit.results.payload import Finding, NotApplicable, Payload, unjudged
from netaudit.results.report import LayerResult, Report
from netaudit.text import capital, printable, sentence
from netaudit.vocabulary import Need, Scope

SHORT = 60  # characters of a layer's name in a heading or caption; its table has the whole name


@dataclass(frozen=True)
class Place:
    """Where a payload belongs: the report, and the layer if it is of one."""

    report: Report
    layer: LayerResult | None = None

    @property
    def name(self) -> str:
        """``layer fc6`` for a caption, made safe to print; ``the network`` without a layer."""
        if self.layer is None:
            return "the network"
        return f"layer {printable(self.layer.name, SHORT) or '(no name)'}"


@dataclass(frozen=True)
class Claim:
    """What makes an analysis a claim that is judged layer by layer, with a verdict."""

    says: str
    """The claim as a clause that page one can end with a verdict, such as "the weights are Gaussian"."""
    metrics: tuple[str, ...]
    """Every metric of its finding; each is null where the claim does not apply."""
    tolerances: Mapping[str, float]
    """The tolerance of each statistic that is judged, before any widening for a small layer."""
    number: str = ""
    """Its number among the hypotheses of the paper, such as "H1"."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """One analysis. ``measure`` may load PyTorch; everything else must not.

    Raises:
        ValueError: the name is not lower-case letters, digits and ``_``, or a claim whose payload is no Finding.
    """

    name: str
    """As in the JSON and in ``--analyses``."""
    title: str
    """As a heading and a column of a table."""
    asks: str
    """The question that it answers, in one sentence."""
    scope: Scope
    needs: tuple[Need, ...]
    """What must be there; where it is not, the payload says "not applicable" and why."""
    payload: type[Payload]
    measure: Callable[[Any], Payload]
    """From a :class:`~netaudit.analyses.context.LayerContext` or ``NetworkContext`` to the payload."""
    present: Callable[[Any, Place], Presentation]
    """From the payload and its place to what the report says of it; not called where the analysis does not apply."""
    method: Callable[[], Method] | None = None
    claim: Claim | None = None
    columns: Callable[[Any], Mapping[str, Any]] | None = None
    """From the payload to the columns that a data frame has of it; a claim's verdict and metrics are there anyway."""
    alarms: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    """What ``--fail-on`` takes beside claims: by its word, whether a payload of this analysis raises it."""
    on_page_one: bool = False
    """Of an analysis of the network: whether it has a line on page one, which then says, too, why it does not apply."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What its metrics are called in tables; an unknown one goes by its own name."""

    def __post_init__(self) -> None:
        if not self.name.isascii() or not self.name.replace("_", "a").isalnum() or self.name != self.name.lower():
            raise ValueError(f"an analysis is called by lower-case letters, digits and _, not {self.name!r}")
        if self.claim is not None and not issubclass(self.payload, Finding):
            raise ValueError(f"{self.name} is a claim, so its payload must be a Finding")

    @property
    def full_title(self) -> str:
        """The title, with the number of the hypothesis if it has one."""
        return f"{self.title} ({self.claim.number})" if self.claim and self.claim.number else self.title

    def not_applicable(self, why: str) -> Payload:
        """The payload where the analysis does not apply. A claim's has every metric, each null for that reason."""
        if self.claim is not None and issubclass(self.payload, Finding):
            return unjudged(self.payload, self.claim.metrics, why)
        return NotApplicable(sentence(capital(why)))

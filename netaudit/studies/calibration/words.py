"""What scenarios, criteria and rates are called on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.report.document.model import Span
from netaudit.studies.calibration.claims import title
from netaudit.text import NONE, number, percent, size
from netaudit.vocabulary import VERDICT_WORDS

Json = Mapping[str, Any]

_SCENARIOS = {
    "gaussian": "Gaussian entries",
    "uniform": "uniform entries",
    "laplace": "Laplace entries",
    "student_t": "Student-t entries, {} degrees of freedom",
    "correlated": "rows correlated as AR(1), coefficient {}",
    "orthogonal": "orthogonal matrix",
    "spike": "rank-one spike of strength {}",
    "shifted": "Gaussian entries with a mean of {} std",
    "bias": "bias spread of {} tolerances",
    "bias_without_inputs": "bias spread of {} tolerances, no inputs",
}


def layers(cell: Json) -> str:
    """What the layers of a cell are.

    >>> layers({"scenario": "spike", "strength": 20.0})
    'rank-one spike of strength 20'
    """
    return _SCENARIOS[cell["scenario"]].format(number(cell["strength"]))


def requirement(criterion: Json, cell: Json | None) -> str:
    """What a criterion asks about, without where it was measured; ``cell`` is None for the Tracy-Widom moments."""
    if cell is None:
        figure = {"tracy_widom_mean": "mean", "tracy_widom_std": "standard deviation"}[criterion["measure"]]
        return f"Tracy-Widom scores of Gaussian spectra: {figure}"
    what = layers(cell)
    if criterion["measure"] == "spiked":
        return f"Spikes found: {what}"
    return f"{title(criterion['claim'])}, {VERDICT_WORDS[criterion['measure']]}: {what}"


def limits(criterion: Json) -> str:
    """The criterion itself."""
    low, high = criterion["bar"]["low"], criterion["bar"]["high"]
    if criterion["claim"] is None:
        return f"{number(round(low, 2))} to {number(round(high, 2))}"
    return f"at least {percent(low)}" if high is None else f"at most {percent(high)}" if high else "never"


def figure(criterion: Json) -> str:
    """What was measured, with its interval."""
    if criterion["claim"] is None:
        low, high = criterion["interval"]
        return f"{number(round(criterion['value'], 2))} [{number(round(low, 2))}, {number(round(high, 2))}]"
    return share({"rate": criterion["value"], "interval": criterion["interval"]})


def share(found: Json | None) -> str:
    """A rate with its interval.

    >>> share({"rate": 0.005, "interval": [0.0001, 0.0275]})
    '0.5% [< 0.1%, 2.8%]'
    """
    if found is None:
        return NONE
    low, high = found["interval"]
    return f"{percent(found['rate'])} [{percent(low)}, {percent(high)}]"


def met(value: bool) -> Span:
    """Whether a criterion is met, with the symbol and colour of a verdict."""
    return Span("● met", "holds") if value else Span("× not met", "fails")


def shapes(many: Sequence[Sequence[int]]) -> str:
    """Several shapes."""
    return ", ".join(size(shape) for shape in many)

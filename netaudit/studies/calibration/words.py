"""What scenarios, criteria and rates are called on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.analyses.layer.initialisation.words import in_words
from netaudit.report.document.model import Span
from netaudit.studies.calibration.answers import PROFILE
from netaudit.studies.calibration.cells import LADDER
from netaudit.studies.calibration.claims import title
from netaudit.studies.calibration.starts import PREFIX
from netaudit.studies.calibration.structured import PATTERNS
from netaudit.text import NONE, count, number, percent, size
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
    "one_of_4": "a direction of strength 4",
    "three_of_4": "3 directions of strength 4",
    "ten_of_5_ten_of_2": "10 directions of strength 5 and 10 of 2",
    "one_of_30_ten_of_1.8": "1 direction of strength 30 and 10 of 1.8",
    "three_of_12_ten_of_2": "3 directions of strength 12 and 10 of 2",
    "twenty_of_1.2": "20 directions of strength 1.2",
    "unit_scales": "rows and columns × exp({} N)",
    "row_scales": "rows × exp({} N)",
    "column_scales": "columns × exp({} N)",
    "gammas": "columns × N(1, {}²)",
    "checkerboard": "variance × {} on every other entry",
    "waves": "variance 1 + {} cos cos",
    "blocks": "{} diagonal blocks",
    "apart": "two blocks without unit scales, rows and columns × exp({} N)",
    "apart_correlated": "two blocks without unit scales, rows correlated as AR(1), coefficient {}",
    "random_zeros": "random zeros, a share of {}",
    "pruned": "smallest weights pruned, a share of {}",
    "repeated_rows": "repeated rows, a share of {}",
    "dead_rows": "dead rows, a share of {}",
    "circulant": "circulant matrix",
    "levels": "{} levels on each side of 0",
    "ternary": "entries −1, 0 and 1",
    "huge_weight": "one weight of {} standard deviations",
    "product": "product of two Gaussian matrices",
}
_SCALED = ", rows and columns × exp({} N)"
"""What a strength means where directions are planted."""


def layers(cell: Json) -> str:
    """What the layers of a cell are.

    >>> layers({"scenario": "spike", "strength": 20.0})
    'rank-one spike of strength 20'
    """
    scenario, strength = cell["scenario"], cell["strength"]
    if scenario.startswith(PREFIX):
        return in_words(scenario.removeprefix(PREFIX))
    if scenario == "levels" and not strength:
        return "signs"
    text = _SCENARIOS[scenario] + (_SCALED if scenario in PATTERNS and strength else "")
    return text.format(number(strength))


def answer(word: str) -> str:
    """What an analysis answers, in words.

    >>> answer("directions 3"), answer("as_drawn")
    ('up to 3 directions', 'as drawn')
    """
    name, _, n = word.partition(" ")
    if name == "directions":
        return f"up to {count(int(n), 'direction')}" if n else "up to directions"
    if name == "unit_scales":
        return "up to unit scales"
    if name.startswith(PROFILE):
        return f"profile of variances {name.removeprefix(PROFILE).replace('_', ' ')}"
    return name.replace("_", " ")


def requirement(criterion: Json, cell: Json | None) -> str:
    """What a criterion asks about, without where it was measured; ``cell`` is None for the Tracy-Widom moments."""
    if cell is None:
        figure = {"tracy_widom_mean": "mean", "tracy_widom_std": "standard deviation"}[criterion["measure"]]
        return f"Tracy-Widom scores of Gaussian spectra: {figure}"
    what = layers(cell)
    if criterion["measure"] == "spiked":
        return f"Spikes found: {what}"
    if criterion["measure"] == "otherwise":
        right = " or ".join(map(answer, criterion["wanted"]))
        return f"{title(criterion['claim'])}, not {right}: {what}"
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


def spiked(cell: Json, claim: str) -> Json:
    """How often a spike was found, as a spike of the singular value law or as a direction.

    None where the singular values were not judged.
    """
    found: Json = cell["answers"][LADDER]["with_directions"] if claim == LADDER else cell["spiked"]
    return found

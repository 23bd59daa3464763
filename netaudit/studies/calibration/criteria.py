"""What is asked of the outcome of a plan: the bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netaudit.studies.calibration.cells import (
    CLAIMS,
    LADDER,
    START,
    Criterion,
    LayerCell,
    Measure,
    cell_key,
    tracy_widom_key,
)
from netaudit.studies.calibration.scenarios import Shape
from netaudit.studies.calibration.starts import PREFIX
from netaudit.studies.calibration.structured import PATTERNS

POWER: Shape = (512, 512)
MEAN = 0.05
STRONG = 20.0
PROFILE_LAW = "rung: independent weights without unit scales follow the law of their variance profile"
PROFILE_POWER = "rung: correlated weights do not follow it"
SMALLEST_SIDE = 32  # below, the ladder does not apply
FEWEST_BIASES = 10  # of two biases no spread can be told
MANY = {"ten_of_5_ten_of_2": 20, "one_of_30_ten_of_1.8": 11, "three_of_12_ten_of_2": 13}
"""Directions of several strengths at once, and how many there are."""

# The criteria. Point estimates are compared with them; every rate has its interval beside it.
MOST_FAILS, MOST_UNDECIDED, LEAST_POWER = 0.01, 0.05, 0.95
TRACY_WIDOM_MEAN, TRACY_WIDOM_STD = (-1.21, 0.2), (1.27, 0.15)


def criteria_of(cells: Sequence[LayerCell], tracy_widom: Sequence[Shape]) -> tuple[Criterion, ...]:
    """Everything that is asked of these cells, in the order of the page."""
    known = {cell.key: cell for cell in cells}
    criteria: list[Criterion] = []

    def ask(requirement: str, key: str, claim: str, measure: Measure, **limits: float) -> None:
        if key in known and claim in known[key].claims:
            criteria.append(Criterion(requirement, key, claim, measure, limits.get("low"), limits.get("high")))

    limits: dict[Measure, float] = {"fails": MOST_FAILS, "undecided": MOST_UNDECIDED}
    for claim in CLAIMS:
        for measure, high in limits.items():
            for cell in cells:
                if cell.scenario == "gaussian":
                    ask(f"{measure} on Gaussian layers", cell.key, claim, measure, high=high)
    for scenario, strength, claim in (
        ("uniform", 0.0, "gaussian_weights"),
        ("laplace", 0.0, "gaussian_weights"),
        ("student_t", 3.0, "gaussian_weights"),
        ("bias", 2.0, "constant_bias"),
        ("correlated", 0.5, "singular_law"),
        ("orthogonal", 0.0, "singular_law"),
        ("spike", STRONG, "shadow_inversion"),
    ):
        ask(f"power: {scenario}", cell_key(scenario, POWER, strength), claim, "fails", low=LEAST_POWER)
    for measure, high in limits.items():
        for scenario in ("bias", "bias_without_inputs"):
            ask(f"{measure} at half the spread", cell_key(scenario, POWER, 0.5), "constant_bias", measure, high=high)
    for cell in cells:
        if cell.scenario == "bias_without_inputs" and cell.strength > 1:
            ask("never fails without inputs", cell.key, "constant_bias", "fails", high=0.0)
    for cell in cells:
        if cell.scenario == "spike" and cell.strength == 2.0:
            ask("spikes found at twice the threshold", cell.key, "singular_law", "spiked", low=LEAST_POWER)
        if cell.scenario == "spike" and cell.strength == 0.7:
            ask("spikes found at .7 of the threshold", cell.key, "singular_law", "spiked", high=MOST_FAILS)
        if cell.scenario == "shifted":
            ask("a mean is no spike", cell.key, "singular_law", "spiked", high=MOST_FAILS)
    criteria += _of_answers(cells)
    moments: dict[Measure, tuple[float, float]] = {
        "tracy_widom_mean": TRACY_WIDOM_MEAN,
        "tracy_widom_std": TRACY_WIDOM_STD,
    }
    for measure, (centre, width) in moments.items():
        for shape in tracy_widom:
            low, high = centre - width, centre + width
            criteria.append(Criterion("Tracy-Widom", tracy_widom_key(shape), None, measure, low, high))
    return tuple(criteria)


def _of_answers(cells: Sequence[LayerCell]) -> Iterator[Criterion]:
    """Ask for known rungs, and for the verdict on starts: at most 1 % may be wrong, and of rungs 5 % undecided."""
    for cell in cells:
        wanted, requirement = _right_answer(cell)
        if wanted and LADDER in cell.answers:
            right = (*wanted, "undecided")
            yield Criterion(requirement, cell.key, LADDER, "otherwise", high=MOST_FAILS, wanted=right)
            yield Criterion(requirement, cell.key, LADDER, "undecided", high=MOST_UNDECIDED)
        if cell.scenario == "apart":
            right = ("profile_follows", "profile_undecided")
            yield Criterion(PROFILE_LAW, cell.key, LADDER, "otherwise", high=MOST_FAILS, wanted=right)
        if cell.scenario == "apart_correlated":
            right = ("profile_does_not_follow",)
            yield Criterion(PROFILE_POWER, cell.key, LADDER, "otherwise", high=MOST_UNDECIDED, wanted=right)
        if cell.scenario.startswith(PREFIX) and START in cell.answers:
            right = ("as_drawn", "too_small")
            yield Criterion("starts are recognised", cell.key, START, "otherwise", high=MOST_FAILS, wanted=right)


def _right_answer(cell: LayerCell) -> tuple[tuple[str, ...], str]:
    """The answers of the ladder that are right, and what they belong to; nothing where no bar is set."""
    small = min(cell.shape) < SMALLEST_SIDE
    if cell.scenario == "gaussian":
        return ("not_applicable",) if small else ("as_drawn",), "rung: as drawn"
    if cell.scenario == "unit_scales" and not small:
        return ("unit_scales",), "rung: unit scales"
    if cell.scenario in (*MANY, "one_of_4", "three_of_4") and not small and cell.claims == ():
        return (f"directions {sum(count for count, _ in PATTERNS[cell.scenario])}",), "rung: directions"
    return (), ""

"""What the study runs: which known layers, how many seeds of each, and what is asked of the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from netaudit.studies.calibration.scenarios import Shape

CLAIMS = ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion")  # a test compares them

SMALL: tuple[Shape, ...] = ((64, 64), (256, 256), (512, 512), (512, 2048), (1000, 4096))
LARGE: tuple[Shape, ...] = ((4096, 4096), (4096, 9216))
POWER: Shape = (512, 512)
SPIKES: tuple[Shape, ...] = ((64, 64), (512, 512), (512, 2048))

SEEDS = 200
LARGE_SEEDS = 120  # fewer: each of them costs as much as many small ones
CURVE_SEEDS = 100
TRACY_WIDOM_DRAWS = 400

DEGREES = (3, 4, 5, 6, 8, 10, 15, 30)
SPREADS = (0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 2.0, 3.0)  # in tolerances
CORRELATIONS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
STRENGTHS = (0.5, 0.7, 0.85, 1.0, 1.1, 1.2, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0)  # in units of the threshold
INVERTED = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0, 30.0)
MEAN = 0.05
STRONG = 20.0

# The criteria. Point estimates are compared with them; every rate has its interval beside it.
MOST_FAILS, MOST_UNDECIDED, LEAST_POWER = 0.01, 0.05, 0.95
TRACY_WIDOM_MEAN, TRACY_WIDOM_STD = (-1.21, 0.2), (1.27, 0.15)

Measure = Literal["holds", "undecided", "fails", "spiked", "tracy_widom_mean", "tracy_widom_std"]


@dataclass(frozen=True)
class LayerCell:
    """Layers of one kind, shape and strength, drawn from seeds 0 to ``seeds - 1``."""

    scenario: str
    shape: Shape
    strength: float
    claims: tuple[str, ...]
    seeds: int

    @property
    def key(self) -> str:
        """Its name in the journal and in the JSON."""
        return cell_key(self.scenario, self.shape, self.strength)


@dataclass(frozen=True)
class Criterion:
    """One thing that is asked of the outcome: a measured figure must lie within limits."""

    requirement: str
    """What it belongs to; criteria of one requirement, claim and measure make one line on the page."""
    cell: str
    """The cell's key, or that of a shape's Tracy-Widom draws."""
    claim: str | None
    measure: Measure
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CalibrationPlan:
    """A whole study."""

    cells: tuple[LayerCell, ...]
    criteria: tuple[Criterion, ...]
    tracy_widom: tuple[Shape, ...]
    tracy_widom_draws: int


def cell_key(scenario: str, shape: Shape, strength: float = 0.0) -> str:
    """The name of a cell.

    >>> cell_key("spike", (512, 2048), 0.7)
    'spike 512x2048 0.7'
    """
    return f"{scenario} {size(shape)} {strength:g}"


def size(shape: Sequence[int]) -> str:
    """A shape in a key.

    >>> size((512, 2048))
    '512x2048'
    """
    return "x".join(map(str, shape))


def tracy_widom_key(shape: Shape) -> str:
    """The name of a shape's Tracy-Widom draws."""
    return f"tracy_widom {size(shape)}"


def full(seeds: int = SEEDS, large_seeds: int = LARGE_SEEDS, curve_seeds: int = CURVE_SEEDS) -> CalibrationPlan:
    """The published study."""
    cells = _merged(
        [
            *(LayerCell("gaussian", shape, 0.0, CLAIMS, seeds) for shape in SMALL),
            *(LayerCell("gaussian", shape, 0.0, CLAIMS, large_seeds) for shape in LARGE),
            *_power(seeds),
            *(LayerCell("shifted", shape, MEAN, ("singular_law",), seeds) for shape in ((512, 512), (512, 2048))),
            *(LayerCell("bias", POWER, spread, ("constant_bias",), seeds) for spread in SPREADS),
            *(LayerCell("bias_without_inputs", POWER, s, ("constant_bias",), seeds) for s in (0.5, 2.0, 10.0)),
            *_spikes(SPIKES, (0.7, 2.0), seeds),
            *_curves(DEGREES, CORRELATIONS, INVERTED, curve_seeds),
            *_spikes(SPIKES, STRENGTHS, curve_seeds),
        ]
    )
    return CalibrationPlan(cells, criteria_of(cells, SMALL + LARGE), SMALL + LARGE, TRACY_WIDOM_DRAWS)


def quick() -> CalibrationPlan:
    """A look at whether everything runs: small shapes, few seeds, a minute. Its rates mean little."""
    cells = _merged(
        [
            LayerCell("gaussian", (64, 64), 0.0, CLAIMS, 24),  # two audit seeds
            LayerCell("gaussian", (256, 256), 0.0, CLAIMS, 6),
            LayerCell("gaussian", POWER, 0.0, CLAIMS, 3),
            *_power(2),
            LayerCell("shifted", POWER, MEAN, ("singular_law",), 2),
            *(LayerCell("bias", POWER, spread, ("constant_bias",), 3) for spread in (0.5, 0.9, 1.1, 2.0)),
            *(LayerCell("bias_without_inputs", POWER, spread, ("constant_bias",), 3) for spread in (0.5, 2.0)),
            *_spikes(((64, 64), (64, 256)), (0.7, 1.0, 1.3, 2.0), 8),
            *_curves((3, 8, 30), (0.1, 0.3, 0.5), (1.0, 8.0, 20.0), 2),
        ]
    )
    shapes: tuple[Shape, ...] = ((64, 64), (256, 256), (512, 2048))
    return CalibrationPlan(cells, criteria_of(cells, shapes), shapes, TRACY_WIDOM_DRAWS)


def _power(seeds: int) -> Iterable[LayerCell]:
    kinds = {"uniform": 0.0, "laplace": 0.0, "student_t": 3.0, "correlated": 0.5, "orthogonal": 0.0, "spike": STRONG}
    return (LayerCell(scenario, POWER, strength, CLAIMS, seeds) for scenario, strength in kinds.items())


def _spikes(shapes: Iterable[Shape], strengths: Sequence[float], seeds: int) -> Iterable[LayerCell]:
    return (LayerCell("spike", shape, strength, ("singular_law",), seeds) for shape in shapes for strength in strengths)


def _curves(
    degrees: Iterable[float], correlations: Iterable[float], inverted: Iterable[float], seeds: int
) -> Iterable[LayerCell]:
    yield from (LayerCell("student_t", POWER, degree, ("gaussian_weights",), seeds) for degree in degrees)
    yield from (LayerCell("correlated", POWER, strength, ("singular_law",), seeds) for strength in correlations)
    yield from (LayerCell("spike", POWER, strength, ("shadow_inversion",), seeds) for strength in inverted)


def _merged(cells: Iterable[LayerCell]) -> tuple[LayerCell, ...]:
    """Cells of the same layers made one: all their claims, and the larger number of seeds."""
    found: dict[str, LayerCell] = {}
    for cell in cells:
        other = found.get(cell.key, cell)
        claims = tuple(claim for claim in CLAIMS if claim in {*cell.claims, *other.claims})
        found[cell.key] = LayerCell(cell.scenario, cell.shape, cell.strength, claims, max(cell.seeds, other.seeds))
    return tuple(found.values())


def criteria_of(cells: Sequence[LayerCell], tracy_widom: Sequence[Shape]) -> tuple[Criterion, ...]:
    """Everything that is asked of these cells, in the order of the page."""
    known = {cell.key: cell for cell in cells}
    criteria: list[Criterion] = []

    def ask(requirement: str, key: str, claim: str, measure: Measure, **limits: float) -> None:
        if key in known and claim in known[key].claims:
            criteria.append(Criterion(requirement, key, claim, measure, **limits))

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
    moments: dict[Measure, tuple[float, float]] = {
        "tracy_widom_mean": TRACY_WIDOM_MEAN,
        "tracy_widom_std": TRACY_WIDOM_STD,
    }
    for measure, (centre, width) in moments.items():
        for shape in tracy_widom:
            low, high = centre - width, centre + width
            criteria.append(Criterion("Tracy-Widom", tracy_widom_key(shape), None, measure, low, high))
    return tuple(criteria)

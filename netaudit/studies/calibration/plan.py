"""What the study runs: which known layers, how many seeds of each, and what is asked of the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netaudit.studies.calibration.cells import CLAIMS, LADDER, START, CalibrationPlan, LayerCell
from netaudit.studies.calibration.criteria import FEWEST_BIASES, MANY, MEAN, POWER, STRONG, criteria_of
from netaudit.studies.calibration.scenarios import Shape
from netaudit.studies.calibration.starts import WEIGHTS as STARTS
from netaudit.studies.calibration.wishes import WISHES, Wish

SMALL: tuple[Shape, ...] = ((64, 64), (100, 400), (256, 256), (512, 512), (512, 2048), (1000, 4096))
EDGES: tuple[Shape, ...] = ((2, 64), (10, 64), (10, 1000), (32, 32), (48, 400), (33, 3000), (3000, 33))
"""Heads, tiny and long layers, most with fewer than 64 biases."""
LARGE: tuple[Shape, ...] = ((4096, 4096), (4096, 9216))
SPIKES: tuple[Shape, ...] = ((64, 64), (256, 256), (512, 512), (100, 400))
RUNGS: tuple[Shape, ...] = ((32, 32), *SPIKES)
APART: tuple[Shape, ...] = ((64, 64), (100, 400))
PLANTED: Shape = (250, 400)
STARTED: tuple[Shape, ...] = ((10, 64), (64, 64), (128, 512), (512, 512))

SEEDS = 200
LARGE_SEEDS = 10  # fewer: each of them costs as much as hundreds of small ones
CURVE_SEEDS = 100
STRUCTURED_SEEDS = 40
PLANTED_SEEDS = 24
START_SEEDS = 200
TRACY_WIDOM_DRAWS = 400

DEGREES = (3, 4, 5, 6, 8, 10, 15, 30)
SPREADS = (0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 2.0, 3.0)  # in tolerances
CORRELATIONS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
STRENGTHS = (0.5, 0.7, 0.85, 1.0, 1.1, 1.2, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0)  # in units of the threshold
INVERTED = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0, 30.0)
CORRELATED = 0.6
SCALES = 0.5  # standard deviation of the logarithms of the scales of rows and columns


def full(seeds: int = SEEDS, large_seeds: int = LARGE_SEEDS, curve_seeds: int = CURVE_SEEDS) -> CalibrationPlan:
    """The published study."""
    cells = _merged(
        [
            *(_gaussian(shape, seeds) for shape in EDGES + SMALL),
            *(_gaussian(shape, large_seeds) for shape in LARGE),
            *_power(curve_seeds),
            *(LayerCell("shifted", shape, MEAN, ("singular_law",), seeds) for shape in ((512, 512), (100, 400))),
            *(LayerCell("bias", POWER, spread, ("constant_bias",), seeds) for spread in SPREADS),
            *(LayerCell("bias", (10, 1000), spread, ("constant_bias",), seeds) for spread in (0.5, 2.0)),
            *(LayerCell("bias_without_inputs", POWER, s, ("constant_bias",), seeds) for s in (0.5, 2.0, 10.0)),
            *_spikes(SPIKES, (0.7, 2.0), seeds),
            *_curves(DEGREES, CORRELATIONS, INVERTED, curve_seeds),
            *_spikes(SPIKES, STRENGTHS, curve_seeds),
            *_rungs(RUNGS, seeds),
            *_planted(PLANTED_SEEDS),
            *_profiles(APART, seeds, STRUCTURED_SEEDS),
            *_starts(STARTED, START_SEEDS),
            *_structured(WISHES, STRUCTURED_SEEDS),
        ]
    )
    shapes = SMALL + LARGE
    return CalibrationPlan(cells, criteria_of(cells, shapes), shapes, TRACY_WIDOM_DRAWS, WISHES)


def quick() -> CalibrationPlan:
    """A look at whether everything runs: small shapes, few seeds, a minute. Its rates mean little."""
    wishes = tuple(wish for wish in WISHES if wish.scenario in ("row_scales", "random_zeros"))
    cells = _merged(
        [
            _gaussian((64, 64), 24),  # two audit seeds
            _gaussian((256, 256), 6),
            _gaussian(POWER, 3),
            *_power(2),
            LayerCell("shifted", POWER, MEAN, ("singular_law",), 2),
            *(LayerCell("bias", POWER, spread, ("constant_bias",), 3) for spread in (0.5, 0.9, 1.1, 2.0)),
            *(LayerCell("bias_without_inputs", POWER, spread, ("constant_bias",), 3) for spread in (0.5, 2.0)),
            *_spikes(((64, 64), (64, 256)), (0.7, 1.0, 1.3, 2.0), 8),
            *_curves((3, 8, 30), (0.1, 0.3, 0.5), (1.0, 8.0, 20.0), 2),
            *_rungs(((64, 64),), 4),
            *_planted(1),
            *_profiles(((64, 64),), 2, 2),
            *_starts(((64, 64),), 2),
            *_structured(wishes, 2),
        ]
    )
    shapes: tuple[Shape, ...] = ((64, 64), (256, 256), (512, 2048))
    return CalibrationPlan(cells, criteria_of(cells, shapes), shapes, TRACY_WIDOM_DRAWS, wishes)


def _gaussian(shape: Shape, seeds: int) -> LayerCell:
    """Every claim and the ladder; of two biases no spread can be told."""
    claims = tuple(claim for claim in CLAIMS if claim != "constant_bias" or shape[0] >= FEWEST_BIASES)
    return LayerCell("gaussian", shape, 0.0, claims, seeds, (LADDER,))


def _rungs(shapes: Iterable[Shape], seeds: int) -> Iterable[LayerCell]:
    for shape in shapes:
        for pattern in ("one_of_4", "three_of_4"):
            yield from (LayerCell(pattern, shape, scales, (), seeds, (LADDER,)) for scales in (0.0, SCALES))
        yield LayerCell("unit_scales", shape, SCALES, (), seeds, (LADDER,))


def _planted(seeds: int) -> Iterable[LayerCell]:
    return (LayerCell(name, PLANTED, scales, (), seeds, (LADDER,)) for name in MANY for scales in (0.0, SCALES))


def _profiles(shapes: Sequence[Shape], seeds: int, power_seeds: int) -> Iterable[LayerCell]:
    for shape in shapes:
        yield from (LayerCell("apart", shape, scales, (), seeds, (LADDER,)) for scales in (0.0, SCALES))
    yield LayerCell("apart_correlated", shapes[-1], CORRELATED, (), power_seeds, (LADDER,))


def _starts(shapes: Iterable[Shape], seeds: int) -> Iterable[LayerCell]:
    return (LayerCell(name, shape, 0.0, (), seeds, (START,)) for name in STARTS for shape in shapes)


def _structured(wishes: Iterable[Wish], seeds: int) -> Iterable[LayerCell]:
    claims = tuple(claim for claim in CLAIMS if claim != "constant_bias")
    return (LayerCell(wish.scenario, wish.shape, wish.strength, claims, seeds, (LADDER,)) for wish in wishes)


def _power(seeds: int) -> Iterable[LayerCell]:
    kinds = {"uniform": 0.0, "laplace": 0.0, "student_t": 3.0, "correlated": 0.5, "orthogonal": 0.0, "spike": STRONG}
    return (LayerCell(scenario, POWER, strength, CLAIMS, seeds) for scenario, strength in kinds.items())


def _spikes(shapes: Iterable[Shape], strengths: Sequence[float], seeds: int) -> Iterable[LayerCell]:
    claims = ("singular_law",)
    return (LayerCell("spike", shape, strength, claims, seeds, (LADDER,)) for shape in shapes for strength in strengths)


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
        answers = tuple(dict.fromkeys((*other.answers, *cell.answers)))
        seeds = max(cell.seeds, other.seeds)
        found[cell.key] = LayerCell(cell.scenario, cell.shape, cell.strength, claims, seeds, answers)
    return tuple(found.values())

"""The pictures of page one: every verdict on a graded scale, and each claim's statistic over the layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.claims import metric
from netaudit.audit_page.kinds import MANY, Position, kinds, positions
from netaudit.audit_page.presented import Presented
from netaudit.report.document.model import Figure
from netaudit.report.figures.graded import RANGE, Graded, Grid, draw_graded
from netaudit.report.figures.matrix import Matrix, draw_matrices
from netaudit.report.figures.over_depth import Line, OverDepth, draw_over_depth
from netaudit.results.payload import Condition, Finding
from netaudit.results.report import LayerResult
from netaudit.text import count, names, number, shown_name
from netaudit.vocabulary import VERDICT_WORDS, VERDICTS, Verdict

MOST_COLUMNS = 60
"""Columns of a matrix whose symbols can still be read; of more blocks, neighbours share one, which shows the worst."""
_LARGEST = 1e100
"""Beyond it a number is none that was measured: an audit.json may come from anywhere."""
_WORST: tuple[Verdict, ...] = ("fails", "undecided", "holds", "not_applicable")


def graded(finding: Finding | None) -> Graded | None:
    """A verdict with its decisive value over its tolerance; None where there is none."""
    if finding is None:
        return None
    decisive = finding.decisive
    if decisive is None:
        return Graded(finding.verdict)
    ratios = sorted(
        each for value in (decisive.value, *decisive.interval) if (each := over_tolerance(decisive, value)) is not None
    )
    value = over_tolerance(decisive, decisive.value)
    return Graded(finding.verdict, value, *(ratios[0], ratios[-1]) if ratios else (None, None))


def over_tolerance(condition: Condition, value: float) -> float | None:
    """How many times its tolerance a value is: above 1 it lies outside. None where a limit is not positive.

    For a lower limit it is the limit over the value.
    """
    low, high = condition.limits
    found = []
    if high is not None and high > 0 <= value:
        found.append(value / high)
    if low is not None and low > 0 < value:
        found.append(low / value)
    return max(found, default=None)


def judged(presented: Presented) -> tuple[Analysis, ...]:
    """The claims with a verdict in some layer; of the others page one has a sentence."""
    return tuple(
        analysis
        for analysis in presented.claims
        if any(
            finding is not None and finding.verdict != "not_applicable"
            for layer in presented.report.layers
            for finding in [layer.findings.get(analysis.name)]
        )
    )


def picture(presented: Presented) -> Figure | None:
    """Every verdict in one picture: layers by claims, or kinds by blocks where there are many layers."""
    claims, layers = judged(presented), presented.report.layers
    if not claims:
        return None
    alt = _alt(claims, layers)
    if len(layers) <= MANY:
        cells = tuple(tuple(graded(layer.findings.get(each.name)) for each in claims) for layer in layers)
        grid = Grid(tuple(shown_name(layer.name) for layer in layers), tuple(each.full_title for each in claims), cells)
        caption = (
            "Each claim about each layer: the statistic over its tolerance, with its interval. Left of the line it is "
            f"tolerated; the scale ends at {number(RANGE)} times the tolerance."
        )
        return Figure("verdicts", caption, f"{caption} {alt}", partial(draw_graded, grid), wide=True)
    placed = positions(layers)
    matrices = tuple(_matrix(each, layers, placed) for each in claims)
    shared = " Neighbouring blocks share a column, which shows the worst of them." if _shares(placed) else ""
    caption = (
        "Each claim by kind of layer and block: the symbol is the verdict (● holds, ▲ undecided, × fails, – not "
        f"applicable), and the ground the statistic over its tolerance.{shared}"
    )
    return Figure("verdicts", caption, f"{caption} {alt}", partial(draw_matrices, matrices), wide=True)


def _alt(claims: Sequence[Analysis], layers: Sequence[LayerResult]) -> str:
    parts = []
    for analysis in claims:
        found = [layer.findings[analysis.name].verdict for layer in layers if analysis.name in layer.findings]
        counted = [
            f"{VERDICT_WORDS[each].split(maxsplit=1)[1]} in {number(found.count(each))}"
            for each in VERDICTS
            if each in found
        ]
        parts.append(f"{analysis.full_title} {', '.join(counted)}")
    return f"Of {count(len(layers), 'layer')}: {'; '.join(parts)}."


def _shares(placed: Sequence[Position]) -> int:
    """How many blocks share a column; 0 where none do."""
    deepest = 1 + max(each.depth for each in placed)
    return 0 if deepest <= MOST_COLUMNS else -(-deepest // MOST_COLUMNS)


def _matrix(analysis: Analysis, layers: Sequence[LayerResult], placed: Sequence[Position]) -> Matrix:
    width = _shares(placed) or 1
    columns = sorted({each.depth // width for each in placed})
    rows = kinds(placed)
    cells: dict[tuple[str, int], Graded] = {}
    for layer, at in zip(layers, placed, strict=True):
        found, key = graded(layer.findings.get(analysis.name)), (at.kind, at.depth // width)
        if found is not None and (key not in cells or _badness(found) < _badness(cells[key])):
            cells[key] = found
    rows = tuple(kind for kind in rows if any(_says(cells.get((kind, column))) for column in columns))
    depths = tuple(str(column) if width == 1 else str(column * width) for column in columns)
    grid = tuple(tuple(cells.get((kind, column)) for column in columns) for kind in rows)
    return Matrix(analysis.full_title, rows, depths, grid)


def _says(found: Graded | None) -> bool:
    return found is not None and found.verdict != "not_applicable"


def _badness(found: Graded) -> tuple[int, float]:
    return _WORST.index(found.verdict), -(found.ratio or 0.0)


def over_depth(presented: Presented) -> list[Figure]:
    """One figure a statistic that decides a verdict, with a line a kind of layer where there are many layers."""
    layers = presented.report.layers
    placed = positions(layers) if len(layers) > MANY else [Position("layer", at) for at in range(len(layers))]
    figures = []
    for analysis in judged(presented):
        found = [
            (at, condition, layer)
            for at, layer in zip(placed, layers, strict=True)
            if (finding := layer.findings.get(analysis.name)) is not None and finding.verdict != "not_applicable"
            for condition in finding.conditions
            if max(map(abs, (condition.value, *condition.interval))) < _LARGEST
        ]
        decisive = {layer.findings[analysis.name].statistic for _, _, layer in found}
        statistics = [each for each in dict.fromkeys(c.statistic for _, c, _ in found) if each in decisive]
        for place, statistic in enumerate(statistics, start=1):
            stem = f"claim_{analysis.name}" + (f"_{place}" if place > 1 else "")
            of_it = [each for each in found if each[1].statistic == statistic]
            if len(of_it) > 1:
                figures.append(_figure(analysis, statistic, stem, of_it))
    return figures


def _figure(
    analysis: Analysis, statistic: str, stem: str, found: list[tuple[Position, Condition, LayerResult]]
) -> Figure:
    few = all(at.kind == "layer" for at, _, _ in found)
    lines = []
    for kind in kinds([at for at, _, _ in found]):
        of_kind = sorted((at.depth, c.value, *c.interval) for at, c, _ in found if at.kind == kind)
        x, y, low, high = (tuple(float(each) for each in column) for column in zip(*of_kind, strict=True))
        lines.append(Line(kind, x, y, low, high))
    lows = [c.limits[0] for _, c, _ in found]
    highs = [c.limits[1] for _, c, _ in found]
    # of limits that were widened for small layers, the strictest is drawn
    tolerated = (
        None if None in lows else max(each for each in lows if each is not None),
        None if None in highs else min(each for each in highs if each is not None),
    )
    title = metric(analysis, statistic)
    ticks = tuple((float(at.depth), str(at.depth + 1)) for at, _, _ in found) if few else ()
    over = "layers, numbered as they are listed" if few else "blocks, a line a kind of layer"
    caption = f"{analysis.full_title}: {title} over the {over}. Tolerated values lie on the shaded ground."
    values = sorted((c.value, shown_name(layer.name, 60)) for _, c, layer in found)
    ends = f"from {number(values[0][0])} ({values[0][1]}) to {number(values[-1][0])} ({values[-1][1]})"
    panel = OverDepth(title, tolerated, tuple(lines), ticks[:: -(-len(ticks) // 10) or 1])
    of = "" if few else f" Kinds: {names([line.kind for line in lines], most=12)}."
    return Figure(stem, caption, f"{caption} It runs {ends}.{of}", partial(draw_over_depth, panel))

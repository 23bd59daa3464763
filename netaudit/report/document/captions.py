"""What each figure shows, in words and numbers: its caption, and the longer text for those who cannot see it."""

from __future__ import annotations

from netaudit.report.chart import Chart
from netaudit.report.curves import BiasCurve, Curve, Floats, GaussianCurve, InversionCurve, SpectrumCurve
from netaudit.report.document.labels import SOURCES
from netaudit.report.images import ImageGrid
from netaudit.report.plan import PlannedFigure
from netaudit.results import StackResult
from netaudit.text import count, number, percent, printable, shown_name

SHORT = 60  # characters of a layer's name in a heading or caption; its table has the whole name


def caption(planned: PlannedFigure) -> str:
    """The caption of a figure that is drawn, without its number."""
    name, curve = f"layer {shown_name(planned.layer.name, SHORT)}", planned.curve
    match curve:
        case GaussianCurve():
            text = (
                f"Weights of {name}. Left: histogram and the fitted Gaussian. Right: quantiles against the "
                "Gaussian's. In standard deviations from the mean."
            )
            outside = sum(curve.clipped)
            return text + (f" {percent(outside)} of the weights lie outside the range shown." if outside else "")
        case BiasCurve():
            return (
                f"Biases of {name}, sorted, with their median {number(curve.median)} and the band "
                f"{number(curve.band[0])} to {number(curve.band[1])} that counts as constant."
            )
        case SpectrumCurve():
            return (
                f"Singular values of {name}, mean removed: density against the Marchenko-Pastur law, and the edge "
                f"of the noise (Tracy-Widom, 99.9%). {_spikes(planned, curve)}"
            )
        case InversionCurve():
            hollow = any(not cell.used for cell in curve.cells)
            return (
                f"Shadow error of {name}: measured (points) and predicted for a Gaussian matrix (lines), "
                "over the sparsity k and the keep probability ρ."
                + (" Hollow points are left out of the medians." if hollow else "")
            )
        case _:
            return str(curve)


def alt(planned: PlannedFigure) -> str:
    """The caption, followed by what an eye would take from the figure."""
    return f"{caption(planned)} {_seen(planned.curve)}".strip()


def stack_caption(stack: StackResult) -> str:
    """The caption of the stack's figure."""
    return (
        f"Labels sent down {count(len(stack.layers), 'layer')} and forward again: share that comes back as the "
        "largest output, against the keep probability ρ; chance; and the control through independent matrices."
    )


def stack_alt(stack: StackResult) -> str:
    """The caption, followed by each run's figures."""
    runs = "; ".join(
        f"{SOURCES.get(run.source, printable(run.source))} at ρ = {number(run.rho)}: {percent(run.top1)}, "
        f"control {percent(run.control_top1)}"
        for run in stack.runs
    )
    return f"{stack_caption(stack)} {runs}."


IMAGES_CAPTION = (
    "Each label sent down the stack to the input, without dropout: a real image of it, its shadow through the network, "
    "and its shadow through untrained layers, Gaussian ones of the same shapes and scales. Each image is scaled to its "
    "own maximum."
)


def images_alt(grid: ImageGrid) -> str:
    """The caption of the shadow images, followed by how much they are like real ones."""
    return (
        f"{IMAGES_CAPTION} A shadow's correlation with the mean of its label's real images is "
        f"{number(grid.likeness_trained, 2)} through the network and {number(grid.likeness_untrained, 2)} through "
        f"untrained layers, in the mean over {count(len(grid.labels), 'label')}."
    )


def chart_alt(chart: Chart) -> str:
    """The caption of a study's chart, followed by what an eye would take from it."""
    return printable(f"{chart.caption} {chart.alt}".strip(), 4000)


def _spikes(planned: PlannedFigure, curve: SpectrumCurve) -> str:
    stored = len(curve.spikes)
    spikes = planned.finding.metrics.get("spikes")
    total = stored if spikes is None else int(spikes)
    if not total:
        return "No singular value lies above the edge."
    listed = count(total, "spike") + (f" ({number(stored)} drawn)" if 0 < stored < total else "")
    if not stored:
        return f"{listed} above it."
    largest = float(curve.spikes[0])
    times = f", {number(largest / curve.tracy_widom_edge)} times the edge" if curve.tracy_widom_edge > 0 else ""
    return f"{listed} above it, the largest at {number(largest)}{times}."


def _seen(curve: Curve | str) -> str:
    match curve:
        case GaussianCurve():
            text = f"The histogram peaks at a density of {_top(curve.density)}, the Gaussian at {_top(curve.gaussian)}."
            if len(curve.sample):
                low, high = (f"{number(round(float(curve.sample[end]), 2))}" for end in (0, -1))
                expected = tuple(number(round(float(curve.theoretical[end]), 2)) for end in (0, -1))
                text += f" The outermost quantiles are {low} and {high}; the Gaussian's are {' and '.join(expected)}."
            return text
        case BiasCurve():
            return f"They run from {number(float(curve.bias.min()))} to {number(float(curve.bias.max()))}."
        case SpectrumCurve():
            law, edge = (number(round(end, 3)) for end in (curve.law_edge, curve.tracy_widom_edge))
            return (
                f"The density peaks at {_top(curve.density)}, the law at {_top(curve.law)}; the law ends at {law}, "
                f"the edge of the noise is {edge}."
            )
        case InversionCurve():
            cells = "; ".join(
                f"k = {number(cell.k)}, ρ = {number(cell.rho)}: {number(round(cell.measured, 4))} measured, "
                f"{number(round(cell.predicted, 4))} predicted"
                for cell in curve.cells
            )
            return f"{cells}."
        case _:
            return ""


def _top(values: Floats) -> str:
    return number(round(float(values.max()), 3))

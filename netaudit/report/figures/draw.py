"""All planned figures, drawn once; both renderers and the files share them."""

from __future__ import annotations

from collections.abc import Iterable

from netaudit.report.chart import Chart
from netaudit.report.curves import BiasCurve, Curve, GaussianCurve, InversionCurve, SpectrumCurve, UnitsCurve
from netaudit.report.document import captions, units
from netaudit.report.figures.bias import draw_bias
from netaudit.report.figures.gaussian import draw_gaussian
from netaudit.report.figures.images import draw_images
from netaudit.report.figures.inversion import draw_inversion
from netaudit.report.figures.lines import draw_chart
from netaudit.report.figures.spectrum import draw_spectrum
from netaudit.report.figures.stack import draw_stack
from netaudit.report.figures.style import THEME, canvas
from netaudit.report.figures.svg import to_svg
from netaudit.report.figures.units import draw_units
from netaudit.report.images import ImageGrid
from netaudit.report.plan import IMAGES, STACK, Plan
from netaudit.results import StackResult

LARGEST = 100_000  # bytes of a study's chart: a page with twenty of them still opens at once


def draw_figures(plan: Plan) -> dict[str, str]:
    """SVG text by the figure's stem, in the order of the report."""
    drawn = {
        planned.stem: _draw(planned.curve, planned.stem, captions.alt(planned))
        for figures in plan.layers.values()
        for planned in figures
        if not isinstance(planned.curve, str)
    }
    if plan.stack is not None:
        drawn[STACK] = _draw(plan.stack, STACK, captions.stack_alt(plan.stack))
    if isinstance(plan.images, ImageGrid):
        drawn[IMAGES] = _draw(plan.images, IMAGES, captions.images_alt(plan.images))
    drawn |= {planned.stem: _draw(planned.curve, planned.stem, units.alt(planned)) for planned in plan.units}
    return drawn


def draw_charts(charts: Iterable[Chart]) -> dict[str, str]:
    """SVG text of a study's charts by their stems.

    Raises:
        ValueError: two charts share a stem, or one is larger than ``LARGEST``.
    """
    drawn: dict[str, str] = {}
    for chart in charts:
        if chart.stem in drawn:
            raise ValueError(f"two charts are called {chart.stem!r}")
        drawn[chart.stem] = svg = _draw(chart, chart.stem, captions.chart_alt(chart))
        size = len(svg.encode())
        if size > LARGEST:
            raise ValueError(f"chart {chart.stem!r} takes {size} bytes, more than {LARGEST}: thin out its points")
    return drawn


def _draw(data: Curve | StackResult | UnitsCurve | ImageGrid | Chart, stem: str, alt: str) -> str:
    import matplotlib.style

    with matplotlib.style.context(["default", THEME]):  # whatever the user's own matplotlibrc says
        figure = canvas()
        match data:
            case GaussianCurve():
                draw_gaussian(figure, data)
            case BiasCurve():
                draw_bias(figure, data)
            case SpectrumCurve():
                draw_spectrum(figure, data)
            case InversionCurve():
                draw_inversion(figure, data)
            case StackResult():
                draw_stack(figure, data)
            case UnitsCurve():
                draw_units(figure, data)
            case ImageGrid():
                draw_images(figure, data)
            case Chart():
                draw_chart(figure, data)
        return to_svg(figure, stem, alt)

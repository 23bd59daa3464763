"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netaudit.report.chart import Chart
from netaudit.report.document.model import Block, Column, Items, Pair, Paragraph, Section, Span
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.calibration import charts, tables, wide_tables
from netaudit.studies.calibration.claims import title
from netaudit.studies.calibration.words import Json
from netaudit.studies.harness.page import StudyPage
from netaudit.text import flat, number, size

_SMALLEST_SIDE = 32  # below, the singular values are not judged
_POWER = ("uniform", "laplace", "student_t", "correlated", "orthogonal", "spike")


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out."""
    page = _Page(data)
    sections = (
        page.summary(),
        page.false_alarms(),
        *([page.rungs()] if page.answered("random_likeness") else []),
        *([page.starts()] if page.answered("initialisation") else []),
        page.power(),
        page.strength(),
        *([page.structured()] if data.get("wishes") else []),
        *([page.intervals()] if page.covered() else []),
        page.spikes(),
        page.tracy_widom(),
        page.how(),
    )
    return StudyPage(
        stem="calibration",
        title="Calibration of the analyses",
        subtitle="How often is each verdict right on layers whose answer is known?",
        description="False alarms and power of netaudit's analyses on synthetic layers.",
        sections=sections,
        data=data,
    )


class _Page:
    """The sections, in the order in which they are asked for."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.cells: dict[str, Json] = {cell["key"]: cell for cell in data["cells"]}
        self.moments: dict[str, Json] = {found["key"]: found for found in data["tracy_widom"]}

    def summary(self) -> Section:
        criteria = self.data["bars"]
        missed = sum(not criterion["met"] for criterion in criteria)
        total = number(len(criteria))
        answer = f"{number(missed)} of {total} bars are not met." if missed else f"All {total} bars are met."
        layers = sum(cell["seeds"] for cell in self.cells.values())
        what = (
            f" Each analysis was run on {number(layers)} layers whose answer is known: Gaussian ones, where every "
            "claim must hold, and layers that break one claim in a known way, where that claim must fail. Where a bar "
            "is asked of several shapes, the line shows the one that came closest to missing it."
        )
        table = tables.criteria_table(criteria, self.cells, self.moments)
        return Section("summary", 1, "Summary", (Paragraph((Span(answer, "strong"), Span(what))), table))

    def false_alarms(self) -> Section:
        text = (
            "Every claim holds for a layer of i.i.d. Gaussian entries whose biases spread by half the tolerance. A "
            "verdict of fails is a false alarm, and undecided says nothing: at most 1% and 5% are allowed. Each layer "
            "is compared with the matched null of its own shape and aspect ratio; the null is drawn anew for every "
            f"{number(self.data['null_every'])} layers, so that its randomness is part of the rates. The statistic is "
            "the KS distance (H1, H3), the spread of the biases over the scale of the pre-activations (H2) or the "
            "cross-talk inflation (H4)."
        )
        table = tables.false_alarms(self._of("gaussian"), self.data["bars"])
        pooled = [wide_tables.pooled(self._of("gaussian"), name) for name in self.data["tolerances"]]
        together = Items(tuple((Span(text),) for text in pooled))
        return Section("false-alarms", 1, "False alarms", (_paragraph(text), table, together))

    def answered(self, name: str) -> list[Json]:
        """The cells of which an analysis that is no claim was asked."""
        return [cell for cell in self.cells.values() if name in cell.get("answers", {})]

    def rungs(self) -> Section:
        text = (
            "The ladder says what has to be set aside before a random matrix is left. Here that is known: nothing of a "
            "Gaussian layer, the scales of one whose rows and columns were multiplied by exp(0.5 N) with standard "
            "normal N, and the planted directions. At most 1% of the layers of each kind and shape may get another "
            "answer, and at most 5% none. The strength of a direction is in detection thresholds. Two blocks of "
            "different ratios of sides, with zeros elsewhere, have no unit scales: there the law of the variance "
            "profile answers, which at most 1% of layers with independent weights may be said not to follow, and at "
            "most 5% of those with correlated weights not found to leave."
        )
        bars = [bar for bar in self.data["bars"] if bar["claim"] == "random_likeness"]
        return Section("rungs", 1, "Rungs", (_paragraph(text), *self._answers(bars, "Rungs of layers that are known")))

    def starts(self) -> Section:
        text = (
            "Layers as a usual initialisation draws them, which were never trained: they must be found to be as drawn, "
            "or too small to tell. The study of the initialisation draws every start on its list, in four types of "
            "numbers, and trains some."
        )
        bars = [bar for bar in self.data["bars"] if bar["claim"] == "initialisation"]
        blocks = self._answers(bars, "Verdicts on layers as drawn")
        return Section("starts", 1, "Starts", (_paragraph(text), *blocks))

    def _answers(self, bars: list[Json], caption: str) -> tuple[Block, ...]:
        together = Items(tuple((Span(text),) for text in wide_tables.together(bars)))
        return wide_tables.answers(bars, self.cells, f"{caption}, with the 95% interval of the wrong ones."), together

    def structured(self) -> Section:
        text = (
            "Layers that break the law of independent entries in one way each, or keep it in a way that is not plain "
            "to see. Where theory says what an analysis should answer, that stands before the share of layers that "
            f"did get such an answer. No bar is set. {wide_tables.granted(self.data['wishes'], self.cells)}"
        )
        table = wide_tables.wishes(self.data["wishes"], self.cells)
        return Section("structured", 1, "Structured layers", (_paragraph(text), table))

    def power(self) -> Section:
        first = [self._strongest(scenario) for scenario in _POWER]
        text = (
            "Layers that break one claim, at 512 × 512: entries that are not Gaussian (H1), rows or spectra that "
            "are not those of independent entries (H3), and a spike strong enough to spoil the inversion (H4). That "
            "claim must fail in at least 95% of the layers; what the other claims say shows whether the causes are "
            "told apart."
        )
        bias = (
            "Constant bias (H2) is judged against the pre-activation scale where real inputs give it. Without inputs "
            "it can only be confirmed, when the biases hardly vary against their own median, and is left undecided "
            "otherwise: it never fails."
        )
        blocks = (
            _paragraph(text),
            tables.verdicts([cell for cell in first if cell]),
            _paragraph(bias),
            tables.rates(
                [*self._of("bias"), *self._of("bias_without_inputs")],
                "constant_bias",
                "Constant bias: verdicts over the spread of the biases, with 95% intervals.",
            ),
        )
        return Section("power", 1, "Power", blocks)

    def strength(self) -> Section:
        blocks: list[Block] = [
            _paragraph(
                "How strong must the effect be? The curves run from layers that are as good as Gaussian to layers that "
                "are plainly not. Theory gives the effect without the noise of a finite layer, and so the strength at "
                "which the first effect reaches its tolerance. It is the law of the entries itself (H1), the limiting "
                "law of correlated rows, with the share of it that lies beyond the edge (H3; Silverstein 1995), and "
                "the cross-talk through a rank-one matrix (H4)."
            )
        ]
        single: list[Chart] = []
        for curve in self.data["curves"]:
            if curve["shares"] == ["spiked"]:
                continue
            verdicts = charts.verdict_chart(curve, self.cells)
            if not curve["theory"]:
                single.append(verdicts)
                continue
            tolerances = self.data["tolerances"][curve["claim"]]
            blocks.append(self._pair(verdicts, charts.effect_chart(curve, self.cells, tolerances)))
        blocks += [self._pair(chart) for chart in single]
        blocks.append(tables.thresholds(self.data["curves"]))
        return Section("strength", 1, "Strength", tuple(blocks))

    def covered(self) -> list[Json]:
        """The cells whose intervals were kept."""
        return [cell for cell in self.cells.values() if any(wide_tables.held(cell))]

    def intervals(self) -> Section:
        text = (
            "A verdict rests on an interval, and an interval on the noise that it allows for. Here the law that a "
            "layer was drawn from is known, and the mean of the statistic over fresh layers stands for its value. The "
            "JSON has every kind of layer; the table has the Gaussian ones together, and the kind that is held worst."
        )
        return Section("intervals", 1, "Intervals", (_paragraph(text), wide_tables.coverage(self.covered())))

    def spikes(self) -> Section:
        text = (
            "A rank-one signal is found once it leaves the bulk, at a strength of 1 in units of σ ⁴√(mn) for every "
            "shape and aspect ratio. At twice that it must be found, at 0.7 of it no more often than in a Gaussian "
            "layer. A mean of the weights is no spike: it is removed before."
        )
        curves = [curve for curve in self.data["curves"] if curve["shares"] == ["spiked"]]
        cells = [
            *(cell for cell in self._of("spike") if cell["strength"] in (0.7, 2.0) and cell["spiked"]),
            *self._of("shifted"),
            *(cell for cell in self._of("gaussian") if min(cell["shape"]) >= _SMALLEST_SIDE),
        ]
        blocks: list[Block] = [_paragraph(text)]
        by_claim = [[c for c in curves if c["claim"] == claim] for claim in dict.fromkeys(c["claim"] for c in curves)]
        if by_claim:
            blocks.append(self._pair(*(charts.spike_chart(each, self.cells) for each in by_claim)))
        blocks.append(tables.spiked(cells))
        return Section("spikes", 1, "Spikes", tuple(blocks))

    def tracy_widom(self) -> Section:
        text = (
            "The edge beyond which a singular value is a spike rests on the Tracy-Widom law, with the centring and "
            "scaling of Johnstone (2001) and Ma (2012). The score of the largest singular value of a Gaussian matrix "
            "must have that law's moments at every size: a mean of −1.21 ± 0.2 and a standard deviation of 1.27 ± 0.15."
        )
        table = tables.tracy_widom(self.data["tracy_widom"], self.data["bars"])
        return Section("tracy-widom", 1, "Tracy-Widom scores", (_paragraph(text), table))

    def how(self) -> Section:
        data = self.data
        runs = tuple(
            (
                Span(f"{run['date']}, commit {run['commit'] or 'not known'}, processes: {number(run['jobs'])}: "),
                Span(run["command"], "name"),
            )
            for run in data["runs"]
        )
        rule = (
            "The records carry a fingerprint of the tolerances, the versions and the source of the analyses. When "
            "one of them changes, all are discarded: no tolerance can be moved after a look at the power without "
            "running false alarms and power again. Point estimates are compared with the bars; the intervals are "
            "Clopper-Pearson's, at 95%, and those of the moments the delta method's."
        )
        settings = [("Seeds", data["seeds"]), ("Seconds of work, all processes", number(round(data["seconds"])))]
        settings += [(f"{title(c)}: {name}", text) for c, v in data["tolerances"].items() for name, text in flat(v)]
        settings += [(f"Version of {name}", text) for name, text in flat(data["versions"])]
        seconds = [
            (Span(size(cell["shape"])), Span(number(cell["seeds"])), Span(number(cell["seconds"]["mean"], 3)))
            for cell in self._of("gaussian")
        ]
        columns = (Column("[out, in]"), Column("Seeds", numeric=True), Column("Seconds a layer", numeric=True))
        blocks = (
            Paragraph((Span("Run on:"),)),
            Items(runs),
            _paragraph(rule),
            facts(settings),
            table("Seconds that all four claims take on a Gaussian layer.", columns, seconds),
        )
        return Section("how", 1, "How it was run", blocks)

    def _of(self, scenario: str) -> list[Json]:
        found = [cell for cell in self.cells.values() if cell["scenario"] == scenario]
        return sorted(found, key=lambda cell: (cell["strength"], cell["shape"]))

    def _strongest(self, scenario: str) -> Json | None:
        """The cell of the power table: the one on which every claim was judged."""
        found = [cell for cell in self._of(scenario) if len(cell["claims"]) == len(self.data["tolerances"])]
        return found[0] if found else None

    def _pair(self, *drawn: Chart) -> Pair:
        return Pair(tuple(chart_figure(chart) for chart in drawn))


def _paragraph(text: str) -> Paragraph:
    return Paragraph((Span(text),))

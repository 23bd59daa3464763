"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.geometry.injectivity.laws import chance_injective
from netaudit.report.chart import Axis, Chart, Mark, Series
from netaudit.report.document.model import Column, Items, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.intervals import share_interval
from netaudit.studies.harness.page import StudyPage
from netaudit.text import flat, number, percent

NEVER, REPLICA, ALWAYS = 3.4, 6.698, 10.5
MARKS = (
    Mark(NEVER, "3.4: never below (2022)"),
    Mark(REPLICA, "6.698: replica method (2023)"),
    Mark(ALWAYS, "10.5: always above (2022)"),
)
"""Where large Gaussian layers become injective on all inputs, rows an input."""
_DOMAINS = {"all": "all inputs", "orthant": "inputs that are not negative"}
_REFERENCES = (
    "M. Puthawala, K. Kothari, M. Lassas, I. Dokmanić and M. de Hoop (2022). Globally injective ReLU networks. Journal "
    "of Machine Learning Research 23(105), 1–55: not injective below 3.4 rows an input, injective above 10.5, with a "
    "probability that goes to 1 with the number of inputs.",
    "A. Maillard, A. S. Bandeira, D. Belius, I. Dokmanić and S. Nakajima (2023). Injectivity of ReLU networks: "
    "perspectives from statistical physics. arXiv:2302.14112: 6.698 by the replica method with full symmetry breaking, "
    "which is not a proof; 7.65 as a rigorous upper bound.",
)

Cells = Sequence[Mapping[str, Any]]


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out."""
    sections = [_summary(data["cells"])]
    for domain in _DOMAINS:
        sections.append(_domain(domain, [cell for cell in data["cells"] if cell["domain"] == domain]))
    return StudyPage(
        stem="injectivity",
        title="When is a random layer injective?",
        subtitle="Gaussian layers of few and of many inputs, beside the thresholds of the literature",
        description="The share of injective Gaussian ReLU layers by the number of rows an input.",
        sections=(*sections, _references(), _how(data)),
        data=data,
    )


def _summary(cells: Cells) -> Section:
    layers = number(sum(cell["draws"] for cell in cells))
    words = (
        f"{layers} layers with independent Gaussian weights and no bias were drawn. A layer is injective if "
        "different inputs always have different outputs. With few inputs each layer was decided by a proof; with many, "
        "two inputs that collide were searched for, so that the share of layers without such a pair bounds the share "
        "of injective ones from above."
    )
    return Section("summary", 1, "Summary", (Paragraph((Span(words),)), Paragraph((Span(_found(cells)),))))


def _found(cells: Cells) -> str:
    """From how many rows an input half of the layers of few inputs are injective, by domain."""
    parts = []
    for domain, words in _DOMAINS.items():
        few = [cell for cell in cells if (cell["domain"], cell["how"]) == (domain, "decided")]
        halves = []
        for n in sorted({cell["n"] for cell in few}):
            shares = [(cell["m"] / n, cell["yes"] / cell["draws"]) for cell in few if cell["n"] == n]
            half = next((ratio for ratio, share in shares if share >= 0.5), None)
            if half is not None:
                halves.append(f"{number(half, 3)} with {number(n)}")
        if halves:
            parts.append(
                f"On {words} half of the layers are injective from these rows an input on: {', '.join(halves)}."
            )
    return " ".join(parts)


def _domain(domain: str, cells: Cells) -> Section:
    few = [cell for cell in cells if cell["how"] == "decided"]
    many = [cell for cell in cells if cell["how"] == "searched"]
    words = {
        "all": "The thresholds of the literature are for the limit of many inputs. With 2 inputs the exact law is "
        "1 - m (m - 2) / 2^(m - 1) for m rows; it stands as a line beside the draws.",
        "orthant": "After a ReLU, and in the shadow direction, inputs are not negative. A threshold for them is not "
        "known to us: the lines are those for all inputs, where a layer has to keep more inputs apart.",
    }[domain]
    charts = [_few(domain, few)] + ([_many(domain, many)] if many else [])
    title = f"On {_DOMAINS[domain]}"
    return Section(domain, 1, title, (Paragraph((Span(words),)), *map(chart_figure, charts), _table(title, cells)))


def _few(domain: str, cells: Cells) -> Chart:
    series = [_series(cells, n, "yes") for n in sorted({cell["n"] for cell in cells})]
    if domain == "all":
        rows = range(4, 25)
        law = tuple(chance_injective(m, 2) for m in rows)
        series.append(Series("2 inputs, exact law", tuple(m / 2 for m in rows), law, style="line", look=0))
    caption = f"Share of Gaussian layers of few inputs that are proved injective on {_DOMAINS[domain]}."
    return _chart(f"few_{domain}", caption, series, "injective layers")


def _many(domain: str, cells: Cells) -> Chart:
    series = [_series(cells, n, "undecided") for n in sorted({cell["n"] for cell in cells})]
    caption = (
        f"Share of Gaussian layers of many inputs for which no two colliding inputs were found on {_DOMAINS[domain]}: "
        "an upper bound on the share of injective ones, by a search that can miss pairs."
    )
    return _chart(f"many_{domain}", caption, series, "no collision found")


def _series(cells: Cells, n: int, answer: str) -> Series:
    own = [cell for cell in cells if cell["n"] == n]
    counts = [cell["yes"] + (cell["undecided"] if answer == "undecided" else 0) for cell in own]
    ends = [share_interval(count, cell["draws"]) for count, cell in zip(counts, own, strict=True)]
    return Series(
        f"{number(n)} inputs",
        tuple(cell["m"] / n for cell in own),
        tuple(count / cell["draws"] for count, cell in zip(counts, own, strict=True)),
        tuple(low for low, _ in ends),
        tuple(high for _, high in ends),
        look=None if n > 2 else 0,
        style="points" if n == 2 else "both",
    )


def _chart(stem: str, caption: str, series: Sequence[Series], label: str) -> Chart:
    x, y = Axis("rows an input, m / n", low=0, high=13), Axis(label, low=-0.03, high=1.03, percent=True)
    alt = " ".join(
        f"{one.label}: " + ", ".join(f"{percent(b)} at {number(a, 3)}" for a, b in zip(one.x, one.y, strict=True)) + "."
        for one in series
        if one.low is not None
    )
    return Chart(stem, caption, alt, x, y, tuple(series), MARKS)


def _table(title: str, cells: Cells) -> Table:
    titles = ("Rows", "Rows an input", "Layers", "Injective", "Not injective", "Undecided")
    columns = [Column("Inputs", numeric=True), *(Column(name, numeric=True) for name in titles)]
    rows = [
        (
            Span(number(cell["n"])),
            Span(number(cell["m"])),
            Span(number(cell["m"] / cell["n"], 3)),
            Span(number(cell["draws"])),
            *(Span(percent(cell[answer] / cell["draws"])) for answer in ("yes", "no", "undecided")),
        )
        for cell in cells
    ]
    return table(f"{title}: the answers.", columns, rows)


def _references() -> Section:
    return Section("references", 1, "Where the lines come from", (Items(tuple((Span(text),) for text in _REFERENCES)),))


def _how(data: Mapping[str, Any]) -> Section:
    pairs = flat({"versions": data["versions"]}) + [
        pair for place, run in enumerate(data["runs"], 1) for pair in flat(run, f"run {place}.")
    ]
    return Section("how", 1, "How it was run", (facts(pairs),))

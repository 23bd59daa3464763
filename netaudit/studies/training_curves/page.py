"""The page of the study ``training``: each claim from the initialisation to the end, drawn from its JSON alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netaudit.report.chart import Axis, Chart, Series, series
from netaudit.report.document.model import Block, Column, Figure, Items, Pair, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.text import NONE, count, folder_name, number, percent, printable, sentence, shown_name

STEM = "training"
_MOST_LAYERS = 10  # series a chart can hold

Network = Mapping[str, Any]


@dataclass(frozen=True)
class Curve:
    """One metric over the epochs, a line a layer."""

    stem: str
    claim: str
    metric: str
    title: str
    axis: str
    log: bool = False
    percent: bool = False


CURVES = (
    Curve("weights", "gaussian_weights", "ks_gaussian", "Weights (H1)", "KS distance to the Gaussian"),
    Curve("bias", "constant_bias", "std_over_preactivation_scale", "Biases (H2)", "std(b) / pre-activation scale"),
    Curve("law", "singular_law", "ks_marchenko_pastur", "Spectrum (H3)", "KS distance to the law"),
    Curve("bulk", "singular_law", "bulk_variance_share", "Bulk (H3)", "share of variance in the bulk", percent=True),
    Curve("spikes", "singular_law", "spikes", "Spikes (H3)", "singular values beyond the edge"),
    Curve("share", "random_likeness", "random_like_share", "Random-like", "random-like share", percent=True),
    Curve("cross_talk", "shadow_inversion", "cross_talk_inflation", "Cross-talk (H4)", "cross-talk inflation", True),
)  # fmt: skip
_PARTS = ("bulk", "spikes", "share")


def document(data: Mapping[str, Any]) -> StudyPage:
    """The page of what :func:`netaudit.studies.training_curves.measure.measure` found."""
    sections = [_summary(data)]
    for place, network in enumerate(data["networks"], 2):
        sections.append(_network(network, place))
    return StudyPage(
        stem=STEM,
        title="What training does to each claim",
        subtitle="Every claim of the audit, after every epoch, from the initialisation to the trained network",
        description="Weights, biases, singular values and shadows of networks while they are trained.",
        sections=tuple(sections),
        data=data,
    )


def _summary(data: Mapping[str, Any]) -> Section:
    words = (
        "Each network was audited at its initialisation and after every epoch of its training, with the same seed and "
        "the same real inputs. What the paper's hypotheses say of trained networks holds of Gaussian weights by "
        "construction, so that a curve that begins at the ideal and leaves it shows what training itself does."
    )
    moves = Items(tuple((Span(_moved(data, curve)),) for curve in CURVES))
    claims, parts = ([c for c in CURVES if (c.stem in _PARTS) is part] for part in (False, True))
    tables = (
        _first_and_last(data, claims, "What the claims rest on, from the initialisation → to the end of training."),
        _first_and_last(data, parts, "What is random of a layer, from the initialisation → to the end of training."),
        _back(data["networks"]),
    )
    return Section("summary", 1, "Summary", (Paragraph((Span(words),)), moves, *tables))


def _first_and_last(data: Mapping[str, Any], curves: Sequence[Curve], caption: str) -> Table:
    """The first and the last value of some metrics, a row a layer."""
    rows = [
        (
            Span(printable(network["name"], 40)),
            Span(shown_name(layer["name"], 20), "name"),
            *(Span(_from_to(network, layer["name"], curve)) for curve in curves),
        )
        for network in data["networks"]
        for layer in network["layers"]
    ]
    columns = [Column("Network", wide=True), Column("Layer"), *(Column(c.title, numeric=True) for c in curves)]
    return table(caption, columns, rows)


def _back(networks: Sequence[Network]) -> Table:
    """The labels that come back, a row a way to send them."""
    names = [printable(network["name"], 40) for network in networks]
    found = [
        [
            _arrow([entry["test_accuracy"] for entry in network["history"]], percent),
            *(_arrow(values, percent) for values in _labels(network).values()),
        ]
        for network in networks
    ]
    rows = [
        (Span(title), *(Span(each) for each in shown))
        for title, *shown in zip(("Test accuracy", *_LABELS), *found, strict=True)
    ]
    return table(
        "Labels that come back: one-hot ones, and the softmax of real inputs; ρ is the share that dropout keeps.",
        [Column("Labels", wide=True), *(Column(name, numeric=True) for name in names)],
        rows,
    )


def _moved(data: Mapping[str, Any], curve: Curve) -> str:
    """One sentence: where a metric begins and ends over all layers, and in how many it rises."""
    ends = [
        (first, last)
        for network in data["networks"]
        for layer in network["layers"]
        for first, last in [
            [value for _, value in _points(network, layer["name"], curve)][:: len(network["epochs"]) - 1]
        ]
        if first is not None and last is not None
    ]
    if not ends:
        return f"{curve.title}: not measured."
    shown = _shown(curve)
    spans = [" to ".join(dict.fromkeys(shown(end(side)) for end in (min, max))) for side in zip(*ends, strict=True)]
    rises = sum(last > first for first, last in ends)
    return (
        f"{curve.title}, {curve.axis}: {spans[0]} at the initialisation, {spans[1]} at the end; it rises in {rises} of "
        f"{count(len(ends), 'layer')}."
    )


def _network(network: Network, place: int) -> Section:
    drawn = [chart for chart in (_chart(network, curve) for curve in CURVES) if chart]
    figures = [chart_figure(chart) for chart in drawn]
    last = [*([units] if (units := _units(network)) else []), _accuracy(network)]
    name = printable(network["name"], 40)
    blocks: list[Block] = [
        Paragraph((Span(sentence(network["title"])),)),
        facts(
            [
                ("Recipe", printable(network["recipe"], 400)),
                ("Seed", number(network["seed"])),
                ("Test accuracy, as stored", percent(network["accuracy"]["test"])),
            ]
        ),
        *_pairs([*figures, *(chart_figure(chart) for chart in last)]),
    ]
    return Section(f"network-{place}", 1, name, tuple(blocks))


def _pairs(figures: Sequence[Figure]) -> Iterator[Block]:
    for start in range(0, len(figures), 2):
        both = tuple(figures[start : start + 2])
        yield Pair(both) if len(both) == 2 else both[0]


def _chart(network: Network, curve: Curve) -> Chart | None:
    """The curve of every layer for which there is one."""
    lines: list[Series] = []
    for look, layer in enumerate(network["layers"][:_MOST_LAYERS]):
        points = _points(network, layer["name"], curve)
        if any(value is not None and (value > 0 or not curve.log) for _, value in points):
            lines.append(series(shown_name(layer["name"], 20), points, look=look))
    if not lines:
        return None
    return Chart(
        stem=f"{_stem(network)}_{curve.stem}",
        caption=f"{curve.title} of {printable(network['name'], 40)}: {curve.axis} after each epoch.",
        alt=f"From the initialisation to the end: {_ends(lines, _shown(curve))}.",
        x=Axis("epoch"),
        y=Axis(curve.axis, log=curve.log, percent=curve.percent),
        series=tuple(lines),
    )


def _units(network: Network) -> Chart | None:
    """The correlation of the hidden units' incoming and outgoing norms, a line for each two layers."""
    pairs = [(pair["lower"], pair["upper"]) for pair in network["epochs"][0]["units"]][:_MOST_LAYERS]
    lines = []
    for look, (lower, upper) in enumerate(pairs):
        found = [{(u["lower"], u["upper"]): u["r"] for u in entry["units"]} for entry in network["epochs"]]
        points = [(entry["epoch"], r[lower, upper]) for entry, r in zip(network["epochs"], found, strict=True)]
        if any(value is not None for _, value in points):
            lines.append(series(f"{shown_name(lower, 20)} → {shown_name(upper, 20)}", points, look=look))
    if not lines:
        return None
    return Chart(
        stem=f"{_stem(network)}_units",
        caption=f"Hidden units of {printable(network['name'], 40)}: correlation of the norms of a unit's incoming and "
        "outgoing weights after each epoch; training leaves it near 1.",
        alt=f"From the initialisation to the end: {_ends(lines, lambda value: number(value, 2))}.",
        x=Axis("epoch"),
        y=Axis("correlation of the norms", low=-1.05, high=1.05),
        series=tuple(lines),
    )


def _ends(lines: Sequence[Series], shown: Callable[[float | None], str]) -> str:
    return "; ".join(f"{line.label} {_arrow(line.y, shown)}" for line in lines)


def _accuracy(network: Network) -> Chart:
    test = [(entry["epoch"], entry["test_accuracy"]) for entry in network["history"]]
    epochs = [entry["epoch"] for entry in network["epochs"]]
    lines = [series("test accuracy", test, "line", look=0)]
    for look, (label, values) in enumerate(_labels(network).items(), 1):
        lines.append(series(label, list(zip(epochs, values, strict=True)), look=look))
    return Chart(
        stem=f"{_stem(network)}_labels",
        caption=f"Labels of {printable(network['name'], 40)} that come back after each epoch: they go down the "
        "head as shadows and up again.",
        alt=f"From the initialisation to the end: {_ends(lines, percent)}.",
        x=Axis("epoch"),
        y=Axis("share of labels", percent=True, low=-0.03, high=1.03),
        series=tuple(lines),
    )


# what is drawn: the labels' source, rho, and the figure; a twin is a Gaussian network of the same shapes
_LABELS = {
    "one-hot, ρ = 1": ("onehot", 1.0, "top1"),
    "softmax, ρ = 1": ("softmax", 1.0, "top1"),
    "ρ = 0.5": ("softmax", 0.5, "top1"),
    "ρ = 0.1": ("softmax", 0.1, "top1"),
    "Gaussian twin, ρ = 1": ("softmax", 1.0, "twin_top1"),
    "twin, ρ = 0.1": ("softmax", 0.1, "twin_top1"),
}


def _labels(network: Network) -> dict[str, list[float | None]]:
    """Shares by epoch under the names of ``_LABELS``."""
    found: dict[str, list[float | None]] = {label: [] for label in _LABELS}
    for entry in network["epochs"]:
        runs = {(run["source"], run["rho"]): run for run in entry["labels"]}
        for label, (source, rho, figure) in _LABELS.items():
            found[label].append(runs[source, rho].get(figure) if (source, rho) in runs else None)
    return found


def _points(network: Network, layer: str, curve: Curve) -> list[tuple[int, float | None]]:
    # a study that was made before there was a ladder has no figures of it
    found = [
        (each["epoch"], each["layers"][layer].get(curve.claim, {}).get(curve.metric)) for each in network["epochs"]
    ]
    return [(epoch, None if curve.log and value is not None and value <= 0 else value) for epoch, value in found]


def _from_to(network: Network, layer: str, curve: Curve) -> str:
    return _arrow([value for _, value in _points(network, layer, curve)], _shown(curve))


def _shown(curve: Curve) -> Callable[[float | None], str]:
    return percent if curve.percent else lambda value: number(value, 2)


def _arrow(values: Sequence[float | None], shown: Callable[[float | None], str]) -> str:
    first, last = shown(values[0]), shown(values[-1])
    return NONE if first == last == NONE else f"{first} → {last}"


def _stem(network: Network) -> str:
    return folder_name(network["name"]).lower().replace("-", "_").replace(".", "_")

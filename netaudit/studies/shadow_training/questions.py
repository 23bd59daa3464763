"""The sections of the page that ask one thing of all settings: the sweep, other shadows, tracking, audits, the cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.report.document.model import Block, Column, Paragraph, Span
from netaudit.report.document.numbering import table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.shadow_training.words import points, stem, style, with_interval
from netaudit.text import number, percent

Data = Mapping[str, Any]
Part = tuple[str, list[Block]]
"""The title of a section, and what stands in it."""

_VARIANTS = {
    "label": "from the right label instead of the softmax output",
    "hidden": "from the top hidden layer",
    "theory": "scaled by the theory's α instead of to the real layer's norm",
    "gain": "scaled by α over the measured gain",
    "biases": "the net's own biases in the reverse pass",
    "mixed labels": "a mixture of two points' labels at the top",
    "annealed": "weight falling from 2 to 0",
    "hidden only": "shadows at the first hidden layer instead of the input",
    "four shadows": "four shadows a point",
}
_AUDIT = {
    "singular_law.ks_marchenko_pastur": "KS to law (H3)",
    "singular_law.spikes": "Spikes",
    "shadow_inversion.cross_talk_inflation": "Cross-talk (H4)",
}


def sweep(data: Data) -> Iterator[Part]:
    """Show where shadows hurt: the error over rho and the weight."""
    blocks: list[Block] = []
    for sweep in data["sweep"]:
        weights = sorted({row["weight"] for row in sweep["rows"]})
        chart = Chart(
            stem=f"sweep_{stem(sweep['setting'])}",
            caption=f"Shadows over ρ and their weight, on held-out points: {sweep['setting']}.",
            alt="; ".join(
                f"ρ {number(row['rho'])}, weight {number(row['weight'])}: {points(row['against']['mean'])}"
                for row in sweep["rows"]
            )
            + ".",
            x=Axis("ρ", low=0.2, high=1.05),
            y=Axis("difference from plain training, points"),
            series=tuple(
                series(
                    f"weight {number(weight)}",
                    [
                        (row["rho"], *(100 * row["against"][key] for key in ("mean", "low", "high")))
                        for row in sorted(sweep["rows"], key=lambda row: row["rho"])
                        if row["weight"] == weight
                    ],
                )
                for weight in weights
            ),
            marks=(Mark(0.0, "plain training", vertical=False),),
        )
        blocks.append(chart_figure(chart))
    if blocks:
        words = "All at the learning rate that was best for ρ = 0.8 and weight 1; three seeds."
        yield "Where it hurts: ρ and the weight", [Paragraph((Span(words),)), *blocks]


def variants(data: Data) -> Iterator[Part]:
    """Compare other shadows with the shadow as it is."""
    if not data["variants"]:
        return
    places = {entry["setting"]: {row["variant"]: row["against"] for row in entry["rows"]} for entry in data["variants"]}
    rows = [
        (
            Span(variant),
            Span(words),
            *(Span(with_interval(found[variant]), style(found[variant]["sign"])) for found in places.values()),
        )
        for variant, words in _VARIANTS.items()
    ]
    columns = (
        Column("Shadow"),
        Column("What is other", wide=True),
        *(Column(name, numeric=True) for name in places),
    )
    caption = "Differences in held-out error from the shadow as it is, in points with 95% intervals over five seeds."
    yield "Better shadows", [table(caption, columns, rows)]


def tracking(data: Data) -> Iterator[Part]:
    """Show how closely the error on shadows follows the error on real points."""
    followed = [setting for setting in data["settings"] if setting["tracking"]]
    if not followed:
        return
    rows = [
        (
            Span(setting["name"]),
            *(
                Span(number(setting["tracking"]["correlations"][other][key], 2))
                for other in ("test", "real")
                for key in ("levels", "changes")
            ),
        )
        for setting in followed
    ]
    columns = (
        Column("Setting", wide=True),
        Column("Test error", numeric=True),
        Column("its changes", numeric=True),
        Column("Training error", numeric=True),
        Column("its changes", numeric=True),
    )
    caption = (
        "Correlation of the error on shadows with that on real points over the epochs, averaged over seeds. Changes "
        "are from one epoch to the next: both errors fall, and that alone makes the first figure large."
    )
    blocks: list[Block] = [table(caption, columns, rows)]
    for setting in followed[:2]:
        curve = setting["tracking"]["curve"]
        lines = {"shadow": "shadows, in training", "real": "real points, in training", "test": "test points"}
        chart = Chart(
            stem=f"tracking_{stem(setting['name'])}",
            caption=f"Errors while the first seed trains: {setting['name']}.",
            alt="; ".join(
                f"{words} {percent(curve[0][key])} to {percent(curve[-1][key])}" for key, words in lines.items()
            )
            + ".",
            x=Axis("epoch"),
            y=Axis("error", percent=True, low=0.0),
            series=tuple(
                series(words, [(epoch, point[key]) for epoch, point in enumerate(curve, 1)], "line")
                for key, words in lines.items()
            ),
        )
        blocks.append(chart_figure(chart))
    yield "Does the error on shadows follow the error on real points?", blocks


def audit(data: Data) -> Iterator[Part]:
    """Show what training did to the figures of an audit."""
    audited = [setting for setting in data["settings"] if setting["audit"]]
    rows = [
        (
            Span(setting["name"]),
            Span(layer, "name"),
            *(
                Span(" / ".join(number(layers[layer].get(metric), 2) for layers in setting["audit"].values()))
                for metric in _AUDIT
            ),
        )
        for setting in audited
        for layer in next(iter(setting["audit"].values()))
    ]
    if rows:
        arms = " / ".join(dict.fromkeys(arm for setting in audited for arm in setting["audit"]))
        columns = (
            Column("Setting", wide=True),
            Column("Layer"),
            *(Column(title, numeric=True) for title in _AUDIT.values()),
        )
        caption = f"The audit of the trained networks, averaged over three seeds: {arms}."
        yield "What it does to random-likeness", [table(caption, columns, rows)]


def cost(data: Data) -> Iterator[Part]:
    """Show what a step with shadows costs."""
    rows = [
        (
            Span(found["network"]),
            Span(number(found["batch"])),
            Span(number(1000 * found["plain"], 3)),
            Span(number(1000 * found["shadow"], 3)),
            Span(number(found["ratio"], 3)),
        )
        for found in data["cost"]
    ]
    if rows:
        columns = (
            Column("Recipe"),
            Column("Batch", numeric=True),
            Column("Plain step, ms", numeric=True),
            Column("With shadows, ms", numeric=True),
            Column("Ratio", numeric=True),
        )
        words = (
            "Optimiser included, one thread, both kinds of step by turns. A plain step takes two products of the "
            "bottom layer's size (it has no gradient with respect to the input), a shadow three more; of every other "
            "layer three and four: by operations alone the ratio is 2.3 to 2.5, and less where convolutions lie below."
        )
        yield "What a step costs", [Paragraph((Span(words),)), table("Median steps.", columns, rows)]


QUESTIONS = (sweep, variants, tracking, audit, cost)
"""The sections in the order of the page; each is given the data."""

"""The study's page, from its JSON alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.report.document.model import Block, Column, Items, Paragraph, Run, Section
from netaudit.report.document.numbering import Numbering, facts
from netaudit.studies.harness.page import StudyPage
from netaudit.studies.shadow_training.words import findings, points, verdict, wide_seeds, with_interval
from netaudit.text import NONE, count, number, percent

STEM = "shadow-training"
_ARMS = {
    "plain": "cross-entropy on the labelled points",
    "shadow": "and on their shadows: from the softmax output, ρ = 0.8, norms matched",
    "shadow signed": "the same, without the ReLU at the input, whose pixels are centred",
    "random": "control: shadows drawn through an independent Gaussian matrix",
    "repeat": "control: the same real points again, a larger step",
    "noise": "control: Gaussian noise of the norm of each input",
    "mixup": "control: convex combinations of two points and of their labels",
    "shadow+noise": "shadows and noise",
    "shadow+mixup": "shadows and mixup",
}
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
_REFERENCES = (
    "S. Arora, Y. Liang and T. Ma (2015). Why are deep nets reversible: a simple theory, with implications for "
    "training. arXiv:1511.05653.",
    "H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz (2018). Mixup: beyond empirical risk minimization. "
    "arXiv:1710.09412.",
)

Data = Mapping[str, Any]


def document(data: Data) -> StudyPage:
    """Lay the study out: the answer, a section a setting, and what was asked beside it."""
    numbering, charts = Numbering(), list[Chart]()
    parts = [_summary(data, numbering)]
    parts += [_setting(setting, numbering, charts) for setting in data["settings"]]
    parts += [part for make in (_sweep, _variants, _tracking, _audit, _cost) for part in make(data, numbering, charts)]
    parts.append(_how(data))
    sections = [
        Section(f"part-{place}", 1, f"{place} {title}", tuple(blocks)) for place, (title, blocks) in enumerate(parts, 1)
    ]
    references = Items(tuple((Run(text),) for text in _REFERENCES))
    sections.append(Section("references", 1, "References", (references,)))
    return StudyPage(
        stem=STEM,
        title="Does shadow training help?",
        subtitle="The training method of the theory of reversible nets, beside controls with a tuned step size",
        description=verdict(data),
        sections=tuple(sections),
        charts=tuple(charts),
        data=data,
    )


Part = tuple[str, list[Block]]


def _summary(data: Data, numbering: Numbering) -> Part:
    rows = []
    for setting in data["settings"]:
        found = {(entry["arm"], entry["base"]): entry for entry in setting["against"]}
        cells = [found.get(pair) for pair in _HEADLINE]
        rows.append(
            (
                Run(setting["name"]),
                Run(percent(setting["arms"]["plain"]["mean"])),
                *(Run(NONE if cell is None else with_interval(cell), _style(cell)) for cell in cells),
            )
        )
    columns = (
        Column("Setting", wide=True),
        Column("Plain, error", numeric=True),
        *(Column(title, numeric=True) for title in _HEADLINE.values()),
    )
    caption = (
        "Paired differences in test error, in percentage points with 95% intervals over seeds; below 0 the first one "
        "is better. Coloured where the interval leaves out 0."
    )
    blocks: list[Block] = [
        Paragraph((Run(verdict(data), "strong"),)),
        numbering.table(caption, columns, rows),
        Items(tuple((Run(text),) for text in findings(data))),
    ]
    if data["missing"]:
        blocks.append(
            Paragraph((Run(f"Not run yet: {'; '.join(data['missing'])}. The same command goes on with them."),), True)
        )
    return "Summary", blocks


_HEADLINE = {
    ("shadow", "plain"): "Shadow − plain",
    ("shadow", "repeat"): "Shadow − repeat",
    ("shadow", "random"): "Shadow − random",
    ("shadow", "noise"): "Shadow − noise",
    ("shadow", "mixup"): "Shadow − mixup",
}


def _style(difference: Data | None) -> Any:
    sign = 0 if difference is None else difference["sign"]
    return {-1: "holds", 0: "plain", 1: "fails"}[sign]


def _setting(setting: Data, numbering: Numbering, charts: list[Chart]) -> Part:
    against = {entry["arm"]: entry for entry in setting["against"] if entry["base"] == "plain"}
    rows = [
        (
            Run(arm),
            Run(_ARMS[arm]),
            Run(number(found["rate"])),
            Run(percent(found["mean"])),
            Run(with_interval(against[arm]) if arm in against else NONE, _style(against.get(arm))),
        )
        for arm, found in setting["arms"].items()
    ]
    columns = (
        Column("Arm"),
        Column("Loss", wide=True),
        Column("Rate", numeric=True),
        Column("Test error", numeric=True),
        Column("From plain, points", numeric=True),
    )
    trunk = f", above the frozen convolutions of {setting['trunk']}" if setting["trunk"] else ""
    words = (
        f"{setting['title']}{trunk}: {number(setting['labels'])} labelled points, {number(setting['epochs'])} epochs "
        f"of batches of {number(setting['batch'])} ({count(setting['steps'], 'step')}), "
        f"{count(setting['seeds'], 'seed')} as pairs; products in {setting['precision']}; learning rates from "
        f"{', '.join(map(number, setting['rates']))}."
    )
    apart = wide_seeds(setting["arms"])
    blocks: list[Block] = [
        Paragraph((Run(words),)),
        *([Paragraph((Run(setting["note"]),), warning=True)] if setting["note"] else []),
        numbering.table(f"Test errors: {setting['name']}.", columns, rows),
        *([Paragraph((Run(apart),), warning=True)] if apart else []),
    ]
    shown = [(place, arm) for place, arm in enumerate(a for a in setting["arms"] if a in against)]
    if len(shown) > 1:
        chart = Chart(
            stem=f"differences_{_stem(setting['name'])}",
            caption=f"Paired differences from plain training: {setting['name']}.",
            alt="; ".join(f"{arm} {with_interval(against[arm])}" for _, arm in shown) + ".",
            x=Axis(
                "",
                low=-0.5,
                high=len(shown) - 0.5,
                ticks=tuple((place, _tick(arm)) for place, arm in shown),
            ),
            y=Axis("difference in test error, points"),
            series=(
                series(
                    "",
                    [(place, *(100 * against[arm][key] for key in ("mean", "low", "high"))) for place, arm in shown],
                    "points",
                ),
            ),
            marks=(Mark(0.0, "plain training", vertical=False),),
        )
        charts.append(chart)
        blocks.append(numbering.chart(chart))
    return setting["name"], blocks


def _sweep(data: Data, numbering: Numbering, charts: list[Chart]) -> Iterator[Part]:
    blocks: list[Block] = []
    for sweep in data["sweep"]:
        weights = sorted({row["weight"] for row in sweep["rows"]})
        chart = Chart(
            stem=f"sweep_{_stem(sweep['setting'])}",
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
        charts.append(chart)
        blocks.append(numbering.chart(chart))
    if blocks:
        words = "All at the learning rate that was best for ρ = 0.8 and weight 1; three seeds."
        yield "Where it hurts: ρ and the weight", [Paragraph((Run(words),)), *blocks]


def _variants(data: Data, numbering: Numbering, charts: list[Chart]) -> Iterator[Part]:
    if not data["variants"]:
        return
    places = {entry["setting"]: {row["variant"]: row["against"] for row in entry["rows"]} for entry in data["variants"]}
    rows = [
        (
            Run(variant),
            Run(words),
            *(Run(with_interval(found[variant]), _style(found[variant])) for found in places.values()),
        )
        for variant, words in _VARIANTS.items()
    ]
    columns = (
        Column("Shadow"),
        Column("What is other", wide=True),
        *(Column(name, numeric=True) for name in places),
    )
    caption = "Differences in held-out error from the shadow as it is, in points with 95% intervals over five seeds."
    yield "Better shadows", [numbering.table(caption, columns, rows)]


def _tracking(data: Data, numbering: Numbering, charts: list[Chart]) -> Iterator[Part]:
    followed = [setting for setting in data["settings"] if setting["tracking"]]
    if not followed:
        return
    rows = [
        (
            Run(setting["name"]),
            *(
                Run(number(setting["tracking"]["correlations"][other][key], 2))
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
    blocks: list[Block] = [numbering.table(caption, columns, rows)]
    for setting in followed[:2]:
        curve = setting["tracking"]["curve"]
        lines = {"shadow": "shadows, in training", "real": "real points, in training", "test": "test points"}
        chart = Chart(
            stem=f"tracking_{_stem(setting['name'])}",
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
        charts.append(chart)
        blocks.append(numbering.chart(chart))
    yield "Does the error on shadows follow the error on real points?", blocks


def _audit(data: Data, numbering: Numbering, charts: list[Chart]) -> Iterator[Part]:
    audited = [setting for setting in data["settings"] if setting["audit"]]
    rows = [
        (
            Run(setting["name"]),
            Run(layer, "name"),
            *(
                Run(" / ".join(number(layers[layer].get(metric), 2) for layers in setting["audit"].values()))
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
        yield "What it does to random-likeness", [numbering.table(caption, columns, rows)]


def _cost(data: Data, numbering: Numbering, charts: list[Chart]) -> Iterator[Part]:
    rows = [
        (
            Run(found["network"]),
            Run(number(found["batch"])),
            Run(number(1000 * found["plain"], 3)),
            Run(number(1000 * found["shadow"], 3)),
            Run(number(found["ratio"], 3)),
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
        yield "What a step costs", [Paragraph((Run(words),)), numbering.table("Median steps.", columns, rows)]


def _how(data: Data) -> Part:
    run = data["runs"][-1] if data["runs"] else {}
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    seeds = sorted({setting["seeds"] for setting in data["settings"]})
    pairs = [
        ("Command", run.get("command", NONE)),
        ("Dates", ", ".join(dict.fromkeys(entry["date"] for entry in data["runs"])) or NONE),
        ("Versions", versions),
        ("Seeds a setting", ", ".join(map(str, seeds))),
        (
            "Learning rates",
            f"each arm's is the best of the setting's list on {number(data['held_out'])} held-out training images, "
            "with other seeds than those reported; one at which a run diverges is out",
        ),
        ("Optimiser", "SGD, momentum 0.9, cosine schedule; the recipes' weight decay and augmentation"),
        (
            "Pairs",
            "runs of one seed share the labelled points, the initial weights and the order of the batches; all added "
            "terms have weight 1",
        ),
    ]
    return "How it was run", [facts(pairs)]


def _tick(arm: str) -> str:
    """An arm in the room that an axis has.

    >>> _tick("shadow+noise"), _tick("shadow signed"), _tick("shadow")
    ('+noise', 'signed', 'shadow')
    """
    return arm.removeprefix("shadow").strip() or arm


def _stem(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")

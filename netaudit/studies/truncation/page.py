"""The page of the study ``truncation``, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.report.document.model import Column, Items, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.text import count, flat, number, percent, printable, shown_name

Json = Mapping[str, Any]
KEPT = 0.95
"""Share of the labels with which blocks count as removable, as in the report of an audit."""


def document(data: Json) -> StudyPage:
    """Lay the study out."""
    return StudyPage(
        stem="truncation",
        title="A residual network without its last blocks",
        subtitle="How far does each block move the stream, and what is lost without the last ones?",
        description="Steps, truncation and bounds of a residual network, from its initialisation to its end.",
        sections=(_summary(data), _steps(data), _stream(data), _outputs(data), _how(data)),
        data=data,
    )


def sentences(data: Json) -> list[str]:
    """What came out, in sentences."""
    first, last = data["states"][0], data["states"][-1]
    before, after = (median(state["steps"][1]) for state in (first, last))
    moves = "less" if after < before else "more"
    half = len(last["blocks"]) // 2
    without_last, without_half = last["cuts"][-1], last["cuts"][half]
    found = [
        f"{printable(str(data['network']['title']), 120)}: {count(len(last['blocks']), 'block')} of equal width "
        f"without a normalisation, seen on {count(data['inputs'], 'test image')}, of which it names "
        f"{percent(last['accuracy'])} right (a share of one half is known to {_error(data['inputs'])} points).",
        f"Training makes the blocks move the stream {moves}: by {percent(before)} of its length in the median at the "
        f"initialisation, by {percent(after)} at the end, where the blocks lie from {percent(min(last['steps'][1]))} "
        f"to {percent(max(last['steps'][1]))}. {_towards_identity(last)}",
        f"Without its last block the trained network keeps {percent(without_last['labels_kept'])} of its labels, with "
        f"an accuracy of {percent(without_last['accuracy'])}; without the upper half of the blocks "
        f"{percent(without_half['labels_kept'])}, with {percent(without_half['accuracy'])}. {_removable(last)}",
        _alone(last),
        _bounds(data),
    ]
    return [sentence for sentence in found if sentence]


def _error(inputs: int) -> str:
    """The standard error of a share of one half, in points."""
    return number(50 / max(inputs, 1) ** 0.5, 2)


def _towards_identity(state: Json) -> str:
    steps = state["steps"][1]
    lower, upper = steps[: len(steps) // 2], steps[len(steps) // 2 :]
    share = median(upper) / median(lower)
    if share < 0.5:
        return f"The upper half moves it {percent(share)} as far as the lower half: late blocks approach the identity."
    return (
        f"The upper half moves it {percent(share)} as far as the lower half, so that the late blocks do not approach "
        "the identity as in a network that converges with its depth."
    )


def _removable(state: Json) -> str:
    most = 0
    for cut in reversed(state["cuts"]):
        if cut["labels_kept"] < KEPT:
            break
        most = len(state["blocks"]) - cut["kept"]
    can = f"the last {count(most, 'block')} can" if most else "not even the last block can"
    return f"With {percent(KEPT)} of the labels kept, {can} be left out."


def _alone(state: Json) -> str:
    kept = [one["labels_kept"] for one in state["single"]]
    most, least = kept.index(min(kept)), kept.index(max(kept))
    return (
        f"Of single blocks, block {number(most + 1)} decides most labels: {percent(min(kept))} are kept without it; "
        f"block {number(least + 1)} decides the fewest: {percent(max(kept))} are kept without it."
    )


def _bounds(data: Json) -> str:
    first, last = data["states"][0], data["states"][-1]
    if last["bound"] is None:
        return "No bound by the weights is known for these blocks: they are measured only."
    exceeded = sum(state["exceeded"] for state in data["states"])
    held = "held in every case" if not exceeded else f"was exceeded {number(exceeded)} times"
    loose = [1 / share for share in last["tightness"] if share]
    return (
        f"The rigorous bound by the weights {held}. On the trained network it is {number(min(loose), 2)} "
        f"to {number(max(loose), 2)} times the change; it is above 100% of the stream's length even for one block "
        f"({percent(last['bound'][-1])}, at the initialisation {percent(first['bound'][-1])}), so that it guarantees "
        "nothing here. The sum of the measured steps is exact for one block and "
        f"{number(last['path'][0] / last['change'][0], 2)} times the change for all."
    )


def _summary(data: Json) -> Section:
    return Section("summary", 1, "Summary", (Items(tuple((Span(text),) for text in sentences(data))),))


def _name(state: Json) -> str:
    return "initialisation" if state["epoch"] == 0 else f"epoch {number(state['epoch'])}"


def _blocks(state: Json) -> range:
    return range(1, len(state["blocks"]) + 1)


def _steps(data: Json) -> Section:
    drawn = [
        series(_name(state), zip(_blocks(state), state["steps"][1], state["steps"][0], state["steps"][2], strict=True))
        for state in data["states"]
    ]
    last = data["states"][-1]
    chart = Chart(
        "truncation_steps",
        "How far each block moves the stream, in its length: medians over the images, with quartiles.",
        f"At the end: {', '.join(percent(step) for step in last['steps'][1])}.",
        Axis("residual block, bottom to top"),
        Axis("relative step", low=0.0, percent=True),
        tuple(drawn),
    )
    return Section("steps", 1, "Steps by block", (chart_figure(chart), _single(last)))


def _single(state: Json) -> Table:
    titles = ("Step", "Change of the outputs", "Labels kept", "Accuracy")
    columns = [Column("Block"), *(Column(title, numeric=True) for title in titles)]
    rows = [
        (
            Span(shown_name(name, 40), "name"),
            *(Span(percent(v)) for v in (step, one["change"], one["labels_kept"], one["accuracy"])),
        )
        for name, step, one in zip(state["blocks"], state["steps"][1], state["single"], strict=True)
    ]
    caption = (
        f"The network ({_name(state)}) without one block alone. Accuracy with all blocks: {percent(state['accuracy'])}."
    )
    return table(caption, columns, rows)


def _left_out(state: Json, values: Sequence[float]) -> list[tuple[int, float]]:
    """Points (blocks left out, value) from values for 0, 1, ... blocks kept."""
    return [(len(state["blocks"]) - kept, value) for kept, value in enumerate(values)][::-1]


def _stream(data: Json) -> Section:
    first, last = data["states"][0], data["states"][-1]
    drawn = []
    for look, (state, name) in enumerate(((last, "trained"), (first, "initialisation"))):
        parts = {"change": "change", "sum of steps": "path", "bound": "bound"}
        for place, (words, key) in enumerate(parts.items()):
            if state[key] is not None:
                points = [(x, y) for x, y in _left_out(state, state[key]) if y > 0]
                drawn.append(series(f"{words}, {name}", points, look=place + 5 * look))
    chart = Chart(
        "truncation_stream",
        "The end of the stream without the last blocks: how far it moves, in its length, the sum of the measured steps "
        "and the bound by the weights. Medians over the images.",
        f"Trained, without one block: change {percent(last['change'][-1])}, without any block "
        f"{percent(last['change'][0])}.",
        Axis("last blocks left out"),
        Axis("relative change", log=True, percent=True),
        tuple(drawn),
    )
    words = (
        "Leaving out the blocks from one on moves the end of the stream by at most the sum of their steps. Each step "
        "is at most ‖B‖ (‖A‖ ‖x‖ + ‖a‖) + ‖b‖ for a branch B r(A x + a) + b, with spectral norms from above: that is "
        "the bound, for every image."
    )
    return Section("stream", 1, "The stream and its bound", (Paragraph((Span(words),)), chart_figure(chart)))


def _outputs(data: Json) -> Section:
    last = data["states"][-1]
    shown = [state for state in data["states"] if state["epoch"]]
    drawn = [
        series(_name(state), _left_out(state, [cut["accuracy"] for cut in state["cuts"]] + [state["accuracy"]]))
        for state in shown
    ]
    chart = Chart(
        "truncation_accuracy",
        "Accuracy without the last blocks, at some epochs of training.",
        f"At the end: {percent(last['accuracy'])} with all blocks, {percent(last['cuts'][0]['accuracy'])} with none.",
        Axis("last blocks left out"),
        Axis("accuracy", low=0.0, percent=True),
        tuple(drawn),
        (Mark(0.1, "chance", vertical=False),),
    )
    titles = ("Blocks left out", "Change of the stream", "Bound", "Change of the outputs", "Labels kept", "Accuracy")
    rows = [
        (
            Span(number(len(last["blocks"]) - cut["kept"])),
            Span(percent(last["change"][cut["kept"]])),
            Span(percent(None if last["bound"] is None else last["bound"][cut["kept"]])),
            *(Span(percent(cut[key])) for key in ("change", "labels_kept", "accuracy")),
        )
        for cut in reversed(last["cuts"])
    ]
    caption = "The trained network without its last blocks. Medians over the images, and shares of them."
    made = table(caption, [Column(title, numeric=True) for title in titles], rows)
    return Section("outputs", 1, "Labels and accuracy", (chart_figure(chart), made))


def _how(data: Json) -> Section:
    pairs = [(key, str(value)) for key, value in flat({"network": data["network"], "device": data["device"]})]
    return Section("how", 1, "How it was run", (facts([*pairs, *flat({"versions": data["versions"]})]),))

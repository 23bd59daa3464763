"""Labels sent down the head and back, in words, a table and a figure."""

from __future__ import annotations

from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.labels_back.figure import draw
from netaudit.analyses.network.labels_back.payload import LabelRun, Labels, LabelsBack, RealInputs
from netaudit.report.document.model import Column, Figure, Method, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, number, percent, printable

SOURCES: dict[Labels, str] = {"onehot": "one-hot labels", "softmax": "softmax of real inputs"}
_IN_THE_LINE: dict[Labels, str] = {"onehot": "one-hot labels", "softmax": "the network's answers to real inputs"}
_UNUSED: dict[RealInputs, str] = {
    "used": "",
    "absent": "",
    "unreachable": "The real inputs were not used: the way from them to the fully connected head is not known.",
    "not_finite": "The real inputs were not used: the network's outputs on them are not finite.",
}


def present(found: LabelsBack, place: Place) -> Presentation:
    """What the report says of the labels that came back."""
    return Presentation(
        line=line(found, place),
        facts=facts(found),
        blocks=(Paragraph((Span(assumptions(found)),)),),
        figures=(_figure(found, place),),
        tables=(_runs(found),),
    )


def line(found: LabelsBack, place: Place) -> str:
    """The labels sent with the least dropout, in one sentence: the network's own answers first, if there are some."""
    first, *others = sorted(_least_dropout(found), key=lambda run: run.source != "softmax")
    depth = len(place.report.head.layers)
    through = "the top layer" if depth == 1 else f"the {count(depth, 'layer')} of the head"
    if place.report.head.inferred:
        through += ", whose order is not certain,"
    dropout = "no dropout" if first.rho == 1 else f"ρ = {number(first.rho)}"
    text = (
        f"Sent down {through} as shadows and forward again, {_IN_THE_LINE[first.source]} come back with the same label "
        f"in {_share(first)} ({dropout}; chance {percent(first.chance)}, {_control(first)})"
    )
    return (
        "; ".join([text, *(f"{_IN_THE_LINE[run.source]} in {_share(run)} ({_control(run)})" for run in others)]) + "."
    )


def facts(found: LabelsBack) -> tuple[tuple[str, str], ...]:
    """The same in one row of a table a source."""
    return tuple(
        (
            f"Labels back, {SOURCES[run.source]}",
            f"{percent(run.top1)} of {number(run.n)} at ρ = {number(run.rho)} (chance {percent(run.chance)}, "
            f"{_control(run)})",
        )
        for run in _least_dropout(found)
    )


def _least_dropout(found: LabelsBack) -> list[LabelRun]:
    """The run with the least dropout of each source."""
    best: dict[Labels, LabelRun] = {}
    for run in found.runs:
        if run.source not in best or run.rho > best[run.source].rho:
            best[run.source] = run
    return list(best.values())


def assumptions(found: LabelsBack) -> str:
    """What was assumed on the way down and forward, in sentences."""
    sentences = []
    if found.reversed_as_relu:
        names = ", ".join(printable(name) for name in found.reversed_as_relu)
        sentences.append(f"Activations other than ReLU ({names}) are reversed as if they were ReLU.")
    if found.top_activation != "linear":
        sentences.append(f"The top layer's {printable(found.top_activation)} is left in place going forward.")
    if found.biases == "used":
        sentences.append("The shadows are given the norm of the real inputs, and the biases are used.")
    else:
        sentences.append("The biases are left out: without real inputs the natural scale is not known.")
    return " ".join([*sentences, _UNUSED[found.real_inputs]]).strip()


def _share(run: LabelRun) -> str:
    return f"{percent(run.top1)} of {count(run.n, 'case')}"


def _control(run: LabelRun) -> str:
    return f"independent matrices {percent(run.control_top1)}"


def _figure(found: LabelsBack, place: Place) -> Figure:
    caption = (
        f"Labels sent down {count(len(place.report.head.layers), 'layer')} and forward again: share that comes back as "
        "the largest output, against the keep probability ρ; chance; and the control through independent matrices."
    )
    runs = "; ".join(
        f"{SOURCES[run.source]} at ρ = {number(run.rho)}: {percent(run.top1)}, control {percent(run.control_top1)}"
        for run in found.runs
    )
    return Figure("labels_back", caption, f"{caption} {runs}.", partial(draw, found, SOURCES))


def _runs(found: LabelsBack) -> Table:
    titles = ("ρ", "Sent", "Top-1", "Top-5", "Chance", "Control top-1", "Control top-5")
    rows = [
        (
            Span(SOURCES[run.source]),
            *(Span(number(value)) for value in (run.rho, run.n)),
            *(Span(percent(s)) for s in (run.top1, run.top5, run.chance, run.control_top1, run.control_top5)),
        )
        for run in found.runs
    ]
    columns = [Column("Sent down", wide=True), *(Column(title, numeric=True) for title in titles)]
    return table("Labels that come back.", columns, rows)


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "The top layer's output is a label, one-hot or the softmax of a real input. It is sent down all layers of "
            "the head as a shadow, with {stack_alpha} in layer {j}, and forward again through the network; the share "
            "of labels that come back as the largest output is compared with chance, and with the same shadow sent "
            "forward through independent matrices of the same shapes and variances. Shadows scale with the label, "
            "biases do not: with real inputs the shadow at the bottom is given their norm and the biases are used, "
            "without them the biases are left out.",
        )
    )

"""Labels sent down the head and back, in words, a table and a figure."""

from __future__ import annotations

from collections.abc import Sequence
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
        question="Run in reverse",
        facts=facts(found),
        blocks=(Paragraph((Span(assumptions(found)),)),),
        figures=(_figure(found, place),),
        tables=(_runs(found),),
    )


_CLEAR = 0.9
"""Mean largest probability from which softmax vectors pass for labels: nine tenths of each lie on one class."""


def line(found: LabelsBack, place: Place) -> str:
    """What came back, beside what a random network gives: without dropout, and with the most of it."""
    unclear = found.top_probability is not None and found.top_probability < _CLEAR
    sources = sorted(dict.fromkeys(run.source for run in found.runs), key=lambda each: (each == "softmax") is unclear)
    depth = len(place.report.head.layers)
    through = "the top layer" if depth == 1 else f"the {count(depth, 'layer')} of the head"
    if place.report.head.inferred:
        through += ", whose order is not certain"
    first, *others = (_of_source(found, source) for source in sources)
    sentences = [f"Run in reverse through {through}, {_shares(first, ' come back with the same label')}"]
    sentences += [f"Of {_IN_THE_LINE[runs[0].source]} {_short(runs)}" for runs in others]
    if unclear:
        probability = number(found.top_probability, 2)
        sentences.append(f"Those answers are no clear labels: their largest probability is {probability} on average")
    return ". ".join(sentences) + "."


def _of_source(found: LabelsBack, source: Labels) -> list[LabelRun]:
    """The runs of one source with the least and the most dropout; one where there is no other."""
    runs = sorted((run for run in found.runs if run.source == source), key=lambda run: -run.rho)
    return [runs[0], runs[-1]] if len(runs) > 1 else runs


def _shares(runs: Sequence[LabelRun], verb: str) -> str:
    least, *others = runs
    text = (
        f"{percent(least.top1)} of {_IN_THE_LINE[least.source]}{verb}{_dropout(least)} (a random network of the same "
        f"shapes: {percent(least.twin_top1)})"
    )
    for run in others:
        text += f" and {percent(run.top1)}{_dropout(run)} (random network: {percent(run.twin_top1)})"
    return text


def _short(runs: Sequence[LabelRun]) -> str:
    own, twin = (" and ".join(percent(getattr(run, name)) for run in runs) for name in ("top1", "twin_top1"))
    return f"{own} come back (random network: {twin})"


def _dropout(run: LabelRun) -> str:
    return " without dropout" if run.rho == 1 else f" with dropout that keeps {percent(run.rho)} of the inputs"


def facts(found: LabelsBack) -> tuple[tuple[str, str], ...]:
    """The same in one row of a table a source."""
    return tuple(
        (
            f"Labels back, {SOURCES[run.source]}",
            f"{percent(run.top1)} of {number(run.n)} at ρ = {number(run.rho)} (random network "
            f"{percent(run.twin_top1)}, chance {percent(run.chance)})",
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


def _figure(found: LabelsBack, place: Place) -> Figure:
    caption = (
        f"Labels sent down {count(len(place.report.head.layers), 'layer')} and forward again: share that comes back as "
        "the largest output, against the keep probability ρ; the same for random networks of the same shapes; and "
        "chance."
    )
    runs = "; ".join(
        f"{SOURCES[run.source]} at ρ = {number(run.rho)}: {percent(run.top1)}, random network {percent(run.twin_top1)}"
        for run in found.runs
    )
    return Figure("labels_back", caption, f"{caption} {runs}.", partial(draw, found, SOURCES))


def _runs(found: LabelsBack) -> Table:
    titles = ("ρ", "Sent", "Top-1", "Random network", "Permuted", "Corrected", "Top-5", "Chance", "Control")
    rows = [
        (
            Span(SOURCES[run.source]),
            *(Span(number(value)) for value in (run.rho, run.n)),
            Span(percent(run.top1)),
            Span(f"{percent(run.twin_top1)} ({percent(run.twin_lowest)} to {percent(run.twin_highest)})"),
            *(
                Span(percent(share))
                for share in (run.permuted_top1, run.corrected_top1, run.top5, run.chance, run.control_top1)
            ),
        )
        for run in found.runs
    ]
    columns = [Column("Sent down", wide=True), *(Column(title, numeric=True) for title in titles)]
    caption = (
        f"Labels that come back. Random network: mean and range of {count(found.twins, 'Gaussian twin')} of the same "
        "shapes, standard deviations and biases. Permuted: the layers' own entries in random places. Corrected: down "
        "the corrected reverse pass. Control: forward through matrices that the shadow did not come down."
    )
    return table(caption, columns, rows)


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "The top layer's output is a label, one-hot or the softmax of a real input. It is sent down all layers of "
            "the head as a shadow, with {stack_alpha} in layer {j}, and forward again through the network; the share "
            "of labels that come back as the largest output is compared with *Gaussian twins*: the same labels go down "
            "and up one set of Gaussian matrices of the same shapes and standard deviations, with the network's own "
            "biases. A random network gives many labels back too where little is dropped, as the theory says; what "
            "training adds is the difference. The layers' own entries, less their mean and in random places, and the "
            "corrected reverse pass of the layers stand beside. As a *control* of the method the shadow goes forward "
            "through independent matrices, which must give chance. Shadows scale with the label, biases do not: with "
            "real inputs the shadow at the bottom is given their norm and the biases are used, without them the biases "
            "are left out.",
        ),
        sentence=(
            "Labels were sent down the fully connected head as shadows and forward again; the share that comes back "
            "was compared with Gaussian networks of the same shapes."
        ),
    )

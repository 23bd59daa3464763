"""Which hidden neurons can be told from outside, in words, a table and figures."""

from __future__ import annotations

from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.identifiability.figure import draw_causes, draw_states
from netaudit.analyses.network.identifiability.payload import (
    Identifiability,
    LayerIdentifiability,
    Told,
)
from netaudit.report.document.model import Column, Equation, Figure, Method, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, number, percent, shown_name

TOLD: dict[Told, str] = {
    "identifiable": "identifiable",
    "partly": "partly hidden",
    "undecided": "undecided",
}
CAUSES: dict[str, str] = {
    "identifiable": "identifiable",
    "open": "not seen switching",
    "dead": "dead",
    "muted": "muted",
    "always_on": "always on",
    "twins": "twins",
    "opposite_twins": "opposite twins",
}
"""What the counts are called, in the legend and as titles of columns."""
DRAWN = 4
"""Layers that a figure shows: as many panels as fit into the width of a column."""


def present(found: Identifiability, place: Place) -> Presentation:
    """What the report says of the neurons."""
    return Presentation(
        line=line(found),
        figures=_figures(found),
        blocks=(Paragraph((Span(statement(found)),)), _table(found), Paragraph((Span(_rule(found), "soft"),))),
    )


def line(found: Identifiability) -> str:
    """How many neurons can be told from outside, what hides the others, and how many parameters belong to those."""
    neurons = sum(layer.neurons for layer in found.layers)
    told = sum(layer.identifiable for layer in found.layers)
    of = "hidden neuron" if found.of == "head" else "hidden unit"
    text = f"Of {count(neurons, of)} {number(told)} can be told from the outputs"
    hiding = [f"{number(n)} {CAUSES[cause]}" for cause in list(CAUSES)[2:] if (n := _total(found, cause))]
    if hiding:
        text += f"; hidden are {', '.join(hiding)}"
        if found.parameters is not None and found.hidden_parameters is not None:
            share = found.hidden_parameters / found.parameters if found.parameters else 0.0
            text += f", and with them {percent(share)} of the parameters"
    left = _total(found, "open")
    return f"{text}; open are {number(left)}." if left else f"{text}."


def _total(found: Identifiability, cause: str) -> int:
    return sum(getattr(layer, cause) for layer in found.layers)


def statement(found: Identifiability) -> str:
    """For which inputs that holds, and what is proved, in sentences."""
    ends = f"between {number(found.low)} and {number(found.high)}"
    whole = found.of == "network"
    if found.box == "data":
        sentences = [
            f"Each input of the {'network' if whole else 'head'} lies {ends}, the smallest and the largest number of "
            f"{count(found.inputs, 'real input')}."
        ]
    else:
        sentences = [
            f"There are no real inputs, so that each input of the head is taken to lie {ends}, the usual range of "
            "scaled inputs: which neurons are dead or always on holds for that range alone."
        ]
    if whole:
        sentences.insert(
            0,
            "There is no head with hidden layers, so that the whole network was read as a stack of matrices with ReLU "
            "between them. A unit of it is one neuron at one position: of a convolution each channel has one at every "
            "position.",
        )
        sentences.append(
            "Dead, always on, muted and twin units are told from the weights, and nobody who sees outputs for such "
            "inputs alone can find the rows of their matrices, one by one. Positions of a channel share their weights, "
            "so that a weight of a hidden unit may still show at another position; parameters are therefore not "
            "counted."
        )
    else:
        sentences.append(
            "Dead, always on, muted and twin neurons are told from the weights, and nobody who sees outputs for such "
            "inputs alone can find their weights."
        )
    if _total(found, "open"):
        sentences.append(
            "Of the neurons that were not seen switching nothing is proved: they were in one state at all inputs that "
            "were looked at, and may switch at others."
        )
    return " ".join(sentences)


def _table(found: Identifiability) -> Table:
    counted = found.parameters is not None
    columns = [
        Column("Layer", wide=True),
        Column("Neurons" if counted else "Units", numeric=True),
        *(Column(word[:1].upper() + word[1:], numeric=True) for word in CAUSES.values()),
        *((Column("Parameters hidden", numeric=True),) if counted else ()),
        Column("Reads as"),
    ]
    caption = (
        f"Hidden {'neurons' if counted else 'units'} by cause; each is counted once, under the first cause from dead "
        "to opposite twins that holds."
    )
    if counted:
        caption += (
            " Parameters hidden: share of the layer's weights and biases that belong to a hidden neuron, of this layer "
            "or of the one below."
        )
    return table(caption, columns, [_row(layer) for layer in found.layers])


def _row(layer: LayerIdentifiability) -> tuple[Span, ...]:
    return (
        Span(shown_name(layer.layer), "name"),
        Span(number(layer.neurons)),
        *(Span(number(getattr(layer, cause))) for cause in CAUSES),
        *_parameters(layer),
        Span(TOLD[layer.verdict], "strong"),
    )


def _parameters(layer: LayerIdentifiability) -> tuple[Span, ...]:
    """The cell of the hidden parameters; none where they are not counted."""
    if layer.parameters is None or layer.hidden_parameters is None:
        return ()
    return (Span(percent(layer.hidden_parameters / layer.parameters if layer.parameters else None)),)


def _rule(found: Identifiability) -> str:
    most = percent(found.rule.tolerances.get("hidden_share"))
    return (
        f"Rule “hidden neurons”: a layer is partly hidden if more than {most} of its neurons are proved to be hidden, "
        f"identifiable if no more than {most} are hidden or not seen switching, undecided otherwise. Origin of the "
        "tolerance: a convention of netaudit; of a layer with fewer than 100 neurons a single one counts."
    )


def _figures(found: Identifiability) -> tuple[Figure, ...]:
    drawn = found.layers[:DRAWN]
    some = f" The first {DRAWN} of {count(len(found.layers), 'layer')}." if len(drawn) < len(found.layers) else ""
    caption = f"The neurons of each hidden layer: identifiable, or what hides them.{some}"
    parts = "; ".join(
        f"layer {place}: "
        + ", ".join(
            f"{CAUSES[cause]} {percent(getattr(layer, cause) / max(layer.neurons, 1))}"
            for cause in CAUSES
            if getattr(layer, cause)
        )
        for place, layer in enumerate(drawn, start=1)
    )
    causes = Figure("identifiability_causes", caption, f"{caption} {parts}.", partial(draw_causes, drawn, CAUSES))
    what = f"{count(found.inputs, 'real input')}" if found.inputs else "random points of the box"
    caption = (
        f"How often each neuron is in its rarer state, on or off, over {what}; the neurons of a layer in ascending "
        f"order. At 0% a neuron was not seen switching there.{some}"
    )
    middles = "; ".join(
        f"layer {place}: {percent(layer.rarer[len(layer.rarer) // 2])}"
        for place, layer in enumerate(drawn, start=1)
        if layer.rarer
    )
    states = Figure(
        "identifiability_states", caption, f"{caption} The middle neuron: {middles}.", partial(draw_states, drawn)
    )
    return causes, states


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "Who sees only the outputs of a ReLU network can find a neuron by the inputs at which it switches: up to "
            "its place in the layer and a positive factor (Rolnick and Kording 2020). Here the weights are known. The "
            "question is which neurons could be found so, with inputs from a box: each input lies between two numbers, "
            "on its own. In the first layer the lowest pre-activation of a neuron is taken in a corner of the box, "
            "where the inputs are at their lower or upper ends {l} and {h_end}, and the highest in the opposite one:",
            Equation("box_minimum"),
            "A neuron whose highest pre-activation is not above 0 is *dead*. One whose lowest is not below 0 is "
            "*always on*: it is linear in the box, and outputs give only the sum of all that is linear. In a deeper "
            "layer the bounds of the layer below take the place of the box. They need not be attained together, so "
            "that dead and always-on neurons are proved there too, but not all are found. What is left must be seen on "
            "and off: at real inputs, at random points, in corners of the box to which a neuron's gradient leads, and "
            "along exact segments. A neuron that was *not seen switching* may lack the right input; it is counted "
            "apart, and nothing is said of it.",
            "*Muted* neurons are not looked at: the norm of their outgoing weights times the range of their output is "
            "at most {tiny} of its median over the layer. Weights of neurons above that are dead or muted themselves "
            "do not count. *Twins* switch at the same inputs: their weights and biases, in units of the box, have a "
            "cosine above 1 − {tiny}. They act as one neuron, and nothing tells how its outgoing weights are shared "
            "out among them. *Opposite twins* have a cosine below −1 + {tiny}, and act as one neuron and a linear "
            "part. The limit takes in copies that were rescaled and stored in float32 or float16; two unrelated "
            "neurons with three inputs or more meet it about once in a billion. Neurons with one or two inputs, as "
            "under a convolution of one pixel of a grey image, would meet it by chance in a wide layer: there the "
            "cosine must be 1 up to the rounding of float32. No unit of the inputs and no rescaling of neurons changes "
            "any of this.",
            "The head is asked. Where it has no hidden layers, the whole network is, if it is a plain stack: linear "
            "layers, convolutions, batch norm in eval mode and average pooling, with ReLU between them. From one ReLU "
            "to the next that is one matrix, and each of its rows is a unit: of a convolution one a channel and "
            "position. All matrices together may have 16.8 million entries. What is said of a unit is said of its row, "
            "as if all rows were free. They are not, since a channel has the same weights at all positions: what is "
            "hidden at one may show at another, so that parameters are not counted there. Max pooling and "
            "residual additions lead past such a stack, and a network with them is not asked.",
            "A parameter counts as hidden if it is the bias, or an incoming or outgoing weight, of a hidden neuron. "
            "This is not a measure of quality or of secrecy: hidden neurons can be removed or merged, and those that "
            "are identifiable are not for that reason easy to find.",
        ),
        ("D. Rolnick and K. P. Kording (2020). Reverse-engineering deep ReLU networks. ICML. arXiv:1910.00744.",),
        sentence=(
            "Which hidden neurons could be found from the outputs of the network alone [@rolnick2020] was decided by "
            "bounds on their pre-activations and by inputs at which they switch."
        ),
    )

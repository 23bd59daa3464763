"""Which layers are injective, in words and a table."""

from __future__ import annotations

from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.injectivity.figure import draw_near
from netaudit.analyses.network.injectivity.payload import Decision, ImagePair, Injectivity, LayerInjectivity
from netaudit.geometry.injectivity.certificate import Answer, Step
from netaudit.report.document.model import Column, Figure, Method, Paragraph, Presentation, Span, Spans, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, names, number, percent, shown_name

WHY: dict[Step, str] = {
    "zero_column": "an input without weights",
    "counting": "too few rows",
    "antipodal_pairs": "opposite rows",
    "general_position": "too few rows",
    "one_sided": "inputs without active rows",
    "exact_search": "exact search",
    "witness_search": "inputs found by a search",
    "none": "",
}
"""What decided, in a table's cell."""
_WEIGHTS = {"gaussian": "Gaussian", "permuted": "shuffled"}
_NO_RELU = "no ReLU"


def present(found: Injectivity, place: Place) -> Presentation:
    """What is asked, what came out, and the table."""
    twins = (_twins(found),) if any(layer.twins for layer in found.layers) else ()
    figures = tuple(_near(layer, layer.near) for layer in found.layers if layer.near is not None)
    return Presentation(figures=figures[:1], blocks=(Paragraph((Span(words(found)),)), _table(found), *twins))


def words(found: Injectivity) -> str:
    """What came out, in sentences."""
    forward = [layer.forward.answer for layer in found.layers if layer.forward]
    shadow = [layer.shadow.answer for layer in found.layers]
    sentences = [
        _counted(forward, f"{count(len(forward), 'layer')} with a ReLU"),
        _counted(shadow, count(len(shadow), "shadow direction")),
    ]
    measured = [layer for layer in found.layers if layer.within_budget is not None]
    if measured:
        inside = sum(layer.active_units is not None and layer.active_units <= layer.k_budget for layer in measured)
        sentences.append(
            f"On real inputs the median number of active units lies within the budget of an exact inverse in "
            f"{number(inside)} of {number(len(measured))} layers."
        )
    if "undecided" in forward + shadow:
        sentences.append("Undecided means that nothing was proved within the time that an audit takes.")
    if found.left_out:
        sentences.append(
            f"Left out (skipped, not finite or too large): {names([shown_name(n) for n in found.left_out])}."
        )
    return " ".join(sentence for sentence in sentences if sentence)


def _counted(answers: list[Answer], of: str) -> str:
    if not answers:
        return ""
    yes, no, rest = (number(answers.count(answer)) for answer in ("yes", "no", "undecided"))
    return f"Proved injective: {yes} of {of} ({no} proved not to be, {rest} undecided)."


def _table(found: Injectivity) -> Table:
    columns = [
        Column("Layer", wide=True),
        Column("Forward"),
        Column("Shadow direction"),
        Column("Rows a column", numeric=True),
        Column("Budget k", numeric=True),
        Column("Active units", numeric=True),
        Column("Within budget", numeric=True),
        Column("Enough rows", numeric=True),
        Column("Condition", numeric=True),
    ]
    return table(
        "Is the layer injective? Forward: x to r(A x + b), on inputs that are not negative where a ReLU comes before. "
        "Shadow direction: h to r(A^T h) for h that are not negative, with its rows a column. Budget k: active units "
        "up to which an exact inverse is to be expected of a Gaussian layer. On real inputs: median active units; "
        "share within the budget; share with enough active rows for the layer to be injective near them; median "
        "condition number of the shadow direction.",
        columns,
        [_row(layer) for layer in found.layers],
    )


def _twins(found: Injectivity) -> Table:
    titles = ("Forward", "… fewest active", "Shadow direction", "… fewest active", "Condition")
    columns = [Column("Layer", wide=True), Column("Weights")]
    columns += [Column(title, numeric=title.startswith(("…", "Cond"))) for title in titles]
    rows = []
    for layer in found.layers:
        if not layer.twins:
            continue
        forward = layer.forward
        own = (
            None if forward is None else forward.answer,
            None if forward is None else forward.fewest_active,
            layer.shadow.answer,
            layer.shadow.fewest_active,
            layer.condition,
        )
        rows.append(_beside(layer.name, "its own", own))
        for twin in layer.twins:
            theirs = (twin.forward, twin.forward_fewest, twin.shadow, twin.shadow_fewest, twin.condition)
            rows.append(_beside(layer.name, _WEIGHTS[twin.kind], theirs))
    return table(
        "The layer beside one random layer of its shape of each kind, with its bias and its real outputs: Gaussian "
        "weights of the mean 0, and its own weights in random places. Fewest active: the fewest active rows at any "
        "input that was looked at. Condition: median condition number of the shadow direction at the layer's real "
        "outputs, where it is injective near all of them.",
        columns,
        rows,
    )


def _beside(name: str, weights: str, row: tuple[str | None, int | None, str, int | None, float | None]) -> Spans:
    forward, forward_fewest, shadow, shadow_fewest, condition = row
    return (
        Span(shown_name(name), "name"),
        Span(weights),
        Span(_NO_RELU if forward is None else forward),
        Span(number(forward_fewest)),
        Span(shadow),
        Span(number(shadow_fewest)),
        Span(number(condition, 3)),
    )


def _near(layer: LayerInjectivity, near: ImagePair) -> Figure:
    caption = (
        f"Two images that the layer {shown_name(layer.name)} cannot tell apart: a real one, and one that lies "
        f"{number(near.distance, 3)} from it ({percent(near.distance / near.length if near.length else None)} of its "
        f"length). {count(near.active, 'row')} of the layer are active at them, and their difference is orthogonal to "
        "all of these."
    )
    return Figure("injectivity_images", caption, caption, partial(draw_near, near))


def _row(layer: LayerInjectivity) -> tuple[Span, ...]:
    ratio = layer.shadow.rows / layer.shadow.columns if layer.shadow.columns else None
    return (
        Span(shown_name(layer.name), "name"),
        Span(_answer(layer.forward)),
        Span(_answer(layer.shadow)),
        Span(number(ratio, 3)),
        Span(number(layer.k_budget)),
        Span(number(layer.active_units)),
        Span(percent(layer.within_budget)),
        Span(percent(layer.enough_active)),
        Span(number(layer.condition, 3)),
    )


def _answer(decision: Decision | None) -> str:
    if decision is None:
        return _NO_RELU
    why = WHY[decision.step]
    return f"{decision.answer} ({why})" if why else decision.answer


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "A layer is injective if different inputs always have different outputs. On an open convex set that holds "
            "exactly where, at each of its points, the rows of {A} whose pre-activations are not negative span all "
            "inputs (Puthawala, Kothari, Lassas, Dokmanić and de Hoop 2022): where they do not, a short step "
            "across them changes no output. The same criterion decides on inputs that are not negative. With all "
            "inputs allowed, a layer with fewer than two rows an input is never injective, and large Gaussian layers "
            "are from about 6.70 rows an input on (Maillard and others 2023, by the replica method). The answers here "
            "are proofs about the stored numbers: a *no* rests on two inputs that collide, a *yes* on rows that are "
            "always active, alone or as opposite pairs, or on a search through all sets of rows in exact arithmetic, "
            "and what is not proved is *undecided*.",
            "What inversion needs is the shadow direction, from the outputs of a layer back to its inputs, and only "
            "for outputs that are not negative and of which few are active. As a rule of thumb, not a theorem, an "
            "exact inverse is to be expected for fewer active units than the layer's inputs divided by 2 · 6.70, "
            "since two such outputs together span twice as many dimensions. This *budget* stands beside the active "
            "units of real inputs. The condition number says how much a relative error can grow on the way back near "
            "a real output: a local figure.",
            "Each layer stands beside two random ones of its shape: Gaussian weights, and its own in random places. "
            "The share of injective layers with m random rows is known exactly for one input, 1 minus 2 to the power "
            "1 − m, and for two, 1 minus m (m − 2) over 2 to the power m − 1; with fewer than two rows an input it is "
            "0. Where a layer takes the pixels of images, a real image is shown beside another "
            "one with the same outputs: the rows that are active at it do not span all inputs, so that a step "
            "orthogonal to them changes no output until another row becomes active.",
        ),
        (
            "M. Puthawala, K. Kothari, M. Lassas, I. Dokmanić and M. de Hoop (2022). Globally injective ReLU networks. "
            "Journal of Machine Learning Research 23(105), 1–55.",
            "A. Maillard, A. S. Bandeira, D. Belius, I. Dokmanić and S. Nakajima (2023). Injectivity of ReLU networks: "
            "perspectives from statistical physics. arXiv:2302.14112.",
        ),
        sentence=(
            "Which layers of the head are injective was decided by the criterion of Puthawala and others "
            "[@puthawala2022], with proofs about the stored numbers."
        ),
    )

"""Square layers and residual blocks in words, tables and figures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.depth_limit.figure import draw_run, draw_steps, draw_truncation
from netaudit.analyses.network.depth_limit.payload import DepthLimit, SquareRun, Stage
from netaudit.analyses.network.depth_limit.words import LIKENESS, line, statement
from netaudit.report.document.model import Column, Figure, Method, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, number, percent, shown_name


def present(found: DepthLimit, place: Place) -> Presentation:
    """What was measured, what came out, and the tables."""
    tables = [*(_layers(run) for run in found.runs), *([_blocks(found)] if found.stages else [])]
    if found.cuts:
        tables.append(_cuts(found))
    return Presentation(
        line=line(found), figures=(*_figures(found),), blocks=(Paragraph((Span(statement(found)),)), *tables)
    )


def _figures(found: DepthLimit) -> Iterator[Figure]:
    for place, run in enumerate(found.runs):
        if run.data is not None:
            caption = (
                "Square layers on real inputs. Above: how far a layer moves its input, in its length. Below: what "
                "leaving out a layer and all above it changes at the end of the run, and the bound on it."
            )
            changes = ", ".join(percent(error) for error in run.data.errors)
            stem = f"depth_limit_run_{place + 1:03}"
            yield Figure(stem, caption, f"{caption} Changes: {changes}.", partial(draw_run, run.data))
    if found.stages:
        caption = "How far each residual block moves the stream, in its length; a line a stage."
        steps = ", ".join(percent(step) for stage in found.stages for step in stage.steps)
        yield Figure("depth_limit_steps", caption, f"{caption} {steps}.", partial(draw_steps, found.stages))
        longest = max(range(len(found.stages)), key=lambda place: len(found.stages[place].blocks))
        stage = found.stages[longest]
        kept = [(cut.left_out, cut.labels_kept) for cut in found.cuts if cut.stage == longest]
        caption = (
            "The longest stage without its last blocks. Above: how far the end of the stream changes, in its length, "
            "beside what it cannot exceed. Below: inputs whose label stays the same."
        )
        told = "; ".join(f"{number(left)} left out: {percent(share)} kept" for left, share in kept)
        yield Figure("depth_limit_truncation", caption, f"{caption} {told}.", partial(draw_truncation, stage, kept))


def _layers(run: SquareRun) -> Table:
    titles: tuple[str, ...] = ("Width", "‖W − I‖", "z", "z, shuffled", "Cosine", "Best order", "… shuffled", "‖b‖")
    data = run.data
    titles += ("Step", "Change", "Bound", "Tightness") if data else ()
    columns = [Column("Layer", wide=True), *(Column(title, numeric=True) for title in titles), Column("Verdict")]
    rows = []
    for place, layer in enumerate(run.layers):
        numbers = (
            layer.distance, layer.z, layer.z_shuffled, layer.cosine, layer.matched, layer.matched_shuffled, layer.bias,
        )  # fmt: skip
        shares = (data.steps[place], data.errors[place], data.bounds[place]) if data else ()
        rows.append(
            (
                Span(shown_name(layer.name), "name"),
                Span(number(layer.width)),
                *(Span(number(value, 3)) for value in numbers),
                *(Span(percent(value)) for value in shares),
                *((Span(number(data.tightness[place], 2)),) if data else ()),
                Span(LIKENESS[layer.likeness]),
            )
        )
    caption = (
        "Square layers beside the identity I. z: the trace in the standard deviations of independent entries; "
        "shuffled: of the layer's own weights in random places. Cosine: between W and I. Best order: the largest "
        "cosine between W and a permutation."
    )
    if data:
        caption += (
            " Step: how far the layer moves its input, in its length. Change: of the end of the run without this layer "
            "and all above it, with its bound and their quotient. Medians over real inputs."
        )
    return table(caption, columns, rows)


def _blocks(found: DepthLimit) -> Table:
    titles = ("Step", "Change", "Sum of steps", "Bound by the weights")
    columns = [Column("Block", wide=True), Column("Stage", numeric=True)]
    columns += [Column(title, numeric=True) for title in titles]
    rows = [row for place, stage in enumerate(found.stages) for row in _rows(place, stage)]
    caption = (
        "Residual blocks. Step: how far the block moves the stream, in its length. Change: of the end of the stage "
        "without this block and all above it. Sum of steps: what that change cannot exceed, by the measured steps. "
        "Bound by the weights: the same from the norms of the weights, where a branch is a chain of Linear and ReLU. "
        "Medians over the inputs."
    )
    return table(caption, columns, rows)


def _rows(place: int, stage: Stage) -> Iterator[tuple[Span, ...]]:
    for block, name in enumerate(stage.blocks):
        bound = None if stage.bounds is None else stage.bounds[block]
        shares = (stage.steps[block], stage.errors[block], stage.paths[block], bound)
        yield (
            Span(shown_name(name), "name"), Span(number(place + 1)), *(Span(percent(value)) for value in shares)
        )  # fmt: skip


def _cuts(found: DepthLimit) -> Table:
    titles = ("Stage", "Blocks left out", "Change of the outputs", "Labels kept", "Accuracy")
    columns = [Column(title, numeric=True) for title in titles]
    rows = [
        (
            Span(number(cut.stage + 1)),
            Span(f"{number(cut.left_out)} of {number(len(found.stages[cut.stage].blocks))}"),
            Span(percent(cut.change)),
            Span(percent(cut.labels_kept)),
            Span(percent(cut.accuracy)),
        )
        for cut in sorted(found.cuts, key=lambda cut: (cut.stage, cut.left_out))
    ]
    inputs = count(found.inputs, "real input" if found.source == "real" else "Gaussian input")
    caption = (
        f"The whole network without the last blocks of a stage, on {inputs}. Change of the outputs: the median, in the "
        "length of the outputs. Labels kept: inputs whose largest output is the same."
    )
    return table(caption, columns, rows)


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "A ReLU network of one width with ever more layers converges only if its layers W approach the identity "
            "and its biases 0; it does if the sums of their distances from there are finite (Xu and Zhang 2021). For "
            "at least three square layers in a row with ReLU the report gives ‖W − I‖, by power iteration. A layer is "
            "*near the identity* if ‖W − I‖ is at most 0.5 (bounded from above) and its trace is beyond what the "
            "layer's own weights give in random places (1% over all layers together); *beyond a random layer* if "
            "the trace is, and the cosine between W and I is at least 0.1; *near a permutation* if it is near the "
            "identity once its units are put in the best order, which gains at least 0.1 of cosine over shuffled "
            "weights; *as a random layer* if neither cosine can reach 0.1; else *undecided*. The limits 0.5 and "
            "0.1 are netaudit's. To be far from the identity is usual and no fault: the theorem is about infinite "
            "depth.",
            "If ‖W − I‖ = d, a layer moves its input x ≥ 0 by at most d ‖x‖ + ‖b‖, since ReLU is 1-Lipschitz and keeps "
            "x; for any x, ‖r(−x)‖ is added. So leaving out the layers from one on changes the end of the run by at "
            "most the sum of these over them, on each input. The bound is rigorous up to rounding, and *tightness* is "
            "the change over it.",
            "A residual block gives its input plus what its branch makes of it; such blocks are found in the pass of "
            "each part of the module, so that no list of classes is needed. Of each the report gives the measured step "
            "in the length of the stream, and what changes when the last blocks of a stage hand on their input. The "
            "change is at most the sum of the measured steps. Where a branch is a chain of Linear and ReLU, a step is "
            "also bounded by the spectral norms of its weights and the lengths of its biases; other blocks, such as "
            "those with convolutions, normalisation or attention, are measured only. Without real inputs the blocks "
            "are run on Gaussian noise.",
        ),
        references=("Y. Xu and H. Zhang (2021). Convergence of deep ReLU networks. arXiv:2107.12530.",),
        sentence=("Square layers and residual blocks were measured by their distance from the identity [@xu2021]."),
    )

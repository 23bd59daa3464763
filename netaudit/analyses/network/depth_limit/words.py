"""What came out of square layers and residual blocks, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from netaudit.analyses.network.depth_limit.payload import Cut, DepthLimit, Likeness, SquareRun, Stage
from netaudit.text import count, number, percent

LIKENESS: dict[Likeness, str] = {
    "near_identity": "near the identity",
    "near_permutation": "near a permutation",
    "beyond_null": "beyond a random layer",
    "as_random": "as a random layer",
    "undecided": "undecided",
}
KEPT = 0.95
"""Share of labels kept with which blocks count as removable. The choice is netaudit's."""


def line(found: DepthLimit) -> str:
    """The main result, for page one."""
    if found.stages and found.source == "real" and found.cuts:
        blocks = sum(len(stage.blocks) for stage in found.stages)
        most = max(removable(found.cuts, place) for place in range(len(found.stages)))
        can = (
            f"the last {number(most)} of a stage can" if most > 1 else f"{'the' if most else 'not even the'} last one "
        )
        can += "" if most > 1 else "of a stage can"
        return (
            f"Of {count(blocks, 'residual block')} {can} be left out with at least {percent(KEPT)} of the labels kept."
        )
    return " ".join(counted(run) for run in found.runs)


def removable(cuts: Sequence[Cut], stage: int) -> int:
    """The most last blocks that can be left out so that each measured cut up to there keeps ``KEPT`` of the labels."""
    most = 0
    for cut in sorted((cut for cut in cuts if cut.stage == stage), key=lambda cut: cut.left_out):
        if cut.labels_kept < KEPT:
            break
        most = cut.left_out
    return most


def statement(found: DepthLimit) -> str:
    """What was measured, and what came out."""
    sentences = [of_run(run) for run in found.runs]
    if found.stages:
        sentences += of_stages(found)
    return " ".join(sentences)


def counted(run: SquareRun) -> str:
    """How many layers of a run got each verdict."""
    verdicts = [layer.likeness for layer in run.layers]
    told = [f"{number(verdicts.count(key))} {words}" for key, words in LIKENESS.items() if key in verdicts]
    return f"Of {count(len(verdicts), 'square layer')} in a row, {', '.join(told)}."


def of_run(run: SquareRun) -> str:
    """One run of square layers."""
    distances = [layer.distance for layer in run.layers]
    sentences = [
        counted(run),
        f"‖W − I‖ is {number(median(distances), 3)} in the median; {number(run.control_distance, 3)} for a layer of "
        "that width as it is initialised.",
    ]
    if run.decay is not None:
        exponent, low, high = (number(value, 3) for value in run.decay)
        sentences.append(f"From layer to layer it falls with an exponent of {exponent} (95%: {low} to {high}).")
    if run.data is not None:
        data = run.data
        sentences.append(
            f"A layer moves its input by {percent(median(data.steps))} of its length in the median (a random one by "
            f"{percent(median(data.control_steps))}). Without the last layer the end of the run changes by "
            f"{percent(data.errors[-1])}, and by {percent(data.bounds[-1])} at most."
        )
    return " ".join(sentences)


def of_stages(found: DepthLimit) -> list[str]:
    """The residual blocks."""
    steps = [step for stage in found.stages for step in stage.steps]
    blocks = sum(len(stage.blocks) for stage in found.stages)
    inputs = f"{count(found.inputs, 'real input')}"
    if found.source == "gaussian":
        inputs = f"{count(found.inputs, 'input')} of Gaussian noise"
    sentences = [
        f"The network has {count(blocks, 'residual block')} in {count(len(found.stages), 'stage')}. On {inputs} a "
        f"block moves the stream by {percent(median(steps))} of its length in the median ({percent(min(steps))} to "
        f"{percent(max(steps))})."
    ]
    if found.source == "gaussian":
        sentences.append("There are no real inputs, so that this says little of how the network treats real ones.")
    if found.accuracy is not None:
        sentences.append(f"Its accuracy on them is {percent(found.accuracy)}.")
    sentences += [_of_cuts(found, place, stage) for place, stage in enumerate(found.stages)]
    bounded = [stage for stage in found.stages if stage.bounds is not None]
    if len(bounded) < len(found.stages):
        rest = count(len(found.stages) - len(bounded), "stage")
        sentences.append(f"The blocks of {rest} are measured only: no bound by their weights is known to netaudit.")
    return [sentence for sentence in sentences if sentence]


def _of_cuts(found: DepthLimit, place: int, stage: Stage) -> str:
    if not any(cut.stage == place for cut in found.cuts) or len(stage.blocks) < 2:
        return ""
    most = removable(found.cuts, place)
    own = "" if len(found.stages) == 1 else f" of stage {number(place + 1)}"
    what = f"the last {count(most, 'block')}{own} can" if most else f"no last block{own} can"
    return f"With at least {percent(KEPT)} of the labels kept, {what} be left out."

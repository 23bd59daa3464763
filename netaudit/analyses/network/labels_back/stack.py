"""The stack of a network: real inputs up it, labels down it and back; and what was assumed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netaudit.analyses.network.labels_back import recover as shadow_stack
from netaudit.analyses.network.shadow_images import measure as shadow_images
from netaudit.errors import SourceError
from netaudit.network.inputs import Sample
from netaudit.network.layers import FCLayer, Head
from netaudit.network.network import Progress
from netaudit.network.reader import LayerReader
from netaudit.numerics import device as devices
from netaudit.numerics import entries
from netaudit.results import ShadowImages, StackResult, StackRun
from netaudit.shadow.activations import MOST as MOST_ACTIVATIONS

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MOST_INPUTS = 1000  # real inputs used: enough for a 1.6 % standard error on a label accuracy of one half


@dataclass(frozen=True)
class Inputs:
    """What real inputs gave, all empty without them."""

    logits: Tensor | None = None
    norms: Mapping[str, float] = field(default_factory=dict)
    """Root mean square of ||x|| at the input of each layer of the stack."""
    hidden: Mapping[str, Tensor] = field(default_factory=dict)
    """Real activations of the stack's ReLU layers, ``[N, out]``."""
    pixels: bool | None = None
    """Whether the stack takes the pixels of images, at most shifted; None when the inputs are no images."""
    note: str = ""


def run_inputs(read: LayerReader, sample: Sample | None, device: torch.device, progress: Progress) -> Inputs:
    """Send the sample's inputs up the stack."""
    import torch

    if sample is None:
        return Inputs()
    network, gap = read.network, read.network.head_gap()
    if gap is not None and network.head is not None:
        return Inputs(note=f"the real inputs were not used: {gap}")
    if network.head is None or network.backbone is None:
        return Inputs(note="the real inputs were not used: the way from them to the fully connected stack is not known")
    progress("real inputs", 0.0, 0.0)
    inputs = torch.from_numpy(sample.x[:MOST_INPUTS])
    x = network.backbone(inputs)
    pixels = shadow_images.are_pixels(x, inputs) if shadow_images.are_images(sample.x.shape) else None
    stack = network.head
    up = devices.with_cpu_fallback(lambda where: shadow_stack.forward(read, stack, x, where, MOST_ACTIVATIONS), device)
    if not bool(torch.isfinite(up.logits).all()):
        return Inputs(note="the network's outputs on the real inputs are not finite")
    classes = up.logits.shape[1]
    if sample.y is not None and int(sample.y.max(initial=0)) >= classes:
        raise SourceError(
            f"{sample.name}: y holds labels up to {int(sample.y.max())}, the network has {classes} outputs"
        )
    return Inputs(up.logits, up.norms, up.hidden, pixels)


def run_stack(
    read: LayerReader,
    inputs: Inputs,
    sample: Sample | None,
    seed: int,
    device: torch.device,
    progress: Progress,
    known: Mapping[str, float],
) -> StackResult:
    """Labels down the stack and back: one-hot ones, and with real inputs the network's own answers and their images.

    ``known`` holds the standard deviations of the weights of the layers that were audited.
    """
    network = read.network
    stack = network.head
    if stack is None:
        return StackResult((), False, (), (), note="No stack of fully connected layers at the top was found.")
    names = tuple(step.name for step in stack.layers)
    activations = tuple(step.activation for step in stack.layers)
    progress("the stack", 0.0, 0.0)
    gap = network.head_gap()
    if gap is not None:
        return StackResult(names, stack.inferred, activations, (), note=f"Not run: {gap}.")
    sigmas = {name: known.get(name) or _scale(read(name)) for name in names}
    classes = next(spec.shape[0] for spec in network.specs() if spec.name == names[-1])
    constant = next((name for name, sigma in sigmas.items() if not sigma), None)
    problem = f"the weights of {constant} are constant, or not finite" if constant is not None else None
    if classes < 2:
        problem = "the top layer has a single output"
    if problem:
        return StackResult(names, stack.inferred, activations, (), note=f"Not run: {problem}.")
    labels = [shadow_stack.onehot(classes)]
    data = None
    if inputs.logits is not None and sample is not None:
        labels.append(shadow_stack.Labels("softmax", inputs.logits.softmax(1)))
        y = None if sample.y is None else sample.y[: len(inputs.logits)]
        data = {
            "name": sample.name,
            "sha256": sample.sha256,
            "n": len(inputs.logits),
            "accuracy": None if y is None else float((inputs.logits.argmax(1).numpy() == y).mean()),
        }
    norm = inputs.norms.get(names[0])

    def recover(where: torch.device) -> list[StackRun]:
        return shadow_stack.recover(read, stack, sigmas, labels, devices.generator(seed, "stack"), where, norm)

    runs = devices.with_cpu_fallback(recover, device)
    images = None
    if inputs.pixels and sample is not None and sample.y is not None:
        x, y = sample.x[:MOST_INPUTS], sample.y[:MOST_INPUTS]

        def show(where: torch.device) -> ShadowImages:
            return shadow_images.show(read, stack, sigmas, x, y, devices.generator(seed, "stack", "images"), where)

        images = devices.with_cpu_fallback(show, device)
    note = _note(stack, activations, inputs)
    return StackResult(names, stack.inferred, activations, tuple(runs), data, note, images)


def _scale(layer: FCLayer) -> float:
    """Standard deviation of the weights; 0 when they are constant or not finite."""
    described = entries.describe(layer.weight)
    return 0.0 if isinstance(described, str) else described.std


def _note(stack: Head, activations: tuple[str, ...], inputs: Inputs) -> str:
    notes = [stack.note.rstrip(".")] if stack.note else []
    others = sorted(set(activations[:-1]) - {"relu"})
    if others:
        notes.append(f"activations other than ReLU ({', '.join(others)}) are reversed as if they were ReLU")
    if activations[-1] != "linear":
        notes.append(f"the top layer's {activations[-1]} is left in place going forward")
    notes.append(
        "shadows are given the norm of the real inputs, and biases are used"
        if inputs.norms
        else "biases are left out: without real inputs the natural scale is not known"
    )
    if inputs.pixels is False:
        notes.append("other layers lie between the images and the stack, so labels have no shadow images")
    if inputs.note:
        notes.append(inputs.note)
    return " ".join(f"{note[0].upper()}{note[1:]}." for note in notes)

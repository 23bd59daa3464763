"""Real inputs sent up the head, once and before the layers are analysed: several analyses ask what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netaudit.analyses.context import HeadInputs
from netaudit.analyses.head import Read, activate, preactivations
from netaudit.analyses.network.shadow_images.payload import CHANNELS, SIDES
from netaudit.errors import SourceError
from netaudit.network.layers import Head
from netaudit.numerics import device as devices
from netaudit.results.report import DataResult
from netaudit.shadow.activations import MOST_ACTIVATIONS
from netaudit.text import printable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from netaudit.network.inputs import Sample
    from netaudit.network.network import Network, Progress

MOST_INPUTS = 1000
"""Real inputs used at most: enough for a 1.6 % standard error on a label accuracy of one half."""


def head_inputs(
    network: Network, read: Read, sample: Sample | None, device: torch.device, progress: Progress
) -> HeadInputs:
    """Send real inputs up the head.

    Where that is not possible, the note says why, and no layer is read: the head or the way to it is not known, or one
    of its layers is skipped.

    Raises:
        SourceError: the labels of the inputs go beyond the outputs of the network.
    """
    import torch

    if sample is None:
        return HeadInputs()
    head, backbone, gap = network.head, network.backbone, network.head_gap()
    if network.cells and backbone is None:
        return HeadInputs(
            note="the fully connected head was not run on the real inputs: recurrent cells lie on the way to it"
            if head is not None
            else ""
        )
    if head is None or backbone is None:
        return HeadInputs(
            note="the real inputs were not used: the way from them to the fully connected head is not known"
        )
    if gap is not None:
        return HeadInputs(note=f"the real inputs were not used: {gap}")
    progress("real inputs", 0.0, 0.0)
    inputs = torch.from_numpy(sample.x)
    x = backbone(inputs)
    pixels = are_pixels(x, inputs) if are_images(sample.x.shape) else None
    found = devices.with_cpu_fallback(lambda where: forward(read, head, x, where, MOST_ACTIVATIONS, pixels), device)
    if found.logits is None or not bool(torch.isfinite(found.logits).all()):
        return HeadInputs(note="the network's outputs on the real inputs are not finite")
    outputs = found.logits.shape[1]
    if sample.y is not None and int(sample.y.max(initial=0)) >= outputs:
        raise SourceError(
            f"{printable(sample.name)}: y holds labels up to {int(sample.y.max())}, the network has {outputs} outputs",
            hint="labels count from 0",
        )
    return found


def forward(
    read: Read, head: Head, x: Tensor, device: torch.device, keep: int, pixels: bool | None = None
) -> HeadInputs:
    """Send real inputs x ``[N, in]`` up the head, keeping the first ``keep`` activations of each ReLU layer.

    ``pixels`` is handed on.
    """
    norms, activations, scales = {}, {}, {}
    with devices.exact_float32():
        x = x.to(device)
        for step in head.layers:
            norms[step.name] = float(x.square().sum(1).mean().sqrt())
            layer = read(step.name)
            z = preactivations(x, layer)
            plain = z if layer.bias is None else z - layer.bias.to(z.device).float()
            scales[step.name] = float(plain.double().square().mean().sqrt())
            x = activate(z, step.activation)
            if step.activation == "relu":
                activations[step.name] = x[:keep].cpu()
    return HeadInputs(x.cpu(), norms, activations, pixels, preactivations=scales)


def data_result(inputs: HeadInputs, sample: Sample | None) -> DataResult | None:
    """What the report says of the real inputs; None when there are none or they could not be used."""
    if sample is None or inputs.logits is None:
        return None
    n = len(inputs.logits)
    right = None if sample.y is None else inputs.logits.argmax(1).numpy() == sample.y
    accuracy = None if right is None else float(right.mean())
    return DataResult(sample.name, sample.sha256, n, accuracy, sample.total, sample.unread)


def are_images(shape: Sequence[int]) -> bool:
    """Whether inputs ``[N, ...]`` of that shape are images that can be shown: grey or RGB, 8 to 64 pixels a side.

    >>> are_images((400, 1, 28, 28)), are_images((400, 784)), are_images((1, 3, 224, 224))
    (True, False, False)
    """
    return len(shape) == 4 and shape[1] in CHANNELS and shape[2] in SIDES and shape[3] in SIDES


def are_pixels(x: Tensor, inputs: Tensor) -> bool:
    """Whether x ``[N, in]`` are the inputs ``[N, ...]`` themselves, plus at most one number."""
    flat = inputs.flatten(1)
    if x.shape != flat.shape:
        return False
    shift = x - flat
    return float(shift.max() - shift.min()) <= 1e-5 * float(flat.abs().max())

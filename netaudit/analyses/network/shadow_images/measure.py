"""Shadow images: what each label looks like at the network's input when it is sent down the whole head.

One-hot labels go down without dropout, x = r(alpha A^T h) at every layer, as in
:mod:`netaudit.analyses.network.labels_back.recover`; beside them the same labels go down Gaussian layers of the same
shapes and scales, which is what an untrained network does.

Source: arXiv:1511.05653, equation (4) with rho = 1.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.head import Read, classes, reversible_head
from netaudit.analyses.network.shadow_images.payload import MOST, SIDES, ShadowImages
from netaudit.network.layers import Head
from netaudit.numerics import device as devices
from netaudit.results.payload import NotApplicable
from netaudit.shadow.distribution import alpha, shadow
from netaudit.text import capital, number, sentence

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

_VALUES = MOST * 3 * 32 * 32  # a row, so that the JSON grows by 100 kB at most: ten CIFAR images, two of 64 x 64


def measure(context: NetworkContext) -> ShadowImages | NotApplicable:
    """Send the labels of which there are real images down to the pixels."""
    sample, pixels = context.sample, context.inputs.pixels
    if pixels is None:
        sides = f"{number(SIDES[0])} to {number(SIDES[-1])} pixels a side"
        return _refused(f"the real inputs are no images, grey or RGB, of {sides}")
    if not pixels:
        return _refused("other layers lie between the images and the head, so labels have no shadow images")
    if sample is None or sample.y is None:
        return _refused("the real inputs have no labels")
    head = reversible_head(context)
    if isinstance(head, str):
        return _refused(head)
    context.progress("shadow images", 0.0, 0.0)
    x, y = sample.x, sample.y
    outputs, scales = classes(context.network, head), context.scales

    def shown(where: torch.device) -> ShadowImages:
        generator = devices.generator(context.settings.seed, "stack", "images")
        return show(context.read, head, outputs, scales, x, y, generator, where)

    return devices.with_cpu_fallback(shown, context.settings.device)


def _refused(why: str) -> NotApplicable:
    return NotApplicable(sentence(capital(why)))


def label_shadows(
    read: Read,
    head: Head,
    sigmas: Mapping[str, float],
    h: Tensor,
    generator: torch.Generator,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Shadows ``[N, in]`` at the bottom of the labels h ``[N, classes]``: through the layers, and Gaussian ones.

    ``sigmas`` gives the standard deviation of each layer's weights, for alpha and for the Gaussian layers.
    """
    import torch

    trained = untrained = h.to(device).float()
    with devices.exact_float32():
        for step in reversed(head.layers):
            layer, sigma = read(step.name), sigmas[step.name]
            scale = alpha(1.0, layer.shape[1], sigma)
            other = torch.randn(layer.shape, generator=generator).mul_(sigma).to(device)
            everything = torch.ones(1, layer.shape[1], device=device)
            trained = shadow(trained @ layer.weight.to(device).float(), everything, scale)
            untrained = shadow(untrained @ other, everything, scale)
    return trained.cpu(), untrained.cpu()


def show(
    read: Read,
    head: Head,
    outputs: int,
    sigmas: Mapping[str, float],
    inputs: NDArray[np.float32],
    answers: NDArray[np.int64],
    generator: torch.Generator,
    device: torch.device,
) -> ShadowImages:
    """The images of the first labels of which there are real ``inputs`` ``[N, channels, height, width]``.

    ``answers`` are their labels ``[N]``, each below ``outputs``, the number of the network's outputs.
    """
    import torch

    x, y = torch.from_numpy(inputs), torch.from_numpy(answers)
    labels = torch.unique(y)[: min(MOST, _VALUES // x[0].numel())]
    h = torch.nn.functional.one_hot(labels, outputs)
    trained, untrained = label_shadows(read, head, sigmas, h, generator, device)
    real = torch.stack([x[y == label][0] for label in labels])
    flat = x.flatten(1)
    return ShadowImages(
        shape=(x.shape[1], x.shape[2], x.shape[3]),
        labels=tuple(labels.tolist()),
        real=_encoded(real),
        trained=_encoded(trained),
        untrained=_encoded(untrained),
        likeness_trained=likeness(trained, flat, y, labels.tolist()),
        likeness_untrained=likeness(untrained, flat, y, labels.tolist()),
    )


def _encoded(images: Tensor) -> tuple[str, ...]:
    return tuple(base64.b64encode(image.numpy().tobytes()).decode() for image in to_pixels(images))


def to_pixels(images: Tensor) -> Tensor:
    """Each image ``[N, ...]`` scaled so that its largest value is 255, as uint8; an image of zeros stays black."""
    import torch

    flat = images.flatten(1)
    largest = flat.amax(1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny)
    return (flat / largest * 255).round().to(torch.uint8).reshape(images.shape)


def likeness(shadows: Tensor, x: Tensor, y: Tensor, labels: Sequence[int]) -> float:
    """Mean correlation over the pixels of each label's shadow ``[N, in]`` with the mean of its real inputs x."""
    import torch

    found = []
    for image, label in zip(shadows, labels, strict=True):
        pair = torch.stack([image, x[y == label].mean(0)]).double()
        centred = pair - pair.mean(1, keepdim=True)
        norms = centred.norm(dim=1)
        found.append(float(centred[0] @ centred[1] / (norms[0] * norms[1])) if norms.min() > 0 else 0.0)
    return sum(found) / len(found)

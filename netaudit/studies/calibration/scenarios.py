"""Layers whose answer is known: Gaussian ones, and each way of not being Gaussian that a claim must notice.

Entries have mean 0 and variance 1 before anything is added, in float32 as checkpoints have them. A scenario has at
most one strength; its unit stands with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Shape = tuple[int, int]
"""``(out, in)``."""


def gaussian(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """I.i.d. N(0, 1). No strength."""
    import torch

    return torch.randn(shape, generator=generator)


def uniform(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """I.i.d. uniform on [-sqrt 3, sqrt 3], PyTorch's default start but for the scale. No strength."""
    import torch

    return torch.rand(shape, generator=generator).sub_(0.5).mul_(12**0.5)


def laplace(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """I.i.d. Laplace of scale sqrt(1/2): the difference of two exponentials. No strength."""
    import torch

    both = torch.empty(2, *shape).exponential_(generator=generator)
    return both[0].sub_(both[1]).mul_(0.5**0.5)


def student_t(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """I.i.d. Student-t. The strength is the degrees of freedom, an integer of at least 3."""
    import torch

    degrees = int(strength)
    chi2 = torch.zeros(shape)
    for _ in range(degrees):
        chi2.add_(torch.randn(shape, generator=generator).square_())
    return torch.randn(shape, generator=generator).mul_(chi2.div_(degrees - 2).rsqrt_())  # t times sqrt((d - 2) / d)


def correlated(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Each row is the strength times the row above plus fresh noise, AR(1); every entry is N(0, 1)."""
    import torch

    rows = torch.randn(shape, generator=generator)
    fresh = (1 - strength**2) ** 0.5
    for index in range(1, shape[0]):
        rows[index].mul_(fresh).add_(rows[index - 1], alpha=strength)
    return rows


def orthogonal(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """A Haar orthogonal square matrix times sqrt(n). No strength.

    F. Mezzadri, Notices of the AMS 54 (2007) 592: QR of a Gaussian matrix, the signs of R's diagonal taken out.
    """
    import torch

    q, r = torch.linalg.qr(torch.randn(shape, generator=generator))
    haar: Tensor = q * r.diagonal().sign()
    return haar.mul_(shape[1] ** 0.5)


def spike(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian plus a rank-one matrix of singular value strength x (m n)^(1/4), in random directions.

    The strength at which such a spike leaves the bulk is 1 for every shape: Benaych-Georges and Nadakuditi,
    J. Multivariate Anal. 111 (2012) 120.
    """
    import torch

    m, n = shape
    u, v = (torch.randn(size, generator=generator, dtype=torch.float64) for size in shape)
    scale = strength * (m * n) ** 0.25 / float(u.norm() * v.norm())
    return torch.randn(shape, generator=generator).addr_(u.float(), v.float(), alpha=scale)


def shifted(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian with a mean: the strength is \\|mean\\| / std."""
    return gaussian(shape, strength, generator).add_(strength)


WEIGHTS: dict[str, Callable[[Shape, float, torch.Generator], Tensor]] = {
    "gaussian": gaussian,
    "uniform": uniform,
    "laplace": laplace,
    "student_t": student_t,
    "correlated": correlated,
    "orthogonal": orthogonal,
    "spike": spike,
    "shifted": shifted,
    "bias": gaussian,
    "bias_without_inputs": gaussian,
}
"""The weights of each scenario. The last two are about the bias alone; there the strength is its spread, in units of
the tolerance."""

HALF = 0.5
"""Spread of the bias, in units of the tolerance, in every scenario that is not about the bias."""


def bias(scenario: str, shape: Shape, strength: float, tolerance: float, generator: torch.Generator) -> Tensor:
    """Gaussian biases ``[out]`` whose spread is a multiple of the tolerance, in the unit that it is judged in.

    That is the root mean square of A x, sqrt(n), with inputs of norm :func:`input_norm`, and without inputs the
    median, which is 1.
    """
    import torch

    spread = (strength if scenario.startswith("bias") else HALF) * tolerance
    unit, centre = (1.0, 1.0) if input_norm(scenario, shape) is None else (shape[1] ** 0.5, 0.0)
    return torch.randn(shape[0], generator=generator).mul_(spread * unit).add_(centre)


def input_norm(scenario: str, shape: Shape) -> float | None:
    """Root mean square norm of inputs with entries of variance 1, and of A x; None where there are no inputs."""
    return None if scenario == "bias_without_inputs" else shape[1] ** 0.5

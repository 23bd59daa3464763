"""Layers as a usual initialisation draws them, weights and biases, by PyTorch's own functions where it has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netaudit.studies.calibration.scenarios import Shape

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PREFIX = "start_"


def _uniform(bound: Callable[[int, int], float]) -> Callable[[Shape, float, torch.Generator], Tensor]:
    """Uniform on plus and minus a bound that follows from (out, in)."""

    def draw(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
        import torch

        limit = bound(*shape)
        return torch.empty(shape).uniform_(-limit, limit, generator=generator)

    return draw


def _normal(std: Callable[[int, int], float]) -> Callable[[Shape, float, torch.Generator], Tensor]:
    """Normal, with a standard deviation that follows from (out, in)."""

    def draw(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
        import torch

        return torch.randn(shape, generator=generator).mul_(std(*shape))

    return draw


def _truncated(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Normal with the standard deviation 0.02, cut at two of them."""
    import torch

    return torch.nn.init.trunc_normal_(torch.empty(shape), 0.0, 0.02, -0.04, 0.04, generator)


def _orthogonal(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    import torch

    return torch.nn.init.orthogonal_(torch.empty(shape), generator=generator)


WEIGHTS: dict[str, Callable[[Shape, float, torch.Generator], Tensor]] = {
    f"{PREFIX}torch_default": _uniform(lambda m, n: n**-0.5),
    f"{PREFIX}xavier_uniform": _uniform(lambda m, n: (6 / (m + n)) ** 0.5),
    f"{PREFIX}kaiming_uniform": _uniform(lambda m, n: (6 / n) ** 0.5),
    f"{PREFIX}kaiming_normal": _normal(lambda m, n: (2 / n) ** 0.5),
    f"{PREFIX}lecun_normal": _normal(lambda m, n: n**-0.5),
    f"{PREFIX}normal_02": _normal(lambda m, n: 0.02),
    f"{PREFIX}trunc_normal_02": _truncated,
    f"{PREFIX}orthogonal": _orthogonal,
}


def bias(scenario: str, shape: Shape, generator: torch.Generator) -> Tensor:
    """Biases ``[out]`` of a start: uniform with PyTorch's default, else 0."""
    import torch

    if scenario == f"{PREFIX}torch_default":
        limit = shape[1] ** -0.5
        return torch.empty(shape[0]).uniform_(-limit, limit, generator=generator)
    return torch.zeros(shape[0])

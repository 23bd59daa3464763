"""Laws of the entries: independent, symmetric, with mean 0 and variance 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.studies.theory.one_layer import Entries, gaussian

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Law:
    """A law with its kurtosis, E A_ij^4."""

    name: str
    draw: Entries
    kurtosis: float | None
    """None when it is infinite."""


def uniform(m: int, n: int, generator: torch.Generator) -> Tensor:
    """Uniform on [-sqrt 3, sqrt 3]."""
    import torch

    return (torch.rand(m, n, generator=generator) * 2 - 1) * float(np.sqrt(3))


def sign(m: int, n: int, generator: torch.Generator) -> Tensor:
    """+1 or -1 with equal probability."""
    import torch

    return (torch.rand(m, n, generator=generator) < 0.5).float() * 2 - 1


def student_t3(m: int, n: int, generator: torch.Generator) -> Tensor:
    """Student's t with three degrees of freedom, over its standard deviation sqrt 3: tails fall like the cube."""
    import torch

    chi2 = sum(torch.randn(m, n, generator=generator).square_() for _ in range(3))
    assert isinstance(chi2, torch.Tensor)
    return torch.randn(m, n, generator=generator) / chi2.sqrt_()


def sparse(share: float, name: str = "") -> Law:
    """N(0, 1/share) with probability ``share``, otherwise 0."""

    def draw(m: int, n: int, generator: torch.Generator) -> Tensor:
        import torch

        kept = torch.rand(m, n, generator=generator) < share
        return torch.randn(m, n, generator=generator).mul_(kept).div_(share**0.5)

    return Law(name or f"share {share:g} not zero", draw, 3 / share)


GAUSSIAN = Law("Gaussian", gaussian, 3.0)
UNIFORM = Law("uniform", uniform, 9 / 5)
SIGN = Law("sign", sign, 1.0)
HALF = sparse(0.5, "half zero")
STUDENT_T3 = Law("t(3)", student_t3, None)

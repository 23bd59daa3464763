"""The same questions, asked of random layers of one shape: of Gaussian weights, and of its own in random places."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from netaudit.analyses.network.injectivity.payload import Decision, RandomTwin
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["gaussian", "permuted"]
KINDS: tuple[Kind, ...] = ("gaussian", "permuted")


def random_twins(
    weight: Tensor,
    seed: int,
    name: str,
    forward: Callable[[Tensor], Decision | None],
    shadow: Callable[[Tensor], Decision],
    condition: Callable[[Tensor], float | None],
) -> tuple[RandomTwin, ...]:
    """One draw of each kind.

    Args:
        weight: A ``[m, n]``.
        seed: the draws follow from it and the name.
        name: the layer's name.
        forward: decides for a weight in place of the layer's.
        shadow: the same for its shadow direction.
        condition: its condition number near real outputs.
    """
    import torch

    found = []
    for kind in KINDS:
        generator = devices.generator(seed, name, "injectivity", kind)
        wide = weight.double()
        if kind == "gaussian":
            drawn = torch.randn(wide.shape, generator=generator, dtype=torch.float64)
            drawn = drawn * wide.std(correction=0)
        else:
            drawn = wide.flatten()[torch.randperm(wide.numel(), generator=generator)].view_as(wide)
        one, other = forward(drawn), shadow(drawn)
        found.append(
            RandomTwin(
                kind=kind,
                forward=None if one is None else one.answer,
                forward_fewest=None if one is None else one.fewest_active,
                shadow=other.answer,
                shadow_fewest=other.fewest_active,
                condition=condition(drawn),
            )
        )
    return tuple(found)

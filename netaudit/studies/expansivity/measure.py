"""What is drawn, and the answer for one layer.

With few inputs every layer is decided by a search through all rays, so that the share of injective layers is measured.
With many, only a search for two inputs that collide is feasible: the share of layers without such a pair is an upper
bound on the share of injective ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from netaudit.geometry.injectivity.certificate import Domain
from netaudit.geometry.injectivity.decide import FLATS, injective
from netaudit.numerics import device as devices

How = Literal["decided", "searched"]


@dataclass(frozen=True)
class Cell:
    """Gaussian layers of one shape."""

    domain: Domain
    n: int
    """Inputs."""
    m: int
    """Rows."""
    draws: int
    how: How

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"{self.domain} {self.n} {self.m} {self.how}"


_RATIOS: dict[Domain, tuple[float, ...]] = {
    "all": (2, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 10, 12),
    "orthant": (1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 10),
}
_MANY_RATIOS: dict[Domain, tuple[float, ...]] = {
    "all": (3, 4, 4.5, 5, 5.5, 6, 6.5, 7, 8),
    "orthant": (1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6),
}
_FEW_INPUTS = {2: 1000, 3: 400, 4: 200, 6: 60}
"""Draws for each number of inputs."""
_MANY_INPUTS = {50: 20, 100: 20}
_DOMAINS: tuple[Domain, ...] = ("all", "orthant")
_QUICK = 2


def cells(quick: bool = False) -> tuple[Cell, ...]:
    """Every shape of the study; two of few inputs for a quick run."""
    few = [
        Cell(domain, n, round(ratio * n), draws, "decided")
        for domain in _DOMAINS
        for n, draws in _FEW_INPUTS.items()
        for ratio in _RATIOS[domain]
    ]
    many = [
        Cell(domain, n, round(ratio * n), draws, "searched")
        for domain in _DOMAINS
        for n, draws in _MANY_INPUTS.items()
        for ratio in _MANY_RATIOS[domain]
    ]
    if quick:
        return tuple(Cell(domain, 2, m, 40, "decided") for domain in _DOMAINS for m in (4, 10))
    return (*few, *many)


def work(cell: Cell) -> Iterator[dict[str, Any]]:
    """How many layers of a shape have each answer."""
    draw = devices.numpy_generator(0, "expansivity", cell.key)
    limit = 0 if cell.how == "searched" else FLATS
    answers = [
        injective(draw.standard_normal((cell.m, cell.n)), domain=cell.domain, seed=seed, limit=limit).answer
        for seed in range(cell.draws)
    ]
    yield {"cell": cell.key, "seed": 0, **{answer: answers.count(answer) for answer in ("yes", "no", "undecided")}}

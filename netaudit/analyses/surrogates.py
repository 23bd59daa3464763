"""A layer's own entries with a part of their structure destroyed: what is left of an effect says where it comes from.

Permuted entries keep the histogram and lose all structure: a layer that fails a law only by its heavy tails fails it
permuted as well. Random signs also keep which rows and columns are large. Both are made from A - mean(A): a shuffle
keeps a mean, and the mean alone makes a spike once |mean| / std > (mn)^(-1/4).

Sources: the permutation is the randomisation of parallel analysis (A. Buja and N. Eyuboglu, Multivariate Behav. Res.
27 (1992) 509); the signs, D. Hong, Y. Sheng and E. Dobriban, arXiv:2012.02985.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from netaudit.analyses.judging import null_of
from netaudit.numerics import device as devices
from netaudit.results.payload import Null
from netaudit.vocabulary import NullLevel

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["permuted", "signs"]
KINDS: tuple[Kind, ...] = ("permuted", "signs")

SIDE = 1024  # of the submatrix for ``quick``: a third of a second a layer, and Tracy-Widom's noise is 1 % of the edge
_DRAWS: dict[NullLevel, int] = {"none": 0, "quick": 1, "full": 10}


@dataclass(frozen=True)
class Surrogates:
    """Draws of both kinds from one layer, in units of its standard deviation; every call draws the same."""

    matrix: Tensor
    """The layer or its submatrix, ``[m, n]`` float32, mean 0 and variance 1."""
    shape: tuple[int, int] | None
    """Of ``matrix``, if it is not all of the layer."""
    draws: int
    seed: int
    name: str

    def of(self, kind: Kind) -> Iterator[Tensor]:
        """The draws of one kind, each a new tensor of mean 0 and variance 1."""
        import torch

        for index in range(self.draws):
            generator = devices.generator(self.seed, "surrogate", kind, str(index), self.name)
            if kind == "permuted":
                order = torch.randperm(self.matrix.numel(), generator=generator)
                drawn = self.matrix.reshape(-1)[order].reshape(self.matrix.shape)
            else:
                signs = torch.randint(0, 2, self.matrix.shape, generator=generator, dtype=torch.int8)
                drawn = standardise(self.matrix * (2 * signs - 1))
            yield drawn

    def nulls(self, own: Mapping[str, float], found: Mapping[Kind, Sequence[Mapping[str, float]]]) -> tuple[Null, ...]:
        """The figures of the draws, ``{kind: [{statistic: value}, ...]}``, as nulls, beside the layer's ``own``."""
        return tuple(
            null_of(
                kind,
                statistic,
                [drawn[statistic] for drawn in rows],
                own=None if self.shape is None else own[statistic],
                shape=self.shape,
            )
            for kind, rows in found.items()
            for statistic in own
        )


def surrogates(standardised: Tensor, level: NullLevel, seed: int, name: str) -> Surrogates | None:
    """What to draw from for a layer of mean 0 and variance 1; None for level ``none`` or a part that is constant."""
    import torch

    if level == "none":
        return None
    matrix, shape = standardised, None
    if level == "quick" and max(matrix.shape) > SIDE:
        generator = devices.generator(seed, "surrogate", "submatrix", name)
        rows, columns = (torch.randperm(side, generator=generator)[:SIDE].sort().values for side in matrix.shape)
        matrix = matrix[rows][:, columns]
        shape = (matrix.shape[0], matrix.shape[1])
        if not float(matrix.std()) > 0:
            return None
        matrix = standardise(matrix)
    return Surrogates(matrix, shape, _DRAWS[level], seed, name)


def standardise(matrix: Tensor) -> Tensor:
    """Mean 0 and variance 1, float32."""
    wide = matrix.double()  # no copy of a float64 matrix
    return (wide - wide.mean()).div_(wide.std(correction=0)).float()

"""The edge of the noise in a matrix whose rows and columns were scaled to unit mean square.

Scaling fits m + n numbers to the matrix, which takes a little of its largest singular value away. The level of the
noise is taken by the median rule, since weak signals move it little, and adds some chance of its own. Over Gaussian
``[m, n]`` matrices, so scaled and so measured, the Tracy-Widom score of the largest value (see :mod:`.tracy_widom`)
keeps the shape of its law, with the mean lower by up to two units. With p = min(m, n), N = max(m, n) and T ~ F1 the
score is about

    T - 7.53 (1 - 8.13 / p) p^-0.306 (N / p)^-0.188, with the spread of T 4 % wider around its mean.

The constants are netaudit's own fit to 55,000 scaled Gaussian matrices of 25 shapes from 32 x 32 to 2048 x 4096
(``python -m netaudit.studies.scaled_edge`` draws them again); the mean is met within 0.1 at every shape up to 512. The
plain law would be safe as well, and find fewer directions.
"""

from __future__ import annotations

from netaudit.numerics.laws import tracy_widom

LOWER = (7.53, 8.13, 0.306, 0.188)
"""Of the mean: factor, correction in 1 / p, and the powers of p and of N / p."""
SPREAD = 1.04
"""Of the score, in units of the Tracy-Widom law's."""
MEAN = -1.2065
"""Mean of the Tracy-Widom law F1 (F. Bornemann, Markov Process. Relat. Fields 16 (2010) 803, table 10)."""


def edge_square(m: int, n: int, level: float = tracy_widom.LEVEL) -> float:
    """Return the square that the largest singular value of a scaled Gaussian matrix exceeds with chance 1 - level.

    The noise has the level 1. The default ``level`` is that of every edge test here.
    """
    centre, scale = tracy_widom.centring(m, n)
    return float(centre + scale * (shift(m, n) + SPREAD * tracy_widom.quantile(level)))


def p_value(square: float, m: int, n: int) -> float:
    """Return how often the largest squared singular value of scaled noise of level 1 is larger than ``square``."""
    centre, scale = tracy_widom.centring(m, n)
    return tracy_widom.p_value(float(((square - centre) / scale - shift(m, n)) / SPREAD))


def shift(m: int, n: int) -> float:
    """Return what is added to ``SPREAD`` times a draw of the Tracy-Widom law."""
    p = max(min(m, n), 2)
    lower = LOWER[0] * max(1 - LOWER[1] / p, 0.0) * p ** -LOWER[2] * (max(m, n) / p) ** -LOWER[3]
    return float(-lower + MEAN * (1 - SPREAD))

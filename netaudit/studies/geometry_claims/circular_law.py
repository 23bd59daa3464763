"""Square matrices for the words of ``circular_law``: random ones, and ones with a plant.

:func:`noticed` is what the study calls; each line says what it draws and what counts as noticed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.recurrent.disc import circular_law
from netaudit.studies.geometry_claims.lines import Kind, Line

_ALARM, _OUTLIER, _DISC, _OTHER, _ORTHOGONAL = range(5)
_GAUSSIAN, _UNIFORM, _SHIFTED, _STUDENT, _ACROSS, _LOW_RANK, _ROTATION, _MODE = range(8)


def _line(kind: Kind, planted: str, strength: str, draws: int, *settings: float) -> Line:
    return Line("circular_law", kind, planted, strength, draws, settings)


def _alarm(kind: Kind, what: str, drawn: int, n: int, draws: int) -> Line:
    return _line(kind, f"“Not as random” or “orthogonal”: {what}", f"n = {n}", draws, _ALARM, drawn, n, 0)


def _across(kind: Kind, n: int, correlation: float) -> Line:
    planted = "“Not as random”: Gaussian entries, correlated with those across the diagonal"
    return _line(kind, planted, f"n = {n}, correlation {correlation:g}", 100, _OTHER, _ACROSS, n, correlation)


def _mode(kind: Kind, n: int, strength: float) -> Line:
    planted = "An eigenvalue beyond the disc: a Gaussian matrix plus a mode at so many radii"
    return _line(kind, planted, f"n = {n}, {strength:g} radii", 100, _OUTLIER, _MODE, n, strength)


LINES = (
    *(
        _alarm("false_alarm", "Gaussian entries", _GAUSSIAN, n, draws)
        for n, draws in ((32, 500), (64, 500), (128, 200))
    ),
    _alarm("false_alarm", "uniform entries, as PyTorch initialises", _UNIFORM, 64, 500),
    _alarm("false_alarm", "Gaussian entries whose mean is their standard deviation", _SHIFTED, 64, 500),
    _alarm("below", "entries of Student's t with 3 degrees, whose largest carry the scale", _STUDENT, 64, 200),
    *(
        _line("false_alarm", "An eigenvalue beyond the disc: Gaussian entries", f"n = {n}", draws,
              _OUTLIER, _GAUSSIAN, n, 0)
        for n, draws in ((32, 1000), (64, 1000))
    ),
    *(
        _line("power", "“Fills the disc”: Gaussian entries", f"n = {n}", 200, _DISC, _GAUSSIAN, n, 0)
        for n in (64, 128)
    ),
    *(_across("power", n, correlation) for n, correlation in ((32, 0.8), (64, 0.6), (128, 0.4))),
    *(_across("below", n, correlation) for n, correlation in ((32, 0.6), (64, 0.4), (128, 0.3))),
    _line("power", "“Not as random”: Gaussian noise plus a Gaussian matrix of rank n/4", "n = 128, norm 2", 100,
          _OTHER, _LOW_RANK, 128, 2),
    _line("power", "“Orthogonal”: a random rotation in float16", "n = 64", 100, _ORTHOGONAL, _ROTATION, 64, 0),
    *(_mode("power", 64, strength) for strength in (1.75, 2.5)),
    _mode("below", 64, 1.25),
)  # fmt: skip


def noticed(line: Line, seed: int) -> bool:
    """Whether the matrix got the word, or the outlier, that the line is about."""
    answer, drawn, n, strength = line.settings
    found = circular_law(matrix(int(drawn), int(n), strength, devices.numpy_generator(seed, line.key)))
    if answer == _OUTLIER:
        return found.outliers > 0
    words = {_ALARM: ("other", "orthogonal"), _DISC: ("circular",), _OTHER: ("other",), _ORTHOGONAL: ("orthogonal",)}
    return found.verdict in words[int(answer)]


def matrix(drawn: int, n: int, strength: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """One matrix ``[n, n]``; the disc of its Gaussian part has radius 1, or sqrt(n) where nothing is added."""
    gaussian = generator.standard_normal((n, n))
    if drawn == _UNIFORM:
        return generator.uniform(-1, 1, (n, n))
    if drawn == _SHIFTED:
        return gaussian + 1
    if drawn == _STUDENT:
        return generator.standard_t(3, (n, n))
    if drawn == _ACROSS:  # the correlation of a_ij and a_ji is 2 c / (1 + c^2) with what is added of the transpose
        return gaussian + gaussian.T * ((1 - math.sqrt(1 - strength**2)) / strength)
    if drawn == _ROTATION:
        return np.asarray(np.linalg.qr(gaussian)[0].astype(np.float16), dtype=np.float64)
    scaled = gaussian / math.sqrt(n)
    if drawn == _LOW_RANK:
        low_rank: NDArray[np.float64] = generator.standard_normal((n, n // 4)) @ generator.standard_normal((n // 4, n))
        return scaled + strength * low_rank / n
    if drawn == _MODE:
        direction = generator.standard_normal(n)
        return scaled + strength * np.outer(direction, direction) / float(direction @ direction)
    return gaussian

"""Layers for the answers of ``injectivity``: random ones beside laws and brute force, and planted ones."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch

from netaudit.analyses.network.injectivity.measure import decide
from netaudit.analyses.network.linear_regions.behaviour import Floats
from netaudit.geometry.injectivity.certificate import Answer, Domain
from netaudit.geometry.injectivity.laws import chance_injective
from netaudit.numerics import device as devices
from netaudit.studies.geometry_claims.lines import Kind, Line

_YES, _NO, _CONTRADICTED, _CONTRADICTED_ORTHANT, _OPPOSITE, _COPIES = range(6)
_FEW = "“yes” for a Gaussian layer, as often as the exact law says"
_OPEN = "“no” for a Gaussian layer of so many rows that nearly all are injective"
_BRUTE = "An answer that brute force over all rays contradicts, Gaussian layer on all inputs"
_BRUTE_ORTHANT = "An answer that brute force over all rays contradicts, Gaussian layer on inputs that are not negative"
_PAIRS = "“yes” for 50 inputs and 50 pairs of opposite rows"
_BENT = "“no” for 50 inputs and 50 pairs of rows that are opposite but for a relative error"
_TWINS = "“no” for 5 inputs and 40 rows that are copies of a few"
_WIDE = "“no” for a Gaussian layer of 100 inputs, below the threshold of large layers"


def _line(kind: Kind, planted: str, strength: str, draws: int, *settings: float, expected: float | None = None) -> Line:
    return Line("injectivity", kind, planted, strength, draws, settings, expected)


def _size(m: int, n: int) -> str:
    return f"{m} rows, {n} input{'s' if n > 1 else ''}"


_WORTH = ((4, 1), (6, 2), (8, 2), (10, 2))
LINES = (
    *(_line("rate", _FEW, _size(m, n), 1000, _YES, m, n, expected=chance_injective(m, n)) for m, n in _WORTH),
    *(_line("false_alarm", _OPEN, _size(m, n), 500, _NO, m, n) for m, n in ((20, 2), (36, 3), (48, 4))),
    *(_line("false_alarm", _BRUTE, _size(m, n), 300, _CONTRADICTED, m, n) for m, n in ((8, 2), (13, 3), (18, 4))),
    *(
        _line("false_alarm", _BRUTE_ORTHANT, _size(m, n), 300, _CONTRADICTED_ORTHANT, m, n)
        for m, n in ((6, 2), (9, 3), (12, 4))
    ),
    _line("power", _PAIRS, "", 100, _OPPOSITE, 0),
    *(_line("power", _BENT, f"{error:g}", 100, _OPPOSITE, error) for error in (1e-6, 1e-3, 0.1)),
    *(_line("power", _TWINS, f"{rows} different rows", 100, _COPIES, rows) for rows in (5, 8, 9)),
    *(_line("power", _WIDE, f"{m} rows", 50, _NO, m, 100) for m in (300, 400)),
    *(_line("below", _WIDE, f"{m} rows", 50, _NO, m, 100) for m in (500, 600)),
)


def noticed(line: Line, seed: int) -> bool:
    """Whether the answer is the one that the line is about."""
    draw = devices.numpy_generator(seed, line.key)
    plant, *settings = line.settings
    if plant == _OPPOSITE:
        weight = draw.standard_normal((50, 50))
        other = -weight * (1 + settings[0] * draw.standard_normal(weight.shape))
        return answer(np.concatenate([weight, other]), "all", seed) == ("no" if settings[0] else "yes")
    if plant == _COPIES:
        few = draw.standard_normal((int(settings[0]), 5))
        return answer(few[np.arange(40) % len(few)], "all", seed) == "no"
    m, n = map(int, settings)
    weight = draw.standard_normal((m, n))
    if plant in (_YES, _NO):
        return answer(weight, "all", seed) == ("yes" if plant == _YES else "no")
    domain: Domain = "orthant" if plant == _CONTRADICTED_ORTHANT else "all"
    found = answer(weight, domain, seed)
    return found != "undecided" and (found == "yes") != by_brute_force(weight, domain)


def answer(weight: Floats, domain: Domain, seed: int) -> Answer:
    """What an audit says of a layer without a bias."""
    return decide(torch.from_numpy(weight), None, domain, seed).answer


def by_brute_force(weight: Floats, domain: Domain) -> bool:
    """Whether a layer with rows in general position is injective: the slow, obvious way, in float64.

    The fewest rows are active in a cell beside a ray on which n - 1 rows, or walls of the orthant, are 0, on the side
    where these rows are negative; in general position the layer is injective exactly when that are n at least.

    >>> pentagon = [[np.cos(2 * np.pi * k / 5), np.sin(2 * np.pi * k / 5)] for k in range(5)]
    >>> by_brute_force(np.array(pentagon), "all"), by_brute_force(np.eye(2), "all")
    (True, False)
    """
    m, n = weight.shape
    planes = weight if domain == "all" else np.concatenate([weight, np.eye(n)])
    for subset in combinations(range(len(planes)), n - 1):
        ray = np.linalg.svd(planes[list(subset)])[2][-1]
        off = [row for row in range(m) if row not in subset]
        walls = [axis for axis in range(n) if m + axis not in subset]
        for v in (ray, -ray):
            if domain == "orthant" and (v[walls] < 0).any():
                continue
            if (weight[off] @ v > 0).sum() < n:
                return False
    return True

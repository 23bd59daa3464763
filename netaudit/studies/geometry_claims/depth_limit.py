"""Runs of square layers for the verdicts of ``depth_limit``: random ones, and ones that are near the identity.

:func:`noticed` is what the study calls; each line says what it draws and what counts as noticed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from netaudit.geometry import depth_limit
from netaudit.geometry.depth.identity import Likeness
from netaudit.numerics import device as devices
from netaudit.studies.geometry_claims.lines import Kind, Line

LAYERS = 3
"""Layers of each run, the fewest that are one."""
_ALARM, _RANDOM, _NEAR, _PERMUTED, _LEANING = range(5)
_GAUSSIAN, _LAPLACE, _STUDENT, _SHIFTED, _IDENTITY, _ORDER, _LEAN = range(7)
_SPECIAL: frozenset[Likeness] = frozenset(("near_identity", "near_permutation", "beyond_null"))


def _line(kind: Kind, planted: str, strength: str, draws: int, *settings: float) -> Line:
    return Line("depth_limit", kind, planted, strength, draws, settings)


def _false(what: str, drawn: int, width: int, draws: int) -> Line:
    planted = f"A layer near the identity or a permutation, or beyond the null, in a run of {LAYERS}: {what}"
    return _line("false_alarm", planted, f"width {width}", draws, _ALARM, drawn, width, 0)


def _near(kind: Kind, width: int, strength: float) -> Line:
    planted = f"All of {LAYERS} layers “near the identity”: I plus a Gaussian matrix of spectral norm about 2 c"
    return _line(kind, planted, f"width {width}, c = {strength:g}", 100, _NEAR, _IDENTITY, width, strength)


def _permuted(kind: Kind, width: int, strength: float) -> Line:
    planted = f"All of {LAYERS} layers “near a permutation”: a random permutation plus a Gaussian matrix"
    return _line(kind, planted, f"width {width}, c = {strength:g}", 100, _PERMUTED, _ORDER, width, strength)


def _leaning(kind: Kind, width: int, strength: float) -> Line:
    planted = f"All of {LAYERS} layers “beyond a random layer”: a Gaussian layer plus a I"
    return _line(kind, planted, f"width {width}, a = {strength:g}", 100, _LEANING, _LEAN, width, strength)


LINES = (
    *(_false("Gaussian layers", _GAUSSIAN, width, 500) for width in (8, 20, 64)),
    _false("Gaussian layers", _GAUSSIAN, 256, 200),
    _false("layers with Laplace entries", _LAPLACE, 64, 500),
    _false("layers with entries of Student's t with 3 degrees", _STUDENT, 64, 500),
    _false("Gaussian layers whose mean is their standard deviation", _SHIFTED, 64, 500),
    *(
        _line("power", f"All of {LAYERS} layers “as a random layer”: Gaussian layers", f"width {width}", 100,
              _RANDOM, _GAUSSIAN, width, 0)
        for width in (64, 128)
    ),
    *(_near("power", width, strength) for width in (64, 256) for strength in (0.05, 0.1, 0.2)),
    *(_near("below", 64, strength) for strength in (0.25, 0.3)),
    *(_permuted("power", 64, strength) for strength in (0.1, 0.2)),
    _permuted("below", 64, 0.25),
    *(_leaning("power", width, strength) for width, strength in ((64, 0.2), (256, 0.15))),
    _leaning("below", 64, 0.1),
)  # fmt: skip
_WANTED: dict[int, frozenset[Likeness]] = {
    _RANDOM: frozenset(("as_random",)),
    _NEAR: frozenset(("near_identity",)),
    _PERMUTED: frozenset(("near_permutation",)),
    _LEANING: frozenset(("beyond_null",)),
}


def noticed(line: Line, seed: int) -> bool:
    """Whether the run got the verdicts that the line is about."""
    answer, drawn, width, strength = line.settings
    generator = devices.generator(seed, line.key)
    layers = [(layer(int(drawn), int(width), strength, generator), None) for _ in range(LAYERS)]
    found = {each.likeness for each in depth_limit(layers, seed=seed).layers}
    return bool(found & _SPECIAL) if answer == _ALARM else found <= _WANTED[int(answer)]


def layer(drawn: int, width: int, strength: float, generator: torch.Generator) -> Tensor:
    """One layer ``[width, width]``, float64."""
    shape = (width, width)
    gaussian = torch.randn(shape, dtype=torch.float64, generator=generator)
    if drawn == _LAPLACE:
        return -gaussian.sign() * torch.rand(shape, dtype=torch.float64, generator=generator).neg().log1p()
    if drawn == _STUDENT:
        squares = torch.randn((3, *shape), dtype=torch.float64, generator=generator).square().mean(0)
        return gaussian / squares.sqrt()
    if drawn == _SHIFTED:
        return gaussian + 1
    scaled = gaussian / math.sqrt(width)
    eye = torch.eye(width, dtype=torch.float64)
    if drawn == _IDENTITY:
        return eye + strength * scaled
    if drawn == _ORDER:
        return eye[torch.randperm(width, generator=generator)] + strength * scaled
    return scaled + strength * eye if drawn == _LEAN else scaled

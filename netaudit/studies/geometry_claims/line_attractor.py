"""Recurrent cells for the verdict of ``rnn_fixed_points``: with a line of slow points, with others, and untrained.

:func:`noticed` is what the study calls; each line says what it draws. Noticed is the word "line attractor".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.cells.gru import GruCell
from netaudit.recurrent.cells.simple import SimpleCell
from netaudit.recurrent.judged import line_attractor
from netaudit.recurrent.nulls import at_initialisation
from netaudit.studies.geometry_claims.lines import Kind, Line

_PLANTED, _GRU, _TANH = range(3)
UNITS, INPUTS = 12, 3
SEQUENCES, LENGTH = 20, 40
STARTS = 30
NULLS = {_PLANTED: 1, _GRU: 3, _TANH: 3}
"""Draws of each null: three as in an audit, where a cell that is drawn at random stands beside others of its kind."""
CENTRE = 20.0
"""Every number of the state around which a planted cell moves: far above the kinks of ReLU, so that it is linear."""
_REST = 0.6
"""The eigenvalue of all other modes of a planted cell, whose time constant is 2 steps."""


def _planted(kind: Kind, draws: int, first: float, second: float, what: str) -> Line:
    given = f"time constants of {first:g}" + (f" and {second:g}" if second else "") + " sequences, all others 2 steps"
    return Line("rnn_fixed_points", kind, f"A ReLU cell of {UNITS} units with {what}", given, draws,
                (_PLANTED, first, second))  # fmt: skip


def _untrained(drawn: int, what: str) -> Line:
    return Line("rnn_fixed_points", "false_alarm", what, f"{UNITS} units, 3 draws of each null", 200, (drawn, 0, 0))


LINES = (
    _untrained(_GRU, "A GRU as PyTorch initialises it"),
    _untrained(_TANH, "A simple cell with tanh and a Gaussian recurrent matrix of spectral radius about 1"),
    _planted("false_alarm", 100, 0.1, 0, "one slow mode"),
    _planted("false_alarm", 100, 0.45, 0, "one slow mode"),
    _planted("false_alarm", 100, 1000, 1000, "two slow modes"),
    _planted("false_alarm", 100, 1000, 2, "two slow modes"),
    _planted("power", 100, 1000, 0, "one slow mode"),
    _planted("power", 100, 2, 0, "one slow mode"),
    _planted("power", 100, 2, 0.25, "two slow modes"),
    _planted("below", 100, 0.5, 0, "one slow mode"),
)


def noticed(line: Line, seed: int) -> bool:
    """Whether the cell is said to have a line attractor, at zero input."""
    drawn, first, second = line.settings
    generator = devices.generator(seed, line.key)
    cell = planted(first, second, generator) if drawn == _PLANTED else untrained(int(drawn), generator)
    inputs = torch.randn((SEQUENCES, LENGTH, INPUTS), dtype=torch.float64, generator=generator)
    found = line_attractor(
        cell,
        inputs,
        torch.zeros(INPUTS, dtype=torch.float64),
        initial=torch.full((UNITS,), CENTRE if drawn == _PLANTED else 0.0, dtype=torch.float64),
        starts=STARTS,
        draws=NULLS[int(drawn)],
        seed=seed,
    )
    return found.judged.verdict == "line_attractor"


def planted(first: float, second: float, generator: torch.Generator) -> RecurrentCell:
    """A cell with these time constants, in sequences; one that is 0 is left out."""
    modes = torch.linalg.qr(torch.randn((UNITS, UNITS), dtype=torch.float64, generator=generator))[0]
    values = torch.full((UNITS,), _REST, dtype=torch.float64)
    slow = [constant for constant in (first, second) if constant]
    for place, constant in enumerate(slow):
        values[place] = math.exp(-1 / (constant * LENGTH))
    matrix = modes @ torch.diag(values) @ modes.T
    pushes = torch.randn((INPUTS, len(slow)), dtype=torch.float64, generator=generator)
    noise = torch.randn((UNITS, INPUTS), dtype=torch.float64, generator=generator)
    inputs = 0.2 * modes[:, : len(slow)] @ pushes.T + 0.02 * noise
    centre = torch.full((UNITS,), CENTRE, dtype=torch.float64)
    bias: Tensor = centre - matrix @ centre  # so that the centre stands still at zero input
    return SimpleCell("planted", inputs, matrix, bias, activation="relu")


def untrained(drawn: int, generator: torch.Generator) -> RecurrentCell:
    """A cell that has not learned."""
    gates = 3 if drawn == _GRU else 1
    zeros = torch.zeros((gates * UNITS, UNITS), dtype=torch.float64)
    of_input, bias = zeros[:, :INPUTS], zeros[:, 0]
    if drawn == _GRU:
        return at_initialisation(GruCell("gru", of_input, zeros, bias, reset_bias=bias[:UNITS]), generator)
    recurrent = torch.randn((UNITS, UNITS), dtype=torch.float64, generator=generator) / math.sqrt(UNITS)
    given = torch.randn((UNITS, INPUTS), dtype=torch.float64, generator=generator) / math.sqrt(UNITS)
    return SimpleCell("tanh", given, recurrent, bias, activation="tanh")

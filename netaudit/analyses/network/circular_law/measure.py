"""The eigenvalues of each recurrent matrix beside those of Gaussian matrices; see :mod:`netaudit.recurrent`."""

from __future__ import annotations

import numpy as np

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.circular_law.payload import CircularLaws, MatrixLeftOut, RecurrentMatrix
from netaudit.analyses.network.rnn_fixed_points.sequences import place
from netaudit.errors import NetauditError
from netaudit.network.cells import Cell
from netaudit.recurrent.disc import LARGEST, circular_law
from netaudit.results.payload import curve_values, six_digits
from netaudit.text import printable

MOST_CELLS = 4
"""Cells that are looked at, as many as for their fixed points; the others are listed."""


def measure(context: NetworkContext) -> CircularLaws:
    """Look at the matrices of each cell, which of a lower layer first."""
    found: list[RecurrentMatrix] = []
    left_out: list[MatrixLeftOut] = []
    specs = sorted(context.network.cells, key=lambda spec: place(spec)[1])
    for at, spec in enumerate(specs):
        context.progress("eigenvalues of recurrent matrices", at, len(specs))
        why = ""
        if at >= MOST_CELLS:
            why = f"{MOST_CELLS} cells were looked at before"
        elif spec.hidden_size > LARGEST:
            why = f"it has more than {LARGEST} units, for which an audit has no time"
        if why:
            left_out.append(MatrixLeftOut(spec.name, "", why))
            continue
        try:
            cell = context.network.read_cell(spec)
        except NetauditError as error:
            left_out.append(MatrixLeftOut(spec.name, "", printable(str(error), 200)))
            continue
        _of_cell(cell, context.settings.seed, found, left_out)
    return CircularLaws(tuple(found), tuple(left_out))


def _of_cell(cell: Cell, seed: int, found: list[RecurrentMatrix], left_out: list[MatrixLeftOut]) -> None:
    for gate, of_gate in cell.gates.items():
        try:
            law = circular_law(of_gate.weight_hh.double().numpy(), seed=seed)
        except ValueError as error:
            left_out.append(MatrixLeftOut(cell.spec.name, gate, str(error)))
            continue
        null = law.gaussians
        found.append(
            RecurrentMatrix(
                cell=cell.spec.name,
                gate=gate,
                size=null.n,
                verdict=law.verdict,
                distance=six_digits(law.distance),
                noise=six_digits(null.noise),
                limit=six_digits(law.limit),
                normality=six_digits(law.normality),
                limits=(six_digits(law.limits[0]), six_digits(law.limits[1])),
                outliers=law.outliers,
                largest=six_digits(float(np.abs(law.eigenvalues[0]))),
                radius=six_digits(null.radius),
                real=law.real,
                real_of_gaussians=null.real,
                draws=null.draws,
                eigenvalues=(curve_values(law.eigenvalues.real), curve_values(law.eigenvalues.imag)),
            )
        )

"""Synthetic fixed points of recurrent cells."""

from __future__ import annotations

from netaudit.analyses.network.rnn_fixed_points.payload import (
    CellLeftOut,
    CellNull,
    CellPoints,
    DrawnCell,
    FixedPoint,
    HeldInput,
    Interval95,
    RnnFixedPoints,
)

LINE = (-1.0, 0.0, 1.0)
DRAWN = DrawnCell(
    states=((0.0, 1.0), (0.5, -0.5)),
    readout=(-1.0, 2.0),
    slow=(LINE, (0.0, 0.1, 0.0)),
    direction=((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    fixed=((0.0,), (0.1,)),
    stable=(True,),
    eigenvalues=((0.99, 0.5, 0.5), (0.0, 0.1, -0.1)),
    constants=(100.0, 1.4, 1.4),
    q=(0.1, 0.01, 1e-8),
)
NULLS = (
    CellNull("initialisation", 3, 0, 0.4, 3.0, 1.2),
    CellNull("shuffled", 3, 1, 0.95, 5.0, 1.1),
    CellNull("gaussian", 3, 3, None, None, None),
)


def held(verdict: str | None = "line_attractor", against: tuple[str, ...] = (), token: int | None = None) -> HeldInput:
    """Zeros with a verdict; the mean input or a token without."""
    return HeldInput(
        held="zero" if verdict else "mean" if token is None else "token",
        token=token,
        verdict=verdict,  # type: ignore[arg-type]
        against=against,
        starts=100,
        outside=1,
        slow=3,
        slower=2,
        fixed=1,
        stable=1,
        share=Interval95(0.98, 0.96, 0.99),
        slowest=Interval95(100.0, 90.0, 110.0),
        gap=Interval95(None, None, None),
        dimension=1.1,
        slow_modes=1.0,
        along_tangent=0.99,
        along_readout=0.9,
        nulls=NULLS if verdict else (),
        points=(FixedPoint(1e-15, 40, True, 0, (100.0, 1.4, 1.4), 1.6),),
        drawn=DRAWN,
        second=Interval95(1.4, 1.3, 1.5),
    )


def cell(name: str = "rnn.l0", verdict: str = "line_attractor", against: tuple[str, ...] = ()) -> CellPoints:
    """A GRU on real tokens."""
    of_cell = (held(verdict, against), held(None), held(None, token=7))
    return CellPoints(name, "gru", 64, 64, "tokens", "", 64, 60, 2.1, 0.8, "fc", of_cell)


def example(name: str = "rnn.l0", verdict: str = "line_attractor", against: tuple[str, ...] = ()) -> RnnFixedPoints:
    """One cell, and one that was left out."""
    return RnnFixedPoints((cell(name, verdict, against),), (CellLeftOut("other", "it is a projected LSTM"),))

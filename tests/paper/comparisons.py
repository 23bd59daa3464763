"""Comparisons for a bundle: the committed ones, and one whose names are an attack."""

import msgspec
from paper_reports import HOSTILE

from netaudit.comparing.payload import MetricChange, Rounding, VerdictChange
from netaudit.comparing.result import Comparison

COMMITTED = "reports/comparison/{}/compare.json"


def committed(name):
    return Comparison.from_json(COMMITTED.format(name))


def hostile(found, times=1):
    """Three networks; every text that comes from a file is an attack."""
    pair = found.pairs[0]
    layers = tuple(
        msgspec.structs.replace(layer, layer=name, other=name, rule=name, rounding=Rounding(name, 1.0))
        for _ in range(times)
        for layer, name in zip(pair.layers, HOSTILE, strict=True)
    )
    name = HOSTILE[0]
    pair = msgspec.structs.replace(
        pair,
        layers=layers,
        only_first=HOSTILE,
        replaced=HOSTILE[1:],
        notes=HOSTILE,
        verdicts=tuple(VerdictChange(each, each, "holds", each) for each in HOSTILE) * times,
        metrics=tuple(MetricChange(each, each, each, 1.0, 2.0, (0.5, 1.5)) for each in HOSTILE) * times,
    )
    sides = tuple(
        msgspec.structs.replace(found.sides[1], name=each, weights=each, notes=(each,), kind=each) for each in HOSTILE
    )
    return msgspec.structs.replace(
        found,
        sides=sides,
        pairs=(pair, msgspec.structs.replace(pair, second=2, word="unrelated")),
        settings={"seed": name},
        versions={"netaudit": name},
    )

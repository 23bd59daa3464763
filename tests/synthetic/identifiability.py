"""Which hidden neurons can be told from outside, made without torch."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.network.identifiability.payload import Identifiability, LayerIdentifiability

CAUSES = "d" * 10 + "m" * 4 + "a" * 6 + "t" * 2 + "o" * 2 + "n" + "f" * 3 + "i" * 72


def partly(name: str) -> LayerIdentifiability:
    """A hundred neurons with each cause among them."""
    counts = {"dead": 10, "muted": 4, "always_on": 6, "twins": 2, "opposite_twins": 2, "seen_off": 3, "seen_on": 1}
    rarer = (*(0.0,) * 20, *(i / 200 for i in range(80)))
    return LayerIdentifiability(
        name,
        "partly",
        **counts,
        identifiable=72,
        twin_pairs=1,
        opposite_pairs=1,
        parameters=1000,
        hidden_parameters=240,
        causes=CAUSES,
        rarer=rarer,
    )


def clear(name: str) -> LayerIdentifiability:
    """Forty neurons that are all identifiable."""
    rarer = tuple(i / 80 for i in range(40))
    return LayerIdentifiability(name, "identifiable", 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 4040, 960, "i" * 40, rarer)


def example(layers: Sequence[str] = ("fc1", "fc2", "fc3")) -> Identifiability:
    """A layer in which neurons are hidden, below one in which none is."""
    hidden = (partly(layers[0]), clear(layers[1]))
    return Identifiability("partly", hidden, "data", 0.0, 1.0, 200, 112 / 140, 5450, 1200)

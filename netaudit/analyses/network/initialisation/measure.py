"""The verdicts on all layers, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.layer.initialisation.payload import Initialisation
from netaudit.analyses.network.initialisation.payload import LayerStart, NetworkInitialisation, NetworkStart
from netaudit.analyses.network.initialisation.since import since
from netaudit.results.payload import NotApplicable


def measure(context: NetworkContext) -> NetworkInitialisation | NotApplicable:
    """Collect the layers' verdicts, and compare with the first weights where they are given."""
    found = {
        layer.name: payload
        for layer in context.layers
        if (payload := layer.payload("initialisation", Initialisation)) is not None
    }
    if not found:
        return NotApplicable("No layer was judged.")
    chosen = fewest({name: each.families for name, each in found.items() if each.verdict == "as_drawn"})
    families = tuple(dict.fromkeys(sorted(chosen.values(), key=lambda family: -list(chosen.values()).count(family))))
    return NetworkInitialisation(
        verdict=_verdict([each.verdict for each in found.values()]),
        family=families[0] if len(families) == 1 else None,
        families=families,
        p_adjusted=min(each.p_adjusted for each in found.values()),
        layers=tuple(
            LayerStart(name, each.verdict, chosen.get(name, each.family), each.p_adjusted)
            for name, each in found.items()
        ),
        since=None if context.first is None else since(context, context.first),
    )


def fewest(fitting: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """One family a layer, of those that fit it: the family that fits most layers first, then that of the rest.

    >>> fewest({"a": ["x", "y"], "b": ["z", "y"], "c": ["z"]})
    {'a': 'y', 'b': 'y', 'c': 'z'}
    """
    left, chosen = dict(fitting), dict[str, str]()
    while left:
        names = list(dict.fromkeys(name for fits in left.values() for name in fits))
        best = max(names, key=lambda name: sum(name in fits for fits in left.values()))
        chosen |= {layer: best for layer, fits in left.items() if best in fits}
        left = {layer: fits for layer, fits in left.items() if best not in fits}
    return {layer: chosen[layer] for layer in fitting}


def _verdict(verdicts: Sequence[str]) -> NetworkStart:
    told = {verdict for verdict in verdicts if verdict != "too_small"}
    if not told:
        return "too_small"
    if "trained" in told:
        return "trained" if told == {"trained"} else "partly_trained"
    return "as_drawn" if told == {"as_drawn"} else "unknown_start"

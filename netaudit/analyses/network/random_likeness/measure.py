"""The ladder of nulls over all layers of a network."""

from __future__ import annotations

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.layer.random_likeness.payload import RUNGS, RandomLikeness, RungOrUndecided
from netaudit.analyses.network.random_likeness.payload import NetworkRandomLikeness
from netaudit.results.payload import NotApplicable, six_digits


def measure(context: NetworkContext) -> NetworkRandomLikeness | NotApplicable:
    """Summarise what was found of each layer."""
    found = [
        (payload.set_aside.left(*layer.shape), payload)
        for layer in context.layers
        if (payload := layer.payload("random_likeness", RandomLikeness)) is not None
    ]
    if not found:
        return NotApplicable("No layer was compared with random matrices.")
    payloads = [payload for _, payload in found]
    order: tuple[RungOrUndecided, ...] = (*RUNGS, "undecided")
    rung = max((payload.rung for payload in payloads), key=order.index)
    counts = [payload.directions for payload in payloads if payload.directions is not None]
    with_share = [
        (weights, payload.random_like_share, payload.interval or (payload.random_like_share,) * 2)
        for weights, payload in found
        if payload.random_like_share is not None
    ]
    weights = sum(each for each, _, _ in with_share)
    random_like = sum(each * share for each, share, _ in with_share)
    total = context.network.parameters_total
    return NetworkRandomLikeness(
        rung=rung,
        directions=sum(counts) if len(counts) == len(payloads) else None,
        random_like_share=six_digits(random_like / weights) if weights else None,
        interval=(
            six_digits(sum(each * ends[0] for each, _, ends in with_share) / weights),
            six_digits(sum(each * ends[1] for each, _, ends in with_share) / weights),
        )
        if weights and any(payload.interval for payload in payloads)
        else None,
        share_of_parameters=six_digits(min(1.0, random_like / total)) if weights and total else None,
        layers={name: n for name in order if (n := sum(payload.rung == name for payload in payloads))},
        not_judged=len(context.layers) - len(found),
    )

"""What the study says, as it came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from netaudit.studies.harness.intervals import mean_interval
from netaudit.text import NONE, count, interval, number, percent

Json = Mapping[str, Any]
Networks = Sequence[Json]

KINDS = {"GRU": "GRU", "LSTM": "LSTM", "RNN": "tanh", "UGRNN": "UGRNN"}
SOURCES = {"sentences": "sentences", "imdb": "reviews"}
VERDICTS = {
    "line_attractor": "line attractor",
    "point_attractors": "point attractors",
    "single_fixed_point": "single fixed point",
    "undecided": "undecided",
}
NULLS = {"initialisation": "at initialisation", "shuffled": "shuffled entries", "gaussian": "Gaussian entries"}
_AGAINST = {
    "no_points": "no slow point was found",
    "share": "the slow points do not lie on one axis",
    "slowest": "the slowest mode fades within half a text",
    "gap": "the next mode is nearly as slow",
    "forgets": "the slowest mode fades within a tenth of a text",
}


def spread(values: Iterable[float | None], shown: Callable[[float | None], str] | None = None) -> str:
    """The mean over networks with its 95 % interval; of one network the value.

    >>> spread([1.0, 2.0, 3.0]), spread([0.5]), spread([None])
    ('2 [−0.484, 4.48]', '0.5', '–')
    """
    known = [value for value in values if value is not None]
    one = shown or (lambda value: number(value, 3))
    if len(known) < 2:
        return one(known[0]) if known else NONE
    mean, ends = mean_interval(known)
    low, high = ends
    return f"{one(mean)} {interval(ends) if shown is None else f'[{one(low)}, {one(high)}]'}"


def shares(values: Iterable[float | None]) -> str:
    """The same of shares, whose interval ends at 100 % at the latest.

    >>> shares([0.5, 0.7])
    '60% [0%, 100%]'
    """
    return spread(values, lambda value: percent(None if value is None else min(1.0, max(0.0, value))))


def verdicts(found: Sequence[str]) -> str:
    """How many networks have each verdict.

    >>> verdicts(["undecided", "line_attractor", "undecided"])
    '1 line attractor, 2 undecided'
    """
    counts = Counter(found)
    return ", ".join(f"{number(counts[word])} {told}" for word, told in VERDICTS.items() if counts[word])


def conclusion(data: Json) -> tuple[str, ...]:
    """The sentences at the top."""
    networks: Networks = data["networks"]
    if not networks:
        return ("No network that reads texts was trained.",)
    return (
        _lines(networks),
        _why_not(networks),
        _axis(networks),
        _filled(networks),
        _readout(networks),
        _order(networks),
        _start(networks),
        *([_tasks(data["tasks"])] if data["tasks"] else []),
    )


def _lines(networks: Networks) -> str:
    parts = []
    for kind, named in KINDS.items():
        own = [network for network in networks if network["kind"] == kind]
        if own:
            hits = sum(network["zero"]["verdict"] == "line_attractor" for network in own)
            parts.append(f"{named} {number(hits)} of {number(len(own))}")
    hits = sum(network["zero"]["verdict"] == "line_attractor" for network in networks)
    at_mean = sum(network["mean"]["verdict"] == "line_attractor" for network in networks)
    return (
        f"By the rule of netaudit {number(hits)} of {count(len(networks), 'network')} that learned to tell good "
        f"reviews from bad ones have a line attractor while the input is held at zeros ({', '.join(parts)}), and "
        f"{number(at_mean)} while it is held at the mean word."
    )


def _why_not(networks: Networks) -> str:
    others = [network["zero"] for network in networks if network["zero"]["verdict"] != "line_attractor"]
    if not others:
        return "No network failed one of the rule's parts."
    parts = [
        f"{told} in {number(hits)}"
        for code, told in _AGAINST.items()
        if (hits := sum(any(found.rstrip("?") == code for found in one["against"]) for one in others))
    ]
    beside = sum(any("_of_" in found for found in one["against"]) for one in others)
    return (
        f"What stands against it in the {number(len(others))} others: {'; '.join(parts) or 'nothing of its own'}; in "
        f"{number(beside)} a network that has not learned goes as far in some figure."
    )


def _axis(networks: Networks) -> str:
    known = [network["zero"]["evidence"] for network in networks if network["zero"]["evidence"]]
    share = shares(one["share"][0] for one in known)
    slowest = spread(one["slowest"][0] for one in known)
    gap = spread(one["gap"][0] for one in known)
    return (
        f"Their slow points have {share} of their variance on one axis; the slowest mode takes {slowest} lengths of "
        f"a text to fade by a factor of e (the rule asks for 0.5), and is {gap} times as slow as the next (it asks "
        "for 2)."
    )


def _filled(networks: Networks) -> str:
    known = [network for network in networks if network["zero"]["points"]]
    chains = sum(network["zero"]["evidence"]["stable"] > 1 for network in known)
    holes, loose = (
        shares(one["points"]["largest_hole"] for one in part if one["points"])
        for part in ([network["zero"] for network in known], [network["loose"] for network in known])
    )
    return (
        f"The line holds two stable points or more in {number(chains)} of {count(len(known), 'network')} with slow "
        f"points. The longest hole between neighbours takes {holes} of its length ({loose} where points count as slow "
        "up to q = 5 × 10⁻⁵): with a large hole it is a chain of points, with a small one a continuum."
    )


def _readout(networks: Networks) -> str:
    points = [network["zero"]["points"] for network in networks if network["zero"]["points"]]
    alone = [network["zero"]["linear"] for network in networks if network["zero"]["linear"]]
    return (
        f"Readout and slow direction have |cos| {spread(one['readout_alignment'] for one in points)}. A word "
        f"moves the state along it as the bag of words weighs it, by a rank correlation of "
        f"{spread(one['selectivity'] for one in alone)}, and the sum of these moves over a text tells "
        f"{shares(one['integration'] for one in alone)} of the variance of the network's answer."
    )


def _order(networks: Networks) -> str:
    plain, mixed = (
        shares(one) for one in ([n["accuracy"] for n in networks], [n["shuffled"]["accuracy"] for n in networks])
    )
    hits = sum(network["shuffled"]["verdict"] == "line_attractor" for network in networks)
    r2 = shares(network["shuffled"]["r2"] for network in networks)
    return (
        f"Words in random order leave the accuracy at {mixed}, from {plain}, and {r2} of the variance of the answers; "
        f"searched from the states along such texts, {count(hits, 'network')} have a line attractor."
    )


def _start(networks: Networks) -> str:
    hits = sum(network["untrained"]["verdict"] == "line_attractor" for network in networks)
    known = [network["untrained"]["evidence"] for network in networks if network["untrained"]["evidence"]]
    alone = [network["untrained"]["linear"] for network in networks if network["untrained"]["linear"]]
    return (
        f"Before training, {count(hits, 'network')} have one: the slowest mode takes "
        f"{spread(one['slowest'][0] for one in known)} lengths of a text, and the rank correlation with the bag of "
        f"words is {spread(one['selectivity'] for one in alone)}."
    )


def _tasks(tasks: Networks) -> str:
    right = sum(expected(task) for task in tasks)
    return f"Of {count(len(tasks), 'network')} on tasks with known answers, {number(right)} have the right one."


def expected(task: Json) -> bool:
    """Whether a network on a task with a known answer has it."""
    stable = task["evidence"]["stable"] if task["evidence"] else 0
    match task["task"]:
        case "flip_flop":
            return task["verdict"] == "point_attractors" and stable == 8
        case "integrator":
            return bool(task["verdict"] == "line_attractor")
        case _:
            return bool(task["verdict"] != "line_attractor")

"""What the study says, as it came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Any

from netaudit.studies.harness.intervals import mean_interval
from netaudit.text import NONE, count, number, percent

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
_PARTS = {
    "no_points": "there are slow points",
    "share": "they lie on one axis",
    "slowest": "the slowest mode lasts half a text",
    "forgets": "it lasts a tenth of a text",
    "gap": "the next mode is twice as fast",
    "second": "the next mode lasts less than half a text",
}


def spread(
    values: Iterable[float | None],
    ends: tuple[float, float] = (-inf, inf),
    shown: Callable[[float | None], str] = lambda value: number(value, 3),
) -> str:
    """The mean over networks with its 95 % interval, cut where no value can lie; of one network the value.

    >>> spread([1.0, 2.0, 3.0]), spread([1.0, 2.0, 3.0], (0, 9)), spread([0.5]), spread([None])
    ('2 [−0.484, 4.48]', '2 [0, 4.48]', '0.5', '–')
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return shown(known[0]) if known else NONE
    mean, (low, high) = mean_interval(known)
    return f"{shown(mean)} [{shown(max(low, ends[0]))}, {shown(min(high, ends[1]))}]"


def shares(values: Iterable[float | None]) -> str:
    """The same of shares.

    >>> shares([0.5, 0.7])
    '60% [0%, 100%]'
    """
    return spread(values, (0, 1), percent)


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
        for code, told in _PARTS.items()
        if (hits := sum(any(found.rstrip("?") == code for found in one["against"]) for one in others))
    ]
    beside = sum(any("_of_" in found for found in one["against"]) for one in others)
    return (
        f"These parts of the rule fail in the {number(len(others))} others, or are left open by their interval: "
        f"{'; '.join(parts) or 'none'}. In {number(beside)} a cell that has not learned goes as far in some figure."
    )


def by_kind(networks: Networks, get: Callable[[Json], float | None], shown: Callable[[float | None], str]) -> str:
    """The mean of a figure over the networks of each kind in which it is known."""
    parts = []
    for kind, told in KINDS.items():
        known = [value for value in map(get, (n for n in networks if n["kind"] == kind)) if value is not None]
        if known:
            parts.append(f"{told} {shown(sum(known) / len(known))}")
    return ", ".join(parts) or NONE


def _two(value: float | None) -> str:
    return number(value, 2)


def _axis(networks: Networks) -> str:
    def of(name: str) -> Callable[[Json], float | None]:
        return lambda one: one["zero"]["evidence"][name][0] if one["zero"]["evidence"] else None

    return (
        f"In the mean, the slow points have this much of their variance on one axis: "
        f"{by_kind(networks, of('share'), percent)} (the rule asks for 90%). The slowest mode takes "
        f"{by_kind(networks, of('slowest'), _two)} lengths of a text to fade by a factor of e (0.5), and is "
        f"{by_kind(networks, of('gap'), _two)} times as slow as the next (2), which takes "
        f"{by_kind(networks, of('second'), _two)} lengths of a text (less than 0.5)."
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
    def alone(name: str) -> Callable[[Json], float | None]:
        return lambda one: one["zero"]["linear"][name] if one["zero"]["linear"] else None

    def angle(one: Json) -> float | None:
        return one["zero"]["points"]["readout_alignment"] if one["zero"]["points"] else None

    return (
        f"Does the slowest mode add up valence? How far each word moves the state along it, and what the bag of words "
        f"gives the word, have a rank correlation of {by_kind(networks, alone('selectivity'), _two)}; the sum of these "
        f"moves over a text tells {by_kind(networks, alone('integration'), percent)} of the variance of the network's "
        f"answer; and |cos| of readout and slow direction is {by_kind(networks, angle, _two)}."
    )


def _order(networks: Networks) -> str:
    hits = sum(network["shuffled"]["verdict"] == "line_attractor" for network in networks)
    return (
        f"Words in random order: the accuracy goes from {by_kind(networks, lambda n: n['accuracy'], percent)} to "
        f"{by_kind(networks, lambda n: n['shuffled']['accuracy'], percent)}, and the answers share "
        f"{by_kind(networks, lambda n: n['shuffled']['r2'], percent)} of their variance; searched from the states "
        f"along such texts, {count(hits, 'network')} of {number(len(networks))} have a line attractor."
    )


def _start(networks: Networks) -> str:
    def slowest(one: Json) -> float | None:
        return one["untrained"]["evidence"]["slowest"][0] if one["untrained"]["evidence"] else None

    def selective(one: Json) -> float | None:
        return one["untrained"]["linear"]["selectivity"] if one["untrained"]["linear"] else None

    hits = sum(network["untrained"]["verdict"] == "line_attractor" for network in networks)
    return (
        f"Before training {number(hits)} of {count(len(networks), 'network')} have one: the slowest mode takes "
        f"{by_kind(networks, slowest, _two)} lengths of a text, and the rank correlation with the bag of words is "
        f"{by_kind(networks, selective, _two)}."
    )


def _tasks(tasks: Networks) -> str:
    right = sum(expected(task) for task in tasks)
    wrong = [task["task"] for task in tasks if not expected(task)]
    lines = sum(name in ("two_integrators", "last_word") for name in wrong)
    return f"Of {count(len(tasks), 'network')} on tasks with known answers, {number(right)} have the right one" + (
        f"; {number(lines)} without a line is called one." if lines else "."
    )


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

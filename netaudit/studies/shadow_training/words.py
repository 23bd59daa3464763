"""What the study amounts to, in sentences made from its numbers alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netaudit.studies.shadow_training.comparisons import Comparison, at_the_end, comparisons, distinct
from netaudit.text import NONE, count, number

Data = Mapping[str, Any]
Comparisons = Mapping[tuple[str, str], Comparison]

WIDE = 10.0  # points between two seeds of one arm: a run that has hardly left chance beside one that has learnt


def points(difference: float | None) -> str:
    """A difference of shares in percentage points, with its sign.

    >>> points(-0.0123), points(0.004), points(None)
    ('−1.23', '+0.40', '–')
    """
    return NONE if difference is None else f"{100 * difference:+.2f}".replace("-", "−")


def with_interval(difference: Mapping[str, Any]) -> str:
    """A paired difference and half its interval, in points.

    >>> with_interval({"mean": -0.0123, "low": -0.02, "high": -0.0046})
    '−1.23 ± 0.77'
    """
    return f"{points(difference['mean'])} ± {50 * (difference['high'] - difference['low']):.2f}"


def style(sign: int | None) -> Any:
    """The style of a difference: as a verdict where it is clear, plain elsewhere."""
    return {-1: "holds", 0: "plain", 1: "fails"}[sign or 0]


def stem(name: str) -> str:
    """The name of a setting in that of a figure's file.

    >>> stem("MNIST, 1,000 labels, no dropout")
    'mnist_1_000_labels_no_dropout'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def wide_seeds(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """A warning where the seeds of some arm end more than ten points apart; empty where none do.

    >>> wide_seeds({"plain": {"errors": [0.49, 0.51]}, "shadow": {"errors": [0.61, 0.82]}})
    'The outcome hangs on the seed: test errors of 49.0 to 51.0% for plain, 61.0 to 82.0% for shadow.'
    """
    ends = {arm: (100 * min(found["errors"]), 100 * max(found["errors"])) for arm, found in arms.items()}
    if all(high - low <= WIDE for low, high in ends.values()):
        return ""
    shown = ", ".join(f"{low:.1f} to {high:.1f}% for {arm}" for arm, (low, high) in ends.items())
    return f"The outcome hangs on the seed: test errors of {shown}."


def verdict(data: Data) -> str:
    """The study's conclusion in plain words. A difference is clear where it stays so after correction."""
    found = comparisons(data)
    helps, harms = _places(found, "plain", -1), _places(found, "plain", 1)
    total = sum(base == "plain" for _, base in found)
    if not total:
        return "There is no complete setting yet."
    counted = f" Clear: after correction for all {count(distinct(found), 'comparison')} with its controls."
    if not helps:
        return (
            f"Shadow training does not help: in {_of(0, total)} its test error is clearly below that of plain training"
            + (f", and in {_of(len(harms), total)} it is clearly above." if harms else ".")
            + counted
        )
    own = [name for name in helps if all(_sign(found, name, base) == -1 for base in ("repeat", "random"))]
    better = [name for name in helps if any(_sign(found, name, base) == 1 for base in ("noise", "mixup"))]
    first = f"Shadow training clearly lowers the test error of plain training in {_of(len(helps), total)}"
    first += f" and raises it in {len(harms)}. " if harms else ". "
    second = (
        f"In {len(own)} of these the gain is the shadow's own: it is also clearly ahead of the same points again and "
        "of shadows through independent matrices, each at the best step size of its list. "
    )
    third = (
        f"In {len(better)} of these Gaussian noise or mixup, at the same cost, is clearly ahead of it."
        if better
        else "Neither Gaussian noise nor mixup, at the same cost, is clearly ahead of it there."
    )
    return first + second + third + counted


def cautions(data: Data) -> Iterator[str]:
    """What a reader must know of the comparisons: controls that are the same, and rates at the end of their list."""
    found = comparisons(data)
    for entry in found.values():
        if entry.same_as:
            yield (
                f"{entry.setting}: the runs of {entry.base} are those of {entry.same_as}, bit for bit, and the "
                "comparison is counted once."
            )
    ends = {setting["name"]: at_the_end(setting) for setting in data["settings"]}
    places = [name for name, arms in ends.items() if arms]
    if places:
        yield (
            f"In {len(places)} of {count(len(ends), 'setting')} the best rate of at least one arm lies at an end of "
            "its list, and a better one may lie beyond it; the sections name them."
        )


def rates_at_the_end(setting: Data) -> str:
    """Which arms of a setting have their best rate at an end of the list; empty for none."""
    arms = at_the_end(setting)
    verb = "lies" if len(arms) == 1 else "lie"
    return (
        f"The best rate of {', '.join(arms)} {verb} at an end of the list: a better one may lie beyond." if arms else ""
    )


def findings(data: Data) -> Iterator[str]:
    """One sentence for each question of the study."""
    for base, words in (
        ("plain", "plain training"),
        ("repeat", "the same real points again (the control for the step size)"),
        ("random", "shadows through an independent random matrix"),
        ("noise", "Gaussian noise of the norm of the input"),
        ("mixup", "mixup"),
    ):
        yield from _compared(data, "shadow", base, f"Shadows against {words}")
    yield from _compared(data, "shadow+noise", "noise", "Shadows on top of noise, against noise alone")
    yield from _compared(data, "shadow+mixup", "mixup", "Shadows on top of mixup, against mixup alone")
    yield from _compared(
        data,
        "shadow signed",
        "shadow",
        "Shadows of centred pixels without the ReLU at the input, against those with it",
    )
    for sweep in data["sweep"]:
        yield _swept(sweep)
    for variants in data["variants"]:
        yield _varied(variants)
    yield from _followed(data)


def _swept(sweep: Data) -> str:
    worst, best = (f(sweep["rows"], key=lambda row: row["mean"]) for f in (max, min))
    places = [f"ρ = {number(row['rho'])}, weight {number(row['weight'])}" for row in (best, worst)]
    harmful = sum(row["against"]["sign"] > 0 for row in sweep["rows"])
    return (
        f"{sweep['setting']}: over ρ and the weight, the best is {places[0]} ({points(best['against']['mean'])} points "
        f"from plain), the worst {places[1]} ({points(worst['against']['mean'])}); {harmful} of "
        f"{len(sweep['rows'])} are clearly worse than plain training."
    )


def _varied(variants: Data) -> str:
    clear = [row for row in variants["rows"] if row["against"]["sign"]]
    told = ", ".join(f"{row['variant']} {with_interval(row['against'])}" for row in clear)
    return f"{variants['setting']}: of {len(variants['rows'])} other shadows, " + (
        f"these differ clearly on held-out points from those as they are: {told}."
        if clear
        else "none differs clearly on held-out points from those as they are."
    )


def _followed(data: Data) -> Iterator[str]:
    found = [s["tracking"]["correlations"]["test"] for s in data["settings"] if s["tracking"]]
    if found:
        levels, changes = ([f[key] for f in found if f[key] is not None] for key in ("levels", "changes"))
        yield (
            "The error on shadows follows the error on real test points from epoch to epoch: their correlation is "
            f"{_span(levels)} over the settings; that of their changes, which a common fall does not make, is "
            f"{_span(changes)}."
        )


def _compared(data: Data, arm: str, base: str, words: str) -> Iterator[str]:
    entries = _against(data, arm, base)
    if not entries:
        return
    corrected = [each.sign for (_, other), each in comparisons(data).items() if arm == "shadow" and other == base]
    signs = corrected or [entry["sign"] for entry in entries]
    lower, same, higher = (signs.count(sign) for sign in (-1, 0, 1))
    means = [entry["mean"] for entry in entries]
    how = "" if corrected else " (by 95% intervals, not corrected for their number)"
    yield (
        f"{words}: clearly fewer errors in {lower} of {count(len(entries), 'setting')}, clearly more in {higher}, no "
        f"clear difference in {same}{how}; {points(min(means))} to {points(max(means))} points."
    )


def _against(data: Data, arm: str, base: str) -> list[Data]:
    return [
        entry
        for setting in data["settings"]
        for entry in setting["against"]
        if (entry["arm"], entry["base"]) == (arm, base)
    ]


def _places(found: Comparisons, base: str, sign: int) -> list[str]:
    return [name for (name, other), entry in found.items() if other == base and entry.sign == sign]


def _sign(found: Comparisons, name: str, base: str) -> int:
    return found[name, base].sign if (name, base) in found else 0


def _of(n: int, total: int) -> str:
    return f"{n} of {count(total, 'setting')}"


def _span(values: Sequence[float]) -> str:
    return NONE if not values else " to ".join(dict.fromkeys(number(end, 2) for end in (min(values), max(values))))

"""What the analyses that are no claims answer of a layer: the ladder of nulls, and the test of the initialisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netaudit.results.payload import NotApplicable

if TYPE_CHECKING:
    from netaudit.analyses.context import LayerContext

Answer = dict[str, Any]
"""``{answer, count, intervals}``: the word, how many directions were found, and the intervals by statistic, each
``{value, interval, level}``."""

PROFILE = "profile_"
"""Before the verdict on a layer's own variance profile."""

NO_ANSWER = "not_applicable"


def ladder(context: LayerContext) -> Answer:
    """The rung, with the number of directions where it is that one: ``directions 3``.

    Where there are no unit scales, what the law of the variance profile says: ``profile_follows``.
    """
    from netaudit.analyses.layer.random_likeness.measure import measure

    found = measure(context)
    if isinstance(found, NotApplicable):
        return {"answer": NO_ANSWER, "count": 0, "intervals": {}}
    counts = [rung.directions or 0 for rung in found.rungs if rung.name == "directions"]
    intervals = {}
    if found.spacing_interval is not None:
        intervals["spacing_ratio"] = _interval(found.spacing_ratio, found.spacing_interval, 0.95)
    if found.interval is not None:
        intervals["random_like_share"] = _interval(found.random_like_share, found.interval, None)
    word = f"directions {found.directions}" if found.rung == "directions" else found.rung
    profile = found.variance_profile
    if profile is not None and profile.components is not None:
        word = f"{PROFILE}{profile.verdict}"
    return {"answer": word, "count": sum(counts), "intervals": intervals}


def initialisation(context: LayerContext) -> Answer:
    """The verdict."""
    from netaudit.analyses.layer.initialisation.measure import measure

    found = measure(context)
    word = NO_ANSWER if isinstance(found, NotApplicable) else found.verdict
    return {"answer": word, "count": 0, "intervals": {}}


def _interval(value: float | None, ends: tuple[float, float], level: float | None) -> dict[str, Any]:
    return {"value": value, "interval": list(ends), "level": level}


ANSWERS: dict[str, Callable[[LayerContext], Answer]] = {"random_likeness": ladder, "initialisation": initialisation}


def is_wanted(answer: str, wanted: tuple[str, ...]) -> bool:
    """Whether an answer is one of those, ``directions`` standing for any number of them.

    >>> is_wanted("directions 3", ("directions",)), is_wanted("directions 3", ("directions 4",))
    (True, False)
    """
    return answer in wanted or answer.partition(" ")[0] in wanted

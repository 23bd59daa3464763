"""What a name may have been mistyped for."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

ALIKE = 0.6
"""Of difflib's ratio, from which on two names count as alike: its own default."""
_MOST = 20_000  # names that are compared


def near(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Those of the known names that are like a name or a glob, the most alike first, and then those that hold it.

    Upper and lower case are the same, each comes once, and names that are equally alike keep their order.

    >>> near("fc7", ["classifier.fc6", "classifier.fc7"]), near("Gausian", ["gaussian", "gaussian"])
    (['classifier.fc7'], ['gaussian'])
    """
    asked = name.lower().strip("*")
    by_lower = {each.lower(): each for each, _ in zip(known, range(_MOST), strict=False)}
    compare = SequenceMatcher(None, "", asked)
    ratios = {}
    for each in by_lower:
        compare.set_seq1(each)
        if compare.real_quick_ratio() >= ALIKE and compare.quick_ratio() >= ALIKE:
            ratios[each] = compare.ratio()
    alike = sorted((each for each in ratios if ratios[each] >= ALIKE), key=lambda each: -ratios[each])
    holding = (each for each in by_lower if len(asked) > 1 and asked in each)
    return [by_lower[each] for each in dict.fromkeys((*alike, *holding))][:most]

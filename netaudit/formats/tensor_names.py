"""Names with slashes, as JAX and TensorFlow have them, in the one form that names take here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable


def dotted(name: str) -> str:
    """The name with dots between its parts, and without the number of a TensorFlow output.

    >>> dotted("model/dense_1/kernel:0"), dotted("fc.weight")
    ('model.dense_1.kernel', 'fc.weight')
    """
    return re.sub(r":\d+$", "", name).strip("/").replace("/", ".") or name


def dotted_names(names: Iterable[str]) -> dict[str, str]:
    """New names by the old ones; names that would be the same stay as they are."""
    new = {name: dotted(name) for name in names}
    often = Counter(new.values())
    return {name: name if often[other] > 1 else other for name, other in new.items()}

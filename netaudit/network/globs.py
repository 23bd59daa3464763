"""Globs of layer names, as ``--layers`` and ``--exclude`` take them.

Brackets stand for a choice of characters, as in a shell, and also for themselves, since the gates of recurrent cells
have them in their names: ``rnn.weight_hh_l0[forget]``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a name matches one of the globs, upper and lower case apart.

    >>> matches("rnn.weight_hh_l0[forget]", ["*[forget]"]), matches("fc6", ["fc[67]"]), matches("fc8", ["fc[67]"])
    (True, True, False)
    """
    return any(fnmatchcase(name, glob) or fnmatchcase(name, glob.replace("[", "[[]")) for glob in globs)

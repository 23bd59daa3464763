"""Globs of layer names, as ``--layers`` and ``--exclude`` take them: ``*`` and ``?``, and nothing else.

A bracket stands for itself, since names have them: ``rnn.weight_hh_l0[forget]``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a name matches one of the globs, upper and lower case apart.

    >>> matches("rnn.weight_hh_l0[forget]", ["*[forget]"]), matches("a", ["[abc]"])
    (True, False)
    """
    return any(fnmatchcase(name, glob.replace("[", "[[]")) for glob in globs)

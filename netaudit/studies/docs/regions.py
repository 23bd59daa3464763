"""Parts of a Markdown page that are made from the code, between ``<!-- made: NAME -->`` and ``<!-- end -->``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_REGION = re.compile(r"<!-- made: ([\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def filled(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """The page with each of its regions made anew.

    Raises:
        KeyError: no part has the name of a region.

    >>> filled("a\\n<!-- made: b -->\\nold\\n<!-- end -->\\n", {"b": lambda: "new"}).splitlines()
    ['a', '<!-- made: b -->', '', 'new', '', '<!-- end -->']
    """
    return _REGION.sub(lambda found: f"<!-- made: {found[1]} -->\n\n{parts[found[1]]()}\n\n<!-- end -->", text)


def names(text: str) -> list[str]:
    """The names of the page's regions, in their order."""
    return _REGION.findall(text)

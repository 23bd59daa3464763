"""Our own prose: plain text with marks for formulas and emphasis."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netaudit.report.document.formulas import Formula, formulas
from netaudit.report.document.model import Span, Spans


def prose(text: str, own: Mapping[str, Formula] | None = None) -> Spans:
    r"""Our own text with ``{key}`` for a formula and ``*word*`` for emphasis. Never for text from a file.

    ``own`` holds formulas beside the shared ones.

    Raises:
        KeyError: no such formula.
        ValueError: a brace or an asterisk without its partner.

    >>> [(span.text, span.style) for span in prose("where {sigma} is *not* zero")]
    [('where ', 'plain'), ('sigma', 'math'), (' is ', 'plain'), ('not', 'strong'), (' zero', 'plain')]
    """
    known = {**formulas(), **(own or {})}
    spans: list[Span] = []
    for plain, key, strong, stray in re.findall(r"([^{*]+)|\{(\w+)\}|\*([^*]+)\*|(.)", text):
        if stray:
            raise ValueError(f"{stray!r} stands alone in {text!r}")
        if key:
            known[key]  # an unknown key must fail here, not in a renderer
            spans.append(Span(key, "math"))
        else:
            spans.append(Span(strong, "strong") if strong else Span(plain))
    return tuple(spans)

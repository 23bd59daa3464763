"""What page one says of analyses that went wrong: which, where and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from netaudit.audit_page.presented import Presented
from netaudit.faults import MEMORY_RAN_OUT
from netaudit.results.report import why_not_judged
from netaudit.text import names, sentence, shown_name

_MOST = 6  # lines; a fault of an analysis is as a rule the same in every layer


def lines(presented: Presented) -> list[str]:
    """One sentence for each analysis and reason; empty where every analysis gave a result or does not apply."""
    titles: dict[tuple[str, str], str] = {
        (analysis.scope, analysis.name): analysis.title for analysis in presented.analyses
    }
    places: dict[tuple[str, str, str], list[str]] = {}
    for scope, name, place, payload in _payloads(presented):
        why = why_not_judged(payload)
        if why is not None:
            places.setdefault((scope, name, why), []).append(place)
    sentences = [
        sentence(f"{titles.get((scope, name), name)} was not judged{_of(found)}, because {_because(why)}")
        for (scope, name, why), found in places.items()
    ]
    more = len(sentences) - _MOST
    return sentences if more <= 0 else [*sentences[:_MOST], f"{more} more errors like these are in audit.json."]


def unusable(presented: Presented) -> list[str]:
    """One sentence for each reason for which no analysis applies to the weights of a layer: they are not finite.

    An analysis that looks at the bias alone may still have an answer there, and is not asked.
    """
    found: dict[str, list[str]] = {}
    of_bias = {each.name for each in presented.analyses if each.scope == "layer" and each.needs == ("bias",)}
    for layer in presented.report.layers:
        payloads = [payload for name, payload in layer.analyses.items() if name not in of_bias]
        if not payloads or any(getattr(payload, "verdict", "") != "not_applicable" for payload in payloads):
            continue
        [(reason, times)] = Counter(getattr(payload, "note", "") for payload in payloads).most_common(1)
        if times > 1:
            found.setdefault(reason, []).append(shown_name(layer.name, 60))
    return [
        f"Layer{'' if len(layers) == 1 else 's'} {names(layers)} could not be judged. {sentence(reason)}"
        for reason, layers in found.items()
    ]


def _payloads(presented: Presented) -> Iterator[tuple[str, str, str, object]]:
    for layer in presented.report.layers:
        for name, payload in layer.analyses.items():
            yield "layer", name, shown_name(layer.name, 60), payload
    for name, payload in presented.report.analyses.items():
        yield "network", name, "", payload


def _because(why: str) -> str:
    return why if why.startswith(MEMORY_RAN_OUT) else f"of an error in the analysis: {why}"


def _of(places: list[str]) -> str:
    layers = [place for place in places if place]
    if not layers:
        return ""
    return f" in layer {layers[0]}" if len(layers) == 1 else f" in {len(layers)} layers ({names(layers)})"

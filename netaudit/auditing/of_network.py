"""The analyses of the network as a whole, one after the other, each kept as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.context import NetworkContext
from netaudit.analyses.needs import missing_of_network
from netaudit.auditing.guard import judged_in_memory
from netaudit.auditing.kept import KeptAnalyses
from netaudit.numerics import device as devices
from netaudit.results.payload import Payload


def of_network(
    analyses: Sequence[Analysis],
    context: NetworkContext,
    kept: KeptAnalyses | None = None,
    key: Callable[[Analysis], str] = str,
) -> tuple[dict[str, Payload], list[str]]:
    """The payload of each analysis of the network, and what happened meanwhile, in sentences.

    Args:
        analyses: those of the network, in the order of the report.
        context: what they are given.
        kept: where results are kept, and were kept by an audit that was interrupted.
        key: of an analysis' result among them.
    """
    payloads: dict[str, Payload] = {}
    events: list[str] = []
    if kept is not None:
        kept.total = len(analyses)
    for number, analysis in enumerate(analyses, start=1):
        # an analysis that can count its work says more
        context.progress(f"{analysis.title.lower()} ({number} of {len(analyses)})", 0.0, 0.0)
        found = None if kept is None else kept.find(key(analysis), analysis.name, analysis.payload)
        if found is None:
            happened: list[str] = []
            with events_of(analysis, happened):
                payload = judged_in_memory(analysis, partial(_measured, analysis, context))
            found = payload, tuple(happened)
            if kept is not None:
                kept.add(key(analysis), *found)
        payloads[analysis.name] = found[0]
        events += found[1]
    return payloads, events


@contextmanager
def events_of(analysis: Analysis, events: list[str]) -> Iterator[None]:
    """Add what happens meanwhile to ``events``, with the analysis' name: a part that was computed on the CPU."""
    with devices.fallbacks() as happened:
        yield
    events += [f"{analysis.title}: {event}" for event in happened]


def _measured(analysis: Analysis, context: NetworkContext) -> Payload:
    missing = missing_of_network(analysis.needs, context)
    return analysis.not_applicable(missing) if missing else analysis.measure(context)

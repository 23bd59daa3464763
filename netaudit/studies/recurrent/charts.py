"""The figures of the study: where the slow points lie, and how long each mode takes to fade."""

from __future__ import annotations

from collections.abc import Iterator

from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.studies.recurrent.words import KINDS, SOURCES, Json, Networks
from netaudit.text import number


def groups(networks: Networks) -> Iterator[tuple[str, str, Networks]]:
    """The networks of each source and kind."""
    for source in SOURCES:
        for kind in KINDS:
            own = [one for one in networks if (one["source"], one["kind"]) == (source, kind)]
            if own:
                yield source, kind, own


def sources_of(networks: Networks) -> list[str]:
    """What the networks read."""
    return [source for source in SOURCES if any(one["source"] == source for one in networks)]


def _first(networks: Networks, source: str) -> list[Json]:
    """The first network of each kind that reads this source and has slow points."""
    return [own[0] for of, _, own in groups(networks) if of == source and own[0]["zero"]["points"]]


def places(networks: Networks, source: str) -> Chart:
    """The readout at the slow points of the first network of each kind, along their first axis."""
    shown = _first(networks, source)
    rows = [
        series(KINDS[one["kind"]], sorted(one["zero"]["points"]["drawn"]), "points", look)
        for look, one in enumerate(shown)
    ]
    ends = "; ".join(
        f"{KINDS[one['kind']]} from {number(one['zero']['points']['readout'][0], 2)} to "
        f"{number(one['zero']['points']['readout'][1], 2)}"
        for one in shown
    )
    return Chart(
        stem=f"places_{source}",
        caption=f"Slow points of the first networks that read {SOURCES[source]}: the readout at each, along their "
        "first principal axis.",
        alt=f"The readout goes {ends}." if shown else "No slow points.",
        x=Axis("place on the first axis"),
        y=Axis("readout (logit of good)"),
        series=tuple(rows) or (series("", [(0.0, 0.0)], "points", 0),),
    )


def constants(networks: Networks, source: str) -> Chart:
    """The time constants of the first network of each kind."""
    shown = _first(networks, source)
    rows = [
        series(
            KINDS[one["kind"]],
            [
                (rank, max(tau / one["zero"]["length"], 1e-3))
                for rank, tau in enumerate(one["zero"]["points"]["time_constants"], 1)
            ],
            "both",
            look,
        )
        for look, one in enumerate(shown)
    ]
    first = "; ".join(f"{row.label} {number(row.y[0], 2)}" for row in rows)
    return Chart(
        stem=f"time_constants_{source}",
        caption=f"Time constants of the first networks that read {SOURCES[source]}, the slowest first, in lengths of a "
        "text: medians over the slow points.",
        alt=f"The slowest: {first}." if rows else "No slow points.",
        x=Axis("rank of the mode"),
        y=Axis("time constant / length of a text", log=True),
        series=tuple(rows) or (series("", [(1.0, 1.0)], "points", 0),),
        marks=(Mark(0.5, "asked for", vertical=False),),
    )

"""The ladder of nulls in words, a table of its rungs and a figure."""

from __future__ import annotations

from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.random_likeness.figure import draw, draw_profile
from netaudit.analyses.layer.random_likeness.payload import (
    ProfileReason,
    RandomLikeness,
    Reason,
    Rung,
    RungName,
    RungOrUndecided,
    RungVerdict,
    SetAside,
    VarianceProfile,
)
from netaudit.report.document.model import Column, Figure, Presentation, Span, Style, Table
from netaudit.report.document.numbering import table
from netaudit.text import capital, count, interval, number, percent, sentence

NAMES: dict[RungOrUndecided, str] = {
    "as_drawn": "as drawn",
    "unit_scales": "up to unit scales",
    "directions": "up to directions",
    "local": "locally",
    "none": "not random-like",
    "undecided": "undecided",
}
"""What a rung is called in tables and sentences."""

_ASIDE: dict[RungName, str] = {
    "as_drawn": "nothing but the mean",
    "unit_scales": "the scale of each row and column",
    "directions": "scales and directions",
    "local": "the density of the singular values",
    "none": "everything",
}
_VERDICTS: dict[RungVerdict, tuple[str, Style]] = {
    "holds": ("● holds", "holds"),
    "fails": ("× fails", "fails"),
    "undecided": ("▲ undecided", "undecided"),
    "not_judged": ("– not judged", "not_applicable"),
}
_REASONS: dict[Reason, str] = {
    "single_weights": "too many single weights carry the scale of their rows and columns",
    "no_unit_scales": "no scales make all rows and columns equal",
    "no_bulk": "no bulk is left without the directions",
    "not_settled": "the number of directions does not settle",
    "has_directions": "singular values lie beyond the edge of the noise",
    "no_directions": "there is no direction to set aside",
    "estimated_values": "the singular values are estimated, not computed",
    "few_values": "too few singular values are left",
    "gathered_vectors": "the singular vectors are gathered on a few units",
    "orthogonal": "the rows or columns are orthogonal, which no random matrix is",
}
_MEANS: dict[RungOrUndecided, str] = {
    "as_drawn": "Its singular values are those of independent weights of one variance",
    "unit_scales": "Once each row and each column is scaled to the same mean square, its singular values are those of "
    "independent weights of one variance",
    "local": "Its singular values follow no law that is known here, but their spacings and their vectors are those of "
    "a random matrix",
    "none": "None of the nulls holds: it is structured throughout",
    "undecided": "No null holds for certain, and not all of them can be ruled out; the table says why",
}


def present(found: RandomLikeness, place: Place) -> Presentation:
    """What the report says of the ladder about one layer."""
    aside = set_aside(found.set_aside)
    return Presentation(
        warnings=(aside,) if aside else (),
        explanation=((Span("Random-like, up to what ", "strong"), Span(f"{answer(found)}. "), Span(_more(found))),),
        figures=_figures(found, place),
        blocks=(_rungs(found, place),),
    )


def answer(found: RandomLikeness) -> str:
    """The rung as a clause, with the number of directions.

    >>> answer(RandomLikeness(rung="directions", directions=11, random_like_share=0.93))
    'random-like up to 11 directions, which leave 93% of the variance'
    >>> answer(RandomLikeness(rung="directions", directions=1, random_like_share=0.87))
    'random-like up to 1 direction, which leaves 87% of the variance'
    """
    if found.rung == "directions" and found.directions is not None:
        left = percent(found.random_like_share)
        leaves = "leaves" if found.directions == 1 else "leave"
        return f"random-like up to {count(found.directions, 'direction')}, which {leaves} {left} of the variance"
    words = NAMES[found.rung]
    return words if found.rung in ("none", "undecided") else f"random-like {words}"


def _more(found: RandomLikeness) -> str:
    """What the rung means, and what else was measured, in sentences."""
    parts = []
    if found.rung == "directions":
        parts.append(_of_directions(found))
    else:
        parts.append(_MEANS[found.rung])
    rows, columns = found.row_scales_spread, found.column_scales_spread
    if found.rung in ("unit_scales", "directions") and rows is not None and columns is not None:
        parts.append(
            f"The root mean squares of the rows differ by a factor of about {number(_factor(rows), 3)} (one standard "
            f"deviation of their logarithms), those of the columns by {number(_factor(columns), 3)}"
        )
    if any(direction.common_mode for direction in found.strongest):
        parts.append("One direction is the common mode: all outputs share it, as with a mean of the weights")
    if found.spacing_ratio is not None:
        parts.append(
            f"Neighbouring spacings in the bulk have the mean ratio {number(found.spacing_ratio, 3)} (95% interval "
            f"{interval(found.spacing_interval)}; random matrices 0.531, independent values 0.386)"
        )
    if found.variance_profile is not None:
        parts.append(with_profile(found.variance_profile))
    return " ".join(map(sentence, parts))


_UNJUDGED: dict[ProfileReason, str] = {
    "orthogonal": "the rows or columns are orthogonal, which those of no such matrix are",
    "no_bulk": "no bulk is left without the directions",
    "single_weights": "too many single weights stand out of it",
    "few_values": "too few singular values are left",
    "not_solved": "the equations of its law were not solved",
}


def with_profile(found: VarianceProfile) -> str:
    """Say whether a profile of variances explains the singular values.

    >>> with_profile(VarianceProfile(verdict="not_judged", reason="few_values"))
    'Whether a profile of variances explains the singular values was not judged: too few singular values are left'
    """
    if found.verdict == "not_judged":
        reason = "" if found.reason is None else f": {_UNJUDGED.get(found.reason, found.reason)}"
        return f"Whether a profile of variances explains the singular values was not judged{reason}"
    if found.reason == "unit_scales":
        if found.verdict == "undecided":
            return "Whether a profile of variances explains the singular values is as undecided as the last rung"
        return (
            "No profile of variances explains the singular values either: with the scales of rows and columns undone, "
            "independent weights follow the law of the rungs whatever their variances are"
        )
    follows = {"follows": "follow", "does_not_follow": "do not follow"}.get(
        found.verdict, "follow, for all that is known,"
    )
    part = "" if found.shape is None else f" of a random part of {found.shape[0]} × {found.shape[1]} weights"
    components = count(found.components or 0, "component")
    return (
        f"No scales make all its rows and columns equal. The singular values{part} {follows} the law of independent "
        f"weights whose variances have a profile of {components}, estimated from their squares (distance "
        f"{number(found.distance, 2)}, noise {number(found.null_q99, 2)}, at most {number(found.tolerance, 2)})"
    )


def _of_directions(found: RandomLikeness) -> str:
    text = (
        "Once the scales of rows and columns are undone and these directions are left out, the singular values that "
        f"are left are those of independent weights. The share lies in {interval(found.interval)}, as far as the count "
        "leaves it open"
    )
    if found.directions_interval is not None:
        low, high = found.directions_interval
        text += (
            f". The number of directions lies from {number(low)} to {number(high)}: {number(low)} lie beyond the same "
            f"matrix with random signs, which weak directions beside strong ones do not"
        )
    return text


def _factor(spread: float) -> float:
    from math import exp

    return exp(spread)


def set_aside(aside: SetAside) -> str:
    """What was left out of the layer first, as a sentence; empty for nothing.

    >>> set_aside(SetAside(dead_rows=2, single_weights=1))
    'Set aside before the layer was compared with random matrices: 2 dead outputs, 1 single huge weight.'
    """
    parts = [
        count(n, noun)
        for n, noun in (
            (aside.dead_rows, "dead output"),
            (aside.dead_columns, "dead input"),
            (aside.duplicate_rows, "duplicate or constant output"),
            (aside.duplicate_columns, "duplicate or constant input"),
            (aside.single_weights, "single huge weight"),
        )
        if n
    ]
    return f"Set aside before the layer was compared with random matrices: {', '.join(parts)}." if parts else ""


def _rungs(found: RandomLikeness, place: Place) -> Table:
    rows = [_row(rung) for rung in found.rungs if rung.name != "none"]
    columns = [
        Column("Rung"),
        Column("Set aside", wide=True),
        Column("Distance", numeric=True),
        Column("At most", numeric=True),
        Column("Directions", numeric=True),
        Column("Verdict", wide=True),
    ]
    return table(f"The ladder of nulls of {place.name}: the first rung that holds is its answer.", columns, rows)


def _row(rung: Rung) -> tuple[Span, ...]:
    words, style = _VERDICTS[rung.verdict]
    if rung.reason is not None:
        words += f": {_REASONS[rung.reason]}"
    return (
        Span(NAMES[rung.name]),
        Span(_ASIDE[rung.name]),
        Span("–" if rung.distance is None else number(rung.distance, 3)),
        Span("–" if rung.tolerance is None else number(rung.tolerance, 3)),
        Span("–" if rung.directions is None else number(rung.directions)),
        Span(words, style),
    )


def _figures(found: RandomLikeness, place: Place) -> tuple[Figure, ...]:
    profile = found.variance_profile
    ladder = () if found.curve is None else (_figure(found, place),)
    return ladder if profile is None or profile.curve is None else (*ladder, _profile_figure(profile, place))


def _profile_figure(found: VarianceProfile, place: Place) -> Figure:
    curve = found.curve
    assert curve is not None
    caption = (
        f"Singular values of {place.name}, whose rows and columns no scales make equal, against the law of independent "
        f"weights with the estimated profile of variances, and against that of weights of one variance."
    )
    alt = f"{caption} The distance to the law of the profile is {number(found.distance, 2)}."
    return Figure("variance-profile", caption, alt, partial(draw_profile, curve))


def _figure(found: RandomLikeness, place: Place) -> Figure:
    curve = found.curve
    assert curve is not None
    caption = (
        f"Singular values of {place.name} at three rungs, each in its own scale, against the Marchenko-Pastur law: as "
        "stored without the mean, with the scales of the units undone, and without the directions."
    )
    alt = " ".join(
        f"{capital(name)}: {count(beyond, 'value')} beyond the axis."
        for name, beyond in zip(("as stored", "scaled", "without directions"), curve.beyond, strict=True)
    )
    return Figure("ladder", caption, f"{caption} {alt}", partial(draw, curve))

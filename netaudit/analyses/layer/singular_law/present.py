"""H3 in words, a table of spikes and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.singular_law.figure import draw
from netaudit.analyses.layer.singular_law.payload import (
    EDGE_LEVEL,
    EVEN_SHARE,
    NO_RANK,
    OUTSIDE,
    SINGLE_WEIGHTS,
    SMALLEST_P,
    TOLERANCE,
    TOP_ROWS,
    UNEQUAL_UNITS,
    SingularLaw,
    SpectrumCurve,
    SpectrumUsed,
    Spike,
)
from netaudit.analyses.presenting import WIDENED, RuleWords, explain, of_what_is_left
from netaudit.report.document.model import Column, Equation, Figure, Method, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import count, number, percent
from netaudit.vocabulary import SET_ASIDE

_SHOWN = 8  # spikes of the table


def present(finding: SingularLaw, place: Place) -> Presentation:
    """What the report says of H3 about one layer."""
    null = "Gaussian matrix, from the bidiagonal ensemble"
    total = _total(finding)
    return Presentation(
        warnings=tuple(_warning(code, finding) for code in finding.warnings if code != SET_ASIDE),
        explanation=(explain("Singular value law", finding, note(finding), _rule(finding), null),),
        figures=() if finding.curve is None else (_figure(finding.curve, total, place),),
        tables=(_spikes(finding.spikes, total, place),) if finding.spikes else (),
    )


def note(finding: SingularLaw) -> str:
    """What was found, in sentences; empty where nothing was judged."""
    if finding.verdict == "not_applicable":
        return ""
    metrics, total = finding.metrics, _total(finding)
    beyond = "no singular value lies" if not total else count(total, "singular value") + (" lies", " lie")[total > 1]
    bulk = metrics.get("ks_bulk")
    text = (
        f"The singular values follow the law within {number(metrics.get('ks_marchenko_pastur'), 2)}; {beyond} beyond "
        f"the edge of the noise (largest {number(metrics.get('largest_over_edge'), 3)} times the law's edge) and "
        f"{percent(metrics.get('bulk_variance_share'))} of the variance is in the bulk"
        + ("" if bulk is None else f", which follows its own law within {number(bulk, 2)}")
        + "."
    )
    if SET_ASIDE in finding.warnings:
        text += f" {of_what_is_left(metrics.get('share_judged'))}"
    elif int(metrics.get("spikes_uncentred") or 0) > total:
        text += " The mean of the weights adds a spike, which is left out here (see the figures of A as stored)."
    if finding.spectrum is not None and finding.spectrum.method != "exact":
        text += f" {_computed(finding.spectrum)}"
    return text


def p_value(p: float, digits: int) -> str:
    """A p-value of the Tracy-Widom law, which is known no better than ``SMALLEST_P``.

    >>> p_value(1e-12, 2), p_value(0.0312, 2)
    ('≤ 1 × 10⁻¹²', '0.031')
    """
    return f"≤ {number(p, 1)}" if p <= SMALLEST_P else number(p, digits)


def _total(finding: SingularLaw) -> int:
    """How many spikes there are: the metric, or where it is missing as many as are drawn."""
    drawn = 0 if finding.curve is None else len(finding.curve.spikes)
    found = finding.metrics.get("spikes")
    return drawn if found is None else int(found)


def _computed(spectrum: SpectrumUsed) -> str:
    error = number(spectrum.error, 2)
    if spectrum.method == "one_decomposition":
        return (
            f"Without the mean the {number(spectrum.known)} largest singular values are exact, and the distribution "
            f"function of the others is right up to {error}, which is two ranks: they lie between neighbours of those "
            "with the mean, and have the exact sum of squares."
        )
    return (
        f"The singular values come from stochastic Lanczos quadrature ({count(spectrum.probes or 0, 'probe')}, "
        f"{count(spectrum.steps or 0, 'step')}): the {number(spectrum.known)} largest are exact, and the distribution "
        f"function of the others is right up to {error}."
    )


def _rule(finding: SingularLaw) -> RuleWords | None:
    if finding.rule is None:
        return None
    limits = {condition.statistic: condition.limits for condition in finding.conditions}
    far = limits.get("ks_marchenko_pastur", (None, None))[1] or TOLERANCE
    least = limits.get("bulk_variance_share", (None, None))[0] or 0.0
    return RuleWords(
        "equivalence of the bulk",
        f"holds if KS distance to the law with its interval is at most {number(far, 3)} and share of variance in the "
        f"bulk with its own at least {number(least, 3)}; fails if all of one interval lies beyond; undecided otherwise",
        f"netaudit convention: {number(100 * TOLERANCE)} percentage points of probability, and {percent(OUTSIDE)} of "
        "the variance" + (WIDENED if finding.rule.widened else ""),
    )


def _warning(code: str, finding: SingularLaw) -> str:
    largest = finding.metrics.get("largest_entry_over_limit")
    words = {
        SINGLE_WEIGHTS: (
            f"The largest weight is {number(largest, 2)} times the size at which a single weight makes a spike, "
            "σ(mn)^(1/4): the edge law is void here, and spikes may be single weights (compare the permuted null)."
        ),
        NO_RANK: (
            "What is left without the spikes does not follow the law either, so their number is no rank: it counts "
            "the values beyond the edge that noise of the same variance would have."
        ),
        UNEQUAL_UNITS: (
            "The same weights with random signs have spikes too: rows and columns of different sizes make them, so "
            "that not every spike is a direction, and the strengths are void. The directions of the ladder are counted "
            "with these sizes undone."
        ),
    }
    return words.get(code, code.replace("_", " "))


def _figure(curve: SpectrumCurve, total: int, place: Place) -> Figure:
    caption = (
        f"Singular values of {place.name}, mean removed: density against the Marchenko-Pastur law, and the edge of the "
        f"noise (Tracy-Widom, {percent(EDGE_LEVEL)}). {_beyond(curve, total)}"
    )
    density, law = (number(round(max(values), 3)) for values in (curve.density, curve.law))
    ends = (number(round(end, 3)) for end in (curve.law_edge, curve.tracy_widom_edge))
    alt = "The density peaks at {}, the law at {}; the law ends at {}, the edge of the noise is {}."
    return Figure("singular_values", caption, f"{caption} {alt.format(density, law, *ends)}", partial(draw, curve))


def _beyond(curve: SpectrumCurve, total: int) -> str:
    if not total:
        return "No singular value lies above the edge."
    drawn = len(curve.spikes)
    listed = count(total, "spike") + (f" ({number(drawn)} drawn)" if 0 < drawn < total else "")
    if not drawn:
        return f"{listed} above it."
    largest = curve.spikes[0]
    times = number(largest / curve.tracy_widom_edge)
    return f"{listed} above it, the largest at {number(largest)}, {times} times the edge."


def _spikes(spikes: Sequence[Spike], total: int, place: Place) -> Table:
    shown = spikes[:_SHOWN]
    rows = [
        tuple(
            Span(text)
            for text in (
                number(rank),
                number(spike.u, 3),
                number(spike.strength, 3),
                p_value(spike.p, 2),
                percent(spike.variance_share),
                percent(spike.top_rows_share),
            )
        )
        for rank, spike in enumerate(shown, start=1)
    ]
    top = percent(TOP_ROWS)
    titles = ("Spike", "u", "Strength", "p", "Variance", f"Top {top}")
    of = f" ({number(len(shown))} of {number(total)})" if len(shown) < total else ""
    return table(
        f"Spikes of {place.name}{of}: place u, strength of the signal in detection thresholds, Tracy-Widom p, share of "
        f"the variance, and share of the singular vector's weight in the top {top} of the outputs "
        f"({percent(EVEN_SHARE)} if spread evenly).",
        [Column(title, numeric=True) for title in titles],
        rows,
    )


def method() -> Method:
    """H3's part of the method."""
    return Method(
        (
            "The singular values {s} of {A} follow the law of a Gaussian matrix. With {big}, {aspect}, the eigenvalues "
            "follow the Marchenko-Pastur density (Marchenko and Pastur 1967)",
            Equation("marchenko_pastur"),
            "so that {scaled} has the density {density_u}; for a square matrix this is the quarter circle {quarter}. "
            "The largest singular value of a Gaussian matrix fluctuates about the edge by the Tracy-Widom law (Tracy "
            "and Widom 1996), with the centring of Ma (2012) and {least}, {t999}:",
            Equation("tracy_widom"),
            "The number of *spikes* and the level of the noise are solved for together (Kritchman and Nadler 2009): a "
            f"level gives the values that lie beyond its edge, the {percent(EDGE_LEVEL)} quantile for the matrix that "
            "is left, and what is left without them gives a level, first by the median and then by the sum of "
            "squares, until the number stands. The verdict rests on the bulk: the Kolmogorov-Smirnov distance to the "
            "law, and the share of the squared singular values that are no spikes. A single spike cannot move that "
            "distance, and is listed, with the *strength* of the signal behind it: a rank-one signal below strength 1 "
            "stays inside the bulk and cannot be seen (Baik, Ben Arous and Péché 2005; Benaych-Georges and Nadakuditi "
            "2012). The distance of the bulk to its own law leaves the spikes out. The median rule for {sigma} is that "
            "of Gavish and Donoho (2014). With a single weight beyond the threshold, or with an infinite fourth "
            "moment, the edge law is void (Auffinger, Ben Arous and Péché 2009): the report warns.",
        ),
        references=_REFERENCES,
        sentence=(
            "Whether the singular values follow the law of a Gaussian matrix (H3) was judged on the weights without "
            "their mean, by the Kolmogorov-Smirnov distance to the Marchenko-Pastur law [@marchenko1967] and by the "
            "share of the squared singular values in the bulk. Spikes are values beyond the Tracy-Widom edge "
            "[@tracy1996; @ma2012], with the level of the noise and their number solved for together "
            "[@kritchman2009]."
        ),
        exceptions=_exceptions,
    )


def _exceptions(finding: SingularLaw) -> list[str]:
    void = ["single weights are so large that the law of the edge is void, and spikes need not mean a signal"]
    made = (
        ["the distribution of the singular values was estimated by stochastic Lanczos quadrature"]
        if finding.spectrum is not None and finding.spectrum.method == "lanczos"
        else []
    )
    aside = ["special weights were set aside first"]
    return (
        made + (aside if SET_ASIDE in finding.warnings else []) + (void if SINGLE_WEIGHTS in finding.warnings else [])
    )


_REFERENCES = (
    "A. Auffinger, G. Ben Arous and S. Péché (2009). Poisson convergence for the largest eigenvalues of heavy tailed "
    "random matrices. Annales de l'Institut Henri Poincaré, Probabilités et Statistiques 45, 589–610.",
    "J. Baik, G. Ben Arous and S. Péché (2005). Phase transition of the largest eigenvalue for nonnull complex sample "
    "covariance matrices. Annals of Probability 33, 1643–1697.",
    "F. Benaych-Georges and R. R. Nadakuditi (2012). The singular values and vectors of low rank perturbations of "
    "large rectangular random matrices. Journal of Multivariate Analysis 111, 120–135.",
    "M. Gavish and D. L. Donoho (2014). The optimal hard threshold for singular values is 4/√3. IEEE Transactions on "
    "Information Theory 60, 5040–5053.",
    "S. Kritchman and B. Nadler (2009). Non-parametric detection of the number of signals. IEEE Transactions on Signal "
    "Processing 57, 3930–3941.",
    "Z. Ma (2012). Accuracy of the Tracy-Widom limits for the extreme eigenvalues in white Wishart matrices. Bernoulli "
    "18, 322–359.",
    "V. A. Marchenko and L. A. Pastur (1967). Distribution of eigenvalues for some sets of random matrices. "
    "Mathematics of the USSR-Sbornik 1, 457–483.",
    "C. A. Tracy and H. Widom (1996). On orthogonal and symplectic matrix ensembles. Communications in Mathematical "
    "Physics 177, 727–754.",
)

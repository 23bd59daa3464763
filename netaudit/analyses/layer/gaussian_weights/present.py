"""H1 in words, tables and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.gaussian_weights.figure import draw
from netaudit.analyses.layer.gaussian_weights.payload import (
    MIDDLE_OF_STEPS,
    NO_BETTER,
    TOLERANCE,
    Alternative,
    Family,
    GaussianCurve,
    GaussianWeights,
)
from netaudit.analyses.presenting import WIDENED, RuleWords, explain, of_what_is_left
from netaudit.report.document.model import Column, Equation, Figure, Method, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import number, percent
from netaudit.vocabulary import SET_ASIDE

FAMILIES: dict[Family, str] = {
    "gaussian": "Gaussian", "uniform": "uniform", "laplace": "Laplace", "student_t": "Student-t",
}  # fmt: skip
_ZEROS = 1e-3  # share of exact zeros from which they are worth a sentence


def present(finding: GaussianWeights, place: Place) -> Presentation:
    """What the report says of H1 about one layer."""
    words = explain(
        "Gaussian weights",
        finding,
        note(finding),
        _rule(finding),
        "Gaussian sample of that size, mean and variance fitted, tabulated",
    )
    return Presentation(
        explanation=(words,),
        figures=() if finding.curve is None else (_figure(finding.curve, place),),
        tables=(_families(finding.alternatives, place),) if finding.alternatives else (),
    )


def note(finding: GaussianWeights) -> str:
    """What was found, in sentences; empty where nothing was judged."""
    if finding.verdict == "not_applicable":
        return ""
    metrics = finding.metrics
    beyond, expected = metrics.get("share_beyond_4std"), metrics.get("gaussian_share_beyond_4std")
    tails = beyond / expected if beyond is not None and expected else None
    text = (
        f"The weights' distribution function differs from a Gaussian's by at most "
        f"{number(metrics.get('ks_gaussian'), 2)}; excess kurtosis {number(metrics.get('excess_kurtosis'), 3)}, "
        f"{number(tails, 2)} times a Gaussian's share beyond 4 standard deviations."
    )
    if SET_ASIDE in finding.warnings:
        text += (
            f" {of_what_is_left(metrics.get('share_judged'))} Of all of them the distance is "
            f"{number(metrics.get('ks_gaussian_as_stored'), 2)}."
        )
    if MIDDLE_OF_STEPS in finding.warnings:
        text += (
            " The weights are quantised: the distance is taken at the middle of each step of their distribution "
            f"function, and at its ends it is {number(metrics.get('ks_gaussian_as_stored'), 2)}."
        )
    zeros = metrics.get("share_zero") or 0.0
    if zeros > _ZEROS and SET_ASIDE not in finding.warnings:
        text += f" {percent(zeros)} of the weights are exactly 0; the fits are of the others."
    if not finding.alternatives:
        return f"{text} No distribution is fitted to so few different values."
    best = finding.alternatives[0]
    if best.gain <= NO_BETTER:
        return f"{text} No simple alternative fits better."
    degrees = "" if best.degrees is None else f" with {number(best.degrees, 2)} degrees of freedom"
    return f"{text} A {FAMILIES[best.name]} distribution{degrees} fits better, by {number(best.gain, 2)} nats a weight."


def _rule(finding: GaussianWeights) -> RuleWords | None:
    if finding.rule is None or finding.decisive is None:
        return None
    limit = finding.decisive.limits[1] or TOLERANCE
    return RuleWords(
        "equivalence with a Gaussian",
        f"holds if KS distance to the Gaussian with its interval is at most {number(limit, 3)}; fails if all of the "
        "interval lies above; undecided otherwise",
        f"netaudit convention: {number(100 * TOLERANCE)} percentage points of probability"
        + (WIDENED if finding.rule.widened else ""),
    )


def _figure(curve: GaussianCurve, place: Place) -> Figure:
    outside = sum(curve.clipped)
    caption = (
        f"Weights of {place.name}. Left: histogram and the fitted Gaussian. Right: quantiles against the Gaussian's. "
        "In standard deviations from the mean."
        + (f" {percent(outside)} of the weights lie outside the range shown." if outside else "")
    )
    alt = (
        f"The histogram peaks at a density of {number(round(max(curve.density), 3))}, the Gaussian at "
        f"{number(round(max(curve.gaussian), 3))}."
    )
    if curve.qq.sample:
        low, high = (number(round(curve.qq.sample[end], 2)) for end in (0, -1))
        expected = [number(round(curve.qq.theoretical[end], 2)) for end in (0, -1)]
        alt += f" The outermost quantiles are {low} and {high}; the Gaussian's are {' and '.join(expected)}."
    return Figure("weights", caption, f"{caption} {alt}", partial(draw, curve))


def _families(families: Sequence[Alternative], place: Place) -> Table:
    def row(fitted: Alternative) -> tuple[Span, ...]:
        degrees = "" if fitted.degrees is None else f", {number(fitted.degrees, 3)} degrees"
        return (
            Span(FAMILIES[fitted.name] + degrees),
            *(Span(number(value, 3)) for value in (fitted.location, fitted.scale, fitted.gain)),
        )

    return table(
        f"Distributions fitted to the non-zero weights of {place.name}, best first. Gain over the Gaussian: penalised "
        "log-likelihood, in nats a weight.",
        [Column("Family"), *(Column(title, numeric=True) for title in ("Location", "Scale", "Gain"))],
        [row(fitted) for fitted in families],
    )


def method() -> Method:
    """H1's part of the method."""
    return Method(
        (
            "The entries of {A} fit a Gaussian. With {F} the distribution of the entries after removing their mean and "
            "dividing by their standard deviation, and {Phi} the standard normal distribution, the distances are",
            Equation("distances"),
            "A p-value would reject every real layer at a million weights and more. The distance is an effect size: it "
            "does not grow with the layer. Its 99% interval is that of the distance of the law that the weights were "
            "drawn from: the distance, plus and minus the 99% quantile for Gaussian samples (Lilliefors 1967), and "
            "more where heavy tails make the standard deviation uncertain. Beside it, Gaussian, uniform, Laplace and "
            "Student-t distributions are fitted to the weights, exact zeros left out, by maximum likelihood with the "
            "Bayesian information criterion's penalty; the gain over the Gaussian, per weight, does not grow with the "
            "layer either.",
        ),
        references=(
            "H. W. Lilliefors (1967). On the Kolmogorov-Smirnov test for normality with mean and variance unknown. "
            "Journal of the American Statistical Association 62, 399–402.",
        ),
        sentence=(
            "Whether the weights are Gaussian (H1) was judged by the Kolmogorov-Smirnov distance between the "
            "standardised weights and the standard normal distribution, with a 99% interval for sampling noise "
            f"[@lilliefors1967] and a tolerance of {number(TOLERANCE)}."
        ),
        exceptions=_exceptions,
    )


def _exceptions(finding: GaussianWeights) -> list[str]:
    aside = ["zeros or other special weights were set aside before H1 was judged"]
    steps = ["the weights are quantised, and the distance of H1 was taken at the middle of each step"]
    return (aside if SET_ASIDE in finding.warnings else []) + (steps if MIDDLE_OF_STEPS in finding.warnings else [])

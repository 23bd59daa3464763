"""What other tools report of a layer, under their names, beside what Gaussian matrices of its shape give."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.power_law.figure import draw
from netaudit.analyses.layer.power_law.payload import FEWEST, HillCurve, PowerLaw, Reason
from netaudit.report.document.model import Column, Equation, Figure, Method, Pair, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.results.payload import Null
from netaudit.text import capital, count, interval, number, sentence

NORMS = {
    "norm": "sum of all eigenvalues",
    "log_norm": "its logarithm",
    "spectral_norm": "largest eigenvalue, lambda_max",
    "log_spectral_norm": "its logarithm",
    "stable_rank": "norm / lambda_max",
    "mp_softrank": "Marchenko-Pastur edge / lambda_max",
    "sv_max": "largest singular value",
    "sv_min": "smallest singular value",
    "matrix_rank": "rank",
    "rank_loss": "smaller side − rank",
}
POWER_LAW = {
    "alpha": "exponent",
    "D": "KS distance of the tail to the power law",
    "xmin": "eigenvalue at which the tail starts",
    "num_pl_spikes": "eigenvalues in the tail",
    "sigma": "(alpha − 1) / √num_pl_spikes",
    "alpha_weighted": "alpha × log_spectral_norm",
    "log_alpha_norm": "logarithm of the sum of lambda^alpha",
}

_CLEAR = -1.96
"""V below which a log-normal tail is better at the 5 % level, were the eigenvalues independent."""
_BESIDE = {-1: "smaller than theirs", 0: "like theirs", 1: "larger than theirs"}
_TAIL = {-1: "closer to a power law than", 0: "no closer to a power law than", 1: "farther from a power law than"}


def present(payload: PowerLaw, place: Place) -> Presentation:
    """A paragraph and two tables."""
    words = Paragraph((Span("What other tools report. ", "strong"), Span(" ".join(sentences(payload)))))
    tables = [_table(f"Norms and ranks of {place.name}.", NORMS, payload)]
    if payload.alpha is not None:
        tables.append(_table(f"Power law fitted to the eigenvalues of {place.name}.", POWER_LAW, payload))
    figures = () if payload.hill is None else (_figure(payload.hill, place),)
    return Presentation(figures=figures, blocks=(words, Pair(tuple(tables))))


def _figure(curve: HillCurve, place: Place) -> Figure:
    caption = (
        f"Hill plot of {place.name}: the exponent alpha over the number of eigenvalues that it is fitted to. A power "
        "law gives a plateau."
    )
    alt = f"alpha runs from {number(min(curve.alpha), 3)} to {number(max(curve.alpha), 3)}."
    return Figure("hill", caption, f"{caption} {alt}", partial(draw, curve))


def sentences(payload: PowerLaw) -> list[str]:
    """The fit, the null beside it, and what follows from the two."""
    start = "Under WeightWatcher's names, of the eigenvalues of A as stored; no verdict rests on them."
    if payload.alpha is None or payload.D is None:
        code = payload.reasons.get("alpha")
        return [start, sentence(capital("no power law is fitted" if code is None else why(code, payload)))]
    spread = f" (95% interval of the estimator {interval(payload.alpha_interval)})" if payload.alpha_interval else ""
    fitted = (
        f"A power law fits the {count(payload.num_pl_spikes or 0, 'largest eigenvalue')} best, with the exponent "
        f"alpha = {number(payload.alpha)}{spread} and at the distance D = {number(payload.D)}."
    )
    beside = _beside(payload)
    alpha, D = _ends(payload.alpha_null), _ends(payload.D_null)
    if alpha is None or D is None or payload.alpha_null is None:
        return [start, fitted, *beside]
    draws = payload.alpha_null.draws
    gaussian = (
        f"Gaussian matrices of this shape have an alpha in {interval(alpha)} and a D in {interval(D)} "
        f"({'1% to 99%' if draws >= 100 else 'the range'} of {count(draws, 'draw')})."
    )
    side = _side(payload.D, D)
    here = (
        f"Here alpha is {_BESIDE[_side(payload.alpha, alpha)]} and D is {_BESIDE[side]}: the tail is {_TAIL[side]} "
        "that of a Gaussian matrix."
    )
    return [start, fitted, gaussian, here, *beside]


def _beside(payload: PowerLaw) -> list[str]:
    """Whether a log-normal tail fits better, and alpha with unit scales."""
    said = []
    if payload.vuong is not None:
        better = "fits clearly better" if payload.vuong < _CLEAR else "cannot be told from it"
        said.append(f"A log-normal tail {better} (Vuong's V {number(payload.vuong, 2)}).")
    if payload.alpha_unit_scales is not None:
        said.append(f"With rows and columns scaled to equal sizes alpha is {number(payload.alpha_unit_scales, 3)}.")
    return said


def why(code: Reason, payload: PowerLaw) -> str:
    """Why a number is missing, as a clause."""
    few = "" if payload.positive_evals is None else f", and there are {number(payload.positive_evals)}"
    words: dict[Reason, str] = {
        "beyond_float64": "beyond float64's range",
        "only_estimated": "only the distribution of the singular values was estimated: `--spectrum exact` has each",
        "smallest_too_small": "too small beside the largest for float64 to keep four digits of it",
        "bulk_within_rounding": "half of the eigenvalues are within the Gram product's rounding of 0",
        "too_few_eigenvalues": f"no power law is fitted: it takes {FEWEST} positive values{few}",
        "equal_eigenvalues": "no power law is fitted: the values are equal",
        "no_resample_fitted": "no resample of the eigenvalues has a fit",
        "too_large_for_another_decomposition": "the matrix is too large for one more decomposition",
        "no_unit_scales": "no scales make all rows and columns equal",
        "tail_too_short": "the tail has too few eigenvalues",
    }
    return words[code]


def _ends(null: Null | None) -> tuple[float, float] | None:
    return None if null is None or null.q01 is None or null.q99 is None else (null.q01, null.q99)


def _side(value: float, ends: tuple[float, float]) -> int:
    """-1 below, 0 within, 1 above."""
    return (value > ends[1]) - (value < ends[0])


def _table(caption: str, names: Mapping[str, str], payload: PowerLaw) -> Table:
    metrics = payload.weightwatcher_metrics

    def label(name: str) -> Span:
        code = payload.reasons.get(name) if metrics[name] is None else None
        return Span(f"{name}, {names[name]}" + (f": {why(code, payload)}" if code else ""))

    rows = [(label(name), Span(number(metrics[name]))) for name in names]
    return table(caption, (Column("Metric"), Column("Value", numeric=True)), rows)


def method() -> Method:
    """Its part of the method."""
    return Method(
        _METHOD,
        references=_REFERENCES,
        sentence=(
            "A power law was fitted to the largest eigenvalues of each layer by maximum likelihood [@clauset2009] and "
            "is reported beside the same fit to Gaussian matrices of its shape; no verdict rests on it."
        ),
    )


_METHOD = (
    "These figures stand here under the column names of WeightWatcher 0.7.7, for readers who know them. They are of "
    "the eigenvalues {eigenvalue} of {A} as stored, its mean included; logarithms are to base 10, and *norm* and "
    "*spectral_norm* are squares. *alpha* is the exponent of a power law fitted to the eigenvalues from *xmin* on, by "
    "maximum likelihood, and *xmin* is the eigenvalue that makes the Kolmogorov-Smirnov distance *D* of that tail to "
    "the law smallest (Clauset, Shalizi and Newman 2009):",
    Equation("power_law"),
    "Every matrix has an alpha, whether or not its spectrum has such a tail. Nine in ten Gaussian matrices, which have "
    "none, give 5 to 24 at 512 × 512 and 9 to 55 at 4000 × 1000, with a D of 0.11 to 0.14; one in six of the former "
    "lies between the 2 and the 6 beyond which WeightWatcher warns. So alpha and D are set beside those of Gaussian "
    "matrices of the layer's own shape, and D says more than alpha does. The interval is one of the estimator, not "
    "of an exponent of the network: a bootstrap which chooses *xmin* again in each resample, and takes the eigenvalues "
    "for independent, which they are not. At 95% nominal it holds the exponent of independent power-law values in 92% "
    "to 100% of draws; of matrices with independent Student-t entries, whose eigenvalues have a known exponent, it "
    "holds that in 13% of draws where it is 2.25 and 67% where it is 2.75. *sigma* takes *xmin* for known besides, and "
    "is too small.",
    "So the *Hill plot* shows alpha for every length of the tail (Hill 1975): a power law gives a plateau. Vuong's "
    "test (Vuong 1989) sets a log-normal tail beside it, of which a power law is a limit: at V below −1.96 the "
    "log-normal one is better at the 5% level, if the eigenvalues were independent. And alpha of the matrix whose rows "
    "and columns are scaled to equal mean squares does not change with the scales of units.",
    "*mp_softrank* has {soft_edge} for the edge, with {sigma} by the median rule of Gavish and Donoho (2014). "
    "WeightWatcher fits {sigma} to a smoothed density instead, and the two differ by up to a third. Ranks "
    "and the smallest singular value are left out where the product of {A} with its transpose, from which the spectrum "
    "is computed, cannot tell them.",
    "Whether alpha measures how well a network was trained is disputed. Martin and Mahoney (2021) read a small alpha "
    "as the mark of a well-trained layer. Thamm, Staats and Rosenow (2022) find that the large singular values of "
    "trained networks follow no power law in general, and Hu, Goel, Killiakov and Yang (2025) that alpha depends on "
    "the shape of the matrix. No verdict here rests on it.",
)

_REFERENCES = (
    "A. Clauset, C. R. Shalizi and M. E. J. Newman (2009). Power-law distributions in empirical data. SIAM Review 51, "
    "661–703.",
    "B. M. Hill (1975). A simple general approach to inference about the tail of a distribution. Annals of Statistics "
    "3, 1163–1174.",
    "Q. H. Vuong (1989). Likelihood ratio tests for model selection and non-nested hypotheses. Econometrica 57, "
    "307–333.",
    "M. Gavish and D. L. Donoho (2014). The optimal hard threshold for singular values is 4/√3. IEEE Transactions on "
    "Information Theory 60, 5040–5053.",
    "Y. Hu, K. Goel, V. Killiakov and Y. Yang (2025). Eigenspectrum analysis of neural networks without aspect ratio "
    "bias. Proceedings of Machine Learning Research 267, 24290–24313.",
    "C. H. Martin and M. W. Mahoney (2021). Implicit self-regularization in deep neural networks: evidence from random "
    "matrix theory and implications for learning. Journal of Machine Learning Research 22 (165), 1–73.",
    "M. Thamm, M. Staats and B. Rosenow (2022). Random matrix analysis of deep neural network weight matrices. "
    "arXiv:2203.14661.",
)

"""What the report says of the figures under WeightWatcher's names."""

from dataclasses import replace

import pytest
from netaudit.report.document.labels import NORMS, POWER_LAW
from netaudit.report.document.other_tools import other_tools
from synthetic_figures import figures, without_a_fit

from netaudit.report.document.numbering import Numbering
from netaudit.results import LayerResult, Null, SpectralFigures


def told(found):
    """The words and the tables, a list of cells each."""
    layer = LayerResult("fc", (400, 640), "float32", "relu", "Linear", (), found)
    blocks = other_tools(layer, "layer fc", Numbering())
    if not blocks:
        return "", []
    words, pair = blocks
    return "".join(run.text for run in words.runs), [[[run.text for run in row] for row in t.rows] for t in pair.items]


def test_alpha_stands_beside_its_interval_and_the_layer_s_own_null():
    words, (norms, law) = told(figures(400, 640))
    for piece in (
        "Under WeightWatcher's names, of the eigenvalues of A as stored; no verdict rests on them.",
        "A power law fits the 174 largest eigenvalues best, with the exponent alpha = 2.68 (95% interval [2.31, 3.25]) "
        "and at the distance D = 0.06106.",
        "Gaussian matrices of this shape have an alpha in [5.48, 37.6] and a D in [0.106, 0.135] (1% to 99% of 100 "
        "draws).",
        "Here alpha is smaller than theirs and D is smaller than theirs: the tail is closer to a power law than that "
        "of a Gaussian matrix.",
    ):
        assert piece in words
    assert ["alpha, exponent", "2.68"] in law
    assert ["num_pl_spikes, eigenvalues in the tail", "174"] in law
    assert ["stable_rank, norm / lambda_max", "16.94"] in norms
    assert ["sv_min, smallest singular value: too small to be known", "–"] in norms


@pytest.mark.parametrize(("alpha", "beside"), [(2, "smaller than theirs"), (9, "like theirs"), (50, "larger than")])
@pytest.mark.parametrize(
    ("D", "conclusion"),
    [
        (0.05, "D is smaller than theirs: the tail is closer to a power law than that"),
        (0.12, "D is like theirs: the tail is no closer to a power law than that"),
        (0.2, "D is larger than theirs: the tail is farther from a power law than that"),
    ],
)
def test_the_conclusion_rests_on_the_distance(alpha, beside, D, conclusion):
    words, _ = told(figures(400, 640, alpha=alpha, D=D))
    assert f"Here alpha is {beside}" in words
    assert conclusion in words


def test_without_a_fit_the_reason_is_said_once():
    words, [norms] = told(without_a_fit(9, 500, "no power law is fitted: it takes 10 positive values"))
    assert words.endswith("No power law is fitted: it takes 10 positive values.")
    assert len(norms) == len(NORMS)


def test_few_draws_have_a_range_and_no_quantiles():
    words, _ = told(figures(400, 640, alpha_null=Null("gaussian", "alpha", 5, 5.484, 10.34, 37.64)))
    assert "(the range of 5 draws)" in words


def test_without_a_null_nothing_is_compared():
    words, _ = told(figures(400, 640, D_null=Null("gaussian", "D", 0, None, None, None)))
    assert "alpha = 2.68" in words
    assert "Gaussian" not in words


@pytest.mark.parametrize("found", [None, SpectralFigures(N=5, M=4, num_evals=4)])
def test_a_layer_without_figures_says_nothing(found):
    assert told(found) == ("", [])


def test_every_figure_that_a_table_names_is_one():
    numbers = SpectralFigures().numbers
    assert set(NORMS) | set(POWER_LAW) <= set(numbers)
    assert set(numbers) - set(NORMS) - set(POWER_LAW) == {"N", "M", "Q", "num_evals", "lambda_max", "xmax"}


def test_reasons_from_a_file_are_cleaned():
    hostile = "\u202eevil\x1b[31m"
    found = figures(400, 640, reasons={"sv_min": hostile})
    for shown in (found, replace(without_a_fit(9, 500, hostile), alpha=None)):
        words, tables = told(shown)
        cells = [cell for table in tables for row in table for cell in row]
        assert not {"\u202e", "\x1b"} & set("".join([words, *cells]))

"""What the report says of the metrics under WeightWatcher's names."""

import msgspec
import pytest
from synthetic.places import place
from synthetic.power_law import example

from netaudit.analyses.layer.power_law.payload import NAMES, PowerLaw, Reason
from netaudit.analyses.layer.power_law.present import NORMS, POWER_LAW, method, present, why
from netaudit.report.document.model import Equation
from netaudit.report.document.prose import prose
from netaudit.results.payload import Null

PLACE = place("fc", (400, 640))


def shown(payload):
    """The words, and the tables as lists of rows of cells."""
    words, pair = present(payload, PLACE).blocks
    tables = [[[span.text for span in row] for row in table.rows] for table in pair.items]
    return "".join(span.text for span in words.spans), tables


def test_alpha_stands_beside_its_interval_and_the_layer_s_own_null():
    words, (norms, law) = shown(example())
    for piece in (
        "Under WeightWatcher's names, of the eigenvalues of A as stored; no verdict rests on them.",
        "A power law fits the 174 largest eigenvalues best, with the exponent alpha = 2.68 (95% interval of the "
        "estimator [2.31, 3.25]) and at the distance D = 0.06106.",
        "Gaussian matrices of this shape have an alpha in [5.48, 37.6] and a D in [0.106, 0.135] (1% to 99% of 100 "
        "draws).",
        "Here alpha is smaller than theirs and D is smaller than theirs: the tail is closer to a power law than that "
        "of a Gaussian matrix.",
    ):
        assert piece in words
    assert ["alpha, exponent", "2.68"] in law
    assert ["num_pl_spikes, eigenvalues in the tail", "174"] in law
    assert ["stable_rank, norm / lambda_max", "16.94"] in norms
    captions = [table.caption for table in present(example(), PLACE).blocks[1].items]
    assert captions == ["Norms and ranks of layer fc.", "Power law fitted to the eigenvalues of layer fc."]


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
    words, _ = shown(example(alpha=alpha, D=D))
    assert f"Here alpha is {beside}" in words
    assert conclusion in words


def test_without_a_fit_the_reason_is_said_once():
    words, [norms] = shown(example(fitted=False))
    assert words.endswith("No power law is fitted: it takes 10 positive values, and there are 9.")
    assert len(norms) == len(NORMS)


def test_an_estimated_spectrum_says_how_to_have_every_value():
    words, _ = shown(example(fitted=False, sv_min=None, reasons={"alpha": "only_estimated"}))
    assert "Only the distribution of the singular values was estimated: `--spectrum exact` has each." in words


@pytest.mark.parametrize("code", Reason.__args__)
def test_every_reason_has_words_beside_the_missing_number(code):
    _, [norms, _] = shown(example(sv_min=None, reasons={"sv_min": code}))
    [cells] = [row for row in norms if row[0].startswith("sv_min")]
    assert cells == [f"sv_min, smallest singular value: {why(code, example())}", "–"]
    assert "_" not in why(code, example())


def test_few_draws_have_a_range_and_no_quantiles():
    words, _ = shown(example(alpha_null=Null("gaussian", "alpha", 5, 5.484, 10.34, 37.64)))
    assert "(the range of 5 draws)" in words


def test_without_a_null_nothing_is_compared():
    words, _ = shown(example(D_null=Null("gaussian", "D", 0, None, None, None)))
    assert "alpha = 2.68" in words
    assert "Gaussian" not in words


def test_every_metric_that_a_table_names_is_one():
    assert set(NORMS) | set(POWER_LAW) <= set(NAMES)
    assert set(NAMES) - set(NORMS) - set(POWER_LAW) == {"N", "M", "Q", "num_evals", "lambda_max", "xmax"}


def test_what_the_reader_takes_and_refuses():
    stored = msgspec.to_builtins(example())
    assert msgspec.convert(stored, PowerLaw) == example()
    for hostile in ({"reasons": {"sv_min": "\u202eevil"}}, {"alpha": "2"}, {"alpha_interval": [1, 1e300]}, {"x": 1}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(stored | hostile, PowerLaw)


def test_the_method_cites_what_it_names_and_its_formulas_exist():
    parts = method()
    text = " ".join(block for block in parts.blocks if isinstance(block, str))
    assert "disputed" in text
    for block in parts.blocks:
        prose("{" + block.formula + "}" if isinstance(block, Equation) else block)
    for entry in parts.references:
        author, year = entry.split(" (")[0].split(",")[0].split(" and ")[0].split()[-1], entry.split("(")[1][:4]
        assert author in text
        assert year in text

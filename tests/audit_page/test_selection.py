from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from synthetic.audits import findings, layer, many, report

from netaudit.analyses.table import BUILT_IN, CLAIMS
from netaudit.audit_page.presented import present
from netaudit.audit_page.selection import IN_FULL, shown_in_full, worst_first
from netaudit.results.payload import Finding
from netaudit.vocabulary import VERDICTS


def with_verdicts(rows):
    """A report whose layers have these verdicts."""
    base = layer("x")
    return report(
        [
            replace(
                base,
                name=str(i),
                analyses={claim: Finding(verdict=v, metrics={}) for claim, v in zip(CLAIMS, row, strict=True)},
            )
            for i, row in enumerate(rows)
        ]
    )


def test_few_layers_are_all_shown():
    assert shown_in_full(with_verdicts([("holds",) * 4] * IN_FULL)) == list(range(IN_FULL))


def test_the_rare_failure_and_the_typical_layer_are_both_shown():
    rows = [("holds",) * 4] * 300
    rows[137] = ("holds", "fails", "holds", "holds")
    chosen = shown_in_full(with_verdicts(rows))
    assert 137 in chosen
    assert len(chosen) == IN_FULL
    assert chosen == sorted(chosen)
    assert max(b - a for a, b in pairwise(chosen)) < 60  # spread over the file


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(VERDICTS)] * 4), max_size=60), st.integers(1, 12))
def test_selection_is_full_distinct_and_begins_with_the_worst(rows, limit):
    made = with_verdicts(rows)
    chosen = shown_in_full(made, limit)
    assert len(chosen) == len(set(chosen)) == min(limit, len(rows))
    if rows:
        worst = rows[worst_first(made)[0]]
        assert worst in [rows[index] for index in chosen]


def test_worst_first():
    rows = [
        ("holds", "holds", "holds", "holds"),
        ("holds", "undecided", "holds", "holds"),
        ("not_applicable", "not_applicable", "holds", "holds"),
        ("fails", "holds", "holds", "holds"),
        ("fails", "undecided", "holds", "holds"),
        ("fails", "fails", "holds", "holds"),
        ("fails", "holds", "holds", "holds"),
    ]
    assert worst_first(with_verdicts(rows)) == [5, 4, 3, 6, 1, 2, 0]


def stems(made):
    return [
        figure.stem for shown in present(made, BUILT_IN).layers for part in shown.presentations.values()
        for figure in part.figures
    ]  # fmt: skip


def test_figures_are_drawn_for_a_bounded_number_of_layers_and_numbered_in_one_width():
    drawn = stems(report([layer("x")] * 300))
    assert len(drawn) == len(set(drawn)) == 5 * IN_FULL
    assert {len(stem.split("_")[1]) for stem in drawn} == {3}
    assert {len(stem.split("_")[1]) for stem in stems(report([layer("x")] * 1000))} == {4}
    assert many(3).layers[0].finding("gaussian_weights").curve is None
    assert findings(200, 320, ("holds",) * 4)["gaussian_weights"].curve is not None

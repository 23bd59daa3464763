from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from netaudit.report.plan import plan
from netaudit.report.selection import IN_FULL, shown_in_full, worst_first

VERDICTS = ("holds", "fails", "undecided", "not_applicable")


def with_verdicts(build, build_layer, rows):
    """A report whose layers have these verdicts."""
    base = build_layer("x")
    layers = [
        replace(
            base,
            name=str(i),
            findings=tuple(replace(f, verdict=v, curve=None) for f, v in zip(base.findings, row, strict=True)),
        )
        for i, row in enumerate(rows)
    ]
    return build(layers)


def test_few_layers_are_all_shown(build_many):
    assert shown_in_full(build_many(IN_FULL)) == list(range(IN_FULL))


def test_the_rare_failure_and_the_typical_layer_are_both_shown(build, build_layer):
    rows = [("holds",) * 4] * 300
    rows[137] = ("holds", "fails", "holds", "holds")
    chosen = shown_in_full(with_verdicts(build, build_layer, rows))
    assert 137 in chosen
    assert len(chosen) == IN_FULL
    assert chosen == sorted(chosen)
    assert max(b - a for a, b in pairwise(chosen)) < 60  # spread over the file


@given(st.lists(st.tuples(*[st.sampled_from(VERDICTS)] * 4), max_size=60), st.integers(1, 12))
def test_selection_is_full_distinct_and_begins_with_the_worst(build, build_layer, rows, limit):
    report = with_verdicts(build, build_layer, rows)
    chosen = shown_in_full(report, limit)
    assert len(chosen) == len(set(chosen)) == min(limit, len(rows))
    if rows:
        worst = rows[worst_first(report)[0]]
        assert worst in [rows[index] for index in chosen]


def test_worst_first(build, build_layer):
    rows = [
        ("holds", "holds", "holds", "holds"),
        ("holds", "undecided", "holds", "holds"),
        ("not_applicable", "not_applicable", "holds", "holds"),
        ("fails", "holds", "holds", "holds"),
        ("fails", "undecided", "holds", "holds"),
        ("fails", "fails", "holds", "holds"),
        ("fails", "holds", "holds", "holds"),
    ]
    assert worst_first(with_verdicts(build, build_layer, rows)) == [5, 4, 3, 6, 1, 2, 0]


def test_figures_are_drawn_for_a_bounded_number_of_layers(build_many):
    planned = plan(build_many(300))
    assert len(planned.layers) == IN_FULL
    stems = [figure.stem for figures in planned.layers.values() for figure in figures]
    assert len(stems) == len(set(stems)) == 4 * IN_FULL


def test_numbers_have_one_width(build_many):
    stems = [figure.stem for figures in plan(build_many(1000)).layers.values() for figure in figures]
    assert {len(stem.split("_")[1]) for stem in stems} == {4}

"""From records that were made up to rates, criteria and curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from netaudit.studies.calibration.cells import CalibrationPlan, Criterion, LayerCell
from netaudit.studies.calibration.summary import coverage, rate, study_data
from netaudit.studies.calibration.wide_tables import pooled

TOLERANCES = {
    "gaussian_weights": {"tolerance": 0.02},
    "constant_bias": {"tolerance": 0.1},
    "singular_law": {"tolerance": 0.05, "outside": 0.05},
    "shadow_inversion": {"tolerance": 1.25},
}


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_are_clopper_and_pearsons(case):
    count, total = case
    low, high = rate(count, total)["interval"]
    assert low == pytest.approx(beta.ppf(0.025, count, total - count + 1) if count else 0, abs=1e-9)
    assert high == pytest.approx(beta.ppf(0.975, count + 1, total - count) if count < total else 1, abs=1e-9)


def finding(verdict, value=0.5):
    return {"verdict": verdict, "values": {"some_metric": value}}


def study(cells, criteria=(), records=None, shapes=()):
    def of(key, seeds):
        return [records(key, seed) | {"cell": key, "seed": seed, "seconds": 0.5} for seed in seeds]

    plan = CalibrationPlan(tuple(cells), tuple(criteria), shapes, 400)
    return study_data(plan, of, TOLERANCES, {"netaudit": "1"}, [])


def test_counts_values_and_seconds():
    cell = LayerCell("gaussian", (64, 64), 0.0, ("singular_law", "constant_bias"), 10)
    words = ["holds"] * 7 + ["undecided"] * 2 + ["fails"]
    data = study(
        [cell],
        records=lambda key, seed: {
            "findings": {"singular_law": finding(words[seed], seed / 10), "constant_bias": finding("undecided", None)},
            "spikes": int(seed > 7),
        },
    )
    [found] = data["cells"]
    verdicts = found["claims"]["singular_law"]["verdicts"]
    assert {word: verdicts[word]["count"] for word in verdicts} == {
        "holds": 7, "fails": 1, "undecided": 2, "not_applicable": 0,
    }  # fmt: skip
    assert verdicts["undecided"]["rate"] == 0.2
    assert found["claims"]["singular_law"]["values"]["some_metric"] == {
        "mean": 0.45, "min": 0.0, "q05": 0.045, "median": 0.45, "q95": 0.855, "max": 0.9,
    }  # fmt: skip
    assert found["claims"]["constant_bias"]["values"] == {"some_metric": None}
    assert found["spiked"]["count"] == 2
    assert (found["seeds"], found["seconds"], data["seconds"]) == (10, {"mean": 0.5, "total": 5.0}, 5.0)


def test_coverage_is_how_often_an_interval_holds_the_mean():
    values = [0.0, 1.0, 2.0, 3.0, 4.0]  # their mean is 2
    found = coverage(
        [
            {
                "a": {"value": v, "interval": [v - 1, v + 1], "level": 0.9},
                "exact": {"value": v, "interval": [v, v], "level": None},
            }
            for v in values
        ]
    )
    assert set(found) == {"a"}
    assert (found["a"]["count"], found["a"]["rate"], found["a"]["level"], found["a"]["mean"]) == (3, 0.6, 0.9, 2.0)


def test_false_alarms_are_bounded_over_all_shapes_together():
    cells = [LayerCell("gaussian", (64, n), 0.0, ("singular_law",), 120) for n in (64, 128)]
    data = study(cells, records=lambda key, seed: {"findings": {"singular_law": finding("holds")}, "spikes": 0})
    assert "0 of 240 Gaussian layers fail, so that at most 1.2% do" in pooled(data["cells"], "singular_law")
    assert beta.ppf(0.95, 1, 240) == pytest.approx(0.0124, abs=1e-4)


@pytest.mark.parametrize(
    ("limits", "met"),
    [((None, 0.2), True), ((None, 0.19), False), ((0.2, None), True), ((0.21, None), False), ((None, 0.0), False)],
)
def test_a_bar_is_met_by_the_measured_rate(limits, met):
    cell = LayerCell("gaussian", (64, 64), 0.0, ("singular_law",), 10)
    criterion = Criterion("r", cell.key, "singular_law", "fails", *limits)
    words = ["fails"] * 2 + ["holds"] * 8
    data = study([cell], [criterion], lambda key, seed: {"findings": {"singular_law": finding(words[seed])}})
    [judged] = data["bars"]
    assert judged["met"] is met
    assert (judged["value"], judged["count"], judged["seeds"]) == (0.2, 2, 10)
    assert judged["bar"] == {"low": limits[0], "high": limits[1]}
    assert judged["interval"] == rate(2, 10)["interval"]


def test_tracy_widom_moments_and_their_intervals():
    x = np.random.default_rng(0).gumbel(size=400)
    limits = {"mean": x.mean(), "std": x.std() + 0.02}
    criteria = [
        Criterion("Tracy-Widom", "tracy_widom 64x64", None, f"tracy_widom_{name}", at - 0.01, at + 0.01)
        for name, at in limits.items()
    ]
    data = study([], criteria, lambda key, seed: {"scores": x.tolist()}, shapes=((64, 64),))
    [found] = data["tracy_widom"]
    assert found["mean"]["value"] == pytest.approx(x.mean(), abs=1e-4)
    assert found["std"]["value"] == pytest.approx(x.std(ddof=1), abs=1e-4)
    generator = np.random.default_rng(1)
    again = generator.choice(x, (4000, 400))
    for name, drawn in (("mean", again.mean(1)), ("std", again.std(1))):
        low, high = found[name]["interval"]
        assert (high - low) / 2 == pytest.approx(1.96 * drawn.std(), rel=0.1)
    assert [bar["met"] for bar in data["bars"]] == [True, False]


def test_curves_have_their_theory_and_both_thresholds():
    strengths = (0.5, 1.0, 1.5, 2.0)
    cells = [LayerCell("spike", (64, 96), s, ("singular_law",), 10) for s in reversed(strengths)]
    cells += [LayerCell("correlated", (512, 512), c, ("singular_law",), 10) for c in (0.1, 0.3, 0.5)]

    def records(key, seed):
        strength = float(key.split()[-1])
        share = {"0.1": 0.0, "0.3": 0.2, "0.5": 1.0}.get(key.split()[-1], 0.0)
        word = "fails" if seed < 10 * share else "holds"
        return {"findings": {"singular_law": finding(word)}, "spikes": int(seed < 10 * (strength - 0.5) / 1.5)}

    rows, spikes = study(cells, records=records)["curves"]
    assert (rows["scenario"], rows["claim"], rows["shares"]) == ("correlated", "singular_law", ["holds", "fails"])
    assert rows["theoretical_thresholds"] == {
        "ks_marchenko_pastur": pytest.approx(0.384, abs=0.002),
        "bulk_variance_share": pytest.approx(0.237, abs=0.005),
    }
    assert rows["measured_thresholds"] == {"half holds": 0.375, "half fails": 0.375}
    assert [(line["name"], line["metric"]) for line in rows["theory"]] == [
        ("law", "ks_marchenko_pastur"),
        ("law", "bulk_variance_share"),
    ]
    assert (rows["theory"][0]["line"][0][0], rows["theory"][0]["line"][-1][0]) == (0.1, 0.5)
    assert (spikes["scenario"], spikes["shares"]) == ("spike", ["spiked"])
    assert spikes["points"] == [f"spike 64x96 {s:g}" for s in strengths]
    assert spikes["theoretical_thresholds"] == {"bulk": 1.0}
    assert 1.0 < spikes["measured_thresholds"]["half spiked"] < 1.5


def test_a_layer_whose_singular_values_are_not_judged_is_no_point_of_a_curve():
    cells = [LayerCell("spike", (10, 96), s, ("singular_law",), 2) for s in (1.0, 2.0)]
    data = study(cells, records=lambda key, seed: {"findings": {"singular_law": finding("not_applicable", None)}})
    assert data["curves"] == []
    assert data["cells"][0]["spiked"] is None

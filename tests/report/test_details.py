import pytest
from netaudit.report.details import read_alternatives, read_spikes
from synthetic_findings import findings

from netaudit.results import Finding

ROW = {"u": 2.5, "score": 9.0, "p": 1e-5, "strength": 1.5, "variance_share": 0.1, "top_rows_share": 0.2}


def finding(details):
    return Finding("singular_law", "fails", {}, details=details)


def test_what_the_analysers_store_is_read():
    weights, _, law, _ = findings(200, 320, ("fails", "undecided", "fails", "fails"))
    assert [family.name for family in read_alternatives(weights)] == ["student_t", "gaussian", "uniform"]
    assert all(spike.strength > 0 for spike in read_spikes(law))
    assert read_spikes(weights) == ()
    assert read_spikes(finding(None)) == ()


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ({"spikes": "many"}, "not a list"),
        ({"spikes": [ROW] * 101}, "at most 100"),
        ({"spikes": [3]}, "not an object"),
        ({"spikes": [ROW | {"u": "<b>"}]}, "u is not what it should be"),
        ({"spikes": [ROW | {"score": 1e300}]}, "score"),
        ({"spikes": [ROW | {"p": True}]}, "p is not"),
        ({"spikes": [{"u": 1.0}]}, "score"),
    ],
)
def test_what_does_not_fit_gives_a_reason(details, why):
    assert why in read_spikes(finding(details))


def test_a_family_may_lack_degrees_but_not_a_scale():
    row = {"name": "gaussian", "location": 0.0, "scale": 1.0, "degrees": None, "gain": 0.0}
    assert read_alternatives(finding({"alternatives": [row]}))[0].degrees is None
    assert "scale" in read_alternatives(finding({"alternatives": [row | {"scale": None}]}))

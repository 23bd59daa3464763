"""The JSON Schema that ships with the package."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from synthetic import shadow_images
from synthetic.audits import as_json, hostile, many, report

import netaudit.results
from netaudit.analyses.shipped_schema import schema_text
from netaudit.analyses.table import BUILT_IN, CLAIMS
from netaudit.errors import ReportError
from netaudit.results.reading import read_report
from netaudit.results.schema import SCHEMA_FILE, shipped_schema

TYPES = {analysis.name: analysis.payload for analysis in BUILT_IN}
VALIDATOR = Draft202012Validator(shipped_schema())


def test_what_ships_is_what_the_types_give():
    """After a change of a type: ``python -m netaudit.analyses.shipped_schema``."""
    committed = Path(netaudit.results.__file__).with_name(SCHEMA_FILE)
    assert SCHEMA_FILE == "audit-2.schema.json"
    assert committed.read_text(encoding="ascii") == schema_text()
    assert shipped_schema() == json.loads(schema_text())


def test_it_is_a_schema_and_knows_every_analysis():
    schema = shipped_schema()
    Draft202012Validator.check_schema(schema)
    of_layers = schema["$defs"]["LayerResult"]["properties"]["analyses"]["properties"]
    assert list(of_layers) == ["special_weights", *CLAIMS, "power_law", "initialisation", "random_likeness"]
    assert set(of_layers) | set(schema["properties"]["analyses"]["properties"]) == set(TYPES)
    for name in CLAIMS:
        assert of_layers[name] == {"$ref": f"#/$defs/{TYPES[name].__name__}"}
    assert of_layers["power_law"]["anyOf"][1] == {"$ref": "#/$defs/NotApplicable"}


@pytest.mark.parametrize("make", [report, lambda: report([]), lambda: many(6), hostile])
def test_reports_fit_it_and_are_read_back(make):
    made = make()
    VALIDATOR.validate(as_json(made))
    again = read_report(made.json_text(), TYPES, TYPES)
    assert again.json_text() == made.json_text()
    assert [list(layer.findings) for layer in again.layers] == [list(layer.findings) for layer in made.layers]


def test_images_fit_it():
    made = replace(report([]), analyses={"shadow_images": shadow_images.example()})
    VALIDATOR.validate(as_json(made))
    assert read_report(made.json_text(), TYPES, TYPES).analyses["shadow_images"] == shadow_images.example()


HOSTILE = [
    ("gaussian_weights", "curve.edges", [1e101] * 81),
    ("gaussian_weights", "alternatives.0.name", "cauchy"),
    ("constant_bias", "curve.band", [0.0]),
    ("constant_bias", "verdict", None),
    ("singular_law", "spikes.0.p", 1.5),
    ("singular_law", "curve.law_edge", 0),
    ("singular_law", "spectrum.method", "guess"),
    ("shadow_inversion", "curve.cells", []),
    ("shadow_inversion", "curve.cells.0.rho", 0),
    ("shadow_inversion", "curve.cells.0.k", True),
    ("power_law", "alpha", "2.5"),
    ("power_law", "reasons", {"sv_min": "because"}),
    ("power_law", "beta", 1),
    ("labels_back", "runs.0.top1", 2),
    ("labels_back", "runs.0.source", "noise"),
    ("hidden_units", "pairs.0.verdict", "holds"),
    ("hidden_units", "pairs.0.dead", -1),
    ("hidden_units", "rule.tolerances.r", 1e308),
    ("edge_tests", "method", "bonferroni"),
    ("edge_tests", "tests.0.adjusted", -0.1),
]


@pytest.mark.parametrize(("analysis", "path", "value"), HOSTILE)
def test_the_reader_and_the_schema_refuse_the_same(analysis, path, value):
    data = as_json(report())
    entry = data["analyses"] if analysis in data["analyses"] else data["layers"][0]["analyses"]
    *parents, last = f"{analysis}.{path}".split(".")
    for key in parents:
        entry = entry[int(key) if isinstance(entry, list) else key]
    entry[last] = value
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(ReportError, match=rf"not an audit\.json: .*analyses\.{analysis}") as caught:
        read_report(json.dumps(data), TYPES, TYPES)
    assert len(str(caught.value)) < 400

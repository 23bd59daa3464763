"""The JSON Schema of compare.json that ships with the package."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from netaudit.comparing.result import Comparison
from netaudit.comparing.shipped_schema import SCHEMA_PATH, schema_text, shipped_schema
from netaudit.errors import ReportError
from netaudit.results.fingerprint import fingerprint

VALIDATOR = Draft202012Validator(shipped_schema())
COMMITTED = sorted((Path(__file__).parents[2] / "reports" / "comparison").glob("*/compare.json"))


def test_what_ships_is_what_the_types_give():
    """After a change of a type: ``python -m netaudit.comparing.shipped_schema``."""
    assert SCHEMA_PATH.name == "compare-1.schema.json"
    assert SCHEMA_PATH.read_text(encoding="ascii") == schema_text()
    Draft202012Validator.check_schema(shipped_schema())


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_comparisons_fit_it(path):
    VALIDATOR.validate(json.loads(path.read_text()))


def test_there_are_comparisons():
    assert len(COMMITTED) == 2


HOSTILE = [
    ("format_version", 2),
    ("$schema", "urn:netaudit-dnn:audit:2"),
    ("sides.0.has", "nothing"),
    ("sides", []),
    ("pairs", []),
    ("pairs.0.first", -1),
    ("pairs.0.word", "changed"),
    ("pairs.0.layers.0.cosine", 1.5),
    ("pairs.0.layers.0.cosine_null", 1e101),
    ("pairs.0.layers.0.shape", [3]),
    ("pairs.0.layers.0.update", "some"),
    ("pairs.0.layers.0.overlap.left", 2),
    ("pairs.0.layers.0.rank", True),
    ("pairs.0.layers.0.more", 1),
    ("pairs.0.notes", "a note"),
    ("thresholds.no_overlap", "0.1"),
    ("threads", None),
]


@pytest.mark.parametrize(("path", "value"), HOSTILE)
def test_the_reader_and_the_schema_refuse_the_same(path, value):
    data = json.loads(COMMITTED[0].read_text())
    entry = data
    *parents, last = path.split(".")
    for key in parents:
        entry = entry[int(key) if isinstance(entry, list) else key]
    entry[last] = value
    data["fingerprint"] = fingerprint(data)
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(ReportError) as caught:
        Comparison.from_json(json.dumps(data))
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)

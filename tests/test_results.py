"""The report as JSON and back, its schema, and what the strict reader refuses. The payloads are types of this file."""

import json
from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import Meta
from msgspec.structs import replace

from netaudit.errors import ReportError
from netaudit.network.layers import SkippedLayer
from netaudit.results import (
    FORMAT_VERSION,
    SCHEMA_ID,
    Condition,
    Coverage,
    DataResult,
    Finding,
    HeadResult,
    LayerResult,
    Model,
    NotApplicable,
    Null,
    Payload,
    Provenance,
    Record,
    Report,
    Rule,
    Summary,
    curve_values,
    number,
)
from netaudit.results.payload import Bounded, Share, Values, increasing, same_length, unjudged
from netaudit.results.reading import read_report
from netaudit.results.report import not_applicable
from netaudit.results.schema import make_schema
from netaudit.vocabulary import VERDICTS


class Curve(Record, frozen=True):
    """A histogram."""

    edges: Values
    """Edges of the bins, ``[B + 1]``."""
    density: Values
    """``[B]``."""

    def __post_init__(self):
        same_length(edges=self.edges[1:], density=self.density)
        increasing("edges", self.edges)


class Law(Finding, frozen=True, kw_only=True):
    """A claim about a layer."""

    curve: Curve | None = None
    """What is drawn."""


class Norms(Payload, frozen=True):
    """What is told of a layer without a verdict."""

    largest: Bounded
    """The largest norm."""
    share: Share
    """How much of it."""


class Whole(Payload, frozen=True):
    """What is told of the network."""

    runs: Annotated[tuple[int, ...], Meta(max_length=3)]
    """One number a run."""


OF_LAYERS, OF_NETWORK = {"law": Law, "norms": Norms}, {"whole": Whole}
TYPES = OF_LAYERS | OF_NETWORK
SCHEMA = make_schema(OF_LAYERS, OF_NETWORK)
VALIDATOR = Draft202012Validator(SCHEMA)

LAW = Law(
    verdict="holds",
    metrics={"ks": 0.01, "spikes": 2, "gain": None},
    reasons={"gain": "no_cell"},
    conditions=(Condition("ks", 0.01, (0.0, 0.02), (None, 0.05), "holds"),),
    rule=Rule("equivalence", {"ks": 0.05}, widened=True),
    nulls=(Null("permuted", "ks", 40, 0.001, 0.002, 0.003, 0.02, (8, 9), 64),),
    warnings=("void_edge",),
    curve=Curve((0.0, 0.5, 1.0), (1.0, 2.0)),
)
REPORT = Report(
    target="net.pt",
    model=Model("net", "file", None, "net.pt", {"data": "MNIST", "accuracy": 0.9}),
    provenance=Provenance("a" * 64, "b" * 64, None, {"netaudit": "0.1.0"}, "cpu", "float32", 1, 0, {"layers": []}),
    coverage=Coverage(100, 80),
    head=HeadResult(("fc",), ("linear",), True, "The order was guessed."),
    data=DataResult("images", "c" * 64, 8, 0.9),
    layers=(
        LayerResult(
            "fc", (8, 10), "float32", "relu", "Linear", {"law": LAW, "norms": Norms(2.5, 0.5)}, ("on the CPU",)
        ),
    ),
    skipped=(SkippedLayer("conv", (3, 3), "convolution", 20),),
    analyses={"whole": Whole((1, 2)), "other": NotApplicable("There are no cells.")},
    summary=Summary({"law": {"holds": 1, "fails": 0, "undecided": 0, "not_applicable": 0}}),
)
"""``other`` is not among the types: its payload comes back as the JSON object that it is."""


def again(text):
    return read_report(text, TYPES, TYPES)


def as_read(report):
    """What reading gives of this report: payloads of unknown analyses are JSON objects."""
    return replace(report, analyses=report.analyses | {"other": msgspec.to_builtins(report.analyses["other"])})


def changed(path, value):
    """REPORT as a JSON object with the entry at the dotted ``path`` replaced."""
    data = REPORT.to_dict()
    *parents, last = path.split(".")
    entry = data
    for key in parents:
        entry = entry[int(key) if isinstance(entry, list) else key]
    entry[last] = value
    return data


def test_round_trip():
    assert again(REPORT.json_text()) == as_read(REPORT)
    assert again(REPORT.json_text()).json_text() == REPORT.json_text()


def test_json_is_ascii_with_a_version_and_a_schema():
    text = replace(REPORT, target="层\ud800\u202e\x1b").json_text()
    data = json.loads(text)
    assert text.isascii()
    assert text.endswith("}\n")
    assert list(data)[:2] == ["$schema", "format_version"]
    assert (data["$schema"], data["format_version"]) == (SCHEMA_ID, FORMAT_VERSION)
    assert again(text).target == "层\ud800\u202e\x1b"


def test_a_payload_of_an_unknown_analysis_survives_as_it_is():
    foreign = {"fixed points": [{"x": [1.0, 2]}, None], "deep": {"er": {"verdict": "maybe"}}}
    report = replace(REPORT, analyses={"theirs": foreign}, layers=(replace(REPORT.layers[0], analyses={"t": foreign}),))
    read = again(report.json_text())
    assert read.analyses["theirs"] == read.layers[0].analyses["t"] == foreign
    assert read.json_text() == report.json_text()


def test_an_analysis_that_does_not_apply_is_read_as_such():
    no = NotApplicable("There is no bias.")
    read = again(replace(REPORT, analyses={"whole": no}).json_text())
    assert read.analyses["whole"] == no
    finding = unjudged(Law, ["ks"], "the layer has no bias")
    layer = replace(REPORT.layers[0], analyses={"law": finding, "norms": no})
    read = again(replace(REPORT, layers=(layer,)).json_text())
    assert read.layers[0].analyses == {"law": finding, "norms": no}
    assert all(map(not_applicable, read.layers[0].analyses.values()))
    assert (finding.note, finding.reasons) == ("The layer has no bias.", {"ks": "the layer has no bias"})


def test_the_value_shown_is_the_one_that_decides():
    """A layer that fails by its second condition must not be shown with the first one's harmless value."""
    ks, share = (
        Condition("ks", 0.01, (0.0, 0.02), (None, 0.05), "holds"),
        Condition("share", 0.5, (0.4, 0.6), (0.9, None), "fails"),
    )
    failing = replace(LAW, verdict="fails", conditions=(ks, share))
    assert (failing.statistic, failing.value, failing.interval) == ("share", 0.5, (0.4, 0.6))
    holding = replace(LAW, verdict="holds", conditions=(ks, replace(share, verdict="holds")))
    assert holding.statistic == "ks"
    assert replace(LAW, conditions=()).value is None


def test_a_file_is_read_by_its_path(tmp_path):
    path = tmp_path / "audit.json"
    path.write_text(REPORT.json_text(), encoding="ascii")
    assert again(path) == again(str(path)) == as_read(REPORT)


# the schema


def objects(node):
    """Every object of ours in a schema: those with properties."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def test_the_schema_is_a_schema_and_names_itself():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == SCHEMA_ID
    assert SCHEMA["properties"]["format_version"]["const"] == FORMAT_VERSION
    assert SCHEMA["$defs"]["NotApplicable"]["properties"]["verdict"]["enum"] == ["not_applicable"]


def test_the_schema_allows_no_other_key_and_describes_every_property():
    found = list(objects(SCHEMA))
    names = {node.get("title") for node in found}
    assert {"LayerResult", "SkippedLayer", "Law", "Curve", "Norms", "Whole", "NotApplicable", "Null"} <= names
    for node in found:
        if node["additionalProperties"] is not False:  # the payloads by their analysis: others may be any object
            assert node["additionalProperties"] == {"type": "object"}
            assert set(node["properties"]) in (set(OF_LAYERS), set(OF_NETWORK))
            continue
        for name, part in node["properties"].items():
            assert part["description"].endswith("."), (node.get("title"), name)


def test_every_property_has_its_own_description_and_those_of_its_base():
    law = SCHEMA["$defs"]["Law"]["properties"]
    assert law["curve"]["description"] == "What is drawn."
    assert law["conditions"]["description"].startswith("What the verdict rests on")
    assert SCHEMA["$defs"]["Law"]["description"] == "A claim about a layer."


def test_a_field_without_a_docstring_and_two_types_of_one_name_are_refused():
    class Bare(Payload, frozen=True):
        """Its field says nothing."""

        count: int

    with pytest.raises(ValueError, match=r"fields without a docstring: Bare\.count"):
        make_schema({"bare": Bare}, {})

    class Curve(Payload, frozen=True):
        """Another curve."""

        x: float
        """A number."""

    with pytest.raises(ValueError, match="two record types are called Curve"):
        make_schema({"law": Law, "curve": Curve}, {})


def test_what_is_written_fits_the_schema():
    VALIDATOR.validate(REPORT.to_dict())
    VALIDATOR.validate(json.loads(replace(REPORT, data=None, layers=(), skipped=(), analyses={}).json_text()))


# what neither the reader nor the schema takes

HOSTILE = [
    ("layers.0.analyses.law.verdict", "maybe", r"layers\[0\]\.analyses\.law\.verdict"),
    ("layers.0.analyses.law.verdict", "\ud800", ""),
    ("layers.0.analyses.law.metrics.ks", "0.01", r"layers\[0\]\.analyses\.law\.metrics"),
    ("layers.0.analyses.law.metrics.ks", True, r"layers\[0\]\.analyses\.law\.metrics"),
    ("layers.0.analyses.law.metrics", [], r"law\.metrics"),
    ("layers.0.analyses.law.conditions.0.interval", [0.1], r"conditions\[0\]\.interval"),
    ("layers.0.analyses.law.conditions.0.interval", [0.1, 0.2, 0.3], r"conditions\[0\]\.interval"),
    ("layers.0.analyses.law.conditions.0.surprise", 1, "surprise"),
    ("layers.0.analyses.law.nulls.0.kind", "noise", r"nulls\[0\]\.kind"),
    ("layers.0.analyses.law.nulls.0.draws", None, r"nulls\[0\]\.draws"),
    ("layers.0.analyses.law.nulls.0.draws", -1, r"nulls\[0\]\.draws"),
    ("layers.0.analyses.law.curve", [1], r"law\.curve"),
    ("layers.0.analyses.law.curve.density", [1e101, 1.0], r"curve\.density"),
    ("layers.0.analyses.law.curve.density", [0.0] * 601, r"curve\.density"),
    ("layers.0.analyses.law.curve.density", [False, 1.0], r"curve\.density"),
    ("layers.0.analyses.law.surprise", 1, "surprise"),
    ("layers.0.analyses.law.\ud800", 1, ""),
    ("layers.0.analyses.law", 7, r"layers\[0\]\.analyses\.law"),
    ("layers.0.analyses.norms.largest", -2e100, r"norms\.largest"),
    ("layers.0.analyses.norms.share", 1.5, r"norms\.share"),
    ("layers.0.analyses.norms", {"note": "why", "verdict": "holds"}, r"norms\.verdict"),
    ("layers.0.analyses.theirs", [1], r"analyses\.theirs"),
    ("layers.0.shape", [8], "shape"),
    ("layers.0.shape", [8, 0], "shape"),
    ("layers.0.name", 1, "name"),
    ("layers.0.events", "none", "events"),
    ("layers.0.path", "/home", "path"),
    ("skipped.0.parameters", -1, "parameters"),
    ("analyses.whole.runs", [1, 2, 3, 4], r"analyses\.whole\.runs"),
    ("analyses.whole.runs", [1.5], r"analyses\.whole\.runs"),
    ("analyses.theirs", "text", r"analyses\.theirs"),
    ("head.inferred", 1, r"head\.inferred"),
    ("data.sha256", "c", r"data\.sha256"),
    ("data.accuracy", 1.5, r"data\.accuracy"),
    ("provenance.weights_sha256", None, "weights_sha256"),
    ("provenance.settings", None, "settings"),
    ("coverage.parameters_total", True, "parameters_total"),
    ("coverage.parameters_audited", 10**16, "parameters_audited"),  # beyond it no float holds every count
    ("summary.claims", {"law": {"maybe": 1}}, "claims"),
    ("model.path", "/home", "path"),
    ("model.card", 3, "card"),
    ("$schema", "urn:other", "schema"),
    ("surprise", 1, "surprise"),
]


@pytest.mark.parametrize(("path", "value", "where"), HOSTILE)
def test_the_reader_and_the_schema_refuse_the_same(path, value, where):
    data = changed(path, value)
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(ReportError, match=f"^audit.json: not an audit.json: .*{where}") as caught:
        again(json.dumps(data))
    one_short_line(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("layers.0.analyses.law.curve.edges", [0.0, 0.5], r"lengths differ.*law\.curve"),
        ("layers.0.analyses.law.curve.edges", [0.0, 0.0, 1.0], r"edges does not increase.*law\.curve"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused_by_the_reader(path, value, reason):
    """What a JSON Schema cannot say."""
    with pytest.raises(ReportError, match=reason) as caught:
        again(json.dumps(changed(path, value)))
    one_short_line(caught.value)


REQUIRED = (
    "$schema", "format_version", "target", "layers", "head", "data", "coverage", "model", "summary", "analyses",
    "coverage.parameters_total", "layers.0.analyses", "layers.0.analyses.law.metrics", "analyses.whole.runs",
)  # fmt: skip


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_key_is_named(path):
    data = changed(path, None)
    *parents, last = path.split(".")
    entry = data
    for key in parents:
        entry = entry[int(key) if isinstance(entry, list) else key]
    del entry[last]
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(ReportError, match=last.replace("$", r"\$")) as caught:
        again(json.dumps(data))
    one_short_line(caught.value)


def one_short_line(error):
    assert "\n" not in str(error)
    assert len(str(error)) < 400
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format_version": 2', "not JSON: "),
        ('{"format_version": NaN}', "not JSON: NaN is no JSON number"),
        ('{"format_version": -Infinity}', "not JSON: -Infinity is no JSON number"),
        ('{"format_version": 1e999}', "not JSON: 1e999 is no finite number"),
        ('{"a": 1, "a": 1}', "not JSON: a key comes twice in one object"),
        ('{"a": {"b": 1, "b": 2}}', "not JSON: a key comes twice in one object"),
        ('{"a": ' * 100_000, "not JSON: "),
        ('{"a": ' + "9" * 5000 + "}", "not JSON: "),
        ("{}", "format_version None, but this netaudit reads 2"),
        ('{"format_version": 3}', "format_version 3, but this netaudit reads 2"),
        ('{"format_version": "' + "2" * 999 + '"}', "format_version '2"),
        ('{"format_version": 2}', "not an audit.json: \\$schema is None"),
    ],
)
def test_bad_json_is_one_clear_error(text, message):
    with pytest.raises(ReportError, match=f"^audit.json: {message}") as caught:
        again(text)
    one_short_line(caught.value)


def test_version_1_is_refused_in_one_line_that_says_what_to_do():
    with pytest.raises(ReportError, match=r"^audit\.json: written in format 1, .* it reads format 2$") as caught:
        again('{"$schema": "urn:netaudit-dnn:audit:1", "format_version": 1, "target": "net"}')
    assert caught.value.hints == (
        "audit the weights again (netaudit TARGET): the same numbers are written in the new format",
    )


def test_numbers_beyond_float_are_refused():
    text = REPORT.json_text().replace('"largest": 2.5', '"largest": 1e999')
    with pytest.raises(ReportError, match="1e999 is no finite number"):
        again(text)


LONG_KEY = "\u202e\x1b[31m" * 2000


def test_errors_stay_short_and_clean_whatever_the_names(tmp_path):
    path = tmp_path / f"{'n' * 200}.json"
    for place in ("", "layers.0.analyses.law.", "layers.0.analyses.", "model."):
        path.write_text(json.dumps(changed(f"{place}{LONG_KEY}", 1)))
        with pytest.raises(ReportError, match=r"not an audit\.json") as caught:
            again(path)
        one_short_line(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "latin").write_bytes(b"\xff{}")
    with pytest.raises(ReportError, match="none: No such file or directory") as caught:
        again(tmp_path / "none")
    assert caught.value.hints == ("netaudit render takes the audit.json that an audit wrote",)
    with pytest.raises(ReportError, match="latin: not UTF-8 text"):
        again(tmp_path / "latin")
    with pytest.raises(ReportError, match="Is a directory"):
        again(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_not_written(value):
    condition = replace(LAW.conditions[0], value=value)
    layer = replace(REPORT.layers[0], analyses={"law": replace(LAW, conditions=(condition,))})
    with pytest.raises(ValueError, match="Out of range float values"):
        replace(REPORT, layers=(layer,)).json_text()


def test_number_and_curve_values():
    assert [number(x) for x in (1, 0.5, float("nan"), float("-inf"))] == [1.0, 0.5, None, None]
    assert curve_values([1 / 3, 123456789, 0]) == (0.333333, 123457000.0, 0.0)


def test_look_up_by_name():
    layer = REPORT.layers[0]
    assert REPORT.claims == ("law",)
    assert REPORT.verdicts("law") == {"fc": "holds"}
    assert layer.findings == {"law": LAW}
    assert layer.finding("law") is LAW
    for name in ("other", "norms"):
        with pytest.raises(KeyError, match=name):
            layer.finding(name)
    assert layer.payload("norms", Norms) == Norms(2.5, 0.5)
    assert layer.payload("norms", Whole) is None
    assert REPORT.payload("whole", Whole) == Whole((1, 2))
    assert REPORT.payload("other", Whole) is None
    assert (Coverage(0, 0).share, Coverage(8, 2).share) == (0.0, 0.25)


finite = st.floats(allow_nan=False, allow_infinity=False)
bounded = st.floats(-1e100, 1e100)
numbers = st.none() | finite | st.integers(-(10**15), 10**15)
names = st.text(st.characters(), max_size=20)  # lone surrogates and control characters among them
pairs = st.tuples(st.floats(-1, 1), st.floats(-1, 1))
shapes = st.tuples(st.integers(1, 99), st.integers(1, 99))
verdicts = st.sampled_from(VERDICTS)
conditions = st.builds(
    Condition, names, finite, pairs, st.tuples(st.none() | finite, st.none() | finite), verdicts
)  # fmt: skip
nulls = st.builds(
    Null,
    st.sampled_from(["gaussian", "permuted", "signs", "independent"]),
    names,
    st.integers(0, 9),
    *[st.none() | finite] * 4,
    st.none() | shapes,
    st.none() | st.integers(0, 9),
)
curves = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=5, unique=True).map(
    lambda edges: Curve(tuple(map(float, sorted(edges))), (1.0,) * (len(edges) - 1))
)
laws = st.builds(
    Law,
    verdict=verdicts,
    metrics=st.dictionaries(names, numbers, max_size=3),
    reasons=st.dictionaries(names, names, max_size=2),
    conditions=st.lists(conditions, max_size=2).map(tuple),
    rule=st.none() | st.builds(Rule, names, st.dictionaries(names, bounded, max_size=2), st.booleans()),
    nulls=st.lists(nulls, max_size=2).map(tuple),
    warnings=st.lists(names, max_size=2).map(tuple),
    note=names,
    curve=st.none() | curves,
)
norms = st.builds(Norms, st.floats(-1e100, 1e100), st.floats(0, 1)) | st.builds(NotApplicable, names)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
foreign = st.dictionaries(names, values, max_size=2)
analyses = st.fixed_dictionaries({}, optional={"law": laws, "norms": norms, "theirs": foreign})
layers = st.builds(
    LayerResult, names, shapes, names, st.none() | names, names, analyses, st.lists(names, max_size=2).map(tuple)
)


@settings(deadline=None)
@given(st.lists(layers, max_size=2).map(tuple), foreign, names, st.integers(0, 5))
def test_any_result_survives_the_round_trip(results, theirs, name, seed):
    report = replace(
        REPORT,
        layers=results,
        target=name,
        provenance=replace(REPORT.provenance, seed=seed),
        analyses={"whole": Whole((seed,)), "theirs": theirs},
        skipped=(SkippedLayer(name, (2, 3), name, seed),),
    )
    read = again(report.json_text())
    assert read == report
    assert read.json_text() == report.json_text()
    assert VALIDATOR.is_valid(report.to_dict())

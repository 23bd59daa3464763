import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from netaudit.errors import ReportError
from netaudit.network.layers import SkippedLayer
from netaudit.results import (
    FORMAT_VERSION,
    SCHEMA_ID,
    TRAINING,
    VERDICTS,
    AuditReport,
    Condition,
    Coverage,
    Finding,
    HiddenUnits,
    LayerResult,
    Null,
    Provenance,
    PValue,
    PValues,
    Rule,
    SpectralFigures,
    StackResult,
    StackRun,
    curve_values,
    number,
)
from netaudit.results.schema import schema

FINDING = Finding(
    claim="singular_law",
    verdict="holds",
    metrics={"ks": 0.01, "spikes": 2, "gain": None},
    reasons={"gain": "no cell"},
    conditions=(Condition("ks", 0.01, (0.0, 0.02), (None, 0.05), "holds"),),
    rule=Rule("equivalence", "a convention", "holds if ks <= 0.05"),
    nulls=(Null("permuted", "ks", 40, 0.001, 0.002, 0.003, 0.02, (8, 9), "permuted entries"),),
    details={"spikes": [{"u": 2.5}]},
    warnings=("The edge law is void.",),
    curve={"edges": [0.0, 1.0], "spikes": []},
    note="It follows the law.",
)
FIGURES = SpectralFigures(
    N=10,
    M=8,
    alpha=2.5,
    num_pl_spikes=6,
    alpha_interval=(2.0, 3.0),
    alpha_null=Null("gaussian", "alpha", 40, 4.5, 9.0, 30.0),
    reasons={"Q": "not asked for"},
)
UNITS = HiddenUnits(
    lower="fc",
    upper="head",
    activation="relu",
    units=8,
    dead=1,
    unused=0,
    duplicates=2,
    verdict="trained",
    n=7,
    r=0.9,
    interval=(0.5, 1.0),
    spearman=0.8,
    rule=Rule("balance of norms", "a convention", "trained if above"),
    curve={"log_in": [0.0], "log_out": [1.0]},
    note="They go together.",
)
REPORT = AuditReport(
    target="net.pt",
    model={"name": "net", "kind": "file", "architecture": None, "weights": "net.pt", "card": None},
    provenance=Provenance("a" * 64, "b" * 64, None, {"netaudit": "0.1.0"}, "cpu", "float32", 1, 0, {"layers": []}),
    coverage=Coverage(100, 80),
    layers=(LayerResult("fc", (8, 10), "float32", "relu", "Linear", (FINDING,), FIGURES),),
    skipped=(SkippedLayer("conv", (3, 3), "convolution", 20),),
    stack=StackResult(
        ("fc",),
        True,
        ("linear",),
        (StackRun("onehot", 0.5, 8, 0.9, None, 0.125, 0.1, None),),
        {"name": "images", "n": 8, "accuracy": 0.9, "sha256": "c" * 64},
    ),
    p_values=PValues("One test a layer.", "Holm", (PValue("fc", "singular_law", 0.01, 0.02),)),
    summary={
        "claims": {"singular_law": {"holds": 1, "fails": 0, "undecided": 0, "not_applicable": 0}},
        "text": ["Yes."],
    },
    units=(UNITS, HiddenUnits("head", "top", "relu", 5, None, None, None, note="Not audited.")),
)


def changed(path, value):
    """REPORT as JSON with the entry at ``path`` replaced; a dotted path."""
    data = json.loads(REPORT.to_json())
    *parents, last = path.split(".")
    entry = data
    for key in parents:
        entry = entry[int(key) if isinstance(entry, list) else key]
    entry[last] = value
    return json.dumps(data)


def test_round_trip():
    assert AuditReport.from_json(REPORT.to_json()) == REPORT


def test_json_is_ascii_with_a_version_and_a_schema():
    text = replace(REPORT, target="层\ud800\u202e").to_json()
    data = json.loads(text)
    assert text.isascii()
    assert text.endswith("}\n")
    assert list(data)[:2] == ["$schema", "format_version"]
    assert (data["$schema"], data["format_version"]) == (SCHEMA_ID, FORMAT_VERSION)
    assert AuditReport.from_json(text).target == "层\ud800\u202e"


def test_the_schema_is_a_schema_and_names_itself():
    Draft202012Validator.check_schema(schema())
    assert schema()["$id"] == SCHEMA_ID
    assert schema()["properties"]["format_version"] == {"const": FORMAT_VERSION}
    assert schema()["$defs"]["verdict"] == {"enum": list(VERDICTS)}
    assert schema()["$defs"]["hidden_units"]["properties"]["verdict"] == {"enum": list(TRAINING)}


def test_the_schema_allows_no_other_key_in_any_object_of_ours():
    def objects(node):
        if isinstance(node, dict):
            if "properties" in node:
                yield node
            for value in node.values():
                yield from objects(value)

    found = list(objects(schema()))
    assert len(found) == 20
    assert all(node["additionalProperties"] is False for node in found)
    assert all(set(node["required"]) == set(node["properties"]) for node in found)


def test_the_value_shown_is_the_one_that_decides():
    """A layer that fails by its second condition must not be shown with the first one's harmless value."""
    ks, share = (
        Condition("ks", 0.01, (0.0, 0.02), (None, 0.05), "holds"),
        Condition("share", 0.5, (0.4, 0.6), (0.9, None), "fails"),
    )
    failing = replace(FINDING, verdict="fails", conditions=(ks, share))
    assert (failing.statistic, failing.value, failing.interval) == ("share", 0.5, (0.4, 0.6))
    holding = replace(FINDING, verdict="holds", conditions=(ks, replace(share, verdict="holds")))
    assert holding.statistic == "ks"
    assert replace(FINDING, conditions=()).value is None


def test_written_file(tmp_path):
    path = tmp_path / "audit.json"
    text = REPORT.to_json(path)
    assert path.read_text(encoding="ascii") == text
    assert AuditReport.from_json(path) == REPORT
    assert AuditReport.from_json(str(path)) == REPORT


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("layers.0.findings.0.verdict", "maybe", r"\$\.layers\[0\]\.findings\[0\]\.verdict"),
        ("layers.0.findings.0.metrics.ks", "0.01", r"metrics\.ks"),
        ("layers.0.findings.0.metrics.ks", True, r"metrics\.ks"),
        ("layers.0.findings.0.interval", [0.1], "interval"),
        ("layers.0.findings.0.curve", [1], "curve"),
        ("layers.0.findings.0.surprise", 1, "surprise"),
        ("layers.0.figures.alpha", "2.5", r"figures"),
        ("layers.0.figures.num_pl_spikes", 6.5, r"figures"),
        ("layers.0.figures.alpha_null.draws", None, r"figures"),
        ("layers.0.figures.beta", 1, r"figures"),
        ("layers.0.shape", [8], "shape"),
        ("layers.0.shape", [8, 0], "shape"),
        ("skipped.0.parameters", -1, "parameters"),
        ("stack.runs.0.rho", 0, "rho"),
        ("stack.runs.0.top1", 1.5, "top1"),
        ("stack.runs.0.source", "noise", "source"),
        ("stack.data.sha256", "c", "sha256"),
        ("units.0.verdict", "holds", "verdict"),
        ("units.0.r", 1.1, r"\$\.units\[0\]\.r"),
        ("units.0.interval", [0.1, 2], "interval"),
        ("units.0.dead", -1, "dead"),
        ("units.0.curve", [1], "curve"),
        ("units.0.surprise", 1, "surprise"),
        ("provenance.weights_sha256", None, "weights_sha256"),
        ("provenance.settings", None, "settings"),
        ("summary.claims", {"singular_law": {"holds": 1}}, "claims"),
        ("model.path", "/home", "path"),
        ("$schema", "urn:other", "schema"),
    ],
)
def test_what_the_schema_refuses(path, value, where):
    with pytest.raises(ReportError, match=f"^audit.json: not an audit.json: .*{where}") as caught:
        AuditReport.from_json(changed(path, value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["target", "layers", "stack", "units", "coverage", "model"])
def test_a_missing_key_is_named(key):
    data = json.loads(REPORT.to_json())
    del data[key]
    with pytest.raises(ReportError, match=f"'{key}' is a required property"):
        AuditReport.from_json(json.dumps(data))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format_version": 1', "not JSON: "),
        ('{"format_version": NaN}', "not JSON: NaN is no JSON number"),
        ('{"a": ' * 100_000, "not JSON: "),
        ("{}", "format_version None, but this netaudit reads 1"),
        ('{"format_version": 2}', "format_version 2, but this netaudit reads 1"),
        ('{"format_version": 1}', "not an audit.json: "),
    ],
)
def test_bad_json_is_one_clear_error(text, message):
    with pytest.raises(ReportError, match=f"^audit.json: {message}") as caught:
        AuditReport.from_json(text)
    assert len(str(caught.value)) < 300


def test_numbers_beyond_float_are_refused():
    text = REPORT.to_json().replace('"value": 0.01', '"value": 1e999')
    with pytest.raises(ReportError, match="1e999 is no finite number"):
        AuditReport.from_json(text)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "latin").write_bytes(b"\xff{}")
    with pytest.raises(ReportError, match="none: No such file or directory") as caught:
        AuditReport.from_json(tmp_path / "none")
    assert caught.value.hints == ("netaudit render takes the audit.json that an audit wrote",)
    with pytest.raises(ReportError, match="latin: not UTF-8 text"):
        AuditReport.from_json(tmp_path / "latin")
    with pytest.raises(ReportError, match="Is a directory"):
        AuditReport.from_json(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_not_written(value):
    condition = replace(FINDING.conditions[0], value=value)
    layer = replace(REPORT.layers[0], findings=(replace(FINDING, conditions=(condition,)),))
    with pytest.raises(ValueError, match="Out of range float values"):
        replace(REPORT, layers=(layer,)).to_json()


def test_number_and_curve_values():
    assert [number(x) for x in (1, 0.5, float("nan"), float("-inf"))] == [1.0, 0.5, None, None]
    assert curve_values([1 / 3, 123456789, 0]) == [0.333333, 123457000.0, 0.0]


def test_look_up_by_claim():
    assert REPORT.claims == ("singular_law",)
    assert REPORT.verdicts("singular_law") == {"fc": "holds"}
    assert REPORT.layers[0].finding("singular_law") is FINDING
    with pytest.raises(KeyError, match="other"):
        REPORT.layers[0].finding("other")
    assert (Coverage(0, 0).share, Coverage(8, 2).share) == (0.0, 0.25)


def test_data_frame():
    frame = replace(REPORT, layers=(replace(REPORT.layers[0], figures=None),)).to_dataframe()
    assert frame.to_dict("records") == [
        {
            "name": "fc",
            "out": 8,
            "in": 10,
            "dtype": "float32",
            "activation": "relu",
            "singular_law.verdict": "holds",
            "singular_law.ks": 0.01,
            "singular_law.spikes": 2,
            "singular_law.gain": None,
        }
    ]


def test_the_figures_of_other_tools_have_their_column_names():
    row = REPORT.to_dataframe().to_dict("records")[0]
    theirs = "N M Q num_evals lambda_max spectral_norm log_spectral_norm norm log_norm stable_rank mp_softrank sv_max "
    theirs += "sv_min matrix_rank rank_loss alpha xmin xmax D sigma num_pl_spikes alpha_weighted log_alpha_norm"
    ours = ["alpha_low", "alpha_high"] + [f"{name}_null_{q}" for name in ["alpha", "D"] for q in NULL_COLUMNS]
    assert list(row)[list(row).index("N") :] == theirs.split() + ours
    assert (row["N"], row["alpha"], row["alpha_low"], row["alpha_high"]) == (10, 2.5, 2.0, 3.0)
    assert [row[f"alpha_null_{q}"] for q in NULL_COLUMNS] == [4.5, 9.0, 30.0]
    assert (row["Q"], row["D_null_q99"]) == (None, None)


NULL_COLUMNS = ("q01", "median", "q99")
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
names = st.text(st.characters(), max_size=20)  # lone surrogates and control characters among them
pairs = st.tuples(st.floats(-1, 1), st.floats(-1, 1))
conditions = st.builds(
    Condition,
    statistic=names,
    value=st.floats(-1, 1),
    interval=pairs,
    limits=st.tuples(numbers, numbers),
    verdict=st.sampled_from(VERDICTS),
)
nulls = st.builds(
    Null,
    st.sampled_from(["gaussian", "permuted", "signs", "independent"]),
    names,
    st.integers(0, 9),
    *[numbers] * 4,
    st.none() | st.just((2, 3)),
    names,
)
findings = st.builds(
    Finding,
    claim=names,
    verdict=st.sampled_from(VERDICTS),
    conditions=st.lists(conditions, max_size=2).map(tuple),
    rule=st.none() | st.builds(Rule, names, names, names),
    nulls=st.lists(nulls, max_size=2).map(tuple),
    details=st.none() | st.dictionaries(names, st.lists(st.floats(-1, 1), max_size=3), max_size=2),
    warnings=st.lists(names, max_size=2).map(tuple),
    metrics=st.dictionaries(names, numbers, max_size=3),
    reasons=st.dictionaries(names, names, max_size=2),
    curve=st.none() | st.dictionaries(names, st.lists(st.floats(-1, 1), max_size=3), max_size=2),
    note=names,
)
figures = st.builds(
    SpectralFigures,
    N=st.none() | st.integers(0, 99),
    alpha=numbers,
    log_alpha_norm=numbers,
    alpha_interval=st.none() | pairs,
    alpha_null=st.none() | nulls,
    D_null=st.none() | nulls,
    reasons=st.dictionaries(names, names, max_size=2),
)
layers = st.builds(
    LayerResult,
    name=names,
    shape=st.tuples(st.integers(1, 99), st.integers(1, 99)),
    dtype=names,
    activation=st.none() | names,
    origin=names,
    findings=st.lists(findings, max_size=2).map(tuple),
    figures=st.none() | figures,
)
correlations = st.floats(-1, 1)
units = st.builds(
    HiddenUnits,
    lower=names,
    upper=names,
    activation=names,
    units=st.integers(1, 99),
    dead=st.none() | st.integers(0, 9),
    unused=st.none() | st.integers(0, 9),
    duplicates=st.none() | st.integers(0, 9),
    verdict=st.sampled_from(TRAINING),
    n=st.integers(0, 99),
    r=st.none() | correlations,
    interval=st.none() | st.tuples(correlations, correlations),
    spearman=st.none() | correlations,
    rule=st.none() | st.builds(Rule, names, names, names),
    curve=st.none() | st.dictionaries(names, st.lists(st.floats(-1, 1), max_size=3), max_size=2),
    note=names,
)


@given(st.lists(layers, max_size=2).map(tuple), st.lists(units, max_size=2).map(tuple), names, st.integers(0, 5))
def test_any_result_survives_the_round_trip(results, pairs, target, seed):
    provenance = replace(REPORT.provenance, seed=seed)
    report = replace(REPORT, layers=results, units=pairs, target=target, provenance=provenance)
    again = AuditReport.from_json(report.to_json())
    assert again == report
    assert again.to_json() == report.to_json()

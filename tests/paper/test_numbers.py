"""CSV, Parquet, the card, data frames and what a notebook shows."""

import builtins
import csv
import io
import json

import msgspec
import pandas as pd
import pytest
import yaml

from netaudit.analyses.table import installed
from netaudit.errors import ReportError
from netaudit.paper.card import BEGIN, END, card
from netaudit.paper.numbers import csv_files, parquet_files, to_csv
from netaudit.report.renderers import bundled
from netaudit.report.renderers.fragment import first_section
from netaudit.results.long_form import layer_rows, network_rows


def test_csv_reads_back_to_the_same_numbers(hostile):
    files = csv_files(hostile, installed())
    assert all(content.count(b"\r\n") == content.count(b"\n") or b'"' in content for content in files.values())
    rows = list(csv.DictReader(io.StringIO(files["layers.csv"].decode(), newline="")))
    for row, layer in zip(rows, hostile.layers, strict=True):
        assert row["name"] == layer.name
        for claim, finding in layer.findings.items():
            assert row[f"{claim}.verdict"] == finding.verdict
            for metric, value in finding.metrics.items():
                assert row[f"{claim}.{metric}"] == ("" if value is None else str(value))
    long = list(csv.DictReader(io.StringIO(files["metrics.csv"].decode(), newline="")))
    assert [row["layer"] for row in long] == [row.layer for row in layer_rows(hostile)]
    assert [row["value"] for row in long] == ["" if r.value is None else repr(r.value) for r in layer_rows(hostile)]
    network = list(csv.DictReader(io.StringIO(files["network.csv"].decode())))
    assert {row["analysis"] for row in network} == {row.analysis for row in network_rows(hostile)}


def test_a_lone_surrogate_costs_no_report():
    assert to_csv(["name"], [["\ud800"]]) == b"name\r\n\\ud800\r\n"


def test_the_long_form_has_every_metric_with_its_interval(report):
    frame = report.to_dataframe(long=True)
    assert list(frame) == ["layer", "analysis", "metric", "value", "low", "high", "verdict"]
    for layer in report.layers:
        for claim, finding in layer.findings.items():
            part = frame[(frame.layer == layer.name) & (frame.analysis == claim)].set_index("metric")
            assert part.loc["verdict"].verdict == finding.verdict
            assert set(part.index) == {"verdict", *finding.metrics}
            for test in finding.conditions:
                row = part.loc[test.statistic]
                assert row.value == pytest.approx(test.value, rel=1e-12)
                assert (row.low, row.high) == test.interval
                assert row.verdict == test.verdict
    alpha = frame[(frame.analysis == "power_law") & (frame.metric == "alpha")]
    assert (alpha.low < alpha.value).all()
    assert (alpha.value < alpha.high).all()
    assert len(alpha) == 3
    of_network = frame[frame.layer == ""]
    assert set(of_network.analysis) >= {"initialisation", "random_likeness", "labels_back"}


def test_the_wide_form_is_as_it_was(report):
    frame = report.to_dataframe()
    assert list(frame.columns[:5]) == ["name", "out", "in", "dtype", "activation"]
    assert len(frame) == 3
    assert {"gaussian_weights.ks_gaussian", "alpha", "alpha_low"} <= set(frame)


def test_a_payload_of_an_analysis_that_is_not_installed_has_rows(report):
    payload = {"verdict": "yes", "size": 2, "inner": {"share": 0.5}, "huge": 10**400, "list": [1, 2]}
    layer = msgspec.structs.replace(report.layers[0], analyses={"of_another": payload})
    rows = layer_rows(msgspec.structs.replace(report, layers=(layer,)))
    assert [(row.metric, row.value, row.verdict) for row in rows] == [
        ("verdict", None, "yes"), ("size", 2.0, ""), ("inner.share", 0.5, ""), ("huge", None, ""),
    ]  # fmt: skip


def test_parquet_is_the_same_tables(hostile):
    files = parquet_files(hostile, installed())
    long = pd.read_parquet(io.BytesIO(files["metrics.parquet"]))
    pd.testing.assert_frame_equal(long, pd.DataFrame(layer_rows(hostile)), check_dtype=False)
    wide = pd.read_parquet(io.BytesIO(files["layers.parquet"]))
    assert list(wide.columns) == list(hostile.to_dataframe().columns)
    assert list(wide["name"]) == [layer.name for layer in hostile.layers]


def test_without_pyarrow_parquet_is_one_line_that_names_the_extra(report, monkeypatch):
    original = builtins.__import__

    def refuses(name, *rest):
        if name.split(".")[0] == "pyarrow":
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuses)
    with pytest.raises(ReportError, match="format parquet needs pyarrow") as caught:
        parquet_files(report, installed())
    assert "netaudit-dnn[parquet]" in caught.value.hints[0]


@pytest.mark.parametrize("which", ["report", "hostile"])
def test_the_card_has_yaml_that_says_what_the_report_says(which, request):
    audit = request.getfixturevalue(which)
    text = card(audit, installed())["card.md"].decode()
    assert text.startswith(BEGIN)
    assert text.rstrip().endswith(END)
    data = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])["netaudit"]
    assert data["claims"] == {name: dict(counts) for name, counts in audit.summary.claims.items()}
    assert data["fingerprint"] == json.loads(audit.to_json())["fingerprint"]
    assert "model-index" not in text
    assert "<script" not in text


def test_a_notebook_shows_page_one_and_no_markup_of_a_name(hostile):
    page = hostile._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<table>") == page.count("</table>") >= 1
    assert "Gaussian weights" in page
    assert "<summary>The verdicts in a table</summary><table>" in page


def test_figures_are_matplotlib_objects_of_the_width_asked_for(report):
    one = msgspec.structs.replace(
        report.layers[0], analyses={"constant_bias": report.layers[0].analyses["constant_bias"]}
    )
    from netaudit.api import AuditReport

    alone = AuditReport.of(msgspec.structs.replace(report, layers=(one,), analyses={}), installed())
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figures = alone.figures(width=4.0)
    assert len(figures) == 2  # the picture of page one, and the layer's
    figure = figures["layer_001_biases"]
    assert figure.get_size_inches()[0] == 4.0
    assert figure.axes[0].get_xticklabels()[0].get_fontsize() == 6.5
    assert dict(mpl.rcParams) == before


def test_a_document_that_is_no_audit_has_no_bundle(report):
    from dataclasses import replace

    document = replace(report.document(draw=False), bundles={})
    with pytest.raises(ReportError, match="format latex: 'Audit of mnist-mlp' does not have it"):
        bundled.latex(document)
    assert "Audit of" in first_section(document)

"""Every number of an audit as tables: CSV by RFC 4180 and Parquet, in full precision."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netaudit.analyses.analysis import Analysis
from netaudit.errors import ReportError
from netaudit.results.long_form import Row, layer_rows, network_rows
from netaudit.results.report import Report


def wide_rows(report: Report, analyses: Sequence[Analysis]) -> list[dict[str, Any]]:
    """One row a layer: name, shape, each claim's verdict and metrics as ``claim.metric``, and others' own columns."""
    rows = []
    for layer in report.layers:
        row: dict[str, Any] = {"name": layer.name, "out": layer.shape[0], "in": layer.shape[1]}
        row |= {"dtype": layer.dtype, "activation": layer.activation}
        for name, finding in layer.findings.items():
            row[f"{name}.verdict"] = finding.verdict
            row |= {f"{name}.{metric}": value for metric, value in finding.metrics.items()}
        for analysis in analyses:
            payload = layer.payload(analysis.name, analysis.payload)
            if payload is not None and analysis.columns is not None:
                row |= analysis.columns(payload)
        rows.append(row)
    return rows


def csv_files(report: Report, analyses: Sequence[Analysis]) -> dict[str, bytes]:
    """``layers.csv`` with a row a layer, and in the long form ``metrics.csv`` and ``network.csv``."""
    wide = wide_rows(report, analyses)
    columns = list(dict.fromkeys(name for row in wide for name in row)) or ["name"]
    return {
        "layers.csv": to_csv(columns, ([row.get(name) for name in columns] for row in wide)),
        "metrics.csv": to_csv(Row._fields, layer_rows(report)),
        "network.csv": to_csv(Row._fields, network_rows(report)),
    }


def to_csv(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> bytes:
    r"""A table by RFC 4180: lines end in CR LF, a number has as many digits as give the same float64 again.

    A name that begins as a formula of a spreadsheet does is kept as it is: it is data.

    >>> to_csv(["name", "value"], [['a"b', 0.1], [None, 2]])
    b'name,value\r\n"a""b",0.1\r\n,2\r\n'
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue().encode("utf-8", errors="backslashreplace")


def parquet_files(report: Report, analyses: Sequence[Analysis]) -> Mapping[str, bytes]:
    """The same three tables as Parquet.

    Raises:
        ReportError: the extra is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ReportError(
            "format parquet needs pyarrow", hint='install it: pip install "netaudit-dnn[parquet]"'
        ) from error

    def packed(rows: list[dict[str, Any]], columns: Sequence[str]) -> bytes:
        sink = pa.BufferOutputStream()
        parquet.write_table(pa.table({name: _column([row.get(name) for row in rows]) for name in columns}), sink)
        content: bytes = sink.getvalue().to_pybytes()
        return content

    wide = wide_rows(report, analyses)
    return {
        "layers.parquet": packed(wide, list(dict.fromkeys(name for row in wide for name in row))),
        "metrics.parquet": packed([row._asdict() for row in layer_rows(report)], Row._fields),
        "network.parquet": packed([row._asdict() for row in network_rows(report)], Row._fields),
    }


def _column(values: list[Any]) -> list[Any]:
    """One type a column: text where any value is text, else floats, or integers where all are."""
    if any(isinstance(value, str) for value in values):
        return [
            None if value is None else str(value).encode("utf-8", errors="backslashreplace").decode()
            for value in values
        ]
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int) and abs(value) < 2**63 for value in known):
        return values
    return [None if value is None else float(value) for value in values]

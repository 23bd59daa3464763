"""The whole audit: frozen, versioned, and the only thing a report is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.network.layers import SkippedLayer
from netaudit.results.finding import Verdict
from netaudit.results.layer import LayerResult, SpectralFigures
from netaudit.results.network import HiddenUnits, PValues, StackResult

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 1  # 1: first published form
SCHEMA_ID = "urn:netaudit-dnn:audit:1"


@dataclass(frozen=True)
class Provenance:
    """Everything needed to get the same numbers again. No path, host name or time."""

    file_sha256: str | None
    """SHA-256 of the weights' file, None without one. Of an index and its shards, that of one line ``sha256  name`` a
    file, sorted by name, as ``sha256sum`` prints it."""
    weights_sha256: str
    """SHA-256 of one line ``name dtype shape sha256(bytes)`` an audited tensor, sorted by name."""
    hash_matches_name: bool | None
    versions: Mapping[str, str]
    device: str
    dtype: str
    threads: int
    seed: int
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Coverage:
    """How much of the model was looked at, in parameters."""

    parameters_total: int
    parameters_audited: int

    @property
    def share(self) -> float:
        """Audited over total, 0 for an empty model."""
        return self.parameters_audited / self.parameters_total if self.parameters_total else 0.0


@dataclass(frozen=True)
class AuditReport:
    """The whole audit. ``to_json`` first; every other report is rendered from this object alone."""

    target: str
    """What was asked for; a file's name without its folder."""
    model: Mapping[str, Any]
    """``{name, kind, architecture, weights, card}``."""
    provenance: Provenance
    coverage: Coverage
    layers: tuple[LayerResult, ...]
    skipped: tuple[SkippedLayer, ...]
    stack: StackResult
    p_values: PValues
    summary: Mapping[str, Any]
    """``{claims: {claim: {holds, fails, undecided, not_applicable}}, text: [sentence, ...]}``."""
    units: tuple[HiddenUnits, ...] = ()
    """One entry a pair of consecutive layers of the stack, bottom to top."""
    format_version: int = FORMAT_VERSION

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims judged, in order."""
        return tuple(self.summary["claims"])

    def verdicts(self, claim: str) -> dict[str, Verdict]:
        """Verdict on ``claim`` by layer name."""
        return {layer.name: layer.finding(claim).verdict for layer in self.layers}

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: keys in a fixed order, NaN and infinity refused."""
        return {"$schema": SCHEMA_ID, "format_version": self.format_version} | {
            f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "format_version"
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """The audit as JSON text (ASCII, two-space indent, one newline at the end); written to ``path`` if given.

        Raises:
            ValueError: a number is NaN or infinite.
            ReportError: the file cannot be written.
        """
        text = json.dumps(self.to_dict(), allow_nan=False, indent=2) + "\n"
        if path is not None:
            from netaudit.files import write_atomically

            write_atomically(Path(path), text.encode("ascii"))
        return text

    @classmethod
    def from_json(cls, source: str | Path) -> AuditReport:
        """Read an audit.json: a path, or the text itself (a string that begins with ``{``).

        Raises:
            ReportError: not a file, not JSON, another format version, or not of the published schema.
        """
        from netaudit.results.reading import report_from
        from netaudit.results.schema import read

        return report_from(read(source, FORMAT_VERSION))

    def to_html(self, path: str | Path | None = None) -> str:
        """The report as one self-contained HTML page."""
        from netaudit.report import render_html

        return render_html(self, path)

    def to_pdf(self, path: str | Path | None = None) -> bytes:
        """The report as a PDF."""
        from netaudit.report import render_pdf

        return render_pdf(self, path)

    def to_dataframe(self) -> pd.DataFrame:
        """One row a layer: name, shape, and for each claim its verdict and metrics as ``claim.metric``.

        What other tools report has WeightWatcher's column names as they are; the interval of alpha and the nulls of
        alpha and D are beside it, as ``alpha_low``, ``alpha_high``, ``alpha_null_q01``, ``D_null_median``, ...
        """
        import pandas as pd

        rows = []
        for layer in self.layers:
            row: dict[str, Any] = {"name": layer.name, "out": layer.shape[0], "in": layer.shape[1]}
            row |= {"dtype": layer.dtype, "activation": layer.activation}
            for finding in layer.findings:
                row |= {f"{finding.claim}.verdict": finding.verdict}
                row |= {f"{finding.claim}.{metric}": value for metric, value in finding.metrics.items()}
            rows.append(row | _figure_columns(layer.figures))
        return pd.DataFrame(rows)


def _figure_columns(figures: SpectralFigures | None) -> dict[str, float | int | None]:
    if figures is None:
        return {}
    low, high = figures.alpha_interval or (None, None)
    columns = figures.numbers | {"alpha_low": low, "alpha_high": high}
    for name, null in (("alpha_null", figures.alpha_null), ("D_null", figures.D_null)):
        columns |= {f"{name}_{end}": getattr(null, end, None) for end in ("q01", "median", "q99")}
    return columns


def _plain(value: Any) -> Any:
    """Dataclasses, mappings and tuples as JSON values."""
    if hasattr(value, "__dataclass_fields__"):
        return {key: _plain(item) for key, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value

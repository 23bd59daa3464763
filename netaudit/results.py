"""The result of an audit: frozen, versioned, and the only thing a report is made from. No torch, no matplotlib."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from netaudit.layers import SkippedLayer

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 1  # 1: first published form
SCHEMA_ID = "urn:netaudit-dnn:audit:1"

Verdict = Literal["holds", "fails", "undecided", "not_applicable"]
VERDICTS: tuple[Verdict, ...] = ("holds", "fails", "undecided", "not_applicable")


@dataclass(frozen=True)
class Null:
    """What the statistic does on a matrix for which the claim is true by construction."""

    kind: str
    """How the null was drawn, in words."""
    draws: int
    q01: float | None = None
    median: float | None = None
    q99: float | None = None
    shape: tuple[int, int] | None = None
    """Shape of the matrices drawn, ``(out, in)``, when it is not the layer's own."""


@dataclass(frozen=True)
class Rule:
    """The named rule that turned values into a verdict."""

    name: str
    threshold: float | None
    """The bound on the finding's ``value`` up to which the claim holds, after any widening for a small layer."""
    origin: str
    """Where the threshold comes from."""
    statement: str = ""
    """The whole rule in words."""


@dataclass(frozen=True)
class Finding:
    """What one analyser found about one layer."""

    claim: str
    verdict: Verdict
    statistic: str | None
    """The metric that the verdict rests on first."""
    value: float | None
    interval: tuple[float, float] | None
    null: Null | None
    rule: Rule | None
    metrics: Mapping[str, float | int | None]
    """One number each, or None with its reason in ``reasons``."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a metric is None."""
    curve: Mapping[str, Any] | None = None
    """The binned data that a figure draws; never raw weights."""
    note: str = ""
    """Why this verdict, in one sentence."""


@dataclass(frozen=True)
class LayerResult:
    """One audited layer: what it is, and one finding a claim."""

    name: str
    shape: tuple[int, int]
    dtype: str
    activation: str | None
    origin: str
    findings: tuple[Finding, ...]

    def finding(self, claim: str) -> Finding:
        """The finding on ``claim``.

        Raises:
            KeyError: no such claim was judged.
        """
        for finding in self.findings:
            if finding.claim == claim:
                return finding
        raise KeyError(claim)


@dataclass(frozen=True)
class StackRun:
    """Labels sent down the stack as shadows and forward again: how often the same label comes back."""

    source: str
    """``onehot``, or ``softmax`` (of real inputs)."""
    rho: float
    """Dropout keep probability in every layer of the reverse pass."""
    n: int
    """Number of label vectors sent."""
    top1: float
    top5: float | None
    chance: float
    """1 / number of classes."""
    control_top1: float
    """The same with the shadow sent forward through independent matrices: must be near chance."""
    control_top5: float | None


@dataclass(frozen=True)
class StackResult:
    """The multi-layer shadow, from top to bottom and back."""

    layers: tuple[str, ...]
    """Names, bottom to top; empty when there is no stack."""
    inferred: bool
    activations: tuple[str, ...]
    runs: tuple[StackRun, ...]
    data: Mapping[str, Any] | None = None
    """``{name, n, accuracy, sha256}`` of the real inputs, when there are any."""
    note: str = ""
    """What was assumed or why there is no run."""


@dataclass(frozen=True)
class Provenance:
    """Everything needed to get the same numbers again. No path, host name or time."""

    file_sha256: str | None
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
    summary: Mapping[str, Any]
    """``{claims: {claim: {holds, fails, undecided, not_applicable}}, text: [sentence, ...]}``."""
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
            from netaudit.report.files import write_atomically

            write_atomically(Path(path), text.encode("ascii"))
        return text

    @classmethod
    def from_json(cls, source: str | Path) -> AuditReport:
        """Read an audit.json: a path, or the text itself (a string that begins with ``{``).

        Raises:
            ReportError: not a file, not JSON, another format version, or not of the published schema.
        """
        from netaudit.schema import read

        return _report_from(read(source, FORMAT_VERSION))

    def to_html(self, path: str | Path | None = None) -> str:
        """The report as one self-contained HTML page."""
        from netaudit.report import render_html

        return render_html(self, path)

    def to_pdf(self, path: str | Path | None = None) -> bytes:
        """The report as a PDF."""
        from netaudit.report import render_pdf

        return render_pdf(self, path)

    def to_dataframe(self) -> pd.DataFrame:
        """One row a layer: name, shape, and for each claim its verdict, value and metrics as ``claim.metric``."""
        import pandas as pd

        rows = []
        for layer in self.layers:
            row: dict[str, Any] = {"name": layer.name, "out": layer.shape[0], "in": layer.shape[1]}
            row |= {"dtype": layer.dtype, "activation": layer.activation}
            for finding in layer.findings:
                row |= {f"{finding.claim}.verdict": finding.verdict}
                row |= {f"{finding.claim}.{metric}": value for metric, value in finding.metrics.items()}
            rows.append(row)
        return pd.DataFrame(rows)


def _plain(value: Any) -> Any:
    """Dataclasses, mappings and tuples as JSON values."""
    if hasattr(value, "__dataclass_fields__"):
        return {key: _plain(item) for key, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _report_from(data: Mapping[str, Any]) -> AuditReport:
    stack = dict(data["stack"])
    stack["runs"] = tuple(StackRun(**run) for run in stack["runs"])
    stack["layers"], stack["activations"] = tuple(stack["layers"]), tuple(stack["activations"])
    return AuditReport(
        target=data["target"],
        model=data["model"],
        provenance=Provenance(**data["provenance"]),
        coverage=Coverage(**data["coverage"]),
        layers=tuple(_layer_from(layer) for layer in data["layers"]),
        skipped=tuple(SkippedLayer(**(entry | {"shape": tuple(entry["shape"])})) for entry in data["skipped"]),
        stack=StackResult(**stack),
        summary=data["summary"],
        format_version=data["format_version"],
    )


def _layer_from(data: Mapping[str, Any]) -> LayerResult:
    findings = tuple(_finding_from(finding) for finding in data["findings"])
    return LayerResult(**(dict(data) | {"shape": tuple(data["shape"]), "findings": findings}))


def _finding_from(data: Mapping[str, Any]) -> Finding:
    null, rule, interval = data["null"], data["rule"], data["interval"]
    if null is not None:
        null = Null(**(null | {"shape": None if null["shape"] is None else tuple(null["shape"])}))
    return Finding(
        **(
            dict(data)
            | {"null": null, "rule": None if rule is None else Rule(**rule)}
            | {"interval": None if interval is None else tuple(interval)}
        )
    )


def number(value: float) -> float | None:
    """A Python float, or None for NaN and infinity, which JSON does not have."""
    return float(value) if math.isfinite(value) else None


def curve_values(values: Iterable[float]) -> list[float]:
    """Numbers for a drawn curve, to six significant digits: enough for any figure, a third of the JSON."""
    return [float(f"{value:.6g}") for value in values]

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

Training = Literal["trained", "as_at_initialisation", "opposed", "undecided", "not_applicable"]
TRAINING: tuple[Training, ...] = ("trained", "as_at_initialisation", "opposed", "undecided", "not_applicable")


NullKind = Literal["gaussian", "permuted", "signs", "independent"]


@dataclass(frozen=True)
class Null:
    """What a statistic does on matrices that lack what the claim is about, of the layer's shape unless said."""

    kind: NullKind
    """``gaussian``: i.i.d. entries, for which every claim holds. ``permuted``: the layer's own entries, mean removed,
    in random places: the histogram stays, all structure goes. ``signs``: random signs on them: the variance profile
    of rows and columns stays too. ``independent``: the shadow comes back through another matrix."""
    statistic: str
    """The metric that was drawn."""
    draws: int
    q01: float | None
    """1 % quantile; the smallest of fewer than 100 draws, which is what the empirical quantile then amounts to."""
    median: float | None
    q99: float | None
    own: float | None = None
    """The layer's own value at ``shape``, when that is not the layer's shape."""
    shape: tuple[int, int] | None = None
    """Shape of the matrices drawn, ``(out, in)``, when it is not the layer's own."""
    note: str = ""
    """How it was drawn, in words."""


@dataclass(frozen=True)
class Condition:
    """One equivalence test: an effect size with its interval against stated limits.

    Holds when the whole interval lies within the limits, fails when all of it lies outside, else undecided.
    """

    statistic: str
    """The metric judged."""
    value: float
    interval: tuple[float, float]
    limits: tuple[float | None, float | None]
    """Lowest and highest value for which the claim holds, after any widening for a small layer; None: no limit."""
    verdict: Verdict


@dataclass(frozen=True)
class Rule:
    """The named rule that turned values into a verdict: the worst of its conditions."""

    name: str
    origin: str
    """Where the tolerance comes from, and whether it was widened."""
    statement: str
    """The whole rule in words."""


@dataclass(frozen=True)
class Finding:
    """What one analyser found about one layer."""

    claim: str
    verdict: Verdict
    metrics: Mapping[str, float | int | None]
    """One number each, or None with its reason in ``reasons``."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a metric is None."""
    conditions: tuple[Condition, ...] = ()
    """What the verdict rests on, most telling first; empty when nothing could be judged."""
    rule: Rule | None = None
    nulls: tuple[Null, ...] = ()
    details: Mapping[str, Any] | None = None
    """What has more than one number a layer: the spikes, the alternative distributions."""
    curve: Mapping[str, Any] | None = None
    """The binned data that a figure draws; never raw weights."""
    note: str = ""
    """Why this verdict, in one sentence."""
    warnings: tuple[str, ...] = ()
    """What makes a part of this finding void, in words."""

    @property
    def decisive(self) -> Condition | None:
        """The condition that the verdict rests on: the first that came out as the claim did."""
        return next((c for c in self.conditions if c.verdict == self.verdict), next(iter(self.conditions), None))

    @property
    def statistic(self) -> str | None:
        """The metric of the decisive condition."""
        return self.decisive.statistic if self.decisive else None

    @property
    def value(self) -> float | None:
        """The effect size of the decisive condition."""
        return self.decisive.value if self.decisive else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the decisive condition."""
        return self.decisive.interval if self.decisive else None


@dataclass(frozen=True)
class SpectralFigures:
    """What other tools report of a layer, under WeightWatcher's names; no verdict rests on it.

    Of the eigenvalues lambda = s^2 of A as stored, its mean included and without a factor 1/N; logarithms to base 10.
    Each is one number, or None with its reason in ``reasons``.
    """

    N: int | None = None
    """The larger side of A."""
    M: int | None = None
    """The smaller side."""
    Q: float | None = None
    """N / M."""
    num_evals: int | None = None
    lambda_max: float | None = None
    spectral_norm: float | None = None
    """lambda_max again: the *square* of the spectral norm, as WeightWatcher has it."""
    log_spectral_norm: float | None = None
    norm: float | None = None
    """Sum of lambda: the *square* of the Frobenius norm."""
    log_norm: float | None = None
    stable_rank: float | None = None
    """norm / lambda_max."""
    mp_softrank: float | None = None
    """lambda_plus / lambda_max, lambda_plus = sigma^2 (sqrt N + sqrt M)^2, with sigma by the median rule of Gavish and
    Donoho (2014). WeightWatcher fits sigma to a smoothed density instead, so that the two differ a little."""
    sv_max: float | None = None
    sv_min: float | None = None
    matrix_rank: int | None = None
    rank_loss: int | None = None
    """M - matrix_rank."""
    alpha: float | None = None
    """Exponent of the power law fitted to the eigenvalues from xmin on."""
    xmin: float | None = None
    xmax: float | None = None
    """lambda_max: no eigenvalue is left out at the top."""
    D: float | None = None
    """Kolmogorov-Smirnov distance of the tail to that law."""
    sigma: float | None = None
    """(alpha - 1) / sqrt(num_pl_spikes), as WeightWatcher has it: too small, since xmin is chosen by the data."""
    num_pl_spikes: int | None = None
    """Number of eigenvalues from xmin on."""
    alpha_weighted: float | None = None
    """alpha log10(lambda_max)."""
    log_alpha_norm: float | None = None
    """log10 of the sum of lambda^alpha."""
    alpha_interval: tuple[float, float] | None = None
    """95 % interval of alpha, xmin chosen again in each resample; takes the eigenvalues for independent."""
    alpha_null: Null | None = None
    """alpha of Gaussian matrices of the layer's shape."""
    D_null: Null | None = None
    """Their D."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a figure is None."""

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """The figures of one number each, by WeightWatcher's name."""
        others = ("alpha_interval", "alpha_null", "D_null", "reasons")
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in others}


@dataclass(frozen=True)
class LayerResult:
    """One audited layer: what it is, and one finding a claim."""

    name: str
    shape: tuple[int, int]
    dtype: str
    activation: str | None
    origin: str
    findings: tuple[Finding, ...]
    figures: SpectralFigures | None = None
    """What other tools report."""

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
class ShadowImages:
    """What labels look like at the network's input, beside real images of them.

    Pixels are 8-bit, ``[channels, height, width]``, in base64; each image is scaled to its own largest value.
    """

    shape: tuple[int, int, int]
    """Channels (1 or 3), height, width."""
    labels: tuple[int, ...]
    real: tuple[str, ...]
    """The first real input of each label."""
    trained: tuple[str, ...]
    """Each label's shadow through the network."""
    untrained: tuple[str, ...]
    """The same through Gaussian layers of the same shapes and scales."""
    likeness_trained: float
    """Mean correlation of a label's shadow with the mean of its real inputs."""
    likeness_untrained: float


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
    images: ShadowImages | None = None
    """When the stack takes the pixels of images, and there are some."""


@dataclass(frozen=True)
class PValue:
    """One test of a family."""

    layer: str
    claim: str
    p_value: float
    adjusted: float
    """The p-value corrected over the family: reject at level a what lies at or below a."""


@dataclass(frozen=True)
class PValues:
    """P-values from an analytic or tabulated law, corrected for their number. No verdict rests on them."""

    statement: str
    """What is tested and which tests make up the family, in words."""
    method: str
    """How the family is corrected: ``Holm``."""
    tests: tuple[PValue, ...]


@dataclass(frozen=True)
class HiddenUnits:
    """The hidden units between two consecutive layers of the stack: do they look trained, and which are idle?"""

    lower: str
    upper: str
    activation: str
    """What lies between the two layers."""
    units: int
    """The lower layer's outputs."""
    dead: int | None
    """Units whose incoming weights are numerically zero: their output never depends on the input."""
    unused: int | None
    """Units whose outgoing weights are numerically zero: their output is never looked at."""
    duplicates: int | None
    """Units that are not dead and have exactly the incoming weights and the bias of an earlier one."""
    verdict: Training = "not_applicable"
    n: int = 0
    """Units that r is taken over: neither dead nor unused; 0 when there is no r."""
    r: float | None = None
    """Pearson correlation of log(||w_in||^2 + b^2) with log ||w_out||^2 over the units."""
    interval: tuple[float, float] | None = None
    """95% confidence interval of r."""
    spearman: float | None = None
    """Rank correlation of the same two."""
    rule: Rule | None = None
    curve: Mapping[str, Any] | None = None
    """``{log_in, log_out}`` of at most 200 units, natural logarithms: the points that a figure draws."""
    note: str = ""
    """Why this verdict."""


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


def _report_from(data: Mapping[str, Any]) -> AuditReport:
    stack = dict(data["stack"])
    stack["runs"] = tuple(StackRun(**run) for run in stack["runs"])
    stack["layers"], stack["activations"] = tuple(stack["layers"]), tuple(stack["activations"])
    if stack.get("images") is not None:
        lists = {key: tuple(part) for key, part in stack["images"].items() if isinstance(part, list)}
        stack["images"] = ShadowImages(**(stack["images"] | lists))
    return AuditReport(
        target=data["target"],
        model=data["model"],
        provenance=Provenance(**data["provenance"]),
        coverage=Coverage(**data["coverage"]),
        layers=tuple(_layer_from(layer) for layer in data["layers"]),
        skipped=tuple(SkippedLayer(**(entry | {"shape": tuple(entry["shape"])})) for entry in data["skipped"]),
        stack=StackResult(**stack),
        p_values=PValues(
            **(data["p_values"] | {"tests": tuple(PValue(**entry) for entry in data["p_values"]["tests"])})
        ),
        summary=data["summary"],
        units=tuple(_units_from(units) for units in data["units"]),
        format_version=data["format_version"],
    )


def _layer_from(data: Mapping[str, Any]) -> LayerResult:
    findings = tuple(_finding_from(finding) for finding in data["findings"])
    figures = None if data["figures"] is None else _figures_from(data["figures"])
    return LayerResult(**(dict(data) | {"shape": tuple(data["shape"]), "findings": findings, "figures": figures}))


def _figures_from(data: Mapping[str, Any]) -> SpectralFigures:
    nulls = {name: data[name] and _null_from(data[name]) for name in ("alpha_null", "D_null")}
    interval = data["alpha_interval"]
    return SpectralFigures(**(dict(data) | nulls | {"alpha_interval": None if interval is None else tuple(interval)}))


def _null_from(data: Mapping[str, Any]) -> Null:
    return Null(**(dict(data) | {"shape": None if data["shape"] is None else tuple(data["shape"])}))


def _finding_from(data: Mapping[str, Any]) -> Finding:
    conditions = tuple(
        Condition(**(entry | {"interval": tuple(entry["interval"]), "limits": tuple(entry["limits"])}))
        for entry in data["conditions"]
    )
    nulls = tuple(_null_from(entry) for entry in data["nulls"])
    rule = None if data["rule"] is None else Rule(**data["rule"])
    parts = {"conditions": conditions, "nulls": nulls, "rule": rule, "warnings": tuple(data["warnings"])}
    return Finding(**(dict(data) | parts))


def _units_from(data: Mapping[str, Any]) -> HiddenUnits:
    rule, interval = data["rule"], data["interval"]
    ends = {"rule": None if rule is None else Rule(**rule), "interval": None if interval is None else tuple(interval)}
    return HiddenUnits(**(dict(data) | ends))


def number(value: float) -> float | None:
    """A Python float, or None for NaN and infinity, which JSON does not have."""
    return float(value) if math.isfinite(value) else None


def curve_values(values: Iterable[float]) -> list[float]:
    """Numbers for a drawn curve, to six significant digits: enough for any figure, a third of the JSON."""
    return [float(f"{value:.6g}") for value in values]

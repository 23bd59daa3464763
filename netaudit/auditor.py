"""An audit: a network goes in, one layer at a time; a report comes out. The orchestration and nothing else."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit import __version__
from netaudit.analyses.context import Analyser, AuditedLayer
from netaudit.analyses.edge_tests import edge_tests
from netaudit.analyses.layer.power_law.measure import spectral_figures
from netaudit.analyses.network.hidden_units.balance import StackNorms
from netaudit.analyses.network.labels_back.stack import Inputs, run_inputs, run_stack
from netaudit.analyses.summary import summarise
from netaudit.analyses.surrogates import LEVELS, Level
from netaudit.analyses.table import ANALYSERS
from netaudit.errors import NetauditError
from netaudit.network.fingerprint import WeightsHash, hash_matches_name, unchanged_files
from netaudit.network.inputs import Sample
from netaudit.network.layers import FCLayer, SkippedLayer
from netaudit.network.network import LayerSpec, Network, Progress
from netaudit.network.reader import LayerReader
from netaudit.numerics import device as devices
from netaudit.numerics.spectrum import METHODS, Method, spectrum_numbers
from netaudit.results import AuditReport, Coverage, LayerResult, Provenance
from netaudit.text import printable

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_MEMORY_FACTOR = 3
"""Working memory of a layer, in float64 copies of it: the Gram matrix, the sorted entries, the float32 shadow pass."""


_PREPARED = 512
"""Smaller side from which a layer's preparation is worth a thread: a fifth of a second on each core."""

Witness = Callable[[FCLayer], None]
"""Told each audited layer once, while it is in memory."""


def _silent(message: str, done: float, total: float) -> None:
    """The default progress: nothing."""


@dataclass(frozen=True)
class Auditor:
    """Runs analysers over a network."""

    device: torch.device
    seed: int = 0
    nulls: Level = "quick"
    spectrum: Method = "auto"
    analysers: tuple[Analyser, ...] = ANALYSERS
    progress: Progress = _silent

    def run(
        self,
        read: LayerReader,
        inputs: Inputs,
        witnesses: Sequence[Witness],
    ) -> Iterator[LayerResult | SkippedLayer]:
        """Yield a result for each entry of the reader's network, in order."""
        entries = read.network.layers
        total = sum(work(entry) for entry in entries)
        done = 0.0
        for entry in entries:
            if isinstance(entry, SkippedLayer):
                yield entry
                continue
            self.progress(printable(entry.name, 60), done, total)
            yield self._judge(read, entry, inputs, witnesses, done, total)
            devices.release_memory()
            done += work(entry)
        self.progress("layers done", total, total)

    def _judge(
        self,
        read: LayerReader,
        spec: LayerSpec,
        inputs: Inputs,
        witnesses: Sequence[Witness],
        done: float,
        total: float,
    ) -> LayerResult:
        layer = read(spec.name)
        for tell in witnesses:
            tell(layer)
        audited = AuditedLayer(
            layer,
            self.seed,
            self.device,
            input_norm=inputs.norms.get(spec.name),
            activations=inputs.hidden.get(spec.name),
            nulls=self.nulls,
            method=self.spectrum,
        )
        if min(spec.shape) >= _PREPARED:
            audited.prepare()
        findings = []
        for index, analyser in enumerate(self.analysers):
            message = f"{printable(spec.name, 60)}: {analyser.claim.replace('_', ' ')}"
            self.progress(message, done + work(spec) * index / len(self.analysers), total)
            with devices.fallbacks() as told:
                finding = analyser(audited)
            findings.append(replace(finding, note=" ".join((finding.note, *told))) if told else finding)
        figures = spectral_figures(audited)
        return LayerResult(spec.name, spec.shape, layer.dtype, layer.activation, layer.origin, tuple(findings), figures)


def work(entry: LayerSpec | SkippedLayer) -> float:
    """A layer's share of the work, roughly in floating-point operations: Gram product, eigenvalues, shadow pass."""
    if isinstance(entry, SkippedLayer):
        return 0.0
    m, n = entry.shape
    p = min(m, n)
    return 2.0 * m * n * p + 20.0 * p**3 + 3000.0 * m * n + 1e8


def _too_large(spec: LayerSpec, method: Method) -> str | None:
    m, n = spec.shape
    needed = 8 * (_MEMORY_FACTOR * m * n + spectrum_numbers(m, n, method))
    available = devices.physical_memory()
    if available is None or needed <= available:
        return None
    return f"needs about {needed / 1e9:.1f} GB of working memory; this machine has {available / 1e9:.1f} GB"


def audit(
    target: str | Path | nn.Module | Mapping[str, Tensor],
    *,
    weights: str | Path | None = None,
    layers: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    device: str = "auto",
    seed: int = 0,
    data: str | Path | None = None,
    nulls: Level = "quick",
    spectrum: Method = "auto",
    progress: Progress | None = None,
) -> AuditReport:
    """Audit a model: how random-like are its fully connected layers, and can it be run in reverse?

    Args:
        target: a file, a folder of shards, a bundled, torchvision or timm name, an ``nn.Module`` or a state dict.
        weights: a file with a state dict for a named architecture, instead of its pretrained weights.
        layers: globs of layer names to audit (all, by default); ``*`` and ``?``, case-sensitive.
        exclude: globs of layer names to leave out.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        seed: every random number follows from it.
        data: an ``.npz`` with real inputs ``x [N, ...]`` as the model takes them (uint8 is scaled to [0, 1]) and
            labels ``y [N]``; or a folder of images, for an architecture whose preprocessing is known. A bundled
            network brings its own.
        nulls: what each layer's figures are set beside, apart from a Gaussian layer: ``quick``, one draw of its own
            entries permuted and one with random signs, on at most 1024 x 1024 of them; ``full``, ten of each at full
            size; ``none``. No verdict depends on it.
        spectrum: how the singular values are had: ``exact``; ``lanczos``, their distribution with an error bound that
            the verdict allows for; ``auto``, exact up to a smaller side of 2048, up to 8192 with those of the weights
            without their mean right to two ranks, above that by Lanczos.
        progress: called with (message, done, total).

    Raises:
        ValueError: no such level of nulls, or way to the singular values.
        NetauditError: the target cannot be read, or no layer has a claim that can be judged.
    """
    from netaudit.sources.data import load_data
    from netaudit.sources.open import open_network

    if nulls not in LEVELS:
        raise ValueError(f"nulls must be one of {', '.join(LEVELS)}, got {nulls!r}")
    if spectrum not in METHODS:
        raise ValueError(f"spectrum must be one of {', '.join(METHODS)}, got {spectrum!r}")
    tell = progress or _silent
    auditor = Auditor(devices.choose(device), seed, nulls, spectrum, progress=tell)
    network = open_network(target, weights=None if weights is None else Path(weights), progress=tell)
    sample = network.sample if data is None else load_data(Path(data), network)
    with unchanged_files(network.files, tell) as file_sha256:
        return report_on(network, sample, auditor, file_sha256, tuple(layers or ()), tuple(exclude or ()))


def report_on(
    network: Network,
    sample: Sample | None,
    auditor: Auditor,
    file_sha256: str | None = None,
    layers: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> AuditReport:
    """Audit a network that is open; ``layers`` and ``exclude`` are globs, as for :func:`audit`.

    Raises:
        NetauditError: no layer has a claim that can be judged.
    """
    selected = network.select(layers, exclude)
    if not any(True for _ in selected.specs()):
        raise NetauditError(
            f"{network.info.name}: {_nothing(network, selected.layers)}", hint=_closest(network, layers)
        )
    selected = selected.guarded(lambda spec: _too_large(spec, auditor.spectrum))
    read = LayerReader(selected, keep=() if network.head is None else [step.name for step in network.head.layers])
    with devices.fallbacks() as told:
        inputs = run_inputs(read, sample, auditor.device, auditor.progress)
    weights, norms = WeightsHash(), StackNorms(network.head)
    results = list(auditor.run(read, inputs, (weights.add, norms.add)))
    audited = tuple(result for result in results if isinstance(result, LayerResult))
    skipped = tuple(result for result in results if isinstance(result, SkippedLayer))
    if not any(finding.verdict != "not_applicable" for layer in audited for finding in layer.findings):
        raise NetauditError(f"{network.info.name}: no layer has a claim that can be judged: {_reason(results)}")
    stds = (
        (layer.name, finding.metrics.get("std"))
        for layer in audited
        for finding in layer.findings
        if finding.claim == "gaussian_weights"
    )
    known = {name: std for name, std in stds if std}
    with devices.fallbacks() as more:
        stack = run_stack(read, inputs, sample, auditor.seed, auditor.device, auditor.progress, known)
    stack = replace(stack, note=" ".join(filter(None, (stack.note, *dict.fromkeys(told + more)))))
    units = norms.hidden_units({spec.name: spec.shape for spec in network.specs()}, skipped)
    parameters = {spec.name: spec.parameters for spec in network.specs()}
    coverage = Coverage(network.parameters_total, sum(parameters[layer.name] for layer in audited))
    claims = tuple(analyser.claim for analyser in auditor.analysers)
    return AuditReport(
        target=network.info.name,
        model=asdict(network.info),
        provenance=_provenance(auditor, network, sample, file_sha256, weights, layers, exclude),
        coverage=coverage,
        layers=audited,
        skipped=skipped,
        stack=stack,
        p_values=edge_tests(audited),
        summary=summarise(printable(network.info.name, 80), audited, claims, stack, coverage, units),
        units=units,
    )


def _provenance(
    auditor: Auditor,
    network: Network,
    sample: Sample | None,
    file_sha256: str | None,
    weights: WeightsHash,
    layers: tuple[str, ...],
    exclude: tuple[str, ...],
) -> Provenance:
    import torch

    return Provenance(
        file_sha256=file_sha256,
        weights_sha256=weights.hexdigest(),
        hash_matches_name=hash_matches_name(network.files, file_sha256),
        versions={
            "netaudit": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": metadata.version("numpy"),
            "scipy": metadata.version("scipy"),
            **network.versions,
        },
        device=auditor.device.type,
        dtype="float64 for the laws, float32 without TF32 for the shadow pass",
        threads=torch.get_num_threads(),
        seed=auditor.seed,
        settings={
            "layers": list(layers),
            "exclude": list(exclude),
            "nulls": auditor.nulls,
            "spectrum": auditor.spectrum,
            "data": None if sample is None else {"name": sample.name, "sha256": sample.sha256},
        },
    )


def _nothing(network: Network, entries: Sequence[LayerSpec | SkippedLayer]) -> str:
    if any(True for _ in network.specs()):
        return "--layers and --exclude leave no fully connected layer"
    found = ", ".join(dict.fromkeys(entry.reason for entry in entries if isinstance(entry, SkippedLayer)))
    return "no fully connected layer" + (f"; found: {printable(found, 200)}" if found else "")


def _closest(network: Network, layers: tuple[str, ...]) -> str:
    names = [printable(spec.name, 60) for spec in network.specs()]
    if not names:
        return "`netaudit layers TARGET` lists what is in it, with the reasons"
    return f"its fully connected layers: {', '.join(names[:6])}{', ...' if len(names) > 6 else ''}"


def _reason(results: Sequence[LayerResult | SkippedLayer]) -> str:
    for result in results:
        if isinstance(result, LayerResult):
            return f"{printable(result.name, 60)}: {result.findings[0].note}"
    return next((f"{printable(r.name, 60)}: {r.reason}" for r in results if isinstance(r, SkippedLayer)), "nothing")

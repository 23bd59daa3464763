"""The loop of an audit and nothing else: every analysis of every layer, then every analysis of the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.context import HeadInputs, LayerContext, NetworkContext, Settings
from netaudit.analyses.head_inputs import data_result, head_inputs
from netaudit.analyses.needs import missing_of_layer, missing_of_network
from netaudit.auditing.provenance import provenance
from netaudit.auditing.work import PREPARED, too_large, work
from netaudit.errors import NetauditError
from netaudit.network.fingerprint import WeightsHash
from netaudit.network.inputs import Sample
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, Network, Progress
from netaudit.network.reader import LayerReader
from netaudit.numerics import device as devices
from netaudit.numerics.memory import release_memory
from netaudit.results.payload import Finding, Payload
from netaudit.results.report import Coverage, HeadResult, LayerResult, Model, Report, Summary, not_applicable
from netaudit.text import printable
from netaudit.vocabulary import VERDICTS

T = TypeVar("T")


@dataclass(frozen=True)
class Selection:
    """Which layers are audited: globs of their names."""

    layers: tuple[str, ...] = ()
    """All layers without any."""
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Auditor:
    """Runs analyses over a network."""

    settings: Settings
    analyses: tuple[Analysis, ...]
    progress: Progress

    def run(
        self, network: Network, sample: Sample | None, file_sha256: str | None = None, chosen: Selection | None = None
    ) -> Report:
        """Audit a network that is open.

        Raises:
            NetauditError: no layer is chosen, or none can be judged.
        """
        chosen = chosen or Selection()
        network = network.guarded(lambda spec: too_large(spec, self.settings.spectrum))
        network = network.select(chosen.layers, chosen.exclude)
        specs = list(network.specs())
        if not specs:
            raise nothing_chosen(network, chosen)
        read = LayerReader(network, keep=self._read_again(network))
        inputs, events = _watched(lambda: head_inputs(network, read, sample, self.settings.device, self.progress))
        weights, scales, layers = WeightsHash(), dict[str, float](), []
        total, done = sum(work(spec) for spec in specs), 0.0
        for spec in specs:
            layers.append(self._layer(spec, read, inputs, weights, scales, done, total))
            done += work(spec)
            release_memory()
        self.progress("layers done", total, total)
        _require_judged(network, layers)
        context = NetworkContext(network, read, self.settings, inputs, sample, tuple(layers), scales, self.progress)
        payloads, more = self._network(context)
        parameters = {spec.name: spec.parameters for spec in specs}
        audited = sum(parameters[layer.name] for layer in layers)
        head = network.head
        return Report(
            target=network.info.name,
            model=Model(**asdict(network.info)),
            provenance=provenance(self, network, sample, file_sha256, weights.hexdigest(), chosen),
            coverage=Coverage(network.parameters_total, audited),
            head=HeadResult((), (), False, "No stack of fully connected layers at the top was found.")
            if head is None
            else HeadResult(
                tuple(layer.name for layer in head.layers),
                tuple(layer.activation for layer in head.layers),
                head.inferred,
                head.note,
            ),
            data=data_result(inputs, sample),
            layers=tuple(layers),
            skipped=tuple(entry for entry in network.layers if isinstance(entry, SkippedLayer)),
            analyses=payloads,
            summary=self._summary(layers),
            events=tuple(dict.fromkeys((*events, *more))),
        )

    def _of(self, scope: str) -> tuple[Analysis, ...]:
        return tuple(analysis for analysis in self.analyses if analysis.scope == scope)

    def _read_again(self, network: Network) -> tuple[str, ...]:
        """Layers of the head, which the analyses of the network read once more."""
        if network.head is None or network.head_gap() is not None:
            return ()
        return tuple(layer.name for layer in network.head.layers)

    def _layer(
        self,
        spec: LayerSpec,
        read: LayerReader,
        inputs: HeadInputs,
        weights: WeightsHash,
        scales: dict[str, float],
        done: float,
        total: float,
    ) -> LayerResult:
        shown = printable(spec.name, 60)
        self.progress(shown, done, total)
        layer = read(spec.name)
        weights.add(layer)
        context = LayerContext(
            layer,
            self.settings.seed,
            self.settings.device,
            input_norm=inputs.norms.get(spec.name),
            activations=inputs.activations.get(spec.name),
            nulls=self.settings.nulls,
            method=self.settings.spectrum,
        )
        analyses = self._of("layer")
        if min(spec.shape) >= PREPARED and any("spectrum" in analysis.needs for analysis in analyses):
            context.prepare()
        payloads: dict[str, Payload] = {}
        events: list[str] = []
        for index, analysis in enumerate(analyses):
            self.progress(f"{shown}: {analysis.title.lower()}", done + work(spec) * index / len(analyses), total)
            why = missing_of_layer(analysis.needs, context)
            payloads[analysis.name], happened = _watched(
                lambda why=why, analysis=analysis: analysis.not_applicable(why) if why else analysis.measure(context)  # type: ignore[misc]
            )
            events += [f"{analysis.title}: {event}" for event in happened]
        if context.unusable is None:
            scales[spec.name] = context.entries.std
        return LayerResult(spec.name, spec.shape, layer.dtype, layer.activation, layer.origin, payloads, tuple(events))

    def _network(self, context: NetworkContext) -> tuple[dict[str, Payload], list[str]]:
        payloads: dict[str, Payload] = {}
        events: list[str] = []
        for analysis in self._of("network"):
            self.progress(analysis.title.lower(), 0.0, 0.0)
            why = missing_of_network(analysis.needs, context)
            payloads[analysis.name], happened = _watched(
                lambda why=why, analysis=analysis: analysis.not_applicable(why) if why else analysis.measure(context)  # type: ignore[misc]
            )
            events += [f"{analysis.title}: {event}" for event in happened]
        return payloads, events

    def _summary(self, layers: Sequence[LayerResult]) -> Summary:
        claims = [analysis.name for analysis in self.analyses if analysis.claim]
        return Summary(
            {
                claim: {
                    verdict: sum(layer.finding(claim).verdict == verdict for layer in layers) for verdict in VERDICTS
                }
                for claim in claims
            }
        )


def _watched(call: Callable[[], T]) -> tuple[T, list[str]]:
    """The result of a call, and what happened meanwhile, such as a part that was computed on the CPU."""
    with devices.fallbacks() as events:
        result = call()
    return result, list(events)


def nothing_chosen(network: Network, chosen: Selection) -> NetauditError:
    """What to say where no fully connected layer is left to audit."""
    skipped = [entry for entry in network.layers if isinstance(entry, SkippedLayer)]
    by_choice = [entry for entry in skipped if entry.reason.endswith(("--layers", "--exclude"))]
    reasons = ", ".join(dict.fromkeys(entry.reason for entry in skipped))
    why = "no fully connected layer" + (f"; found: {printable(reasons, 200)}" if reasons else "")
    hint = "`netaudit layers TARGET` lists what is in it, with the reasons"
    if by_choice:
        why = "--layers and --exclude leave no fully connected layer"
        names = [printable(entry.name, 60) for entry in by_choice]
        hint = f"its fully connected layers: {', '.join(names[:6])}{', ...' if len(names) > 6 else ''}"
    return NetauditError(f"{network.info.name}: {why}", hint=hint)


def _require_judged(network: Network, layers: Sequence[LayerResult]) -> None:
    payloads = [payload for layer in layers for payload in layer.analyses.values()]
    if payloads and all(not_applicable(payload) for payload in payloads):
        first = next((payload for payload in payloads if isinstance(payload, Finding)), payloads[0])
        name = printable(layers[0].name, 60)
        raise NetauditError(f"{network.info.name}: no layer has a claim that can be judged: {name}: {first.note}")

"""The loop of an audit and nothing else: every analysis of every layer, then every analysis of the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial

from msgspec import structs

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.context import HeadInputs, LayerContext, NetworkContext, Settings
from netaudit.analyses.head_inputs import MOST_INPUTS, data_result
from netaudit.analyses.needs import missing_of_layer
from netaudit.auditing.guard import judged, prepare, real_inputs
from netaudit.auditing.kept import KeptLayers
from netaudit.auditing.layer_key import layer_key
from netaudit.auditing.network_key import network_key, network_state
from netaudit.auditing.of_network import events_of, of_network
from netaudit.auditing.provenance import provenance
from netaudit.auditing.refusals import nothing_chosen, nothing_judged, require_layers
from netaudit.auditing.selection import Selection
from netaudit.auditing.work import PREPARED, size_guard, work
from netaudit.errors import out_of_memory
from netaudit.network.fingerprint import WeightsHash
from netaudit.network.inputs import Sample
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, Network, Progress
from netaudit.network.reader import LayerReader
from netaudit.numerics import device as devices
from netaudit.numerics.memory import release_memory
from netaudit.results.payload import Payload
from netaudit.results.report import (
    Coverage,
    HeadResult,
    LayerResult,
    Model,
    Report,
    Summary,
    not_applicable,
    why_not_judged,
)
from netaudit.text import capital, count, printable, sentence
from netaudit.vocabulary import VERDICTS

_NO_HEAD = "No fully connected head was found at the top of the network."


@dataclass(frozen=True)
class Weights:
    """What is remembered of each layer's weights once the layer has left the memory."""

    fingerprint: WeightsHash = field(default_factory=WeightsHash)
    scales: dict[str, float] = field(default_factory=dict)
    """Standard deviation by layer, where it was needed."""
    layers: int = 1
    """How many layers the network has, those that were not chosen among them."""
    keys: list[str] = field(default_factory=list)
    """The key of each layer's result, where results are kept."""
    lost: dict[LayerSpec, str] = field(default_factory=dict)
    """Why a layer that was to be audited did not fit in memory in the end."""


@dataclass(frozen=True)
class Auditor:
    """Runs analyses over a network."""

    settings: Settings
    analyses: tuple[Analysis, ...]
    progress: Progress
    kept: KeptLayers | None = None
    """Where each result is kept, so that an audit which was interrupted can go on."""

    def run(
        self,
        network: Network,
        sample: Sample | None,
        file_sha256: str | None = None,
        chosen: Selection | None = None,
        first: Network | None = None,
    ) -> Report:
        """Audit a network that is open; ``first`` has its first weights.

        Raises:
            NetauditError: a glob chooses no layer, no layer is left, or none can be judged.
        """
        chosen = chosen or Selection()
        require_layers(network, chosen)
        unmatched = chosen.excludes_nothing([spec.name for spec in network.specs()])
        weights = Weights(layers=sum(1 for _ in network.specs()))
        network = network.select(chosen.layers, chosen.exclude)
        network = network.guarded(size_guard(self.settings.spectrum))
        if not any(True for _ in network.specs()):
            raise nothing_chosen(network, chosen)
        sample = None if sample is None else sample.drawn(MOST_INPUTS, self.settings.seed)
        read = LayerReader(network, keep=self._read_again(network))
        with devices.fallbacks() as events:
            inputs = real_inputs(network, read, sample, self.settings.device, self.progress)
        layers = tuple(self.layers(network, read, inputs, weights))
        read.network = network = network.without(weights.lost.get)
        if not layers:
            raise nothing_chosen(network, chosen)
        payloads_of_layers = [payload for layer in layers for payload in layer.analyses.values()]
        if payloads_of_layers and all(_says_nothing(payload) for payload in payloads_of_layers):
            raise nothing_judged(network, layers)
        context = NetworkContext(
            network, read, self.settings, inputs, sample, layers, weights.scales, self.progress, first
        )
        payloads, happened = self._network(context, weights, chosen, file_sha256)
        events += happened
        return Report(
            target=network.info.name,
            model=Model(**asdict(network.info)),
            provenance=provenance(
                self.settings,
                list(dict.fromkeys(analysis.name for analysis in self.analyses)),
                chosen,
                network,
                sample,
                file_sha256,
                weights.fingerprint.hexdigest(),
            ),
            coverage=Coverage(network.parameters_total, sum(spec.parameters for spec in network.specs())),
            head=_head(network),
            data=data_result(inputs, sample),
            layers=layers,
            skipped=tuple(entry for entry in network.layers if isinstance(entry, SkippedLayer)),
            analyses=payloads,
            summary=self._summary(layers),
            events=(*unmatched, *_about_inputs(inputs, sample), *dict.fromkeys(events)),
            notes=network.notes,
        )

    def layers(
        self, network: Network, read: LayerReader, inputs: HeadInputs, weights: Weights
    ) -> Iterator[LayerResult]:
        """The result of each layer in order, with one layer in memory at a time (and those that ``read`` keeps).

        A layer that no longer fits in memory, or that memory runs out on, is put into ``weights.lost``.
        """
        total, done = sum(work(spec) for spec in network.specs()), 0.0
        if self.kept is not None:
            self.kept.total = sum(1 for _ in network.specs())
        for spec in network.specs():
            share = _Share(self.progress, done, work(spec), total)
            result = self._layer_in_memory(network, spec, read, inputs, weights, share)
            if result is not None:
                yield result
            done += work(spec)
            release_memory()
        self.progress("layers done", total, total)

    def _layer_in_memory(
        self, network: Network, spec: LayerSpec, read: LayerReader, inputs: HeadInputs, weights: Weights, share: _Share
    ) -> LayerResult | None:
        """The result of a layer; None, with the reason noted, where memory does not suffice."""
        refused = size_guard(self.settings.spectrum)(spec)
        if refused is None:
            try:
                return self._layer(network, spec, read, inputs, weights, share)
            except Exception as error:
                if not out_of_memory(error):
                    raise
        weights.lost[spec] = refused or "memory ran out while it was audited"
        return None

    def _layer(
        self, network: Network, spec: LayerSpec, read: LayerReader, inputs: HeadInputs, weights: Weights, share: _Share
    ) -> LayerResult:
        shown = printable(spec.name, 60)
        share.tell(shown, 0.0)
        layer = read(spec.name)
        lines = weights.fingerprint.lines(layer)
        context = LayerContext(
            layer,
            self.settings.seed,
            self.settings.device,
            input_norm=inputs.norms.get(spec.name),
            preactivation_scale=inputs.preactivations.get(spec.name),
            activations=inputs.activations.get(spec.name),
            nulls=self.settings.nulls,
            method=self.settings.spectrum,
            of_layers=weights.layers,
            blocks=network.blocks(spec.name),
        )
        result, scale = self._kept_or_measured(context, spec, lines, weights, share)
        weights.fingerprint.add(lines)  # not of a layer that memory ran out on
        result = structs.replace(result, sha256=weights.fingerprint.by_tensor(lines))
        if scale is not None:
            weights.scales[spec.name] = scale
        return result

    def _kept_or_measured(
        self, context: LayerContext, spec: LayerSpec, lines: tuple[str, ...], weights: Weights, share: _Share
    ) -> tuple[LayerResult, float | None]:
        """The result of a layer and the scale of its weights: from an audit that was interrupted, or measured now."""
        if self.kept is None:
            return self._measured(context, spec, share), context.scale
        analyses = self._of("layer")
        key = layer_key(context, lines, analyses)
        found = self.kept.find(key, spec.name, {analysis.name: analysis.payload for analysis in analyses})
        if found is None:
            found = self._measured(context, spec, share), context.scale
            self.kept.add(key, *found)
        weights.keys.append(key)
        return found

    def _measured(self, context: LayerContext, spec: LayerSpec, share: _Share) -> LayerResult:
        shown, layer, analyses = printable(spec.name, 60), context.layer, self._of("layer")
        if min(spec.shape) >= PREPARED and any("spectrum" in analysis.needs for analysis in analyses):
            prepare(context)
        payloads: dict[str, Payload] = {}
        events: list[str] = []
        for index, analysis in enumerate(analyses):
            share.tell(f"{shown}: {analysis.title.lower()}", index / len(analyses))
            with events_of(analysis, events):
                payloads[analysis.name] = judged(analysis, partial(_of_layer, analysis, context))
        return LayerResult(spec.name, spec.shape, layer.dtype, layer.activation, layer.origin, payloads, tuple(events))

    def _network(
        self, context: NetworkContext, weights: Weights, chosen: Selection, file_sha256: str | None
    ) -> tuple[dict[str, Payload], list[str]]:
        analyses = self._of("network")
        if self.kept is None or not analyses:
            return of_network(analyses, context)
        state = network_state(context, weights.keys, chosen, file_sha256)
        return of_network(analyses, context, self.kept.network, partial(network_key, state, context))

    def _of(self, scope: str) -> tuple[Analysis, ...]:
        return tuple(analysis for analysis in self.analyses if analysis.scope == scope)

    def _read_again(self, network: Network) -> tuple[str, ...]:
        """Layers of the head, which analyses of the network read once more."""
        if network.head is None or not self._of("network"):
            return ()
        return tuple(layer.name for layer in network.head.layers)

    def _summary(self, layers: tuple[LayerResult, ...]) -> Summary:
        verdicts = {
            analysis.name: [layer.finding(analysis.name).verdict for layer in layers]
            for analysis in self.analyses
            if analysis.claim
        }
        return Summary({claim: {each: found.count(each) for each in VERDICTS} for claim, found in verdicts.items()})


def _about_inputs(inputs: HeadInputs, sample: Sample | None) -> Iterator[str]:
    """Sentences on real inputs that were not used, so that nobody takes the report for one that rests on them."""
    if inputs.note:
        yield inputs.note
    if sample is not None and sample.unread:
        yield f"{count(sample.unread, 'file')} of {printable(sample.name, 80)} could not be used as a picture"


def _of_layer(analysis: Analysis, context: LayerContext) -> Payload:
    missing = missing_of_layer(analysis.needs, context)
    return analysis.not_applicable(missing) if missing else analysis.measure(context)


def _says_nothing(payload: Payload) -> bool:
    """Whether an analysis does not apply; one that went wrong says so in the report."""
    return not_applicable(payload) and why_not_judged(payload) is None


@dataclass(frozen=True)
class _Share:
    """A layer's share of the whole work, for the progress."""

    progress: Progress
    start: float
    size: float
    total: float

    def tell(self, message: str, part: float) -> None:
        self.progress(message, self.start + part * self.size, self.total)


def _head(network: Network) -> HeadResult:
    if network.head is None:
        note = sentence(capital(network.missing_head)) if network.missing_head else _NO_HEAD
        return HeadResult((), (), False, note)
    steps = network.head.layers
    names, activations = tuple(step.name for step in steps), tuple(step.activation for step in steps)
    return HeadResult(names, activations, network.head.inferred, network.head.note)

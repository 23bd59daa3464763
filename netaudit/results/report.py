"""The whole audit: frozen, versioned, and the only thing that a report is rendered from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from netaudit.network.layers import SkippedLayer
from netaudit.results.fingerprint import fingerprint
from netaudit.results.json_layout import json_layout
from netaudit.results.payload import Count, Finding, NotApplicable, Payload, Record, Share
from netaudit.vocabulary import Verdict

FORMAT_VERSION = 2  # 2: payloads under `analyses`, the schema generated from the types; 1 was never released
SCHEMA_ID = f"urn:netaudit-dnn:audit:{FORMAT_VERSION}"

P = TypeVar("P", bound=Payload)
Size = Annotated[int, Meta(ge=1)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Analyses = Mapping[str, Any]
"""Payloads by the name of their analysis. Of an analysis that is not installed here, the JSON object as it is."""


class Model(Record, frozen=True):
    """Where the network comes from. Holds no path: only what may go into a paper."""

    name: str
    """What the network is called in the report."""
    kind: str
    """``zoo``, ``torchvision``, ``timm``, ``hub`` (Hugging Face), ``file`` or ``module``."""
    architecture: str | None = None
    """The architecture in words; None when it is not known."""
    weights: str | None = None
    """The weights' file name or tag, without its folder."""
    card: Mapping[str, Any] | None = None
    """A bundled network's card: data, recipe, accuracy."""
    revision: str | None = None
    """The commit of the repository that the weights are from, where it is known."""


class Provenance(Record, frozen=True):
    """Everything needed to get the same numbers again. No path, host name or time."""

    file_sha256: Sha256 | None
    """SHA-256 of the weights' file, None without one. Of an index and its shards, that of one line ``sha256  name`` a
    file, sorted by name, as ``sha256sum`` prints it."""
    weights_sha256: Sha256
    """SHA-256 of one line ``name dtype shape sha256(bytes)`` an audited tensor, sorted by name."""
    hash_matches_name: bool | None
    """Whether the file's SHA-256 begins with the hash in its name; None when the name holds none."""
    versions: Mapping[str, str]
    """Versions of the libraries that the numbers come from, by name."""
    device: str
    """Where it was computed: ``cpu``, ``cuda`` or ``mps``."""
    dtype: str
    """The precision of the arithmetic, in words."""
    threads: int
    """Number of threads of PyTorch. Sums in another number of threads, or on another kind of processor, differ in their
    last digits: the figures of the bundled networks by at most 1e-5 of themselves, and no verdict."""
    seed: int
    """The seed that every random number follows from."""
    settings: Mapping[str, Any]
    """What the user chose: layers, analyses, nulls, the way to the spectrum, data."""


class Coverage(Record, frozen=True):
    """How much of the model was looked at, in parameters."""

    parameters_total: Count
    """Number of parameters of the whole model."""
    parameters_audited: Count
    """Number of weights and biases of the audited layers."""

    @property
    def share(self) -> float:
        """Audited over total, 0 for an empty model."""
        return self.parameters_audited / self.parameters_total if self.parameters_total else 0.0


class HeadResult(Record, frozen=True):
    """The head: the fully connected layers at the top of the network, one feeding the next."""

    layers: tuple[str, ...]
    """Names, bottom to top; empty when there is no head."""
    activations: tuple[str, ...]
    """What follows each layer; ``linear`` for logits."""
    inferred: bool
    """Whether order and activations were guessed from names and shapes."""
    note: str = ""
    """What was assumed, or why there is no head."""


class DataResult(Record, frozen=True):
    """The real inputs that were sent up the network."""

    name: str
    """What the inputs are called."""
    sha256: Sha256
    """SHA-256 of the file or files that they come from."""
    n: Count
    """How many were used: all, or at most 1,000 drawn with the seed, by labels."""
    accuracy: Share | None
    """Share of labels that the network itself gets right; None without labels."""
    total: Count | None = None
    """How many there are, where only some of them were used; None where all were."""
    unread: Count = 0
    """How many could not be read, such as damaged pictures."""


class Summary(Record, frozen=True):
    """How the verdicts on each claim are spread over the layers."""

    claims: Mapping[str, Mapping[Verdict, Count]]
    """``{claim: {verdict: number of layers}}``, in the order of the report."""


class LayerResult(Record, frozen=True):
    """One audited layer: what it is, and one payload an analysis."""

    name: str
    """As in the model or the file (untrusted text)."""
    shape: tuple[Size, Size]
    """``(out, in)``."""
    dtype: str
    """The type that the weights are stored in."""
    activation: str | None
    """What follows the layer, such as ``relu``; ``linear`` for nothing; None when it is not known."""
    origin: str
    """What the layer is in the model, in words."""
    analyses: Analyses
    """Payloads by the name of their analysis. Of an analysis that is not installed here, the JSON object as it is."""
    events: tuple[str, ...] = ()
    """What happened while it was measured, in words, such as a part that was computed on the CPU."""
    sha256: Mapping[str, Sha256] = {}
    """SHA-256 of the numbers of ``weight``, and of ``bias`` where there is one, as they lie in memory row by row, in
    the type that they are stored in."""

    @property
    def findings(self) -> dict[str, Finding]:
        """The claims judged about this layer, by name."""
        return {name: payload for name, payload in self.analyses.items() if isinstance(payload, Finding)}

    def finding(self, claim: str) -> Finding:
        """The finding on ``claim``.

        Raises:
            KeyError: no such claim was judged.
        """
        payload = self.analyses[claim]
        if not isinstance(payload, Finding):
            raise KeyError(claim)
        return payload

    def payload(self, name: str, kind: type[P]) -> P | None:
        """The payload of an analysis; None where it does not apply or was not run."""
        found = self.analyses.get(name)
        return found if isinstance(found, kind) else None


class Report(Record, frozen=True):
    """The whole audit, and the only thing that a report is rendered from."""

    target: str
    """What was asked for; a file's name without its folder."""
    model: Model
    """Where the network comes from."""
    provenance: Provenance
    """Everything needed to get the same numbers again."""
    coverage: Coverage
    """How much of the model was looked at."""
    head: HeadResult
    """The fully connected layers at the top of the network."""
    data: DataResult | None
    """The real inputs, when there were any that could be used."""
    layers: tuple[LayerResult, ...]
    """The audited layers, in the order of the model or the file."""
    skipped: tuple[SkippedLayer, ...]
    """What was not audited, each with its reason."""
    analyses: Analyses
    """Payloads of the analyses of the network as a whole."""
    summary: Summary
    """How often each verdict was given."""
    events: tuple[str, ...] = ()
    """What happened while the network as a whole was measured, in words."""
    notes: tuple[str, ...] = ()
    """What must be known of how the weights' file was read, in whole sentences."""
    format_version: int = FORMAT_VERSION
    """Version of this format."""

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims judged, in order."""
        return tuple(self.summary.claims)

    def verdicts(self, claim: str) -> dict[str, Verdict]:
        """Verdict on ``claim`` by layer name."""
        return {layer.name: layer.finding(claim).verdict for layer in self.layers}

    def payload(self, name: str, kind: type[P]) -> P | None:
        """The payload of a network analysis; None where it does not apply or was not run."""
        found = self.analyses.get(name)
        return found if isinstance(found, kind) else None

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, with keys in a fixed order."""
        made: dict[str, Any] = _with_lists(self._fields())
        return made

    def _fields(self) -> dict[str, Any]:
        """The same with tuples for lists."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        version = fields.pop("format_version")
        if not self.notes:  # of most files there is nothing to say
            del fields["notes"]
        made = {"$schema": SCHEMA_ID, "format_version": version} | fields
        return made | {"fingerprint": fingerprint(made)}

    def json_text(self) -> str:
        """The audit as JSON text: ASCII, two-space indent, lists of numbers on one line, one newline at the end.

        Raises:
            ValueError: a number is NaN or infinite.
        """
        return json_layout(self._fields())


def _with_lists(value: Any) -> Any:
    """The value with lists for tuples, as JSON has them."""
    if isinstance(value, dict):
        return {key: _with_lists(item) for key, item in value.items()}
    return [_with_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def not_applicable(payload: object) -> bool:
    """Whether a payload says that its analysis does not apply."""
    return isinstance(payload, NotApplicable) or (isinstance(payload, Finding) and payload.verdict == "not_applicable")


_NOT_JUDGED = "Not judged: "  # how the note of a payload begins whose analysis went wrong


def not_judged_because(why: str) -> str:
    """The note of an analysis that went wrong, for its payload: :func:`why_not_judged` finds it again."""
    return f"{_NOT_JUDGED}{why}"


def why_not_judged(payload: object) -> str | None:
    """Why an analysis went wrong, as a sentence; None where it gave a result or does not apply."""
    note = getattr(payload, "note", "") if not_applicable(payload) else ""
    return str(note).removeprefix(_NOT_JUDGED) if str(note).startswith(_NOT_JUDGED) else None

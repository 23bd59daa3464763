"""Synthetic reports of whole audits, made without torch: a typical one, one of many layers, one of hostile names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec.structs import replace
from synthetic import (
    circular_law,
    constant_bias,
    depth_limit,
    edge_tests,
    gaussian_weights,
    hidden_units,
    identifiability,
    injectivity,
    labels_back,
    linear_regions,
    power_law,
    rnn_fixed_points,
    shadow_inversion,
    singular_law,
)
from synthetic_documents import HOSTILE

from netaudit.analyses.table import BUILT_IN, CLAIMS
from netaudit.audit_page.build import build_document
from netaudit.network.layers import SkippedLayer
from netaudit.report.document.model import Document
from netaudit.results import (
    Coverage,
    DataResult,
    Finding,
    HeadResult,
    LayerResult,
    Model,
    NotApplicable,
    Provenance,
    Report,
    Summary,
)
from netaudit.vocabulary import VERDICTS, Verdict

Verdicts = tuple[Verdict, Verdict, Verdict, Verdict]
"""In the order of the four claims."""

GOOD: Verdicts = ("holds", "holds", "holds", "holds")
BAD: Verdicts = ("fails", "undecided", "fails", "fails")
TINY: Verdicts = ("holds", "not_applicable", "not_applicable", "holds")
CARD = {"data": "MNIST", "recipe": {"epochs": 20, "dropout": [0.2, 0.5]}, "accuracy": 0.9871}


@cache
def findings(m: int, n: int, verdicts: Verdicts) -> dict[str, Finding]:
    """The payloads of the four claims."""
    makers = (gaussian_weights, constant_bias, singular_law, shadow_inversion)
    return {name: maker.example(verdict, (m, n)) for name, maker, verdict in zip(CLAIMS, makers, verdicts, strict=True)}


def layer(
    name: str, m: int = 200, n: int = 320, verdicts: Verdicts = GOOD, *, fitted: bool = True, **other: Any
) -> LayerResult:
    """A layer with these verdicts; ``other`` replaces fields."""
    law = power_law.example((m, n), fitted=fitted)
    fixed = {"dtype": "float32", "activation": "relu", "origin": "Linear"}
    made: dict[str, Any] = fixed | {"analyses": {**findings(m, n, verdicts), "power_law": law}} | other
    return LayerResult(name=name, shape=(m, n), **made)


def with_payloads(of: LayerResult, **payloads: Any) -> LayerResult:
    """The layer with other payloads; None takes one away."""
    merged = {name: payload for name, payload in {**of.analyses, **payloads}.items() if payload is not None}
    return replace(of, analyses=merged)


def without_curves(of: LayerResult) -> LayerResult:
    """The layer with nothing to draw, which is quick."""
    payloads = {name: replace(finding, curve=None) for name, finding in of.findings.items()}
    law = of.analyses.get("power_law")
    return with_payloads(of, **payloads, **({} if law is None else {"power_law": replace(law, hill=None)}))


def summary(layers: Sequence[LayerResult], claims: Sequence[str] = CLAIMS) -> Summary:
    """The verdicts, counted."""
    found = {claim: [each.findings[claim].verdict for each in layers if claim in each.findings] for claim in claims}
    return Summary({claim: {verdict: given.count(verdict) for verdict in VERDICTS} for claim, given in found.items()})


def report(layers: Sequence[LayerResult] | None = None, **other: Any) -> Report:
    """A report of three layers, two of them trained; ``other`` replaces fields."""
    if layers is None:
        layers = [
            layer("classifier.1", 400, 640, BAD, dtype="float16"),
            layer("classifier.4", 400, 400, BAD, dtype="float16", events=("Shadow inversion: computed on the CPU",)),
            layer("classifier.6", 10, 400, TINY, fitted=False, dtype="float16", activation="linear"),
        ]
    names = tuple(each.name for each in layers)
    made = Report(
        target="mnist-mlp",
        model=Model("mnist-mlp", "zoo", "784-1000-1000-10 ReLU network", "mnist-mlp.safetensors", CARD),
        provenance=Provenance(
            file_sha256="9a12" * 16,
            weights_sha256="0b5e" * 16,
            hash_matches_name=None,
            versions={"netaudit": "0.1.0", "torch": "2.14.1", "numpy": "2.4.6"},
            device="cpu",
            dtype="float32",
            threads=2,
            seed=0,
            settings={"draws": 64, "rho": [1.0, 0.5, 0.1], "layers": [], "exclude": ["*.head"]},
        ),
        coverage=Coverage(61_100_840, 58_631_144) if layers else Coverage(331_328, 0),
        head=HeadResult(names[:3], ("relu", "relu", "linear")[: len(names)], False),
        data=DataResult("MNIST test images", "77aa" * 16, 400, 0.985),
        layers=tuple(layers),
        skipped=(
            SkippedLayer("features.0", (64, 3, 11, 11), "convolution", 23296),
            SkippedLayer("features.3", (192, 64, 5, 5), "convolution", 307392),
            SkippedLayer("norm.weight", (640,), "normalisation", 640),
        ),
        analyses=network_payloads(names),
        summary=summary(layers),
    )
    return replace(made, **other)


def network_payloads(names: Sequence[str]) -> dict[str, Any]:
    """The payloads of the network analyses, in the order of the table; images of a network without any are none."""
    shown = names[:3]
    return {
        "labels_back": labels_back.example(),
        "shadow_images": NotApplicable("The network does not take the pixels of images."),
        "hidden_units": hidden_units.example(shown) if len(shown) > 1 else NotApplicable("The head has one layer."),
        "linear_regions": linear_regions.example(),
        "injectivity": injectivity.example(shown),
        "identifiability": identifiability.example(shown)
        if len(shown) > 1
        else NotApplicable("The head has a single layer, so that it has no hidden neurons."),
        "depth_limit": depth_limit.example(shown),
        "rnn_fixed_points": rnn_fixed_points.example(names[0] if names else "rnn.l0"),
        "circular_law": circular_law.example(names[0] if names else "rnn.l0"),
        "edge_tests": edge_tests.example(names),
    }


def many(n: int) -> Report:
    """``n`` layers of a transformer, with a mixture of verdicts; only the last has curves."""
    kinds = (GOOD, GOOD, GOOD, TINY, ("fails", "undecided", "holds", "holds"), BAD)
    parts = ("q", "k", "v", "out_proj", "mlp_0", "mlp_3")
    layers = [
        layer(
            f"transformer.encoder.layers.encoder_layer_{i // 6}.{parts[i % 6]}",
            *((10, 200) if kinds[i % 6] == TINY else (200, 320)),
            kinds[i % 6],
        )
        for i in range(n)
    ]
    no_head = NotApplicable("No fully connected head was found.")
    return report(
        [*map(without_curves, layers[:-1]), *layers[-1:]],
        head=HeadResult((), (), False, "the order of the layers is not known"),
        data=None,
        analyses={"labels_back": no_head, "edge_tests": edge_tests.example([each.name for each in layers])},
    )


def hostile() -> Report:
    """Names that want to be markup, code or control characters, everywhere a name can stand."""
    layers = [
        layer(name, verdicts=(GOOD, BAD)[i % 2], origin=name, activation=name, dtype=name, events=(name,))
        for i, name in enumerate(HOSTILE)
    ]
    layers[1:] = [without_curves(each) for each in layers[1:]]
    odd = replace(
        layers[0].finding("gaussian_weights"),
        metrics={**layers[0].finding("gaussian_weights").metrics, **dict.fromkeys(HOSTILE)},
        reasons={name: name for name in HOSTILE},
        warnings=HOSTILE,
    )
    layers[2] = with_payloads(layers[2], gaussian_weights=odd, **{name: {"a": name} for name in HOSTILE})
    layers[3] = with_payloads(layers[3], gaussian_weights=replace(odd, verdict="not_applicable", note="".join(HOSTILE)))
    made = report(layers)
    foreign = {name: {name: [name]} for name in HOSTILE}
    return replace(
        made,
        target="".join(HOSTILE),
        model=Model(HOSTILE[0], HOSTILE[1], HOSTILE[5], HOSTILE[2], {name: {"value": name} for name in HOSTILE}),
        provenance=replace(made.provenance, settings={name: {"value": name} for name in HOSTILE}, device=HOSTILE[1]),
        head=HeadResult(HOSTILE, HOSTILE[::-1], True, HOSTILE[5]),
        data=DataResult(HOSTILE[5], "77aa" * 16, 400, None),
        skipped=tuple(SkippedLayer(name, (3, 3), f"reason {name}", 9) for name in HOSTILE),
        analyses={**made.analyses, "shadow_images": NotApplicable("".join(HOSTILE)), **foreign},
        events=HOSTILE,
    )


def document_of(of: Report) -> Document:
    """Its document, of the built-in analyses alone, whatever else is installed."""
    return build_document(of, BUILT_IN)


def as_json(of: Report) -> dict[str, Any]:
    """The report as JSON has it."""
    made: dict[str, Any] = json.loads(of.json_text())
    return made

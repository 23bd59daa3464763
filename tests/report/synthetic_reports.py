"""Synthetic reports: a typical one, one of many layers, and one whose every name is hostile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from synthetic_figures import figures, without_a_fit
from synthetic_findings import findings
from synthetic_units import hidden_units, unjudged

from netaudit.network.layers import SkippedLayer
from netaudit.results import (
    AuditReport,
    Coverage,
    LayerResult,
    Provenance,
    PValue,
    PValues,
    Rule,
    StackResult,
    StackRun,
    Verdict,
)

CLAIMS = ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion")

# verdicts in the order of CLAIMS
GOOD: tuple[Verdict, ...] = ("holds",) * 4
BAD: tuple[Verdict, ...] = ("fails", "undecided", "fails", "fails")
NO_FIT = without_a_fit(10, 400, "no power law is fitted: it takes 10 positive values, and there are 9")
TINY: tuple[Verdict, ...] = ("holds", "not_applicable", "not_applicable", "holds")


def layer(name: str, m: int = 200, n: int = 320, verdicts: tuple[Verdict, ...] = GOOD, **other: Any) -> LayerResult:
    fixed = {"dtype": "float32", "activation": "relu", "origin": "Linear"} | other
    return LayerResult(name=name, shape=(m, n), findings=findings(m, n, verdicts), **fixed)


def without_curves(full: LayerResult) -> LayerResult:
    """The layer with nothing to draw, which is quick."""
    return replace(full, findings=tuple(replace(finding, curve=None) for finding in full.findings))


def runs() -> tuple[StackRun, ...]:
    table = {"onehot": (1.0, 0.98, 0.71), "softmax": (0.993, 0.958, 0.579)}
    n = {"onehot": 10, "softmax": 400}
    return tuple(
        StackRun(source, rho, n[source], top1, min(1.0, top1 + 0.1), 0.1, 0.1 + 0.01 * i, 0.5)
        for source, shares in table.items()
        for i, (rho, top1) in enumerate(zip((1.0, 0.5, 0.1), shares, strict=True))
    )


def summary(layers: Sequence[LayerResult]) -> dict[str, Any]:
    counts = {claim: dict.fromkeys(("holds", "fails", "undecided", "not_applicable"), 0) for claim in CLAIMS}
    for entry in layers:
        for finding in entry.findings:
            if finding.claim in counts:
                counts[finding.claim][finding.verdict] += 1
    text = [
        "Two of three fully connected layers are far from random-like.",
        "Their weights have heavier tails than a Gaussian, and spikes carry a third of the variance.",
        "Labels sent down as shadows still come back in 99 of 100 cases.",
    ]
    return {"claims": counts, "text": text if layers else ["There is no fully connected layer to audit."]}


def report(
    layers: Sequence[LayerResult] | None = None, *, skipped: Sequence[SkippedLayer] | None = None, **other: Any
) -> AuditReport:
    """A report of three layers, two of them trained; ``other`` replaces fields."""
    if layers is None:
        layers = [
            layer("classifier.1", 400, 640, BAD, dtype="float16", figures=figures(400, 640)),
            layer("classifier.4", 400, 400, BAD, dtype="float16"),
            layer("classifier.6", 10, 400, TINY, dtype="float16", activation="linear", figures=NO_FIT),
        ]
    if skipped is None:
        skipped = [
            SkippedLayer("features.0", (64, 3, 11, 11), "convolution", 23296),
            SkippedLayer("features.3", (192, 64, 5, 5), "convolution", 307392),
            SkippedLayer("norm.weight", (640,), "normalisation", 640),
        ]
    card: Mapping[str, Any] = {"data": "MNIST", "recipe": {"epochs": 20, "dropout": [0.2, 0.5]}, "accuracy": 0.9871}
    made = AuditReport(
        target="mnist-mlp",
        model={
            "name": "mnist-mlp",
            "kind": "zoo",
            "architecture": "784-1000-1000-10 ReLU network",
            "weights": "mnist-mlp.safetensors",
            "card": dict(card),
        },
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
        layers=tuple(layers),
        skipped=tuple(skipped),
        stack=StackResult(
            tuple(entry.name for entry in layers[:3]),
            False,
            ("relu", "relu", "linear")[: len(layers)],
            runs(),
            {"name": "MNIST test images", "n": 400, "accuracy": 0.985, "sha256": "77aa" * 16},
        ),
        p_values=PValues(
            "One test a layer.",
            "Holm",
            tuple(PValue(entry.name, "singular_law", 0.0004, 0.0012) for entry in layers),
        ),
        summary=summary(layers),
        units=hidden_units(layers[:3]),
    )
    return replace(made, **other)


def many(n: int) -> AuditReport:
    """``n`` layers of a transformer, with a mixture of verdicts; only the last has curves."""
    kinds = (GOOD, GOOD, GOOD, TINY, ("fails", "undecided", "holds", "holds"), BAD)
    shapes = {TINY: (10, 200)}
    parts = ("q", "k", "v", "out_proj", "mlp_0", "mlp_3")
    layers = [
        layer(
            f"transformer.encoder.layers.encoder_layer_{i // 6}.{parts[i % 6]}",
            *shapes.get(kinds[i % 6], (200, 320)),
            kinds[i % 6],
        )
        for i in range(n)
    ]
    return report(
        [*map(without_curves, layers[:-1]), *layers[-1:]],
        stack=StackResult((), False, (), (), None, "the order of the layers is not known"),
        units=(),
    )


HOSTILE = (
    "<script>alert(1)</script>.weight",
    "#panic() $x$ *b* @ref `raw` \\ [x] = //",
    "\u5c42.\u6ce8\u610f\u529b.weight",
    "a" * 300,
    "encoder_layer." * 30,
    "\u202eevil\u202c\x1b[31m\x00\n",
    "\U0001f600\ufe0f.\U0001f9e0",
    "\ud800lone",
    "",
    "\u05e2\u05d1\u05e8\u05d9\u05ea.abc",
    "&amp;\"'{{ 7*7 }}{% raw %}",
    "-" * 80,
)


def hostile() -> AuditReport:
    """Names that want to be markup, code or control characters, everywhere a name can stand."""
    layers = [layer(name, verdicts=(GOOD, BAD)[i % 2], origin=name, activation=name) for i, name in enumerate(HOSTILE)]
    layers[1:] = [without_curves(each) for each in layers[1:]]
    layers[2] = replace(layers[2], figures=figures(200, 320, reasons={"sv_min": HOSTILE[0] + HOSTILE[5]}))
    layers[3] = replace(layers[3], figures=without_a_fit(200, 320, HOSTILE[1] + HOSTILE[5]))
    skipped = [SkippedLayer(name, (3, 3), f"reason {name}", 9) for name in HOSTILE]
    made = report(layers, skipped=skipped, target="".join(HOSTILE), model=dict.fromkeys(("name", "kind"), HOSTILE[0]))
    settings = {name: {"value": name} for name in HOSTILE}
    units = [replace(unjudged(name, name, note=name), activation=name) for name in HOSTILE]
    units[0] = replace(made.units[0], activation=HOSTILE[3], rule=Rule(*HOSTILE[:3]))
    provenance = replace(made.provenance, settings=settings, device=HOSTILE[1])
    return replace(made, provenance=provenance, units=tuple(units))

"""The answer in words: a few sentences from the findings, for the first page of every report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netaudit.results import VERDICTS, Coverage, HiddenUnits, LayerResult, StackResult, Verdict
from netaudit.text import printable

_SAYS = {
    "gaussian_weights": "the weights are Gaussian",
    "constant_bias": "the biases are essentially constant",
    "singular_law": "the singular values follow the Marchenko-Pastur law",
    "shadow_inversion": "shadow inversion works as in a random layer",
}
_TRAINING = {"as_at_initialisation": "as at initialisation", "not_applicable": "not judged"}


def summarise(
    name: str,
    layers: Sequence[LayerResult],
    claims: Sequence[str],
    stack: StackResult,
    coverage: Coverage,
    units: Sequence[HiddenUnits] = (),
) -> dict[str, Any]:
    """``{claims: {claim: {verdict: count}}, text: [sentence, ...]}``."""
    counts = {
        claim: {verdict: sum(layer.finding(claim).verdict == verdict for layer in layers) for verdict in VERDICTS}
        for claim in claims
    }
    text = [
        f"{_number(len(layers), 'fully connected layer')} of {name} {'was' if len(layers) == 1 else 'were'} audited: "
        f"{coverage.parameters_audited:,} of {coverage.parameters_total:,} parameters ({coverage.share:.1%})."
    ]
    text += [_sentence(claim, layers) for claim in claims]
    text += _stack_sentence(stack)
    text += _units_sentence(units)
    return {"claims": counts, "text": text}


def _sentence(claim: str, layers: Sequence[LayerResult]) -> str:
    names = {
        verdict: [layer.name for layer in layers if layer.finding(claim).verdict == verdict] for verdict in VERDICTS
    }
    judged, holds = len(layers) - len(names["not_applicable"]), len(names["holds"])
    says = _SAYS.get(claim, f"{claim} holds")
    if not judged:
        return f"Whether {says} could not be judged in any layer."
    others: tuple[Verdict, ...] = ("fails", "undecided")
    if judged == 1:
        verdict = "holds" if holds else next(verdict for verdict in others if names[verdict])
        return f"{says[0].upper()}{says[1:]}: {verdict} in the one layer judged."
    exceptions = [f"{verdict}: {_names(names[verdict])}" for verdict in others if names[verdict]]
    share = "all" if holds == judged else f"{holds or 'none'} of the"
    more = f" ({'; '.join(exceptions)})" if exceptions else ""
    return f"{says[0].upper()}{says[1:]}: holds in {share} {judged} layers judged{more}."


def _stack_sentence(stack: StackResult) -> list[str]:
    if not stack.runs:
        return []
    run = next((run for run in stack.runs if run.source == "softmax"), stack.runs[0])
    start = "the network's answers to real inputs" if run.source == "softmax" else "one-hot labels"
    depth = "the top layer" if len(stack.layers) == 1 else f"the stack of {len(stack.layers)} layers"
    return [
        f"Sent down {depth} as shadows and forward again, {start} come back with the same label in "
        f"{run.top1:.1%} of {run.n} cases (no dropout; chance {run.chance:.2%}, independent matrices "
        f"{run.control_top1:.1%})."
    ]


def _units_sentence(units: Sequence[HiddenUnits]) -> list[str]:
    """Whether the hidden units look trained, and how many are idle, over all pairs of layers."""
    if not units:
        return []
    words = dict.fromkeys(pair.verdict for pair in units)
    parts: list[str] = []
    for word in words:
        pairs = [pair for pair in units if pair.verdict == word]
        place = "" if len(units) == 1 else f" in {len(pairs)}" + ("" if parts else f" of {len(units)} pairs of layers")
        r = _names([f"{pair.r:.2f}" for pair in pairs if pair.r is not None])
        parts.append(_TRAINING.get(word, word) + place + (f" (r = {r})" if r else ""))
    text = f"Hidden units, by the correlation r of their incoming with their outgoing norms: {'; '.join(parts)}."
    counts = ([getattr(pair, kind) for pair in units] for kind in ("dead", "unused", "duplicates"))
    known = [[count for count in row if count is not None] for row in counts]
    if any(map(sum, known)):
        dead, unused, duplicates = map(sum, known)
        text += f" Found: {dead} dead, {unused} unused, {_number(duplicates, 'duplicate')}."
    elif any(known):
        text += " None was found dead, unused or a duplicate."
    return [text]


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _names(names: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(printable(name, 80) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"

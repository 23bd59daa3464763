"""H4 in sentences: what was found of one layer, on page one and beside its verdict."""

from __future__ import annotations

from netaudit.analyses.layer.shadow_inversion.payload import REAL, Recovered, ShadowInversion, Start
from netaudit.text import count, number, percent

_STARTS: dict[str, str] = {
    "as_gaussian": "can be run in reverse as well as a random layer",
    "better": "can be run in reverse better than a random layer",
    "worse": "can be run in reverse, but worse than a random layer",
    "unclear": "can be run in reverse about as well as a random layer, perhaps a little worse",
}


def line(finding: ShadowInversion) -> str:
    """What page one says of the layer, after its name; empty where nothing was judged."""
    if finding.standing is None:
        return ""
    words = _STARTS[finding.standing]
    row, twin = _row(finding, "gauge"), _row(finding, "gaussian")
    if finding.statistic == REAL and row and twin:
        # by another measure it may be the worse one: what comes back correlates more and is told apart less
        told = (
            ""
            if row.retrieval is None or twin.retrieval is None
            else (f"; nearest to what was sent in {percent(row.retrieval)}, random layer {percent(twin.retrieval)}")
        )
        return (
            f"{words} on its own activations (correlation of what comes back {number(row.centred_cosine, 2)}, random "
            f"layer {number(twin.centred_cosine, 2)}{told})"
        )
    share = finding.metrics.get("effective_inputs_share")
    if finding.standing == "worse" and share is not None and share < 1:
        return f"can be run in reverse only as well as a random layer with {percent(share)} of its inputs"
    # of a layer as good as a random one a share of 60 % may be noise, and more than all inputs explain nothing
    if share is None or finding.standing == "as_gaussian" or (finding.standing == "unclear" and share > 1):
        return words
    return f"{words} (as one with {percent(share)} of its inputs)"


def note(finding: ShadowInversion) -> str:
    """What was found, in sentences; empty where nothing was judged."""
    if finding.standing is None:
        return ""
    sentences = []
    if finding.statistic == REAL:
        sentences += [_real(finding)]
    if finding.metrics.get("cross_talk_inflation") is not None:
        sentences += [_sparse(finding)]
    common = finding.metrics.get("common_mode")
    if common is not None:
        sentences.append(
            f"The columns' means are {number(common, 3)} times as large, squared, as independent entries give (common "
            f"mode; as stored {number(finding.metrics.get('common_mode_as_stored'), 3)})"
        )
    if "no_unit_scales" in finding.warnings:
        sentences.append("No scales make its rows and columns equal, so it was judged in the scales it is stored in")
    return ". ".join(sentences)


def _sparse(finding: ShadowInversion) -> str:
    """Sparse vectors, in the fixed gauge and without the common mode."""
    metrics = finding.metrics
    share = metrics.get("effective_inputs_share")
    does = "" if share is None else f" inverts as a random layer with {percent(share)} of its inputs would:"
    return (
        f"On random sparse vectors ({number(metrics.get('nonzeros'))} non-zeros, no dropout) the layer{does} the "
        f"cross-talk is {number(metrics.get('cross_talk_inflation'), 3)} times that of a random layer, the gain "
        f"{number(metrics.get('gain'), 3)}, the error at the layer's own best offset "
        f"{number(metrics.get('relative_error_ratio'), 3)} times the prediction, and the support is found with AUC "
        f"{number(metrics.get('support_auc'), 3)} (random layer {number(metrics.get('predicted_support_auc'), 3)}; "
        f"independent matrix {number(metrics.get('control_support_auc'), 3)})"
    )


def _real(finding: ShadowInversion) -> str:
    row, twin, permuted = (_row(finding, kind) for kind in ("gauge", "gaussian", "permuted"))
    corrected = _row(finding, "corrected")
    if row is None or twin is None or permuted is None:
        return ""
    compared = {"better": "better than", "worse": "worse than"}.get(finding.standing or "", "about as well as")
    text = (
        f"The layer inverts its own activations {compared} a random layer: {count(row.n, 'activation')} sent down and "
        f"back correlate with what was sent at {number(row.centred_cosine, 2)}, through a random layer at "
        f"{number(twin.centred_cosine, 2)}, with their entries permuted at {number(permuted.centred_cosine, 2)}. What "
        f"comes back is nearest to what was sent, of all, in {percent(row.retrieval)} (random layer "
        f"{percent(twin.retrieval)})"
    )
    if corrected is None:
        return text
    better = f"{number(corrected.centred_cosine, 2)} and {percent(corrected.retrieval)}"
    return f"{text}; the corrected reverse pass gives {better}"


def _row(finding: ShadowInversion, kind: Start) -> Recovered | None:
    """The row without dropout."""
    return next((row for row in finding.recovered if row.kind == kind and row.rho == 1), None)

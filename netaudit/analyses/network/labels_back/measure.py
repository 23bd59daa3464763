"""Labels down the head and back: one-hot ones, and with real inputs the network's own answers to them.

Source: arXiv:1511.05653, equation (4); see :mod:`.recover`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.head import classes, reversible_head
from netaudit.analyses.network.labels_back.payload import LabelRun, LabelsBack, RealInputs
from netaudit.analyses.network.labels_back.recover import LabelVectors, onehot, recover
from netaudit.numerics import device as devices
from netaudit.results.payload import NotApplicable
from netaudit.text import capital, sentence

if TYPE_CHECKING:
    import torch


def measure(context: NetworkContext) -> LabelsBack | NotApplicable:
    """Send labels down the head and forward again."""
    head = reversible_head(context)
    if isinstance(head, str):
        return NotApplicable(sentence(capital(head)))
    context.progress("labels sent down and back", 0.0, 0.0)
    inputs, scales = context.inputs, context.scales
    labels = [onehot(classes(context.network, head))]
    if inputs.logits is not None:
        labels.append(LabelVectors("softmax", inputs.logits.softmax(1)))
    norm = inputs.norms.get(head.layers[0].name)

    def sent(where: torch.device) -> tuple[list[LabelRun], int]:
        return recover(context.read, head, scales, labels, context.settings.seed, where, norm, tell)

    def tell(done: int, total: int) -> None:
        context.progress("labels sent down and back", done, total)

    activations = [layer.activation for layer in head.layers]
    runs, twins = devices.with_cpu_fallback(sent, context.settings.device)
    return LabelsBack(
        runs=tuple(runs),
        twins=twins,
        top_probability=None if len(labels) == 1 else float(labels[1].h.max(1).values.mean()),
        biases="left_out" if norm is None else "used",
        real_inputs=_real_inputs(context),
        reversed_as_relu=tuple(sorted(set(activations[:-1]) - {"relu"})),
        top_activation=activations[-1],
    )


def _real_inputs(context: NetworkContext) -> RealInputs:
    if context.inputs.logits is not None:
        return "used"
    if context.sample is None:
        return "absent"
    return "unreachable" if context.network.backbone is None else "not_finite"

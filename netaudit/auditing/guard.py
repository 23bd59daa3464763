"""The guard around each analysis: what goes wrong in one of them costs nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.context import HeadInputs, LayerContext
from netaudit.analyses.head_inputs import head_inputs
from netaudit.auditing.work import module_too_large
from netaudit.errors import NetauditError, out_of_memory
from netaudit.faults import MEMORY_RAN_OUT, in_words, show_trace
from netaudit.results.payload import Payload
from netaudit.results.reading import read_payload
from netaudit.results.report import not_judged_because

if TYPE_CHECKING:
    import torch

    from netaudit.analyses.head import Read
    from netaudit.network.inputs import Sample
    from netaudit.network.network import Network, Progress


def judged(analysis: Analysis, measure: Callable[[], Payload]) -> Payload:
    """What ``measure`` gives, as its JSON says it; or "not judged" with the reason, if anything goes wrong.

    The payload is read back from its own JSON. A result that no ``audit.json`` may hold, such as NaN, is found here,
    and a result that was kept in a file is the same object as one that was just measured.

    Raises:
        MemoryError, RuntimeError: memory ran out; the loop knows what to do then.
    """
    try:
        return read_payload(payload_json(measure()), analysis.payload, analysis.name)
    except Exception as error:
        if out_of_memory(error):
            raise
        show_trace(error)
        return analysis.not_applicable(not_judged_because(in_words(error)))


def judged_in_memory(analysis: Analysis, measure: Callable[[], Payload]) -> Payload:
    """The same of an analysis of the network, which is not judged either where memory runs out on it."""
    try:
        return judged(analysis, measure)
    except Exception as error:
        if not out_of_memory(error):
            raise
        return analysis.not_applicable(not_judged_because(MEMORY_RAN_OUT))


def prepare(context: LayerContext) -> None:
    """Compute ahead what several analyses need; what goes wrong here goes wrong again in each, which then says so.

    Raises:
        MemoryError, RuntimeError: memory ran out.
    """
    try:
        context.prepare()
    except Exception as error:
        if out_of_memory(error):
            raise


def real_inputs(
    network: Network, read: Read, sample: Sample | None, device: torch.device, progress: Progress
) -> HeadInputs:
    """Send real inputs up the head; where that goes wrong, or memory runs out, the audit does without and says why.

    Raises:
        NetauditError: the inputs do not fit the network.
    """
    refused = None if sample is None else module_too_large(network)
    if refused is not None:
        return HeadInputs(note=f"the real inputs were not used: {refused}")
    try:
        return head_inputs(network, read, sample, device, progress)
    except Exception as error:
        if out_of_memory(error):
            return HeadInputs(note="the real inputs were not used: memory ran out")
        if isinstance(error, NetauditError):
            raise
        show_trace(error)
        return HeadInputs(note=f"the real inputs were not used: {in_words(error)}")


def payload_json(payload: Payload) -> str:
    """The payload as JSON text.

    Raises:
        TypeError: it is no payload, or holds what JSON does not have.
        ValueError: a number in it is NaN or infinite.
    """
    if not isinstance(payload, Payload):
        raise TypeError(f"the result is no Payload but of type {type(payload).__name__}")
    return json.dumps(msgspec.to_builtins(payload, enc_hook=_plain), allow_nan=False)


def _plain(value: Any) -> Any:
    """The Python number of one of NumPy or PyTorch, which a measurement easily holds."""
    if callable(item := getattr(value, "item", None)):
        return item()
    raise TypeError(f"a value of type {type(value).__name__} has no place in JSON")

"""The hash of all that the result of an analysis of the network depends on: equal keys mean equal results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.context import HeadInputs, NetworkContext
from netaudit.auditing.layer_key import computed_by
from netaudit.auditing.selection import Selection
from netaudit.network.fingerprint import tensor_sha256
from netaudit.network.network import Network
from netaudit.results.report import why_not_judged


def network_state(
    context: NetworkContext, layer_keys: Sequence[str], chosen: Selection, file_sha256: str | None
) -> str:
    """A hash of what all analyses of the network are given, in hex.

    Args:
        context: what they are given.
        layer_keys: the key of each audited layer: of its weights, its inputs and the settings.
        chosen: the user's choice of layers, with the hashes of the first weights and of an adapter's base.
        file_sha256: of the weights' files, None where they were not hashed.
    """
    network = context.network
    not_judged = [
        [layer.name, name]
        for layer in context.layers
        for name, payload in layer.analyses.items()
        if why_not_judged(payload) is not None
    ]
    hashed = chosen.of_file.get("hash") is not False
    parts: dict[str, Any] = {
        "layers": [list(layer_keys), not_judged, context.known_scales],
        "chosen": [chosen.layers, chosen.exclude, chosen.of_file],
        "settings": [context.settings.seed, context.settings.nulls, context.settings.spectrum],
        "network": [repr(part) for part in (network.layers, network.head, network.cells, network.missing_head)],
        "model": [asdict(network.info), network.backbone is None, network.make_module is None],
        "weights": [file_sha256, *(_weights(each, hashed) for each in (network, context.first) if each is not None)],
        "base": None if network.base is None or hashed else _files(network.base.files),
        "inputs": _inputs(context.inputs),
        "sample": None if context.sample is None else [context.sample.sha256, len(context.sample.x)],
    }
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def network_key(state: str, context: NetworkContext, analysis: Analysis) -> str:
    """The key of one analysis' result, in hex; ``state`` is what :func:`network_state` gives."""
    parts = {"state": state, "analysis": analysis.name, **computed_by(context.settings.device, [analysis])}
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def _weights(network: Network, hashed: bool) -> Any:
    """Which weights lie beside the audited layers: their files as they are now, or every tensor in memory."""
    if network.files:
        return None if hashed else _files(network.files)  # the hash is in the report's settings
    return [[name, tensor_sha256(network.store.read(name))] for name in network.store.names()]


def _files(files: Sequence[Path]) -> list[list[Any]]:
    statuses = [(path, path.stat()) for path in files]
    return [[str(path), status.st_size, status.st_mtime_ns] for path, status in statuses]


def _inputs(inputs: HeadInputs) -> list[Any]:
    logits = None if inputs.logits is None else tensor_sha256(inputs.logits)
    activations = {name: tensor_sha256(each) for name, each in inputs.activations.items()}
    return [logits, activations, inputs.norms, inputs.preactivations, inputs.pixels, inputs.note]

"""The hash of all that the result of a layer depends on: equal keys mean equal results."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.context import LayerContext
from netaudit.auditing.provenance import versions
from netaudit.network.fingerprint import tensor_sha256

if TYPE_CHECKING:
    import torch


def layer_key(context: LayerContext, weights: Sequence[str], analyses: Sequence[Analysis]) -> str:
    """The key of a layer's result, in hex.

    Args:
        context: the layer, what is known of its inputs, and the settings.
        weights: the lines that :class:`~netaudit.network.fingerprint.WeightsHash` has of the layer.
        analyses: those that are run.
    """
    layer = context.layer
    factors = None if layer.factors is None else [tensor_sha256(each) for each in layer.factors]
    depends: dict[str, Any] = {
        "layer": [layer.name, *weights, layer.activation, layer.origin, layer.fan_out, factors],
        "network": [context.of_layers, context.blocks],
        "inputs": [context.input_norm, context.preactivation_scale],
        "activations": None if context.activations is None else tensor_sha256(context.activations),
        "settings": [context.seed, context.nulls, context.method],
        "analyses": [analysis.name for analysis in analyses],
        **computed_by(context.device, analyses),
    }
    return hashlib.sha256(json.dumps(depends).encode("ascii")).hexdigest()


def computed_by(device: torch.device, analyses: Sequence[Analysis]) -> dict[str, Any]:
    """What else a result depends on: the processor, the versions of libraries, and the code."""
    import torch

    on_gpu = device.type == "cuda"
    chip = torch.cuda.get_device_name(device) if on_gpu else torch.backends.cpu.get_cpu_capability()
    return {
        "where": [device.type, chip, torch.get_num_threads()],
        "versions": versions(),
        "code": [_code("netaudit"), *(_code(name) for analysis in analyses for name in _modules(analysis))],
    }


def _modules(analysis: Analysis) -> list[str]:
    """The packages, other than netaudit, that an analysis is from."""
    named = {analysis.payload.__module__, getattr(analysis.measure, "__module__", "")}
    return sorted({name.partition(".")[0] for name in named if name} - {"netaudit"})


@cache
def _code(package: str) -> str:
    """A hash of a package's source; a new one each time for what has no source, such as a notebook."""
    module = sys.modules.get(package)
    folders = [Path(each) for each in getattr(module, "__path__", ())]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    if not files and getattr(module, "__file__", None):
        files = [Path(str(getattr(module, "__file__")))]  # noqa: B009 - a module may have none
    if not files:
        return secrets.token_hex()
    digest = hashlib.sha256()
    for path in files:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()

"""Whether the weights that a reader has are those that were audited, tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netaudit.errors import SourceError
from netaudit.network.fingerprint import tensor_sha256
from netaudit.network.network import LayerSpec, Network, Progress
from netaudit.results.report import LayerResult, Report
from netaudit.text import count, names, printable
from netaudit.verifying.check import Check, compared

if TYPE_CHECKING:
    from torch import Tensor


def same_weights(report: Report, network: Network, progress: Progress) -> Check:
    """Compare the tensors of every audited layer with those of a network that is open.

    Their numbers count, not the file, its format, or how it is cut into shards. A layer is looked for under its name,
    and under every other name where there is none; a wider type counts as the same where no number changes in it.
    """
    what = f"weights of {printable(network.info.weights or network.info.name, 80)}"
    hashed = [layer for layer in report.layers if layer.sha256]
    if not hashed:
        return Check(what, "not checked", "the report has no hash of a layer")
    specs = {spec.name: spec for spec in network.specs()}
    unnamed = [spec for name, spec in specs.items() if name not in {layer.name for layer in report.layers}]
    differences = [
        f"the report has no hash of layer {printable(layer.name, 80)}" for layer in report.layers if not layer.sha256
    ]
    renamed = 0
    for done, layer in enumerate(hashed):
        progress(f"reading {printable(layer.name, 60)}", float(done), float(len(hashed)))
        if layer.name in specs:
            differences += _differences(layer, network, specs[layer.name])
        else:
            twin = next((spec for spec in unnamed if not any(_differences(layer, network, spec))), None)
            if twin is None:
                differences.append(f"there is no layer {printable(layer.name, 80)}, and none with its numbers")
            else:
                unnamed.remove(twin)  # so that layers in the same order are read once
                renamed += 1
    says = f"{count(len(hashed), 'layer')} with the numbers that were audited"
    says += f", {renamed} of them under another name" if renamed else ""
    skipped = {layer.name for layer in report.skipped}
    more = [spec.name for spec in unnamed if spec.name not in skipped]
    says += f"; not in the report: {names(more)}" if more else ""
    return compared(what, differences, says)


def _differences(layer: LayerResult, network: Network, spec: LayerSpec) -> Iterator[str]:
    shown = printable(layer.name, 80)
    if spec.shape != layer.shape:
        yield f"layer {shown} is {' × '.join(map(str, spec.shape))} here, and was {' × '.join(map(str, layer.shape))}"
        return
    try:
        read = network.read(spec)
    except SourceError as error:
        yield f"layer {shown} cannot be read: {error}"
        return
    tensors = {"weight": read.weight} | ({} if read.bias is None else {"bias": read.bias})
    for name in sorted(layer.sha256.keys() | tensors.keys(), reverse=True):
        if name not in tensors or name not in layer.sha256:
            here, then = ("a", "none") if name in tensors else ("no", "one")
            yield f"layer {shown} has {here} {printable(name, 40)} here, and had {then}"
        elif layer.sha256[name] not in _hashes(tensors[name], layer.dtype):
            yield f"the {name} of layer {shown} has other numbers"


def _hashes(tensor: Tensor, dtype: str) -> Iterator[str]:
    """The hash of a tensor as it is stored, and in the audit's type where no number changes in it."""
    import torch

    yield tensor_sha256(tensor)
    kind = getattr(torch, dtype, None)
    if isinstance(kind, torch.dtype) and kind != tensor.dtype:
        turned = tensor.to(kind)
        if torch.equal(turned.to(tensor.dtype), tensor):
            yield tensor_sha256(turned)

"""What netaudit makes of a file, as an audit would: everything that can be read is read."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from netaudit.api import AuditReport
from netaudit.errors import SourceError
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, Network
from netaudit.sources.data import load_sample
from netaudit.sources.images import load_images, plain
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights

MOST = 2**22
"""Numbers of a tensor that is read: in an audit the size guard stands there, by the machine's memory."""


class WrongError(Exception):
    """What netaudit gave is not what it said."""


@dataclass
class Reading:
    """What was read."""

    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    """Tensors that are not the stored numbers: dequantised, scaled, joined."""
    known: int = 0
    """Tensors that were found, read or not."""
    figures: int = 0
    """Figures that were drawn of a report."""


def weights(path: Path) -> Reading:
    """The network of a file: all its layers and cells; and all tensors of the file."""
    network = open_network(path).guarded(_too_large)
    _check_words(_said(network))
    for spec in network.specs():
        _try(network.read, spec)
    for cell in network.cells:
        _try(network.read_cell, cell)
    file = open_weights(path)
    reading = Reading(known=len(file.declared) + sum(map(len, file.others.values())) + len(file.listed))
    made: set[str | None] = set()
    layers = file.structure.layers if file.structure else ()
    for layer in layers:
        if any(word in layer.origin for word in ("times", "dequantised")):
            made |= {layer.weight, layer.bias}
    for name, declared in file.declared.items():
        if declared.refusal or declared.size > MOST:
            continue
        tensor = _try(file.store.read, name)
        if tensor is None:
            continue
        of_pytorch = isinstance(getattr(torch, declared.dtype, None), torch.dtype)
        if tuple(tensor.shape) != declared.shape or (of_pytorch and str(tensor.dtype) != f"torch.{declared.dtype}"):
            raise WrongError(f"declared {declared.shape} {declared.dtype}, read {tuple(tensor.shape)} {tensor.dtype}")
        reading.tensors[name] = tensor
        if declared.note:
            made.add(name)
    reading.computed = frozenset(made - {None})
    return reading


def described(path: Path) -> Reading:
    """A network with its card: the module too, and its answer to one input."""
    network = open_network(path).guarded(_too_large)
    _check_words(_said(network))
    for spec in network.specs():
        _try(network.read, spec)
    if network.backbone is not None and network.sample is not None:
        _try(network.backbone, torch.from_numpy(network.sample.x))
    return Reading()


def inputs(path: Path) -> Reading:
    """Real inputs."""
    sample = load_sample(path)
    if sample.x.dtype != np.float32 or not np.isfinite(sample.x).all():
        raise WrongError(f"x is {sample.x.dtype}, or not finite")
    if sample.y is not None and (sample.y.dtype != np.int64 or sample.y.min() < 0):
        raise WrongError(f"y is {sample.y.dtype}, or negative")
    found = {"x": torch.from_numpy(sample.x)} | ({} if sample.y is None else {"y": torch.from_numpy(sample.y)})
    return Reading(found, known=len(found))


def pictures(path: Path) -> Reading:
    """A folder of pictures, for a network that takes 8 x 8 pixels."""
    sample = load_images(path, plain((3, 8, 8)))
    if sample.x.shape[1:] != (3, 8, 8) or not (sample.x.min() >= 0 and sample.x.max() <= 1):
        raise WrongError(f"pixels {sample.x.shape} from {sample.x.min()} to {sample.x.max()}")
    return Reading()


def report(path: Path, *, drawn: bool = False) -> Reading:
    """An audit.json, laid out as text and HTML; drawn and as a PDF where it is asked for."""
    from netaudit.report.renderers.html import to_html
    from netaudit.report.renderers.pdf import to_pdf
    from netaudit.report.renderers.text import Layout, text_lines

    read = AuditReport.from_json(path)
    document = read.document(draw=drawn)
    _check_words(span.text for line in text_lines(document, Layout(80, 80)) for span in line)
    page = to_html(document)
    if "<script>" in page.replace("&lt;", ""):
        raise WrongError("a script in the page")
    if drawn:
        to_pdf(document)
    if AuditReport.from_json(read.to_json()).to_json() != read.to_json():
        raise WrongError("the report written and read again is another")
    return Reading(figures=sum(map(bool, document.figures.values())))  # one that is not drawn is empty


def drawn_report(path: Path) -> Reading:
    """The same, with its figures and as a PDF."""
    return report(path, drawn=True)


def _too_large(spec: LayerSpec) -> str | None:
    return "too large" if spec.shape[0] * spec.shape[1] > MOST else None


def _try(read: Any, what: Any) -> Any:
    """One tensor may be refused when it is read."""
    try:
        return read(what)
    except SourceError as error:
        check_error(error)
        return None


def _said(network: Network) -> Iterator[str]:
    """What is printed of a network as it is; names go through ``printable`` where they are printed."""
    yield from network.notes
    yield network.missing_head
    if network.head is not None:
        yield network.head.note
    for layer in network.layers:
        yield layer.reason if isinstance(layer, SkippedLayer) else f"{layer.origin}{layer.activation}"


def _check_words(texts: Iterable[str]) -> None:
    for text in texts:
        if _control(text):
            raise WrongError(f"control characters in what is printed: {text[:80]!r}")


def check_error(error: Exception) -> None:
    """An error is one short line for a person, with hints that are.

    Raises:
        WrongError: it is not.
    """
    for text in (str(error), *getattr(error, "hints", ())):
        if _control(text):
            raise WrongError(f"control characters in an error: {text[:120]!r}")
        if not text or len(text) > 700:
            raise WrongError(f"an error of {len(text)} characters: {text[:120]!r}")


def _control(text: str) -> bool:
    return any(unicodedata.category(character)[0] == "C" for character in text)

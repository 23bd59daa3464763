"""Fingerprints: of the weights audited, and of the file they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.errors import SourceError
from netaudit.layers import FCLayer
from netaudit.sources.interface import Progress
from netaudit.sources.weights import sha256

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 1 << 22


class WeightsHash:
    """SHA-256 over the audited tensors: one line ``name dtype shape sha256(bytes)`` each, sorted by name.

    A hash of hashes, so that layers can be read one at a time in any order. The same weights give the same hash
    whatever file held them.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, layer: FCLayer) -> None:
        """Add a layer's weight and bias."""
        for suffix, tensor in (("weight", layer.weight), ("bias", layer.bias)):
            if tensor is not None:
                shape = "x".join(map(str, tensor.shape))
                name = f"{layer.name}.{suffix}".encode("unicode_escape").decode()
                self._lines.append(f"{name} {str(tensor.dtype).removeprefix('torch.')} {shape} {_digest(tensor)}\n")

    def hexdigest(self) -> str:
        """The fingerprint, in hex."""
        return hashlib.sha256("".join(sorted(self._lines)).encode()).hexdigest()


def _digest(tensor: Tensor) -> str:
    import torch

    digest, flat = hashlib.sha256(), tensor.reshape(-1)
    for start in range(0, flat.numel(), _CHUNK):
        digest.update(flat[start : start + _CHUNK].contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


@contextmanager
def unchanged_file(path: Path | None, progress: Progress) -> Iterator[str | None]:
    """Give the file's SHA-256, and refuse the result if the file was changed while it was being read.

    Raises:
        SourceError: the file cannot be read, or changed meanwhile.
    """
    if path is None:
        yield None
        return
    progress("reading the file", 0.0, 0.0)
    try:
        before = path.stat()
        digest = sha256(path)
    except OSError as error:
        raise SourceError(f"{path.name}: {error.strerror}") from error
    yield digest
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError(f"{path.name}: the file changed while it was audited", hint="audit it again")

"""Fingerprints: of the weights audited, and of the file they came from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.errors import SourceError
from netaudit.files import in_words
from netaudit.network.layers import FCLayer
from netaudit.network.network import Progress
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 1 << 22
_PIECE = 1 << 26  # bytes of a file between two calls of the progress: a tenth of a second
_HASH = re.compile(r"-([a-f0-9]{8,})\.")  # torch.hub's convention: at least the first eight digits of the SHA-256


class WeightsHash:
    """SHA-256 over the audited tensors: one line ``name dtype shape sha256(bytes)`` each, sorted by name.

    A hash of hashes, so that layers can be read one at a time in any order. The same weights give the same hash
    whatever file held them.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, lines: Sequence[str]) -> None:
        """Add the lines of a layer that was audited."""
        self._lines += lines

    @staticmethod
    def lines(layer: FCLayer) -> tuple[str, ...]:
        """The lines of a layer's weight and bias."""
        lines = []
        for suffix, tensor in _tensors(layer):
            shape = "x".join(map(str, tensor.shape))
            name = f"{layer.name}.{suffix}".encode("unicode_escape").decode()
            dtype = str(tensor.dtype).removeprefix("torch.")
            lines.append(f"{name} {dtype} {shape} {tensor_sha256(tensor)}\n")
        return tuple(lines)

    @staticmethod
    def by_tensor(lines: Sequence[str]) -> dict[str, str]:
        """The SHA-256 in each line of a layer, by ``weight`` and ``bias``."""
        parts = [line.split() for line in lines]
        return {words[0].rpartition(".")[2]: words[-1] for words in parts}

    def hexdigest(self) -> str:
        """The fingerprint, in hex."""
        return hashlib.sha256("".join(sorted(self._lines)).encode()).hexdigest()


def _tensors(layer: FCLayer) -> Iterator[tuple[str, Tensor]]:
    yield "weight", layer.weight
    if layer.bias is not None:
        yield "bias", layer.bias


def tensor_sha256(tensor: Tensor) -> str:
    """The SHA-256 of a tensor's numbers as they lie in memory, in hex."""
    import torch

    digest, flat = hashlib.sha256(), tensor.reshape(-1)
    for start in range(0, flat.numel(), _CHUNK):
        # a copy, since a single number counts as contiguous whatever its stride, and then has no view
        chunk = flat[start : start + _CHUNK].clone(memory_format=torch.contiguous_format)
        digest.update(chunk.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def files_sha256(digests: Mapping[str, str]) -> str:
    """The fingerprint of files from their SHA-256s by name: of one file its own.

    Of several, that of one line ``sha256  name`` each, sorted by name, as ``sha256sum FILES | sha256sum`` gives it.
    """
    if len(digests) == 1:
        return next(iter(digests.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def hash_in_name(name: str) -> str | None:
    """The SHA-256 prefix that a file's name holds by torch.hub's convention.

    >>> hash_in_name("alexnet-owt-7be5be79.pth"), hash_in_name("my-net.pth")
    ('7be5be79', None)
    """
    match = _HASH.search(name)
    return match[1] if match else None


def hash_matches_name(files: Sequence[Path], digest: str | None) -> bool | None:
    """Whether a file's SHA-256 begins with the hash in its name; None when the name holds none, or of several files."""
    expected = hash_in_name(files[0].name) if len(files) == 1 else None
    return None if expected is None or digest is None else digest.startswith(expected)


@contextmanager
def unchanged_files(files: Sequence[Path], progress: Progress, *, hashed: bool = True) -> Iterator[str | None]:
    """Give the fingerprint of the files, and refuse the result if one was changed while it was being read.

    Without ``hashed`` there is no fingerprint: of a few layers of a large file it takes longer than the audit.

    Raises:
        SourceError: a file cannot be read, or changed meanwhile.
    """
    if not files:
        yield None
        return
    before = {path: _state(path) for path in files}
    total, done, digests = float(sum(size for size, _ in before.values())), 0.0, {}
    for path in files if hashed else ():
        digest, message = hashlib.sha256(), f"reading {printable(path.name, 60)}"
        progress(message, done, total)
        with _named(path), path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                done += len(piece)
                if len(piece) == _PIECE:
                    progress(message, done, total)
        digests[path.name] = digest.hexdigest()
    yield files_sha256(digests) if hashed else None
    for path in files:
        if _state(path) != before[path]:
            raise SourceError(f"{printable(path.name)}: the file changed while it was audited", hint="audit it again")


def _state(path: Path) -> tuple[int, int]:
    with _named(path):
        status = path.stat()
    return status.st_size, status.st_mtime_ns


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f"{printable(path.name)}: {in_words(error)}") from error

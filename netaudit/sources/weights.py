"""A weights file, whatever its format: what it declares, and a store to read it from."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.names import printable
from netaudit.sources.interface import TensorStore

if TYPE_CHECKING:
    from netaudit.sources.statedict import Declared

CHECKPOINTS = (".pt", ".pth")
SAFETENSORS = ".safetensors"
READ = f"netaudit reads {', '.join(CHECKPOINTS)} and {SAFETENSORS} files"
# Known, so that a name that ends in one is taken for a path; not read yet.
UNREAD = (
    *(".onnx", ".h5", ".hdf5", ".keras", ".bin", ".ckpt", ".npz", ".npy", ".gguf", ".msgpack", ".pb", ".tflite"),
    *(".pkl", ".pickle", ".joblib", ".tar", ".zip", ".jit", ".pt2", ".mlmodel", ".json", ".index"),
)
SUFFIXES = (*CHECKPOINTS, SAFETENSORS, *UNREAD)
_HASH = re.compile(r"-([a-f0-9]{8,})\.")  # torch.hub's convention: at least the first eight digits of the SHA-256


@dataclass(frozen=True)
class WeightsFile:
    """An opened weights file: its index was read, its tensors were not."""

    path: Path
    store: TensorStore
    declared: Mapping[str, Declared]
    """What the file says of each tensor of the store, in the file's order."""
    taken: str = ""
    """The keys under which the state dict lay in a checkpoint."""
    metadata: Mapping[str, Any] | None = None
    """Versions of the modules, for ``load_state_dict``."""


def open_weights(path: Path, *, or_bin: bool = False) -> WeightsFile:
    """Open a weights file for reading one tensor at a time.

    ``or_bin`` takes a ``.bin`` too, as it comes from the Hugging Face hub: a checkpoint of PyTorch.

    Raises:
        SourceError: no such file, not a regular file, or a format that is not read.
        UnsafeFileError: the file asks for code, or declares what it does not hold.
    """
    shown = printable(path.name)
    require_regular(path)
    if path.suffix.lower() == SAFETENSORS:
        from netaudit.sources.safetensors_file import open_safetensors

        return open_safetensors(path)
    if path.suffix.lower() in CHECKPOINTS or (or_bin and path.suffix.lower() == ".bin"):
        from netaudit.sources.checkpoint import open_checkpoint

        return open_checkpoint(path)
    kind = f"{path.suffix} files are" if path.suffix else "a file without a suffix is"
    raise SourceError(f"{shown}: {kind} not read (yet)", hint=READ)


def require_regular(path: Path) -> None:
    """Look before opening: a pipe would wait for ever, a device never end.

    Raises:
        SourceError: no such file, a folder, empty, or anything but a regular file.
    """
    shown = printable(str(path))
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such file"
        raise SourceError(f"{shown}: {reason[:1].lower()}{reason[1:]}") from error
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{shown}: a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{shown}: not a regular file")
    if not status.st_size:
        raise SourceError(f"{shown}: an empty file")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{shown}: no permission to read it")


def sha256(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_in_name(name: str) -> str | None:
    """The SHA-256 prefix that a file's name holds by torch.hub's convention.

    >>> hash_in_name("alexnet-owt-7be5be79.pth"), hash_in_name("my-net.pth")
    ('7be5be79', None)
    """
    match = _HASH.search(name)
    return match[1] if match else None


def hash_matches_name(path: Path) -> bool | None:
    """Whether a file's SHA-256 begins with the hash in its name; None when the name holds none."""
    expected = hash_in_name(path.name)
    return None if expected is None else sha256(path).startswith(expected)

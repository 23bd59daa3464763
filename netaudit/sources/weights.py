"""A weights file, whatever its format: what it declares, and a store to read it from."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.network.network import TensorStore
from netaudit.text import printable

if TYPE_CHECKING:
    from netaudit.sources.planners.names_and_shapes import Declared

CHECKPOINTS = (".pt", ".pth", ".bin", ".ckpt")  # of torch.save; the last two as transformers and Lightning name them
SAFETENSORS = ".safetensors"
INDEX = ".index.json"  # of shards, after their own suffix
INDICES = (f"{SAFETENSORS}{INDEX}", f".bin{INDEX}")
READ = f"netaudit reads {', '.join(CHECKPOINTS)} and {SAFETENSORS} files, and folders of shards with their index"
# Known, so that a name that ends in one is taken for a path; not read yet.
UNREAD = (
    *(".onnx", ".h5", ".hdf5", ".keras", ".npz", ".npy", ".gguf", ".msgpack", ".pb", ".tflite"),
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
    nested_under: str = ""
    """The keys under which the state dict lay in a checkpoint."""
    metadata: Mapping[str, Any] | None = None
    """Versions of the modules, for ``load_state_dict``."""
    shards: tuple[Path, ...] = ()
    """The files with the tensors, when ``path`` is their index."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that was opened."""
        return (self.path, *self.shards)


def open_weights(path: Path) -> WeightsFile:
    """Open a weights file for reading one tensor at a time.

    A folder stands for the weights file in it, or for the index of its shards.

    Raises:
        SourceError: no such file, not a regular file, or a format that is not read.
        UnsafeFileError: the file asks for code, or declares what it does not hold.
    """
    path = locate(path)
    shown = printable(path.name)
    if path.name.lower().endswith(INDICES):
        from netaudit.sources.formats.shards import open_shards

        return open_shards(path)
    if path.suffix.lower() == SAFETENSORS:
        from netaudit.sources.formats.safetensors import open_safetensors

        return open_safetensors(path)
    if path.suffix.lower() in CHECKPOINTS:
        from netaudit.sources.formats.torch_save import open_checkpoint

        return open_checkpoint(path)
    kind = f"{path.suffix} files are" if path.suffix else "a file without a suffix is"
    raise SourceError(f"{shown}: {kind} not read (yet)", hint=READ)


def locate(path: Path) -> Path:
    """The file that a path stands for: itself, or of a folder the one that holds the weights.

    Raises:
        SourceError: no such file, not a regular file, or a folder without one.
    """
    if is_a(Path.is_dir, path):
        from netaudit.sources.formats.folder import weights_in

        path = weights_in(path)
    require_regular(path)
    return path


def is_a(kind: Callable[[Path], bool], path: Path) -> bool:
    """``Path.is_file`` or ``Path.is_dir``; False for a name that no file could have: too long, or with a null in it."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def require_regular(path: Path) -> None:
    """Look before opening: a pipe would wait for ever, a device never end.

    Raises:
        SourceError: no such file, a folder, empty, or anything but a regular file.
    """
    shown = printable(str(path))
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise SourceError(f"{shown}: {in_words(error)}") from error
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{shown}: a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{shown}: not a regular file")
    if not status.st_size:
        raise SourceError(f"{shown}: an empty file")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{shown}: no permission to read it")


def in_words(error: OSError | ValueError) -> str:
    """The system's reason, without the errno, which says nothing to a person."""
    reason = getattr(error, "strerror", None) or "no such file"
    return f"{reason[:1].lower()}{reason[1:]}"


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

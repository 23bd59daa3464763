"""Read files of torch.save: the index first, then one tensor at a time, and never a line of code.

``torch.load(weights_only=True, map_location="meta")`` builds the index without reading data; where each tensor's bytes
lie is checked against the zip file's records (``torch_zip.py``), and they are read by seeking. Files that cannot be
indexed so (the format before PyTorch 1.6, sparse or quantised tensors) are loaded whole, still with ``weights_only``.
"""

from __future__ import annotations

import argparse
import pickle
import pickletools
import re
import tarfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.network.network import TensorStore
from netaudit.sources.find_state_dict import StateDict, state_dict
from netaudit.sources.formats import torch_zip
from netaudit.sources.formats.torch_zip import RESAVE
from netaudit.sources.stores import MemoryStore, declare, dtype_name, refusal
from netaudit.sources.weights_file import Declared, WeightsFile
from netaudit.text import printable

# What training scripts keep beside the weights and no code hides in: NumPy scalars (the best accuracy so far), and the
# command line's arguments, with paths that touch no file. Exact pairs, nothing wider.
_scalar: Any = np.float64(0).__reduce__()[0]
_PLAIN: list[Any] = [
    *(_scalar, (_scalar, "numpy.core.multiarray.scalar"), np.dtype),
    *(np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType),
    argparse.Namespace,
    *((PurePosixPath, f"{module}.PosixPath") for module in ("pathlib", "pathlib._local")),
    *((PureWindowsPath, f"{module}.WindowsPath") for module in ("pathlib", "pathlib._local")),
]


def open_checkpoint(path: Path) -> WeightsFile:
    """Open a file of torch.save.

    Raises:
        SourceError: the file is no checkpoint, is damaged, or holds no tensors.
        UnsafeFileError: it asks to run something, or declares what it does not hold.
    """
    shown = printable(path.name)
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    if is_zip:
        checked = torch_zip.check(path)
        try:
            return _indexed(path, checked)
        except _NotIndexedError:
            return _whole(path, _load(path, BytesIO(checked.index), "cpu"))
    if tarfile.is_tarfile(path):
        raise UnsafeFileError(f"{shown}: a tar archive, as PyTorch wrote before 0.4; refused", hint=RESAVE)
    with path.open("rb") as file:
        with torch.serialization.skip_data():  # sizes only: a storage that the file never fills would hold anything
            sizes = _load(path, file, "cpu").everything.values()
        storages = (tensor.untyped_storage() for tensor in sizes if not refusal(tensor))
        if sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values()) > path.stat().st_size:
            raise UnsafeFileError(f"{shown}: declares more data than the file holds; refused", hint=RESAVE)
        return _whole(path, _load(path, file, "cpu"))


class _NotIndexedError(Exception):
    """The file holds tensors that have no form without data."""


@dataclass(frozen=True)
class _Place:
    """Where a tensor's numbers lie in the file."""

    start: int
    """Offset in bytes of its storage."""
    tensor: Tensor
    """On the meta device: shape, strides, dtype and offset in its storage."""


class CheckpointStore:
    """The tensors of a checked zip file, read one at a time by seeking."""

    def __init__(self, path: Path, places: dict[str, _Place]) -> None:
        self.path = path
        self.places = places
        self._state = _state(path)

    def names(self) -> Sequence[str]:
        """Every tensor's name, in the file's order."""
        return list(self.places)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return tuple(self.places[name].tensor.shape)

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return dtype_name(self.places[name].tensor)

    def read(self, name: str) -> Tensor:
        """Read one tensor.

        Raises:
            SourceError: the file changed since it was opened.
        """
        place = self.places[name].tensor
        numbers = torch.empty(_extent(place), dtype=place.dtype)
        buffer = numbers.view(torch.uint8).numpy().data
        with self.path.open("rb") as file:
            file.seek(self.places[name].start + int(place.storage_offset()) * place.itemsize)
            read = file.readinto(buffer) if len(buffer) else 0
        if read != len(buffer) or _state(self.path) != self._state:
            raise SourceError(f"{printable(self.path.name)}: changed while it was read")
        return numbers.as_strided(place.shape, place.stride()).contiguous()


def _indexed(path: Path, checked: torch_zip.Records) -> WeightsFile:
    """Plan to read each tensor where the index says that it lies, if a record starts there and has its size."""
    state = _load(path, BytesIO(checked.index), "meta")
    places: dict[str, _Place] = {}
    declared: dict[str, Declared] = {}
    for name, tensor in state.everything.items():
        start = getattr(tensor.untyped_storage(), "_checkpoint_offset", None)
        if start is None:  # a PyTorch that does not tell (2.14 does), or a tensor saved without data
            raise _NotIndexedError
        nbytes = tensor.untyped_storage().nbytes()
        identity = (start, tensor.storage_offset(), tensor.shape, tensor.stride())
        declared[name] = Declared(tuple(tensor.shape), dtype_name(tensor), identity, refusal(tensor))
        beyond = (tensor.storage_offset() + _extent(tensor)) * tensor.itemsize > nbytes
        if checked.sizes.get(start) != nbytes or beyond:
            what = f"{printable(path.name)}: {printable(name, 80)} is declared with other bytes than its record has"
            raise UnsafeFileError(f"{what}; refused", hint=RESAVE)
        places[name] = _Place(start, tensor)
    return _weights_file(path, CheckpointStore(path, places), declared, state)


def _whole(path: Path, state: StateDict) -> WeightsFile:
    """Give the file as it was loaded into memory."""
    return _weights_file(path, MemoryStore(state.everything), declare(state.everything), state)


def _weights_file(path: Path, store: TensorStore, declared: Mapping[str, Declared], state: StateDict) -> WeightsFile:
    """Set the chosen tensors apart from what lies beside them; both can be read."""
    return WeightsFile(
        path,
        store,
        {name: declared[name] for name in state.tensors},
        state.nested_under,
        state.metadata,
        ordered=True,
        others={key: {name: declared[name] for name in held} for key, held in state.others.items()},
    )


def _extent(tensor: Tensor) -> int:
    """Count the elements of its storage that a tensor spans."""
    if not tensor.numel():
        return 0
    return 1 + sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.stride(), strict=True))


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _load(path: Path, pickled: BinaryIO, device: str) -> StateDict:
    """Call ``torch.load`` with weights_only, and raise errors of one line.

    ``pickled`` is only searched for names to report.
    """
    shown = printable(path.name)
    allowed = [plain for plain in _PLAIN if plain not in torch.serialization.get_safe_globals()]
    try:
        # A file rather than its path: of a path that ends in .safetensors PyTorch trusts the name.
        with path.open("rb") as file, warnings.catch_warnings(), torch.serialization.safe_globals(allowed):
            warnings.simplefilter("ignore")
            loaded = torch.load(file, weights_only=True, map_location=device, mmap=False)
    except pickle.UnpicklingError as error:
        refused = _refused_global(str(error), pickled)
        if refused is None:
            raise SourceError(f"{shown}: not a checkpoint of PyTorch, or a damaged one", hint=RESAVE) from error
        raise UnsafeFileError(f"{shown}: asks to run `{printable(refused, 80)}`; refused", hint=RESAVE) from error
    except Exception as error:  # a hostile index can make the reader raise anything
        if device == "meta" and isinstance(error, RuntimeError):
            raise _NotIndexedError from error
        reason = printable(f"{type(error).__name__}: {error}".partition("\n")[0], 100)
        raise SourceError(f"{shown}: not a checkpoint of PyTorch, or a damaged one ({reason})") from error
    finally:
        # PyTorch checks these after a load, and keeps them when the load fails: they would spoil the next one.
        getattr(torch._utils, "_sparse_tensors_to_validate", []).clear()
    try:
        return state_dict(loaded)
    except SourceError as error:
        raise SourceError(f"{shown}: {error}") from error


def _refused_global(message: str, pickled: BinaryIO) -> str | None:
    """Say which name the file asked for: the one in the reader's message, else the first that is no part of PyTorch."""
    named = re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", message)
    asked = [name for name in _globals(pickled) if not name.startswith(("torch.", "collections."))]
    if named is None:
        return asked[0] if asked else None
    return next((name for name in asked if name.endswith(f".{named[1]}")), named[1])  # PyTorch cuts off "builtins."


def _globals(pickled: BinaryIO) -> list[str]:
    """List every global that a pickle names, without running it."""
    names: list[str] = []
    strings = ["", ""]
    pickled.seek(0)
    try:
        for _ in range(8):  # the old format is several pickles in a row
            for opcode, argument, _position in pickletools.genops(pickled):
                if opcode.name in ("GLOBAL", "INST"):
                    names.append(
                        str(argument).replace(" ", ".").replace("__builtin__.", "builtins.")
                    )  # Python 2's name
                elif opcode.name == "STACK_GLOBAL":
                    names.append(".".join(strings))
                elif isinstance(argument, str):
                    strings = [strings[1], argument]
    except (ValueError, IndexError, EOFError, OverflowError, MemoryError):
        pass  # the end, or no pickle at all
    return names

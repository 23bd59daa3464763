"""Read files of torch.save: the index first, then one tensor at a time, and never a line of code.

The index is a pickle, which is read as data (``inert_pickle.py``). Where each tensor's bytes lie is told by the key of
its storage: a record of a zip file (``torch_zip.py``), or a place behind the pickles of an old file
(``torch_legacy.py``).
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import inert_pickle, torch_legacy, torch_zip
from netaudit.formats.find_state_dict import StateDict, find
from netaudit.formats.ignored_classes import classes
from netaudit.formats.inert_object import EndsEarlyError, Global, Inert, MalformedError, RefusedError
from netaudit.formats.inert_pickle import Unpickled
from netaudit.formats.numpy_objects import array
from netaudit.formats.stored_tensor import StoredTensor
from netaudit.formats.torch_objects import BUILDS, distributed
from netaudit.formats.torch_storages import Storages
from netaudit.formats.torch_zip import RESAVE, Record
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.text import printable

# Nothing that a file names is run. One that names these was made to harm whoever loads it in the usual way, and is not
# a weights file to report on.
_HOSTILE_MODULES = ("os", "posix", "nt", "subprocess", "pty", "runpy", "socket", "shutil", "ctypes")
_HOSTILE = tuple(
    f"builtins.{name}" for name in ("eval", "exec", "execfile", "compile", "__import__", "open", "breakpoint")
)
_NAMED = 6  # classes that a note names


def open_checkpoint(path: Path) -> WeightsFile:
    """Open a file of torch.save, or a plain pickle of tensors.

    Raises:
        SourceError: the file is no checkpoint, is damaged, or holds no tensors.
        UnsafeFileError: it names what runs commands, or declares what it does not hold.
    """
    shown = printable(path.name)
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    if is_zip:
        return _open_zip(path)
    if tarfile.is_tarfile(path):
        raise UnsafeFileError(f"{shown}: a tar archive, as PyTorch wrote before 0.4; refused", hint=RESAVE)
    length = path.stat().st_size
    with path.open("rb") as file:
        try:
            legacy = torch_legacy.read(file, length)
        except MalformedError as error:
            raise _unread(path, error) from error
    if legacy.length > length:
        raise _short(path, legacy.length)
    return _opened(path, legacy.unpickled, legacy.storages)


def _open_zip(path: Path) -> WeightsFile:
    try:
        records = torch_zip.check(path)
    except SourceError:
        _say_if_short(path)
        raise
    try:
        unpickled = inert_pickle.load(BytesIO(records.index), BUILDS, Storages())
        if records.constants is None:
            return _opened(path, unpickled, records.storages)
        constants = inert_pickle.load(BytesIO(records.constants), BUILDS, Storages()).value
    except MalformedError as error:
        raise _unread(path, error) from error
    note = "A TorchScript archive: its tensors are read, and its code is not."
    known = constants if isinstance(constants, tuple) else ()
    if any(isinstance(constant, StoredTensor) and len(constant.shape) > 1 for constant in known):
        note += " Constants of its code are left out, where frozen weights would lie."
    return _opened(path, unpickled, records.storages, (note,))


def _opened(
    path: Path, unpickled: Unpickled, records: Mapping[str, Record], notes: tuple[str, ...] = ()
) -> WeightsFile:
    """Plan to read each tensor from the record that has its storage's name, if that has its storage's size."""
    shown = printable(path.name)
    for named in unpickled.globals:
        if named.path.partition(".")[0] in _HOSTILE_MODULES or named.path in _HOSTILE:
            what = f"{shown}: asks to run `{printable(named.path, 80)}`"
            raise UnsafeFileError(f"{what}; refused", hint=RESAVE)
    state = _state_dict(shown, unpickled.value)
    everything = state.everything
    for name, tensor in everything.items():
        kept = tensor.storage
        if kept is None:
            continue
        record = len(kept.data) if kept.data is not None else records[kept.key].size if kept.key in records else -1
        if record != kept.record or tensor.end > kept.nbytes:
            what = f"{shown}: {printable(name, 80)} is declared with other bytes than its record has"
            raise UnsafeFileError(f"{what}; refused", hint=RESAVE)
    declared = {name: _declared(path, name, tensor) for name, tensor in everything.items()}
    store = CheckpointStore(path, everything, records)
    said = (*notes, *state.notes) if notes else (*_without_classes(unpickled.globals), *state.notes)
    return WeightsFile(
        path,
        store,
        {name: declared[name] for name in state.tensors},
        state.nested_under,
        state.metadata,
        notes=said,
        ordered=True,
        others={key: {name: declared[name] for name in held} for key, held in state.others.items()},
    )


def _state_dict(shown: str, value: Any) -> StateDict[StoredTensor]:
    """The tensors of PyTorch, else the arrays of NumPy: those that lie beside weights are no parameters."""
    try:
        return find(value, _tensor)
    except SourceError as error:
        try:
            return find(value, _array)
        except SourceError:
            raise SourceError(f"{shown}: {error}", hint=error.hints) from error
        except ValueError as damaged:  # of an array's shape, dtype or length
            raise SourceError(f"{shown}: holds a damaged array ({damaged})", hint=RESAVE) from damaged


def _tensor(value: Any) -> StoredTensor | None:
    if isinstance(value, StoredTensor):
        return value
    return distributed(value) if isinstance(value, Inert) else None


def _array(value: Any) -> StoredTensor | None:
    return array(value) if isinstance(value, Inert) else None


def _declared(path: Path, name: str, tensor: StoredTensor) -> Declared:
    """Tensors are tied where they are laid out alike over one storage of one file; a shard has keys of its own."""
    kept = tensor.storage
    if kept is None or not tensor.extent:
        return Declared(tensor.shape, tensor.dtype, (path.name, name), tensor.refusal)
    start = kept.skipped + tensor.offset
    identity = (path.name, kept.key, start, tensor.shape, tensor.stride)
    return Declared(tensor.shape, tensor.dtype, identity, note=tensor.note)


def _without_classes(named: tuple[Global, ...]) -> tuple[str, ...]:
    """Say which classes were not looked up."""
    ignored = classes(named)
    if not ignored:
        return ()
    shown = ", ".join(printable(one, 80) for one in ignored[:_NAMED])
    more = f" and {len(ignored) - _NAMED:,} more" if len(ignored) > _NAMED else ""
    return (f"Read without its classes, none of whose code was run: {shown}{more}.",)


def _unread(path: Path, error: MalformedError) -> SourceError:
    shown = printable(path.name)
    if isinstance(error, RefusedError):
        return UnsafeFileError(f"{shown}: {error}; refused", hint=RESAVE)
    if isinstance(error, torch_legacy.BigEndianError):
        return SourceError(f"{shown}: written on a big-endian machine; not read", hint=RESAVE)
    early = ": it ends early" if isinstance(error, EndsEarlyError) else ""
    return SourceError(f"{shown}: not a checkpoint of PyTorch, or a damaged one{early}", hint=RESAVE)


def _short(path: Path, needed: int, least: str = "") -> SourceError:
    said = f"ends early: {path.stat().st_size:,} of {least}{needed:,} bytes"
    return SourceError(f"{printable(path.name)}: {said}", hint="half a download: fetch it again")


def _say_if_short(path: Path) -> None:
    """Raise the better error if the index at the start of a zip file without an end declares more than the file has."""
    file = torch_zip.index_ahead(path)
    if file is None:
        return
    keep = Storages()
    with file:
        try:
            inert_pickle.load(file, BUILDS, keep)
        except MalformedError:
            return
        needed = file.tell() + sum(storage.record for storage in keep.records.values())
    if needed > path.stat().st_size:
        raise _short(path, needed, "at least ")


class CheckpointStore:
    """The tensors of a checked file, read one at a time by seeking."""

    def __init__(self, path: Path, tensors: Mapping[str, StoredTensor], records: Mapping[str, Record]) -> None:
        self.path = path
        self.tensors = tensors
        self.records = records

    def names(self) -> Sequence[str]:
        """Every tensor's name, in the file's order."""
        return list(self.tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return self.tensors[name].shape

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.tensors[name].dtype

    def read(self, name: str) -> Tensor:
        """Read one tensor.

        Raises:
            SourceError: it cannot be read, or the file changed since it was opened.
        """
        return self._read(name, self.tensors[name])

    def read_at(self, name: str, index: int) -> Tensor:
        """Read one entry of a tensor's first axis: an expert of many.

        Raises:
            SourceError: it cannot be read, or the file changed since it was opened.
            IndexError: the tensor has no such entry.
        """
        whole = self.tensors[name]
        if not whole.shape or not 0 <= index < whole.shape[0]:
            raise IndexError(f"{printable(name)} has no entry {index}")
        if whole.storage is None:
            return self._read(name, whole)
        start = whole.offset + index * whole.stride[0]
        return self._read(name, replace(whole, shape=whole.shape[1:], stride=whole.stride[1:], offset=start))

    def _read(self, name: str, tensor: StoredTensor) -> Tensor:
        kept = tensor.storage
        if kept is None:
            raise SourceError(f"{printable(name)}: {tensor.refusal}")
        dtype: torch.dtype = getattr(torch, tensor.stored)
        bytes_ = torch.empty(tensor.extent * dtype.itemsize, dtype=torch.uint8, device="cpu")
        buffer = bytes_.numpy().data
        start = tensor.offset * dtype.itemsize
        if kept.data is not None:
            read = len(buffer)
            buffer[:] = kept.data[start : start + read]
        else:
            with self.path.open("rb") as file:
                file.seek(self.records[kept.key].start + kept.skipped + start)
                read = file.readinto(buffer) if len(buffer) else 0
        if read != len(buffer):
            raise SourceError(f"{printable(self.path.name)}: changed while it was read")
        return tensor.numbers(bytes_.view(dtype).as_strided(tensor.shape, tensor.stride).contiguous())

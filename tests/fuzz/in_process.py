"""HDF5 and ONNX without their child process: thousands of cases are read in this process, where a crash is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from math import prod
from typing import Any
from unittest import mock

import msgspec
import numpy as np
import torch

from fuzz.readers import WrongError
from netaudit.errors import SourceError
from netaudit.formats import child, keras_hdf5, onnx_model


class InProcess:
    """Stands for ``Child``: the same reader, called here."""

    def __init__(self, reader: str, library: str, shown: str, arguments: Mapping[str, Any], memory: int = 0) -> None:
        module, _, name = reader.partition(":")
        self._reader, self._arguments = getattr(import_module(module), name), arguments
        self._read: Any = None

    def describe(self, kind: Any) -> Any:
        """What the reader says of the file."""
        try:
            description, self._read = self._reader(**self._arguments)
        except MemoryError as error:  # of a child, this is an answer
            raise SourceError("reading it takes too much memory; refused") from error
        return msgspec.convert(msgspec.to_builtins(description), kind)

    def read(self, key: str, dtype: str, shape: tuple[int, ...]) -> torch.Tensor:
        """One tensor, whose bytes must be as many as were declared: a pipe has no end of its own."""
        try:
            array = np.ascontiguousarray(self._read(key))
        except MemoryError as error:
            raise SourceError("reading it takes too much memory; refused") from error
        kind: torch.dtype = getattr(torch, dtype)
        if array.nbytes != prod(shape) * kind.itemsize:
            raise WrongError(f"{array.nbytes} bytes for {shape} of {dtype}")
        numbers = torch.from_numpy(array.reshape(-1).view(np.uint8).copy())
        return numbers.view(kind).reshape(shape)


@contextmanager
def readers(*, real: bool) -> Iterator[None]:
    """With ``real``, the child process as it is, but for a time limit that a test can wait for."""
    if real:
        with mock.patch.object(child, "SECONDS", 3):
            yield
    else:
        with mock.patch.object(keras_hdf5, "Child", InProcess), mock.patch.object(onnx_model, "Child", InProcess):
            yield

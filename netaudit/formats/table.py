"""The formats of weights files, in the order in which they are asked; and everything that is said of them in words.

To add a format, write one module of this folder with a ``FORMAT`` (see ``safetensors.py``), and add its name to
``READ``. Nothing here loads PyTorch: the function that opens a file does, where its format needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

from netaudit.errors import SourceError
from netaudit.formats.format import Beginning, Format
from netaudit.formats.steady_store import SteadyFile, SteadyStore
from netaudit.formats.unread import UNREAD
from netaudit.formats.weights_file import WeightsFile
from netaudit.text import printable

READ = (
    "shards",
    "safetensors",
    "pytorch",
    "numpy_arrays",
    "gguf_file",
    "flax_msgpack",
    "onnx_model",
    "keras_hdf5",
)


def load(module: str) -> Format:
    """The format that a module of this folder defines."""
    row = import_module(f"netaudit.formats.{module}").FORMAT
    assert isinstance(row, Format)
    return row


FORMATS: tuple[Format, ...] = (*map(load, READ), *UNREAD)


def open_file(path: Path, *, indices: bool = True) -> WeightsFile:
    """Open one regular file in the format that its content tells, or its suffix where the content tells nothing.

    Args:
        path: the file.
        indices: False to refuse a file that names others, which would lead from one index to the next.

    Raises:
        SourceError: no known format, or one that is not read, or a damaged file, or one that the system cannot read.
        UnsafeFileError: the file asks for code, or declares what it does not hold.
    """
    shown = printable(path.name)
    file = SteadyFile(path)
    known = file.during(lambda: format_of(path))
    if known is None:
        raise SourceError(f"{shown}: not a weights file of a known format", hint=f"netaudit reads {readable()}")
    if known.index and not indices:
        raise SourceError(f"{shown}: an index of other files, where a file with tensors is needed")
    if known.open is None:
        raise SourceError(f"{shown}: {known.reason}; not read", hint=(known.hint, f"netaudit reads {readable()}"))
    open_ = partial(known.open, path, partial(open_file, indices=False))
    opened = file.during(open_)
    return replace(opened, store=SteadyStore(opened.store, file), format=opened.format or known.name)


def format_of(path: Path) -> Format | None:
    """The format of a regular file: the first that its content tells, else the one that its suffix names."""
    beginning = Beginning.of(path)
    by_content = next((known for known in FORMATS if known.sniff(beginning)), None)
    return by_content or max(_by_suffix(path.name), key=lambda pair: len(pair[0]), default=("", None))[1]


def _by_suffix(name: str) -> Iterator[tuple[str, Format]]:
    return ((suffix, known) for known in FORMATS for suffix in known.suffixes if name.lower().endswith(suffix))


def suffixes() -> tuple[str, ...]:
    """Every suffix that makes a name a path, whether its format is read or not."""
    return tuple(suffix for known in FORMATS for suffix in known.suffixes)


def without_suffix(name: str) -> str:
    """A file's name without the longest suffix that a format gives it.

    >>> without_suffix("net.pth.tar"), without_suffix("llama.safetensors.index.json"), without_suffix("vgg16.tv_in1k")
    ('net', 'llama', 'vgg16.tv_in1k')
    """
    longest = max((len(suffix) for suffix, _ in _by_suffix(name)), default=0)
    return name[: len(name) - longest]


def readable() -> str:
    """The formats that are read, in words.

    >>> readable().startswith("safetensors (.safetensors), PyTorch (.pt, .pth, .bin, .ckpt")
    True
    """
    files = [f"{known.name} ({', '.join(known.suffixes)})" for known in FORMATS if known.open and not known.index]
    indices = [known.name for known in FORMATS if known.open and known.index]
    return " and ".join([", ".join(files), *indices])

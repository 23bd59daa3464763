"""Read ONNX models: the layers from the graph, with their activations; nothing is run, and no shape inference is asked.

All of a model but external data is one message of Protocol Buffers, which is parsed whole: at most 2 GiB. The parser is
native code, so that it runs in a process of its own (``child.py``), which keeps the model and gives its tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.formats import extras
from netaudit.formats.arrays import LazyStore
from netaudit.formats.child import Child
from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.weights_file import Declared, Structure, WeightsFile
from netaudit.network.cells import CellSpec
from netaudit.network.graph import Graph, Op
from netaudit.network.network import LayerSpec
from netaudit.text import printable

if TYPE_CHECKING:
    import numpy as np

LONGEST = 2**31  # bytes: the limit of Protocol Buffers
PARSED = 4
"""Times its file's bytes that a model may take: its file, and what it is parsed into."""
# The first fields of the message: the version of the format (field 1, a number of one byte), then the producer's name,
# the imported operators or the graph (fields 2, 7 and 8, each with its length).
_FIRST = b"\x08"
_SECOND = (b"\x12", b"\x3a", b"\x42")


@dataclass(frozen=True)
class Tensor:
    """A tensor of a model; nothing of it is read."""

    shape: tuple[int, ...]
    dtype: str
    name: str
    """Of the stored tensor that it is made of."""
    refusal: str


@dataclass(frozen=True)
class Model:
    """What a walk over a model's graph found."""

    tensors: dict[str, Tensor]
    """By their keys in the store."""
    layers: tuple[LayerSpec, ...]
    cells: tuple[CellSpec, ...]
    reasons: dict[str, str]
    buffers: frozenset[str]
    operations: list[Op]
    shapes: list[tuple[int, ...]]
    output: int | None

    @property
    def graph(self) -> Graph:
        """The operations as a graph."""
        graph = Graph(shapes=self.shapes, output=self.output)
        for operation in self.operations:
            graph.add(operation)
        return graph


def open_onnx(path: Path, open_file: OpenFile) -> WeightsFile:
    """Open an ONNX model.

    Raises:
        SourceError: no such model, a damaged or too large one, one without weights, or the package ``onnx`` is missing.
        UnsafeFileError: a tensor that declares other bytes than it has, or that lies outside the model's folder.
    """
    shown = printable(path.name)
    extras.require("onnx", "onnx", shown)
    size = path.stat().st_size
    if size > LONGEST:
        raise SourceError(f"{shown}: larger than 2 GiB, which no ONNX model can be; its weights belong beside it")
    arguments = {"path": str(path.absolute())}
    child = Child("netaudit.formats.onnx_model:opened", "ONNX", shown, arguments, PARSED * size)
    model = child.describe(Model)
    if not model.tensors:
        raise SourceError(f"{shown}: holds no weights")
    declared = {
        key: Declared(tensor.shape, tensor.dtype, tensor.name, tensor.refusal) for key, tensor in model.tensors.items()
    }
    readers = {
        key: partial(child.read, key, tensor.dtype, tensor.shape)
        for key, tensor in model.tensors.items()
        if not tensor.refusal
    }
    structure = Structure(model.layers, model.reasons, model.buffers, model.graph, model.cells)
    return WeightsFile(path, LazyStore(declared, readers), declared, structure=structure)


def opened(path: str) -> tuple[Model, Callable[[str], np.ndarray[Any, Any]]]:
    """Parse a model, and give a function that reads a tensor of it. This runs in the child.

    Raises:
        SourceError: no such model, or a damaged one.
        UnsafeFileError: a tensor that declares other bytes than it has, or that lies outside the model's folder.
    """
    import onnx

    from netaudit.formats.onnx_graph import Walk

    shown = printable(Path(path).name)
    try:
        model = onnx.load_model_from_string(Path(path).read_bytes())
    except MemoryError:
        raise
    except Exception as error:  # the parser's own error is none of Python's
        raise SourceError(f"{shown}: not an ONNX model, a damaged one, or one that takes too much memory") from error
    walk = Walk(model.graph, Path(path).parent, shown)
    tensors = {
        key: Tensor(constant.shape, constant.dtype, constant.name, constant.refusal)
        for key, constant in walk.kept.items()
    }
    graph, buffers = walk.graph, frozenset(walk.buffers)
    found = Model(
        tensors, tuple(walk.layers), tuple(walk.cells), walk.reasons, buffers, graph.ops, graph.shapes, graph.output
    )
    return found, lambda key: walk.kept[key].read()


def sniff(file: Beginning) -> bool:
    """The version of the format, and then one of the fields that follow it; there is no signature."""
    return file.head[:1] == _FIRST and file.head[1:2] < b"\x20" and file.head[2:3] in _SECOND


FORMAT = Format("ONNX", (".onnx",), sniff, open_onnx, alone=True)

"""Read ONNX models: the layers from the graph, with their activations; nothing is run, and no shape inference is asked.

All of a model but external data is one message of Protocol Buffers, which is parsed whole: at most 2 GiB.
"""

from __future__ import annotations

from pathlib import Path

from netaudit.errors import SourceError
from netaudit.formats import extras
from netaudit.formats.arrays import LazyStore
from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.weights_file import Declared, Structure, WeightsFile
from netaudit.text import printable

LONGEST = 2**31  # bytes: the limit of Protocol Buffers
# The first fields of the message: the version of the format (field 1, a number of one byte), then the producer's name,
# the imported operators or the graph (fields 2, 7 and 8, each with its length).
_FIRST = b"\x08"
_SECOND = (b"\x12", b"\x3a", b"\x42")


def open_onnx(path: Path, open_file: OpenFile) -> WeightsFile:
    """Open an ONNX model.

    Raises:
        SourceError: no such model, a damaged or too large one, one without weights, or the package ``onnx`` is missing.
        UnsafeFileError: a tensor that declares other bytes than it has, or that lies outside the model's folder.
    """
    shown = printable(path.name)
    onnx = extras.load("onnx", "onnx", shown)
    if path.stat().st_size > LONGEST:
        raise SourceError(f"{shown}: larger than 2 GiB, which no ONNX model can be; its weights belong beside it")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:  # the parser's own error is none of Python's
        raise SourceError(f"{shown}: not an ONNX model, or a damaged one") from error
    from netaudit.formats.onnx_graph import Walk

    walk = Walk(model.graph, path.parent, shown)
    if not walk.kept:
        raise SourceError(f"{shown}: holds no weights")
    declared = {
        key: Declared(constant.shape, constant.dtype, constant.name, constant.refusal)
        for key, constant in walk.kept.items()
    }
    store = LazyStore(declared, {key: constant.read for key, constant in walk.kept.items()})
    structure = Structure(tuple(walk.layers), walk.reasons, frozenset(walk.buffers), walk.graph, tuple(walk.cells))
    return WeightsFile(path, store, declared, structure=structure)


def sniff(file: Beginning) -> bool:
    """The version of the format, and then one of the fields that follow it; there is no signature."""
    return file.head[:1] == _FIRST and file.head[1:2] < b"\x20" and file.head[2:3] in _SECOND


FORMAT = Format("ONNX", (".onnx",), sniff, open_onnx, alone=True)

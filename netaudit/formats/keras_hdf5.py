"""Read Keras models, .h5 and .keras, by h5py alone, in another process: Keras is never asked, no layer is built.

An .h5 file holds ``model_weights/LAYER/.../kernel:0`` and the configuration as an attribute; a .keras file is a zip
archive of ``config.json`` and ``model.weights.h5``, whose arrays have numbers for names: ``layers/dense/vars/0``.
Kernels are stored as ``[in, out]``.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import extras, keras_config, keras_recurrent
from netaudit.formats.arrays import LazyStore
from netaudit.formats.child import Child
from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.hdf5 import Contents, Dataset
from netaudit.formats.keras_weights import as_keras_takes, is_optimiser
from netaudit.formats.natural_order import natural
from netaudit.formats.plain_names import dotted
from netaudit.formats.weights_file import Declared, Structure, WeightsFile
from netaudit.network.cells import CellSpec
from netaudit.network.network import LayerSpec
from netaudit.text import printable

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
LONGEST_CONFIG = 2**26  # bytes
# What the numbers of Keras 3 stand for, by the kind of layer.
_VARIABLES = {
    **dict.fromkeys(("dense", "einsum_dense"), ("kernel", "bias")),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "depthwise_conv2d"), ("kernel", "bias")),
    **dict.fromkeys(("cell", "lstm_cell", "gru_cell", "simple_rnn_cell"), ("kernel", "recurrent_kernel", "bias")),
    "embedding": ("embeddings",),
    **{"batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance")},
    **{"layer_normalization": ("gamma", "beta")},
}
_ORIGIN = "Dense, stored as [in, out]"
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies", "layer")


def open_keras(path: Path, open_file: OpenFile) -> WeightsFile:
    """Open a Keras model or its weights.

    Raises:
        SourceError: no such file, a damaged one, one without arrays, or the package ``h5py`` is missing.
        UnsafeFileError: an archive that Keras would not write, or an endless file.
    """
    shown = printable(path.name)
    extras.require("h5py", "keras", shown)
    section, config = _unpacked(path, shown)
    child = Child("netaudit.formats.hdf5:opened", "HDF5", shown, {"path": str(path.absolute()), "section": section})
    contents = child.describe(Contents)
    keys = _keys(as_keras_takes(contents), contents.names)
    if not any(not is_optimiser(array.path) for array in contents.datasets):
        raise SourceError(f"{shown}: holds no weights")
    structure, order = _structure(keys, _json(config or contents.config))
    declared = {
        key: Declared(keys[key].shape, keys[key].dtype, key, keys[key].refusal) for key in sorted(keys, key=order)
    }
    readers = {
        key: partial(child.read, array.path, array.dtype, array.shape)
        for key, array in keys.items()
        if not array.refusal
    }
    store = LazyStore(declared, readers)
    return WeightsFile(path, store, declared, structure=structure)


def _unpacked(path: Path, shown: str) -> tuple[tuple[int, int] | None, str]:
    """Where in an archive the HDF5 file lies, None for a file that is one, and the configuration beside it."""
    if not zipfile.is_zipfile(path):
        return None, ""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            names = archive.namelist()
            if names.count(_WEIGHTS) != 1 or names.count(_CONFIG) > 1:
                raise UnsafeFileError(f"{shown}: no {_WEIGHTS}, or two of a name; refused")
            member = archive.getinfo(_WEIGHTS)
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                raise UnsafeFileError(f"{shown}: {_WEIGHTS} is compressed or encrypted; refused", hint="save it again")
            file.seek(member.header_offset)
            name, extra = struct.unpack("<HH", file.read(30)[26:])
            start = member.header_offset + 30 + name + extra
            if start + member.file_size > path.stat().st_size:
                raise UnsafeFileError(f"{shown}: {_WEIGHTS} reaches beyond the file; refused")
            config = b""
            if _CONFIG in names and archive.getinfo(_CONFIG).file_size <= LONGEST_CONFIG:
                config = archive.read(_CONFIG)
            return (start, member.file_size), config.decode("utf-8", "replace")
    except SourceError:
        raise
    except Exception as error:  # zipfile raises six kinds on damaged files
        raise SourceError(f"{shown}: a damaged or cut zip file ({printable(str(error), 80)})") from error


def _json(config: str) -> Any:
    """The configuration; without one that can be read, names tell what they tell."""
    try:
        return json.loads(config) if config else None
    except (ValueError, RecursionError):
        return None


def _keys(arrays: Iterable[Dataset], owners: Mapping[str, str]) -> dict[str, Dataset]:
    """The arrays under the names that users know: the layer's path with dots, then what the array is in it."""
    keys: dict[str, Dataset] = {}
    for array in sorted(arrays, key=lambda array: bool(array.refusal)):  # what is read has the first claim to a name
        key = dotted(array.path) if is_optimiser(array.path) else ".".join(_parts(array.path, owners))
        key = key if key not in keys else dotted(array.path)
        while key in keys:
            key += "'"
        keys[key] = array
    return keys


def _parts(path: str, owners: Mapping[str, str]) -> list[str]:
    """The layer's names from the outermost to its own, and the name of the array."""
    *groups, last = path.split("/")
    if groups[-1:] == ["vars"]:  # Keras 3
        kind = re.sub(r"_\d+$", "", groups[-2]) if len(groups) > 1 else ""
        words = _VARIABLES.get(kind, ())
        word = words[int(last)] if last.isdecimal() and len(last) < 4 and int(last) < len(words) else f"vars.{last}"
        named = [
            owners.get("/".join((*groups[: i + 1], "vars")), group)
            for i, group in enumerate(groups[:-1])
            if group not in _CONTAINERS or (group == "layer" and i == len(groups) - 2)
        ]
        return [*named, word]
    if groups[:1] == ["model_weights"]:
        groups = groups[1:]
    layer, inner = groups[:1], groups[1:]
    if layer and layer[0] in inner:  # dense_4/sequential_1/dense_4: the model's own name is in the way
        inner = inner[inner.index(layer[0]) + 1 :]
    return [*layer, *inner, dotted(last)]


def _structure(keys: Mapping[str, Dataset], config: Any) -> tuple[Structure, Any]:
    """The layers and why the rest is none; and a key that sorts the arrays in the order of the layers."""
    modules: dict[str, set[str]] = {}
    for key in keys:
        module, _, word = key.rpartition(".")
        modules.setdefault(module, set()).add(word)
    kernels = {}
    for module, words in modules.items():
        kernel = keys.get(f"{module}.kernel")
        if kernel and len(kernel.shape) == 2 and all(kernel.shape) and "recurrent_kernel" not in words:
            if is_optimiser(kernel.path) or kernel.refusal or not _floating(kernel):
                continue
            bias = keys.get(f"{module}.bias")
            fits = bias is not None and bias.shape == kernel.shape[1:] and not bias.refusal and _floating(bias)
            kernels[tuple(module.split("."))] = (f"{module}.kernel", kernel.shape, f"{module}.bias" if fits else None)
    found = keras_config.read(config, kernels)
    classes = found.classes if found else {}
    dense = {place: row for place, row in kernels.items() if classes.get(place, "Dense") == "Dense"}
    layers = tuple(
        LayerSpec(".".join(place), (shape[1], shape[0]), weight, bias, origin=_ORIGIN, transposed=True)
        for place, (weight, shape, bias) in dense.items()
    )
    places = {place: number for number, place in enumerate(found.order if found else ())}

    def order(key: str) -> tuple[int, Any]:
        path = tuple(key.split(".")[:-1])
        own = next((places[path[:length]] for length in range(len(path), 0, -1) if path[:length] in places), None)
        return (len(places) if own is None else own, natural(key))

    optimiser = frozenset(key for key, array in keys.items() if is_optimiser(array.path))
    moving = frozenset(key for key in keys if key.endswith((".moving_mean", ".moving_variance")))
    reasons = {key: _reason(key, keys[key], modules, classes) for key in keys}
    reasons |= dict.fromkeys(optimiser, "optimiser state, not a parameter")
    graph = found.graph if found else None
    cells = sorted(_cells(keys, modules, found), key=lambda cell: (order(cell.keys[0])[0], cell.reverse))
    return Structure(layers, reasons, optimiser | moving, graph, tuple(cells)), order


def _cells(
    keys: Mapping[str, Dataset], modules: Mapping[str, set[str]], found: keras_config.Configuration | None
) -> Iterator[CellSpec]:
    """The recurrent cells, in the order of their names."""
    for module in sorted(modules, key=natural):
        words = modules[module]
        own = {word: keys[f"{module}.{word}" if module else word] for word in words}
        if "recurrent_kernel" not in words or any(is_optimiser(array.path) for array in own.values()):
            continue
        if any(array.refusal or not _floating(array) for array in own.values()):
            continue
        known, path = None, tuple(module.split("."))
        for length in range(len(path), 0, -1) if found else ():
            if found and path[:length] in found.recurrent:
                place = path[:length]
                known = keras_recurrent.settings(found.classes[place], found.recurrent[place], path[length:])
                break
        cell = keras_recurrent.cell(module, {word: array.shape for word, array in own.items()}, known)
        if cell is not None:
            yield cell


def _floating(array: Dataset) -> bool:
    return array.dtype.startswith(("float", "bfloat"))


def _reason(key: str, array: Dataset, modules: Mapping[str, set[str]], classes: Mapping[keras_config.Path, str]) -> str:
    """Why an array is no layer."""
    module, _, word = key.rpartition(".")
    path = tuple(module.split("."))
    kind = next((classes[path[:length]] for length in range(len(path), 0, -1) if path[:length] in classes), "")
    if "recurrent_kernel" in modules[module] or kind in keras_config.RECURRENT:
        return "recurrent"
    if word == "embeddings" or kind == "Embedding":
        return "embedding"
    if word in ("gamma", "beta", "moving_mean", "moving_variance"):
        return "normalisation"
    if "onv" in (kind or module):
        return "convolution"
    if "kernel" in word and len(array.shape) > 2:
        return "more than two dimensions"
    return f"a parameter of {printable(kind, 60)}" if kind else "not named as a weight"


def sniff(file: Beginning) -> bool:
    """The signature of HDF5, or a zip archive with the weights under Keras's name."""
    return file.head.startswith(b"\x89HDF\r\n\x1a\n") or _WEIGHTS in (file.zip_names or ())


FORMAT = Format("Keras", (".h5", ".keras", ".hdf5"), sniff, open_keras, alone=True)

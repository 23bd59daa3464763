"""What the library that owns a format reads in a file. Whatever it raises means that there is nothing to compare."""

from __future__ import annotations

import json
import math
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

Tensors = dict[str, torch.Tensor]


def torch_load(path: Path) -> Tensors:
    """``torch.load`` without classes of others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    return dict(_tensors("", loaded, set()))


def _tensors(name: str, value: Any, seen: set[int], depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor and array by its dotted name; each container is looked into once."""
    if isinstance(value, torch.Tensor):
        yield name, value.detach()
    elif isinstance(value, np.ndarray) and value.dtype.kind in "fiucb":
        yield name, torch.from_numpy(_native(value))
    elif isinstance(value, (Mapping, list, tuple)) and id(value) not in seen and depth < 20:
        seen.add(id(value))
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in pairs:
            yield from _tensors(f"{name}.{key}" if name else str(key), inner, seen, depth + 1)


class _ArraysAlone(pickle.Unpickler):
    """Knows NumPy's arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """One of few."""
        if (module, name) in _OF_ARRAYS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(name)


_OF_ARRAYS = {
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *(("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"), ("collections", "OrderedDict")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}


def arrays_of_pickle(path: Path) -> Tensors:
    """Python's own machine, with nothing but NumPy's arrays."""
    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore")
        return dict(_tensors("", _ArraysAlone(file).load(), set()))


def safetensors(path: Path) -> Tensors:
    """The library's own reader."""
    from safetensors.torch import load_file

    return dict(load_file(path))


def shards(path: Path) -> Tensors:
    """Each tensor from the shard that the index names."""
    places = json.loads(path.read_bytes())["weight_map"]
    read = safetensors if path.name.endswith(".safetensors.index.json") else torch_load
    held = {name: read(path.parent / name) for name in set(places.values())}
    return {tensor: held[name][tensor] for tensor, name in places.items() if tensor in held[name]}


def npz(path: Path) -> Tensors:
    """``numpy.load``."""
    with np.load(path, allow_pickle=False) as archive:
        return {name.replace("/", "."): torch.from_numpy(_native(archive[name])) for name in archive.files}


def npy(path: Path) -> Tensors:
    """``numpy.load``."""
    return {"weight": torch.from_numpy(_native(np.load(path, allow_pickle=False)))}


def inputs(path: Path) -> Tensors:
    """``numpy.load``, and what docs/ say of x."""
    with np.load(path, allow_pickle=False) as archive:
        x, y = archive["x"], archive["y"] if "y" in archive.files else None
    x = x.astype("f") / np.float32(255) if x.dtype == np.uint8 else x.astype("f")
    found = {"x": torch.from_numpy(_native(x))}
    return found if y is None else {**found, "y": torch.from_numpy(_native(y).astype(np.int64))}


def _native(array: np.ndarray) -> np.ndarray:
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def gguf_file(path: Path) -> Tensors:
    """The package's reader, and its formulas."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    found = {}
    for tensor in GGUFReader(path).tensors:
        shape = [int(length) for length in tensor.shape][::-1]
        plain = tensor.tensor_type.name in ("F32", "F16", "F64", "I8", "I16", "I32", "I64")
        array = tensor.data if plain else dequantize(tensor.data, tensor.tensor_type)
        if tensor.name in found:
            raise ValueError("two of a name")
        read = torch.from_numpy(np.array(array)).reshape(shape)
        found[tensor.name] = read.bfloat16() if tensor.tensor_type.name == "BF16" else read  # exact
    return found


def onnx_model(path: Path) -> Tensors:
    """``onnx.load`` and ``numpy_helper``, of initializers and of constants in nodes."""
    import onnx
    from onnx import numpy_helper

    found: Tensors = {}

    def add(name: str, tensor: Any) -> None:
        array = numpy_helper.to_array(tensor, base_dir=str(path.parent))
        if array.dtype.name == "bfloat16":
            found[name] = torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
        elif array.dtype.kind in "fiucb" and math.prod(array.shape) < 2**22:
            found[name] = torch.from_numpy(np.array(array))

    graphs = [onnx.load_model(path, load_external_data=False).graph]
    while graphs:
        graph = graphs.pop()
        for number, tensor in enumerate(graph.initializer):
            add(f"{tensor.name}" if tensor.name not in found else f"{tensor.name} {number}", tensor)
        for number, node in enumerate(graph.node):
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    add(f"{node.output[0] if node.output else ''} {number} {attribute.name}", attribute.t)
                graphs.extend([attribute.g, *attribute.graphs])
    return found


def hdf5(path: Path) -> Tensors:
    """Every dataset that h5py reaches through hard links."""
    import h5py

    found: Tensors = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiub" and math.prod(item.shape or ()) < 2**22:
            try:
                found[name] = torch.from_numpy(_native(np.asarray(item[()])))
            except Exception:  # noqa: BLE001 - of this dataset; others may be whole
                return

    with h5py.File(path, "r") as file:
        waiting, seen = [("", file)], set()
        while waiting and len(seen) < 1000:
            name, item = waiting.pop()
            keep(name, item)
            if isinstance(item, h5py.Group):
                address = h5py.h5o.get_info(item.id).addr
                if address not in seen:
                    seen.add(address)
                    waiting += [(f"{name}/{key}", item.get(key)) for key in item if _hard(item, key)]
    return found


def _hard(item: Any, key: str) -> bool:
    import h5py

    return isinstance(item.get(key, getlink=True), h5py.HardLink)


def keras_archive(path: Path) -> Tensors:
    """The HDF5 file in the archive."""
    with zipfile.ZipFile(path) as archive:
        inner = archive.read("model.weights.h5")
    beside = path.with_suffix(".inner")
    beside.write_bytes(inner)
    try:
        return hdf5(beside)
    finally:
        beside.unlink()


def flax(path: Path) -> Tensors:
    """As flax.serialization.msgpack_restore has it, decoded at once."""
    import msgspec

    def extension(code: int, data: memoryview) -> Any:
        if code != 1:
            return None
        shape, dtype, raw = msgspec.msgpack.decode(data)
        if dtype == "bfloat16":
            return torch.frombuffer(bytearray(raw), dtype=torch.bfloat16).reshape(shape)
        return torch.from_numpy(np.frombuffer(raw, dtype=dtype).reshape(shape).copy())

    def joined(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "__msgpack_chunked_array__" in value:
            shape = [value["shape"][str(number)] for number in range(len(value["shape"]))]
            pieces = [value["chunks"][str(number)].reshape(-1) for number in range(len(value["chunks"]))]
            return torch.cat(pieces).reshape(shape)
        return {key: joined(inner) for key, inner in value.items()}

    loaded = joined(msgspec.msgpack.decode(path.read_bytes(), ext_hook=extension))
    return {name.removeprefix("params."): tensor for name, tensor in _tensors("", loaded, set())}


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are the same numbers in the same order, bit by bit; a matrix may be turned."""
    if one.dtype != other.dtype or one.numel() != other.numel():
        return False
    if one.layout != torch.strided or other.layout != torch.strided or one.is_quantized or other.is_quantized:
        return True  # netaudit refuses these, or dequantises them
    forms = [other.contiguous()] + ([other.T.contiguous()] if other.ndim == 2 else [])
    return any(_equal(one, form) for form in forms)


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Bit by bit, but for what kind of NaN a NaN is: to read one as float32 may change that."""
    if one.dtype.is_floating_point and one.shape == other.shape and one.dtype.itemsize > 1:
        nan = one.isnan()
        if not torch.equal(nan, other.isnan()):
            return False
        one, other = (torch.where(nan, torch.zeros_like(each), each) for each in (one, other))
    return _bytes(one) == _bytes(other)


def _bytes(tensor: torch.Tensor) -> bytes:
    raw = tensor.contiguous().reshape(-1)
    return raw.view(torch.uint8).numpy().tobytes() if raw.numel() else b""

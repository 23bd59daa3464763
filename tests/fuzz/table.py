"""The formats: who makes a valid file, what damages it, what netaudit does with it, and who reads it besides."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz import (
    array_edits,
    beside,
    gguf_edits,
    hdf5_edits,
    json_edits,
    makers,
    msgpack_edits,
    pickle_edits,
    protobuf_edits,
    readers,
    references,
    zip_edits,
)
from fuzz.damage import damaged, spliced
from fuzz.makers import Valid
from fuzz.readers import Reading
from fuzz.references import Tensors

Edit = Callable[[Random, bytes], bytes]


@dataclass(frozen=True)
class Kind:
    """What is known of the inside of a file."""

    edit: Edit | None
    borders: Callable[[bytes], list[int]]


def _inner(name: str) -> Edit | None:
    """What edits a record of an archive."""
    if name.endswith(".pkl"):
        return pickle_edits.edited
    if name.endswith(".npy"):
        return array_edits.npy
    if name.endswith(".json"):
        return json_edits.edited_bytes
    return hdf5_edits.edited if name.endswith(".h5") else None


def _zip(random: Random, data: bytes) -> bytes:
    return zip_edits.edited(random, data, _inner)


ZIP = Kind(_zip, zip_edits.borders)
PICKLE = Kind(pickle_edits.edited, pickle_edits.borders)
SAFETENSORS = Kind(array_edits.safetensors, array_edits.safetensors_borders)
JSON = Kind(json_edits.edited_bytes, json_edits.borders)
HDF5 = Kind(hdf5_edits.edited, hdf5_edits.borders)
ONNX = Kind(protobuf_edits.edited, protobuf_edits.borders)
PICTURE = Kind(None, lambda data: list(range(0, min(len(data), 80), 2)))
KINDS = {
    **{".safetensors": SAFETENSORS, ".json": JSON, ".pkl": PICKLE, ".h5": HDF5, ".onnx": ONNX},
    **dict.fromkeys((".pt", ".pth", ".bin", ".npz", ".keras"), ZIP),
    **{".npy": Kind(array_edits.npy, array_edits.npy_borders)},
    **{".gguf": Kind(gguf_edits.edited, lambda data: [start for start, _ in gguf_edits.fields(data)])},
    **{".msgpack": Kind(msgpack_edits.edited, lambda data: [start for start, _ in msgpack_edits.fields(data)])},
}


@dataclass(frozen=True)
class Fuzzed:
    """A format, and how it is tried."""

    name: str
    make: Callable[[Path], list[Valid]]
    read: Callable[[Path], Reading]
    reference: Callable[[Path], Tensors] | None = None
    by_name: bool = True
    """Whether both call the tensors alike; else a tensor must be one of those that the other library reads."""
    native: bool = False
    """Whether netaudit reads it in a process of its own, which may crash."""
    drawn: Callable[[Path], Reading] | None = None
    """A slower way to read, for one case of some."""


TABLE = (
    Fuzzed("torch_zip", makers.torch_zip, readers.weights, references.torch_load),
    Fuzzed("torchscript", makers.torchscript, readers.weights),
    Fuzzed("torch_legacy", makers.torch_legacy, readers.weights, references.torch_load),
    Fuzzed("plain_pickle", makers.plain_pickle, readers.weights, references.arrays_of_pickle),
    Fuzzed("safetensors", makers.safetensors, readers.weights, references.safetensors),
    Fuzzed("shards", makers.shards, readers.weights, references.shards),
    Fuzzed("slices", makers.slices, readers.weights),
    Fuzzed("configured", makers.configured, readers.weights, references.safetensors),
    Fuzzed("adapters", makers.adapters, readers.weights, references.safetensors),
    Fuzzed("gguf", makers.gguf_file, readers.weights, references.gguf_file),
    Fuzzed("onnx", makers.onnx_model, readers.weights, references.onnx_model, by_name=False, native=True),
    Fuzzed("onnx_external", makers.onnx_external, readers.weights, references.onnx_model, by_name=False, native=True),
    Fuzzed("hdf5", makers.keras_h5, readers.weights, references.hdf5, by_name=False, native=True),
    Fuzzed("keras", makers.keras_archive, readers.weights, references.keras_archive, by_name=False, native=True),
    Fuzzed("npz", makers.npz, readers.weights, references.npz),
    Fuzzed("npy", makers.npy, readers.weights, references.npy),
    Fuzzed("flax", makers.flax, readers.weights, references.flax),
    Fuzzed("card", beside.card, readers.described),
    Fuzzed("inputs", beside.inputs, readers.inputs, references.inputs),
    Fuzzed("pictures", beside.pictures, readers.pictures),
    Fuzzed("report", beside.report, readers.report, drawn=readers.drawn_report),
)


def kind_of(name: str, target: str) -> Kind:
    """What is known of a file, by its suffix; a .pt file of old is no archive."""
    if target == "old.pt":
        return PICKLE
    return KINDS.get(Path(name).suffix, PICTURE)


def case(valid: list[Valid], random: Random, number: int) -> tuple[Valid, str]:
    """One damaged file with what lies beside it, and what was done to it.

    Every fourth case cuts a file at the next of its borders, until all were cut.
    """
    one = valid[number // 4 % len(valid)] if number % 4 == 0 else random.choice(valid)
    name = random.choice(one.damaged)
    data = one.files[name]
    kind = kind_of(name, one.target)
    places = kind.borders(data)
    if number % 4 == 0 and (turn := number // 4 // len(valid)) < len(places):
        return _with(one, name, data[: places[turn * 7919 % len(places)]]), f"{name}: cut at a border"
    if kind.edit is not None and random.random() < 0.65:
        try:
            return _with(one, name, kind.edit(random, data)), f"{name}: edited"
        except (ValueError, KeyError, IndexError, OverflowError, TypeError, RecursionError, json.JSONDecodeError):
            pass  # an edit on top of another found nothing to edit
    if random.random() < 0.15:
        another = random.choice([each for each in valid if name in each.files])
        return _with(
            one, name, spliced(random, data, another.files[name], places, kind.borders(another.files[name]))
        ), (f"{name}: spliced")
    return _with(one, name, damaged(random, data, places)), f"{name}: damaged"


def _with(one: Valid, name: str, data: bytes) -> Valid:
    return Valid({**one.files, name: data}, one.target, (name,))

"""Read shards (.safetensors, or .bin of torch.save) through their index, one tensor and one shard open at a time.

The index is a JSON object as the Hugging Face hub has it: ``{"metadata": {...}, "weight_map": {tensor: shard}}``. It
says which files to open, and no more: shapes, dtypes and sizes come from the shards themselves, which are checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import is_a, require_regular
from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.json_object import json_object
from netaudit.formats.natural_order import natural
from netaudit.formats.one_entry import read_entry
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import TensorStore
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

INDEX = ".index.json"  # follows the suffix of the shards
LONGEST_INDEX = 64 * 2**20  # bytes: some 100 a tensor, so this is half a million tensors
UNNAMED = "in a shard, but not named by the index: not read"


class ShardedStore:
    """The tensors of several files; each is read from its own, which is opened and closed for it."""

    def __init__(self, stores: Mapping[str, TensorStore]) -> None:
        self.stores = stores

    def names(self) -> Sequence[str]:
        """Every tensor's name, in natural order over all shards."""
        return list(self.stores)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return self.stores[name].shape(name)

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.stores[name].dtype(name)

    def read(self, name: str) -> Tensor:
        """Read one tensor.

        Raises:
            SourceError: its shard changed since it was opened.
        """
        return self.stores[name].read(name)

    def read_at(self, name: str, index: int) -> Tensor:
        """Read one entry of a tensor's first axis, alone where its shard's format can.

        Raises:
            SourceError: its shard changed since it was opened.
        """
        return read_entry(self.stores[name], name, index)


def open_shards(path: Path, open_file: OpenFile) -> WeightsFile:
    """Open the shards that an index names, each by ``open_file``, and read their headers.

    The index decides: of a tensor that several shards hold the others are listed as stale, and one that its shard
    lacks is listed as missing.

    Raises:
        SourceError: the file is no index, or a shard is not there, is damaged, or lacks all that the index places in
            it.
        UnsafeFileError: a shard's name that is a path, two tensors of a name that the index lacks, or an endless index.
    """
    shown = printable(path.name)
    weight_map = _weight_map(path)
    places: dict[str, set[str]] = {}
    for tensor, name in weight_map.items():
        places.setdefault(name, set()).add(tensor)
    shards = {name: path.parent / name for name in sorted(places, key=natural)}
    for shard in shards.values():
        try:
            require_regular(shard)
        except SourceError as error:
            raise SourceError(str(error), hint=f"{shown} names it: all its shards belong beside it") from error
    declared: dict[str, Declared] = {}
    stores: dict[str, TensorStore] = {}
    notes: dict[str, None] = {}
    listed = [*_single_file(path, shards)]
    for name, shard in shards.items():
        opened = open_file(shard)
        notes |= dict.fromkeys(opened.notes)
        absent = sorted(places[name] - opened.declared.keys(), key=natural)
        if len(absent) == len(places[name]):
            raise SourceError(f"{name}: lacks {printable(absent[0], 80)}, which {shown} places in it")
        listed += [
            SkippedLayer(tensor, (), f"missing: {shown} places it in {name}, which lacks it") for tensor in absent
        ]
        for tensor, declaration in opened.declared.items():
            if weight_map.get(tensor, name) != name:
                reason = f"a stale copy in {name}: {shown} takes the tensor from {weight_map[tensor]}"
                listed.append(SkippedLayer(f"{tensor} in {name}", declaration.shape, reason))
                continue
            if tensor in declared:
                raise UnsafeFileError(f"{shown}: two shards hold {printable(tensor, 80)}; refused")
            declared[tensor] = declaration if tensor in places[name] else replace(declaration, refusal=UNNAMED)
            stores[tensor] = opened.store
    order = sorted(declared, key=natural)
    return WeightsFile(
        path,
        ShardedStore({tensor: stores[tensor] for tensor in order}),
        {tensor: declared[tensor] for tensor in order},
        shards=tuple(shards.values()),
        notes=tuple(notes),
        listed=tuple(listed),
    )


def _single_file(index: Path, shards: Mapping[str, Path]) -> Iterator[SkippedLayer]:
    """The file that has the name of the index without its ending, where there is one that is no shard."""
    name = index.name[: -len(INDEX)] if index.name.lower().endswith(INDEX) else ""
    if name and name not in shards and is_a(Path.is_file, index.parent / name):
        yield SkippedLayer(name, (), f"a file beside {printable(index.name)}, whose shards were taken: not read")


def _weight_map(path: Path) -> dict[str, str]:
    """Read which shard, a bare file name, holds each tensor."""
    shown = printable(path.name)
    suffix = Path(path.name.lower().removesuffix(INDEX)).suffix if path.name.lower().endswith(INDEX) else ""
    with path.open("rb") as file:
        raw = file.read(LONGEST_INDEX + 1)
    if len(raw) > LONGEST_INDEX:
        raise UnsafeFileError(f"{shown}: an index longer than {LONGEST_INDEX:,} bytes; refused")
    what = f"{shown}: not an index of shards, or a damaged one"
    try:
        weight_map: dict[str, str] = json_object(raw, shown).get("weight_map", {})
    except ValueError as error:
        raise SourceError(f"{what} (it is {error})") from error
    if (
        not isinstance(weight_map, dict)
        or not weight_map
        or not all(isinstance(shard, str) for shard in weight_map.values())
    ):
        raise SourceError(f"{what} (it has no weight_map from tensors to files)")
    for shard in weight_map.values():
        # Windows knows every separator, and drives; a line of the files' fingerprint holds the name as it is.
        if PureWindowsPath(shard).name != shard or printable(shard) != shard or not shard.endswith(suffix):
            raise UnsafeFileError(
                f"{shown}: names the shard {printable(shard, 80)}; refused",
                hint=f"a shard is a {f'{suffix} ' if suffix else ''}file beside its index, named without a folder",
            )
    return weight_map


def sniff(file: Beginning) -> bool:
    """JSON that says early where each tensor lies, or that is called an index of shards."""
    named = file.path.name.lower().endswith(FORMAT.suffixes)
    return file.text.startswith(("{", "[")) and (named or '"weight_map"' in file.text)


FORMAT = Format("indices of shards", (f".safetensors{INDEX}", f".bin{INDEX}"), sniff, open_shards, index=True)

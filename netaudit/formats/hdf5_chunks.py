"""The chunks of an HDF5 dataset that nobody vouches for: all are there, and none unpacks to more than it declares.

HDF5 gives zeros for a chunk that was never written, unpacks a whole chunk for one number of it, and lets a deflated
chunk grow as far as its bytes lead. So the chunks are counted when a file is opened, and each is unpacked once by zlib,
a piece at a time and no further than it may go, before HDF5 is asked for the numbers.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
FILTERS = frozenset((_DEFLATE, _SHUFFLE, _CHECKSUM))
"""Of HDF5 itself, by their numbers; any other is a plugin."""
DEFLATED = 1100
"""Times smaller at best: deflate writes at least a bit for 258 bytes, and headers come on top."""
LARGEST_CHUNK = 2**30
"""Bytes of a chunk that are unpacked at once. HDF5's own default is a chunk of 1 MiB at most."""
_PIECE = 2**20
_SLACK = 64  # bytes: the checksum, and what deflate adds to what it cannot shorten


class BombError(Exception):
    """A chunk that unpacks to other bytes than it declares."""


def refusal(item: Any, filters: Sequence[int], size: int) -> str:
    """Why a dataset is not read; empty when it is.

    Args:
        item: an ``h5py.Dataset``.
        filters: the numbers of its filters.
        size: bytes of the file.
    """
    if item.chunks is None:
        return "declared larger than the file" if item.id.get_storage_size() > size else ""
    if len(set(filters)) < len(filters) or (_SHUFFLE in filters and filters[0] != _SHUFFLE):
        return "compressed twice, or in an order that no program writes"
    whole, chunk = math.prod(item.shape) * item.dtype.itemsize, math.prod(item.chunks) * item.dtype.itemsize
    if chunk > LARGEST_CHUNK or (chunk > _PIECE and chunk > 2 ** len(item.shape) * whole):
        return "stored in a chunk that is far larger than its numbers"
    needed = math.prod(-(-length // part) for length, part in zip(item.shape, item.chunks, strict=True))
    if item.id.get_num_chunks() < needed:
        return "declared larger than the data stored: chunks are missing"
    if item.id.get_storage_size() > size:
        return "declared larger than the file"
    return ""


def check(item: Any) -> None:
    """Unpack every chunk of a dataset once, a piece at a time, and count.

    Raises:
        BombError: a chunk unpacks to other bytes than it declares.
    """
    if item.chunks is None:
        return
    properties = item.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    chunk = math.prod(item.chunks) * item.dtype.itemsize
    places: list[Any] = []
    item.id.chunk_iter(places.append)
    for place in places:
        if place.size > chunk + chunk // 1000 + _SLACK:
            raise BombError("has a chunk of more bytes than it declares")
        if _DEFLATE in filters and not place.filter_mask >> filters.index(_DEFLATE) & 1:
            _, raw = item.id.read_direct_chunk(place.chunk_offset)
            if _unpacked(raw, chunk + _SLACK) not in (chunk, chunk + 4):  # with a checksum inside
                raise BombError("has a chunk that unpacks to other bytes than it declares")


def _unpacked(raw: bytes, most: int) -> int:
    """How many bytes a deflated chunk unpacks to, counted no further than ``most``."""
    unpacker, length = zlib.decompressobj(), 0
    try:
        while length <= most:
            piece = unpacker.decompress(raw, _PIECE)
            raw = unpacker.unconsumed_tail
            length += len(piece)
            if unpacker.eof or not (piece or raw):
                break
    except zlib.error as error:
        raise BombError("has a chunk that cannot be unpacked") from error
    return length

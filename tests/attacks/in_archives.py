"""Zip files that two readers see in two ways, and numbers that are not where they are declared."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from attack import GOOD, Attack, written
from handmade_checkpoint import Call, Member, Storage, pickled, zip_file
from in_pickles import GOOD_BYTES, good
from torch._utils import _rebuild_tensor_v2

OTHER = np.ones_like(GOOD).tobytes()


def tensor(key: str, count: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> Call:
    return Call(_rebuild_tensor_v2, Storage(torch.FloatStorage, key, count), 0, shape, stride, False, None)


def members(state: object, *more: Member) -> list[Member]:
    index = pickled(state)[0]
    return [Member("net/data.pkl", index), Member("net/version", b"3"), Member("net/data/0", GOOD_BYTES), *more]


PLAIN = members({"good.weight": good(), "b.weight": tensor("1", 20, (5, 4), (4, 1))}, Member("net/data/1", OTHER))
DATA = PLAIN[2]


def changed(**how: object) -> bytes:
    """The record of the good weight with other headers."""
    return zip_file([replace(one, **how) if one is DATA else one for one in PLAIN])  # type: ignore[arg-type]


def directories() -> bytes:
    """Two ends: a reader that takes the first finds a directory that names other bytes."""
    first = zip_file([*PLAIN[:2], Member("net/data/0", OTHER), Member("net/data/1", GOOD_BYTES)])
    return first + zip_file(PLAIN, before=first)[len(first) :]


TRICKS: Mapping[str, tuple[str, bytes, str]] = {
    "records in another order": ("F1: torch.load(map_location='meta')", zip_file(PLAIN[::-1]), ""),
    "an alignment of 0": ("F6", zip_file([*PLAIN, Member("net/.storage_alignment", b"0")]), ""),
    "a file before it": ("modelscan", zip_file(PLAIN, before=b"#!/bin/sh\n"), "before or behind|not a"),
    "a comment behind it": ("zip", zip_file(PLAIN, comment=b"PK\5\6" + bytes(30)), "no data.pkl|before or behind"),
    "two directories": ("zip", directories(), "before or behind"),
    "two records of one name": (
        "picklescan",
        zip_file([*PLAIN, Member("net/data/0", OTHER)]),
        "two records of one name",
    ),
    "names that differ in case": ("miniz", zip_file([*PLAIN, Member("net/DATA/0", OTHER)]), "two records of one name"),
    "a name before the data that differs": ("CVE-2025-1944", changed(local_name="net/data/1"), "records of two names"),
    "a name with a null in it": (
        "zipfile",
        changed(name="net/data/0\0.txt"),
        "records of two names",
    ),
    "an encrypted record": ("CVE-2025-1945", changed(), "compressed, encrypted"),
    "a folder with data": ("miniz", changed(), "compressed, encrypted or a folder"),
    "a compressed record": ("torch.load(mmap=True)", changed(deflated=True), "compressed"),
    "a record shorter than declared": ("torch.load(mmap=True)", changed(declared=40), "declared with other bytes"),
    "records that overlap": ("zip bomb of 2019", changed(declared=400), "overlap|declared with other bytes"),
    "a damaged record first": ("modelscan 354", zip_file([Member("net/a", b"x", checksum=1), *PLAIN]), ""),
    "an index of 300 MiB": (
        "zip bomb",
        zip_file([Member("net/data.pkl", b"", declared=300 * 2**20), *PLAIN[1:]]),
        "index",
    ),
    "a name that leaves the folder": ("zip slip", zip_file([*PLAIN, Member("net/../../evil", b"x")]), ""),
}


def flagged(data: bytes) -> bytes:
    """The good weight's record is encrypted, as its entry in the directory says."""
    at = data.rindex(b"net/data/0") - 46
    return data[: at + 8] + struct.pack("<H", 0x801) + data[at + 10 :]


def folder(data: bytes) -> bytes:
    """The good weight's record has the mark of a folder."""
    at = data.rindex(b"net/data/0") - 46
    return data[: at + 38] + struct.pack("<I", 0x10) + data[at + 42 :]


def attacks() -> Iterator[Attack]:
    made = {"an encrypted record": flagged, "a folder with data": folder}
    for name, (known, data, refused) in TRICKS.items():
        yield Attack(f"zip: {name}", known, written("a.pt", made.get(name, bytes)(data)), refused)
    wide = members({"good.weight": good(), "b.weight": tensor("1", 1, (100_000, 100_000), (0, 0))})
    wide.append(Member("net/data/1", bytes(4)))
    name, known = "numbers: 4 bytes seen as 10^10 numbers", "stride 0"
    yield Attack(name, known, written("a.pt", zip_file(wide)), said="a broadcast view: declared larger")
    beyond = members(
        {"good.weight": good(), "b.weight": tensor("1", 20, (50, 40), (40, 1))}, Member("net/data/1", OTHER)
    )
    yield Attack("numbers: beyond their storage", "CVE-2026-24747", written("a.pt", zip_file(beyond)), "other bytes")
    lost = members({"good.weight": good(), "b.weight": tensor("7", 20, (5, 4), (4, 1))})
    yield Attack("numbers: without a record", "ours", written("a.pt", zip_file(lost)), "declared with other bytes")

"""Real inputs with labels: an .npz file with ``x`` and ``y``."""

from __future__ import annotations

import math
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import require_regular, sha256
from netaudit.network.inputs import Sample
from netaudit.network.network import Network
from netaudit.text import printable

LARGEST = 2**30
"""Bytes that x may take as float32: 1,700 ImageNet inputs. The accuracy of the head needs a few hundred."""
_HINT = "np.savez(FILE, x=inputs, y=labels), with float or uint8 inputs [N, ...] and integer labels [N]"


def load_data(path: Path, network: Network, seed: int = 0) -> Sample:
    """Read real inputs from an ``.npz``, or from a folder of images through the network's own preprocessing.

    Of a folder with many images some are drawn, by folder, with the seed. Inputs ``[N, height, width, channels]`` are
    turned round where the network is known to take ``[channels, height, width]``.

    Raises:
        SourceError: neither, or one that cannot be read; see :func:`load_sample` and :func:`.images.load_images`.
        UnsafeFileError: a file that would take too much memory or run code.
    """
    if not path.is_dir():
        return _channels_first(load_sample(path), network.input_shape)
    from netaudit.sources.images import load_images

    return load_images(path, None if network.preprocessing is None else network.preprocessing(), seed)


def _channels_first(sample: Sample, shape: tuple[int, ...] | None) -> Sample:
    """The inputs in the order of the network's own; flattened in another order they would be noise to it."""
    if shape is None or len(shape) != 3 or sample.x.shape[1:] != (*shape[1:], shape[0]) or shape[0] == shape[2]:
        return sample
    return replace(sample, x=np.ascontiguousarray(sample.x.transpose(0, 3, 1, 2)))


def load_sample(path: Path) -> Sample:
    """Read real inputs: ``x [N, ...]`` as float32 (uint8 is divided by 255), ``y [N]`` as int64; y may be missing.

    Sizes are checked from the headers before anything is read, and nothing is unpickled.

    Raises:
        SourceError: not such a file, NaN or infinite inputs, or x and y that do not fit.
        UnsafeFileError: object arrays, or a file that would unpack to more than ``LARGEST``.
    """
    shown = printable(path.name)
    require_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            x = _array(archive, "x", shown)
            y = _array(archive, "y", shown) if "y.npy" in archive.namelist() else None
    except SourceError:
        raise
    except Exception as error:  # zipfile and the header's parser raise many kinds on damaged files
        raise SourceError(f"{shown}: not an .npz file, or a damaged one", hint=_HINT) from error
    if y is not None and (y.ndim != 1 or not np.issubdtype(y.dtype, np.integer)):
        raise SourceError(f"{shown}: y must hold one integer label an input, got {y.dtype} {y.shape}", hint=_HINT)
    if x.ndim < 2 or not x.size or (y is not None and len(x) != len(y)):
        labels = "no y" if y is None else f"y {y.shape}"
        raise SourceError(f"{shown}: x {x.shape} and {labels} do not fit", hint=_HINT)
    if x.dtype != np.uint8 and not np.issubdtype(x.dtype, np.floating):
        raise SourceError(f"{shown}: x must be floating point or uint8, got {x.dtype}", hint=_HINT)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        inputs: np.ndarray[Any, np.dtype[np.float32]] = x.astype(np.float32)
    if x.dtype == np.uint8:
        inputs /= 255
    if not np.isfinite(inputs).all():
        raise SourceError(f"{shown}: x holds NaN or infinite numbers")
    if y is not None and y.min() < 0:
        raise SourceError(f"{shown}: y holds negative labels")
    return Sample(inputs, None if y is None else y.astype(np.int64), sha256(path), path.name)


def _array(archive: zipfile.ZipFile, name: str, shown: str) -> np.ndarray[Any, Any]:
    members = [member for member in archive.infolist() if member.filename == f"{name}.npy"]
    if len(members) != 1:
        raise SourceError(f"{shown}: needs one array {name!r}, has {len(members)}", hint=_HINT)
    with archive.open(members[0]) as file:
        shape, dtype = _header(file)
    if dtype.hasobject:
        raise UnsafeFileError(f"{shown}: {name} holds Python objects; refused", hint=_HINT)
    numbers = math.prod(shape)
    if numbers * max(dtype.itemsize, 4) > LARGEST:
        raise UnsafeFileError(f"{shown}: {name} {shape} would take more than {LARGEST:,} bytes; refused", hint=_HINT)
    if numbers * dtype.itemsize > members[0].file_size:
        raise SourceError(f"{shown}: {name} {shape} is longer than its record", hint=_HINT)
    with archive.open(members[0]) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype

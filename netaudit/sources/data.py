"""Real inputs with labels for a network: from an .npz, .npy or .csv file, or a folder of images."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from netaudit.errors import SourceError
from netaudit.files import require_regular, sha256
from netaudit.network.inputs import Sample
from netaudit.network.network import Network, Progress
from netaudit.sources import data_files
from netaudit.sources.missing import require_something
from netaudit.text import number, printable

LARGEST_INPUT = 16.0
"""Magnitude of a prepared picture's numbers at most. Pixels in [0, 1] less a mean of one half, over the smallest
standard deviation that models are trained with, about 0.2, stay below 5; pixels as they are go up to 255."""
LARGEST_LABEL = 2**31 - 1
"""No network has as many outputs."""


def load_data(path: Path, network: Network, seed: int = 0, progress: Progress | None = None) -> Sample:
    """Read real inputs from a file, or from a folder of images through the network's own preprocessing.

    Of a folder with many images some are drawn, by folder, with the seed. Of a network that is known to take pictures
    ``[channels, height, width]``, inputs ``[N, height, width, channels]`` are turned round, and grey ones may come
    without their axis of length 1 or as ``[N, height * width]``.

    Raises:
        SourceError: neither, or one that cannot be read; see :func:`load_sample` and :func:`.images.load_images`; or
            numbers that the network was not made for.
        UnsafeFileError: a file that would take too much memory or run code.
    """
    if not path.is_dir():
        return _checked(_as_the_network_takes_it(load_sample(path, network), network.input_shape), network)
    from netaudit.sources.images import load_images

    return load_images(path, None if network.preprocessing is None else network.preprocessing(), seed, progress)


def load_sample(path: Path, network: Network | None = None) -> Sample:
    """Read real inputs: ``x [N, ...]`` as float32 (uint8 is divided by 255), ``y [N]`` as int64; y may be missing.

    Of a network with recurrent cells other whole numbers are taken, too: those of tokens, ``[N, T]``.

    Sizes are checked before anything is read, and nothing is unpickled. A table (.csv) has one input a row; the
    network says whether its whole numbers are pixels.

    Raises:
        SourceError: not such a file, NaN or infinite inputs, or x and y that do not fit.
        UnsafeFileError: object arrays, or a file that would unpack to too much.
    """
    shown, hint = printable(path.name), data_files.HINT
    require_something(path)
    require_regular(path)
    x, y = data_files.read(path, _picture_width(network), _width(network))
    if y is not None and y.ndim == 2 and y.shape[1] == 1:  # as Keras has the labels of CIFAR-10
        y = y[:, 0]
    if y is not None and (y.ndim != 1 or not np.issubdtype(y.dtype, np.integer)):
        if y.ndim == 2 and len(y) == len(x):
            hint = "of one-hot labels, the integers are y.argmax(axis=1)"
        elif np.issubdtype(y.dtype, np.floating) and bool((y == np.floor(y)).all()):
            hint = "the labels are whole numbers: store y.astype(int)"
        raise SourceError(f"{shown}: y must hold one integer label an input, got {y.dtype} {y.shape}", hint=hint)
    if x.ndim < 2 or not x.size or (y is not None and len(x) != len(y)):
        labels = "no y" if y is None else f"y {y.shape}"
        raise SourceError(f"{shown}: x {x.shape} and {labels} do not fit", hint=hint)
    tokens = network is not None and bool(network.cells) and np.issubdtype(x.dtype, np.integer)
    if x.dtype != np.uint8 and not np.issubdtype(x.dtype, np.floating) and not tokens:
        raise SourceError(f"{shown}: x must be floating point or uint8, got {x.dtype}", hint=hint)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        inputs: np.ndarray[Any, np.dtype[np.float32]] = x.astype(np.float32)
    if x.dtype == np.uint8:
        inputs /= 255
    if not np.isfinite(inputs).all():
        raise SourceError(f"{shown}: x holds NaN or infinite numbers")
    if y is not None and int(y.min()) < 0:
        raise SourceError(f"{shown}: y holds negative labels")
    if y is not None and int(y.max()) > LARGEST_LABEL:  # before the cast, which would wrap the largest of uint64
        raise SourceError(f"{shown}: y holds the label {int(y.max())}, and no network has as many outputs")
    return Sample(inputs, None if y is None else y.astype(np.int64), sha256(path), path.name)


def _as_the_network_takes_it(sample: Sample, shape: tuple[int, ...] | None) -> Sample:
    """The inputs in the order of the network's own; flattened in another order they would be noise to it."""
    if shape is None or len(shape) != 3:
        return sample
    x, (channels, height, width) = sample.x, shape
    if channels == 1 and x.shape[1:] in ((height, width), (height * width,)):
        x = x.reshape(len(x), *shape)
    elif channels != width and x.shape[1:] == (height, width, channels):
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return replace(sample, x=x)


def _checked(sample: Sample, network: Network) -> Sample:
    """The inputs, unless they are pixels as bytes and the network takes prepared pictures.

    Raises:
        SourceError: they are.
    """
    if _picture_width(network) is not None and float(np.abs(sample.x).max()) > LARGEST_INPUT:
        raise SourceError(
            f"{printable(sample.name)}: x goes up to {number(float(np.abs(sample.x).max()))}, and "
            f"{printable(network.info.name, 80)} takes pictures in [0, 1] or standardised ones",
            hint="store pixels as uint8, which are divided by 255, or prepare them as the network was trained",
        )
    return sample


def _picture_width(network: Network | None) -> int | None:
    """How many numbers one picture has, for a network that is known to take pictures; None for any other."""
    shape = None if network is None else network.input_shape
    return None if shape is None or len(shape) != 3 else math.prod(shape)


def _width(network: Network | None) -> int | None:
    """How many numbers one input has, where the network says it."""
    if network is None:
        return None
    if network.input_shape is not None:
        return math.prod(network.input_shape)
    names = [] if network.head is None else [network.head.layers[0].name]
    return next((spec.shape[1] for spec in network.specs() if spec.name in names), None)

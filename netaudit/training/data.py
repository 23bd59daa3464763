"""The training data: MNIST and CIFAR-10 through torchvision, fetched once, or CIFAR-10 from a ``cifar10.npz``."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netaudit.errors import SourceError
from netaudit.network.network import Progress
from netaudit.sources.hubs import download
from netaudit.text import printable


@dataclass(frozen=True)
class Images:
    """Inputs ``x [N, ...]``, uint8 pixels as a rule, and labels ``y [N]`` int64."""

    x: Tensor
    y: Tensor

    def sha256(self) -> str:
        """Give the SHA-256 of the pixels and the labels (int64, little-endian), whatever file they came from."""
        digest = hashlib.sha256(self.x.contiguous().numpy().tobytes())
        digest.update(self.y.numpy().astype("<i8").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class DataSet:
    """Images to train on, and others to test on."""

    train: Images
    test: Images
    description: str
    """What it is, for the card: name (authors): sizes."""


def load(name: str, root: Path, progress: Progress) -> DataSet:
    """MNIST (``x [N, 1, 28, 28]``) or CIFAR-10 (``x [N, 3, 32, 32]``) from a folder.

    What the folder lacks is downloaded into it.

    Raises:
        SourceError: not there and no network, or damaged.
        KeyError: another name.
    """
    return {"mnist": mnist, "cifar10": cifar10}[name](root, progress)


def mnist(root: Path, progress: Progress) -> DataSet:
    """MNIST from ``root/MNIST/raw``, torchvision's place for it."""
    from torchvision.datasets import MNIST

    hint = "--data-root DIR with the four files DIR/MNIST/raw/*-ubyte, or a network to fetch them"
    files = [(name, [mirror + name for mirror in MNIST.mirrors]) for name, _ in MNIST.resources]
    both = _torchvision("MNIST", MNIST, root, root / "MNIST" / "raw", files, progress, hint)
    train, test = (Images(part.data.unsqueeze(1), part.targets) for part in both)
    description = "MNIST (LeCun, Cortes, Burges): 60,000 training images, 10,000 test images, pixels scaled to [0, 1]"
    return DataSet(train, test, description)


def cifar10(root: Path, progress: Progress) -> DataSet:
    """CIFAR-10 from ``root/cifar10.npz`` if there is one (x_train, y_train, x_test, y_test), else by torchvision."""
    from torchvision.datasets import CIFAR10

    description = "CIFAR-10 (Krizhevsky): 50,000 training images, 10,000 test images, pixels scaled to [0, 1]"
    archive = root / "cifar10.npz"
    if archive.exists():
        return DataSet(_npz(archive, "train"), _npz(archive, "test"), description)
    hint = "--data-root DIR with DIR/cifar-10-batches-py or DIR/cifar10.npz, or a network to fetch it"
    both = _torchvision("CIFAR-10", CIFAR10, root, root, [(CIFAR10.filename, [CIFAR10.url])], progress, hint)
    train, test = (
        Images(torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(part.targets))
        for part in both
    )
    return DataSet(train, test, description)


def _torchvision(
    name: str,
    dataset: Callable[..., Any],
    root: Path,
    folder: Path,
    files: list[tuple[str, list[str]]],
    progress: Progress,
    hint: str,
) -> list[Any]:
    """Training and test part. torchvision checks and unpacks; the download is ours, which has a timeout."""
    try:
        return [dataset(root, train=train) for train in (True, False)]
    except RuntimeError:  # "Dataset not found"
        pass
    except Exception as error:
        raise _damaged(name, root, error, hint) from error
    for file, addresses in files:
        _fetch(name, file, addresses, folder, progress, hint)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it tells what it unpacks
            return [dataset(root, train=train, download=True) for train in (True, False)]
    except Exception as error:
        raise _damaged(name, root, error, hint) from error


def _fetch(name: str, file: str, addresses: list[str], folder: Path, progress: Progress, hint: str) -> None:
    for address in addresses:
        try:
            download.fetch(address, folder, progress=progress)
            return
        except SourceError as error:
            last = error
    raise SourceError(f"{name} is not there, and: {last}", hint=hint) from last


def _damaged(name: str, root: Path, error: Exception, hint: str) -> SourceError:
    reason = printable(str(error).partition("\n")[0], 120)
    return SourceError(f"{name} in {printable(str(root))} cannot be read: {reason}", hint=hint)


def _npz(path: Path, part: str) -> Images:
    """One part of a cifar10.npz; nothing is unpickled."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
    except Exception as error:  # zipfile and NumPy raise many kinds on damaged files
        raise SourceError(f"{path.name}: no x_{part} and y_{part} in it, or damaged") from error
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[1:] != (3, 32, 32):
        raise SourceError(f"{path.name}: x_{part} must be uint8 [N, 3, 32, 32], not {x.dtype} {x.shape}")
    if y.shape != (len(x),) or not np.issubdtype(y.dtype, np.integer) or not len(x) or y.min() < 0 or y.max() > 9:
        raise SourceError(f"{path.name}: y_{part} must hold one label 0 to 9 an image")
    return Images(torch.from_numpy(x), torch.from_numpy(y.astype(np.int64)))

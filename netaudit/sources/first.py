"""The first weights of a training run, beside the network that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.network.fingerprint import unchanged_files
from netaudit.network.network import Network, Progress
from netaudit.sources.open import open_network

if TYPE_CHECKING:
    from torch import Tensor, nn


def open_first(
    target: str | Path | nn.Module | Mapping[str, Tensor],
    first: str | Path | nn.Module | Mapping[str, Tensor],
    progress: Progress,
) -> Network:
    """Open the first weights: for a named architecture as its weights, so that layers have the same names.

    Raises:
        SourceError: nothing can be read there.
    """
    if isinstance(target, str) and isinstance(first, (str, Path)):
        try:
            return open_network(target, weights=Path(first), progress=progress)
        except SourceError:  # the target is a file, or the weights are those of another architecture
            pass
    return open_network(first, progress=progress)


def from_first(first: Network | None, *, hashed: bool = True) -> dict[str, Any]:
    """What the settings of a report say of the first weights; nothing without them."""
    if first is None:
        return {}
    with unchanged_files(first.files, lambda message, done, total: None, hashed=hashed) as sha256:
        return {"init": {"name": first.info.name, "sha256": sha256}}

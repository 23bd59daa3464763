"""Where the numbers of an audit come from: hashes, versions and settings."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata

from netaudit.analyses.context import Settings
from netaudit.auditing.selection import Selection
from netaudit.network.fingerprint import hash_matches_name
from netaudit.network.inputs import Sample
from netaudit.network.network import Network
from netaudit.results.report import Provenance
from netaudit.version import __version__


def provenance(
    settings: Settings,
    analyses: Sequence[str],
    chosen: Selection,
    network: Network,
    sample: Sample | None,
    file_sha256: str | None,
    weights_sha256: str,
) -> Provenance:
    """Everything needed to get the same numbers again."""
    import torch

    return Provenance(
        file_sha256=file_sha256,
        weights_sha256=weights_sha256,
        hash_matches_name=hash_matches_name(network.files, file_sha256),
        versions=versions() | network.versions,
        device=settings.device.type,
        dtype="float64 for the laws, float32 without TF32 for the shadow pass",
        threads=torch.get_num_threads(),
        seed=settings.seed,
        settings={
            "layers": list(chosen.layers),
            "exclude": list(chosen.exclude),
            **chosen.of_file,
            "analyses": list(analyses),
            "nulls": settings.nulls,
            "spectrum": settings.spectrum,
            "data": None if sample is None else {"name": sample.name, "sha256": sample.sha256},
        },
    )


def versions() -> dict[str, str]:
    """The versions of what computes the numbers."""
    import torch

    return {
        "netaudit": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": metadata.version("numpy"),
        "scipy": metadata.version("scipy"),
    }

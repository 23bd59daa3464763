"""What a user names, opened: a network with its weights, the audit of one, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.api import AuditReport
from netaudit.errors import ReportError
from netaudit.network.fingerprint import unchanged_files
from netaudit.network.network import Network, Progress
from netaudit.sources.open import open_network

if TYPE_CHECKING:
    from torch import Tensor, nn

    Target = str | Path | nn.Module | Mapping[str, Tensor]

AUDIT = "audit.json"
"""The file of an audit, and of a folder that has one."""


@dataclass(frozen=True)
class Opened:
    """One of the networks."""

    name: str
    kind: str
    network: Network | None
    report: AuditReport | None
    weights: str | None = None
    file_sha256: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Shapes of the layers by name, in their order."""
        if self.network is not None:
            return {spec.name: spec.shape for spec in self.network.specs()}
        return {layer.name: layer.shape for layer in self.report.layers} if self.report else {}


def open_side(target: Target, progress: Progress, *, hashed: bool = True) -> Opened:
    """Open a name, a file, a folder, a module, a state dict, an audit.json, or a folder with one.

    Raises:
        NetauditError: it cannot be read.
    """
    path = audit_file(target)
    if path is not None:
        report = AuditReport.from_json(path)
        return Opened(report.target, report.model.kind, None, report, report.model.weights,
                      report.provenance.file_sha256, report.notes)  # fmt: skip
    network = open_network(target, progress=progress)
    with unchanged_files(network.files, progress, hashed=hashed) as sha256:
        info = network.info
        return Opened(info.name, info.kind, network, None, info.weights, sha256, network.notes)


def audit_file(target: object) -> Path | None:
    """The audit.json that a target is, or that lies in the folder that it is and holds no weights; None for others.

    Any file whose first sign is a brace is taken for an audit, and read strictly.
    """
    if not isinstance(target, (str, Path)):
        return None
    path = Path(target)
    try:
        if path.is_dir():
            held = path / AUDIT
            return held if held.is_file() else None
        if path.suffix != ".json" or not path.is_file() or path.name.endswith(".index.json"):
            return None
    except OSError as error:
        raise ReportError(f"{target}: it cannot be read") from error
    return path

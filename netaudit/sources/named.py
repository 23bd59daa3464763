"""Networks that have a name, and their own weights or those of a file."""

from __future__ import annotations

from netaudit.formats.weights_file import WeightsFile
from netaudit.network.network import Network, Progress
from netaudit.sources.hubs import zoo


def open_named(
    kind: str, name: str, file: WeightsFile | None, *, pretrained: bool = True, progress: Progress | None = None
) -> Network:
    """A bundled network (``zoo``), or one of ``torchvision`` or ``timm``.

    Without a ``file`` it has its published weights; with ``pretrained=False`` none, so that it can only be planned.

    Raises:
        SourceError: the weights could not be fetched or read, or do not fit.
    """
    if kind == "zoo":
        return zoo.open_zoo(name, file, pretrained=pretrained)
    if kind == "torchvision":
        from netaudit.sources.hubs.torchvision import open_torchvision

        return open_torchvision(name, file, pretrained=pretrained, progress=progress)
    from netaudit.sources.hubs.timm import open_timm

    return open_timm(name, file, pretrained=pretrained, progress=progress)

"""Read layers through the network, and keep those that will be read again."""

from __future__ import annotations

from collections.abc import Collection

from netaudit.network.layers import FCLayer
from netaudit.network.network import Network

KEPT_BYTES = 96 * 2**20
"""What a reader keeps in memory at most: less than the working memory of one large layer, so that an audit of AlexNet
needs no more memory with it than without. A layer that does not fit is read again."""


class LayerReader:
    """Reads layers by name. A layer named in ``keep`` is read from the store once, as long as all fit in ``budget``.

    A layer that does not fit is read again each time. What is kept is shared by all who ask: nobody may write into it.
    """

    def __init__(self, network: Network, keep: Collection[str] = (), budget: int = KEPT_BYTES) -> None:
        self.network = network
        self._keep = frozenset(keep)
        self._free = self._budget = budget
        self._kept: dict[str, FCLayer] = {}

    def __call__(self, name: str) -> FCLayer:
        """The layer of that name.

        Raises:
            SourceError: there is no such layer, it is skipped, or it cannot be read.
        """
        if name in self._kept:
            return self._kept[name]
        layer = self.network.read(self.network.spec(name))
        size = layer.weight.nbytes + (0 if layer.bias is None else layer.bias.nbytes)
        if name in self._keep and size <= self._free:
            self._kept[name] = layer
            self._free -= size
        return layer

    def release(self) -> None:
        """Drop every layer that was kept."""
        self._kept.clear()
        self._free = self._budget

"""How much work and memory a layer takes, before it is read."""

from __future__ import annotations

from collections.abc import Callable

from netaudit.auditing.available_memory import refusal, rooms
from netaudit.network.network import LayerSpec, Network
from netaudit.numerics.spectrum import spectrum_numbers
from netaudit.vocabulary import SpectrumMethod

_COPIES = 5
"""Working memory of a layer, in float64 copies of it: as it is stored, its sorted entries, what is counted of them, the
Gram product, the float32 shadow pass. Measured as the peak above that of a tiny layer, beside the spectrum's own: 4.0
to 4.4 for layers of 4 to 20 million weights in float32, and half a copy for the layer itself."""
_PARTS = 5
"""The same for the part of the layer, of at most 1024 x 1024 weights, on which permuted entries are drawn."""
PREPARED = 512
"""Smaller side from which sorting the entries and drawing the nulls are worth a core each."""


def work(spec: LayerSpec) -> float:
    """A layer's share of the work, in floating-point operations: Gram product, eigenvalues, shadow pass."""
    m, n = spec.shape
    p = min(m, n)
    return 2.0 * m * n * p + 20.0 * p**3 + 3000.0 * m * n + 1e8


def size_guard(method: SpectrumMethod) -> Callable[[LayerSpec], str | None]:
    """A guard that says why a layer is too large for the memory that can be taken now, or None."""
    limits = rooms()

    def too_large(spec: LayerSpec) -> str | None:
        m, n = spec.shape
        needed = 8 * (_COPIES * m * n + _PARTS * min(m * n, 2**20) + spectrum_numbers(m, n, method))
        refused = refusal(needed, limits)
        return None if refused is None else f"needs about {needed / 1e9:.1f} GB of working memory; {refused}"

    return too_large


def module_too_large(network: Network) -> str | None:
    """Why a network is too large to be run on real inputs, or None.

    It is built whole then, below its head with layers that are not audited; the caller's own is in memory already.
    """
    if network.make_module is None or network.info.kind == "module":
        return None
    needed = 4 * network.parameters_total
    refused = refusal(needed, rooms())
    return None if refused is None else f"the network needs {needed / 1e9:.1f} GB of memory; {refused}"

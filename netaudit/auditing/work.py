"""How much work and memory a layer takes, before it is read."""

from __future__ import annotations

from netaudit.network.network import LayerSpec
from netaudit.numerics import memory
from netaudit.numerics.spectrum import spectrum_numbers
from netaudit.vocabulary import SpectrumMethod

_COPIES = 3
"""Working memory of a layer, in float64 copies of it: the Gram matrix, the sorted entries, the float32 shadow pass."""
PREPARED = 512
"""Smaller side from which sorting the entries and drawing the nulls are worth a core each."""


def work(spec: LayerSpec) -> float:
    """A layer's share of the work, in floating-point operations: Gram product, eigenvalues, shadow pass."""
    m, n = spec.shape
    p = min(m, n)
    return 2.0 * m * n * p + 20.0 * p**3 + 3000.0 * m * n + 1e8


def too_large(spec: LayerSpec, method: SpectrumMethod) -> str | None:
    """Why a layer is too large for this machine's memory, or None."""
    m, n = spec.shape
    needed = 8 * (_COPIES * m * n + spectrum_numbers(m, n, method))
    available = memory.physical_memory()
    if available is None or needed <= available:
        return None
    return f"needs about {needed / 1e9:.1f} GB of working memory; this machine has {available / 1e9:.1f} GB"

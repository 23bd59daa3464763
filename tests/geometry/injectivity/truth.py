"""Independent, slow answers to whether a layer is injective, and a check of two inputs that collide."""

from fractions import Fraction

import numpy as np

from netaudit.geometry.injectivity.certificate import Certificate


def fewest_spanned(weight, bias, points):
    """The smallest rank of the active rows over points ``[N, in]``, by NumPy's rank."""
    weight = np.asarray(weight, dtype=float)
    z = points @ weight.T + (0 if bias is None else bias)
    return min(np.linalg.matrix_rank(weight[on]) if on.any() else 0 for on in patterns(z >= 0))


def patterns(active):
    """The different rows of a mask ``[N, m]``."""
    packed = np.packbits(active, axis=1)
    _, first = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_index=True)
    return active[first]


def by_sampling(weight, bias, domain, points=30_000, seed=0):
    """The answer from dense random points; right where no cell is tiny, as for small whole numbers."""
    n = np.asarray(weight).shape[1]
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((points, n))
    if bias is not None:
        x *= 10.0 ** generator.uniform(-1.5, 3, (points, 1))
    if domain == "orthant":
        x = np.abs(x)
    return "yes" if fewest_spanned(weight, bias, x) == n else "no"


def exact_outputs(weight, bias, x):
    """ReLU(W x + b) in rational arithmetic."""
    weight = np.asarray(weight, dtype=np.float64)
    bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, dtype=np.float64)
    point = [Fraction(value) for value in x.tolist()]
    sums = [
        sum((Fraction(w) * p for w, p in zip(row, point, strict=True)), Fraction(b))
        for row, b in zip(weight.tolist(), bias.tolist(), strict=True)
    ]
    return [max(value, Fraction(0)) for value in sums]


def check_witness(found: Certificate, weight, bias=None, residual=1e-7):
    """Two different inputs of the domain whose outputs agree, by exact arithmetic, to what rounding them allows."""
    assert found.answer == "no"
    witness = found.witness
    first, second = witness.first, witness.second
    assert (first != second).any()
    if found.domain == "orthant":
        assert min(first.min(), second.min()) >= 0
    weight = np.asarray(weight, dtype=np.float64)
    a, b = exact_outputs(weight, bias, first), exact_outputs(weight, bias, second)
    distance = float(np.linalg.norm(second - first))
    worst = (
        max(
            (
                float(abs(p - q) / Fraction(float(norm)))
                for p, q, norm in zip(a, b, np.linalg.norm(weight, axis=1), strict=True)
                if norm
            ),
            default=0.0,
        )
        / distance
    )
    assert witness.distance == distance
    assert abs(witness.residual - worst) <= 1e-6 * worst + 1e-300
    assert witness.residual <= residual

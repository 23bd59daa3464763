"""Is x -> ReLU(W x + b) injective? The steps of the decision, cheapest first.

The criterion (M. Puthawala, K. Kothari, M. Lassas, I. Dokmanic and M. de Hoop 2022, "Globally injective ReLU
networks", JMLR 23(105), in the form with a bias): the layer is injective on an open convex set exactly when at each of
its points x the rows with w_i x + b_i >= 0 span R^n. If they do not, see :mod:`.witness`. If they do, let f(x) = f(y):
a row that is active at the midpoint is active at both or 0 at both, so that it is orthogonal to x - y, which is 0. For
the closed orthant its interior is enough: next to a point of a face are points of the interior where no other row is
active, and rows that span R^n span the face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from netaudit.geometry.injectivity import counting, flats, search
from netaudit.geometry.injectivity.certificate import Answer, Certificate, Domain, Step, Witness
from netaudit.geometry.injectivity.gordan import one_sided
from netaudit.geometry.injectivity.pairs import always_active
from netaudit.geometry.injectivity.rows import Rows, checked
from netaudit.geometry.injectivity.witness import LEAST_SQUARES, collision
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor

FLATS = 50_000
"""Flats that the exact search examines at most: some ten seconds on one core. Gaussian layers of 6 inputs take about
2,000, of 7 inputs 8,000, of 8 inputs 40,000, whatever the number of rows."""
_EASY = 6
"""Inputs up to which the exact search is sure to end, so that it goes first."""


def injective(
    weight: ArrayLike | Tensor,
    bias: ArrayLike | Tensor | None = None,
    domain: Domain = "all",
    *,
    device: str = "cpu",
    seed: int = 0,
    limit: int = FLATS,
    steps: int | None = None,
) -> Certificate:
    """Decide whether the layer x -> ReLU(W x + b) maps different inputs to different outputs.

    "yes" and "no" are proved for the numbers as they are stored; a computation in float64 decides only where its
    rounding cannot matter, and integers decide elsewhere. A layer that is too large for a proof is "undecided".
    The shadow direction h -> ReLU(W^T h) of a layer is ``injective(weight.T, domain="orthant")``.

        >>> import numpy as np
        >>> injective([[1.0], [-1.0]], [1.0, -1.0]).answer
        'yes'
        >>> found = injective(np.vstack([np.eye(2), np.eye(2)]))
        >>> found.answer, found.step, found.witness.residual
        ('no', 'one_sided', 0.0)

    Args:
        weight: W ``[out, in]``, an array or tensor of real numbers.
        bias: b ``[out]``, or None.
        domain: ``all`` of R^in, or the ``orthant`` of inputs >= 0, which is where the inputs of a layer after a ReLU
            lie.
        device: where the search for witnesses runs: a name for PyTorch, or ``auto``.
        seed: its random starts follow from it.
        limit: flats that the exact search examines at most, which replaces a limit on time, so that the answer is the
            same on every machine; 0 leaves it out.
        steps: steps of the witness search, :data:`netaudit.geometry.injectivity.search.STEPS` by default; 0 leaves it
            out.

    Raises:
        NetauditError: the weight is no matrix, is empty, is not finite, or does not fit the bias; no such domain.
        DeviceError: no such device.
    """
    rows, shape = checked(weight, bias, domain)
    answer = _by_rows(rows, seed) or _by_search(rows, device, seed, limit, search.STEPS if steps is None else steps)
    return Certificate(shape=shape, domain=domain, **answer._asdict())


class _Answer(NamedTuple):
    answer: Answer
    step: Step
    witness: Witness | None = None
    fewest_active: int | None = None
    examined: int = 0


def _no(step: Step, witness: Witness, examined: int = 0) -> _Answer:
    return _Answer("no", step, witness, witness.active, examined)


def _by_rows(rows: Rows, seed: int) -> _Answer | None:
    """What a look at the rows tells, without a search; or None."""
    generator = devices.numpy_generator(seed, "injectivity", "counting")
    if (found := counting.zero_column(rows)) is not None:
        return _no("zero_column", found)
    if (found := counting.too_few_rows(rows, generator)) is not None:
        return _no("counting", found)
    if always_active(rows):
        return _Answer("yes", "antipodal_pairs")
    if rows.weight.size <= LEAST_SQUARES:
        y = one_sided(rows, np.arange(rows.m))
        if isinstance(y, np.ndarray) and (found := collision(rows, y)) is not None:
            return _no("one_sided", found)
    if (found := counting.below_general_position(rows, generator)) is not None:
        return _no("general_position", found)
    return None


def _by_search(rows: Rows, device: str, seed: int, limit: int, steps: int) -> _Answer:
    """Whole where that is sure to end, then for a witness, then whole up to the limit."""
    easy = rows.n <= _EASY
    answer, fewest = _Answer("undecided", "none"), None
    if easy and (answer := _whole(rows, limit, None)).answer != "undecided":
        return answer
    if steps > 0:
        found = search.search(rows, devices.choose(device), seed, steps)
        if found.witness is not None:
            return _no("witness_search", found.witness)
        fewest = found.fewest_active
    if easy or rows.n > flats.WIDEST:
        return answer._replace(fewest_active=fewest)
    return _whole(rows, limit, fewest)


def _whole(rows: Rows, limit: int, fewest: int | None) -> _Answer:
    found = flats.search(rows, limit)
    if found.witness is not None:
        return _no("exact_search", found.witness, found.examined)
    step: Step = "none" if found.answer == "undecided" else "exact_search"
    return _Answer(found.answer, step, None, fewest, found.examined)

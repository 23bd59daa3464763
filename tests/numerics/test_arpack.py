"""A few singular values without the others, against all of them; and the memory that the smallest takes."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from netaudit.numerics import arpack

CPU = torch.device("cpu")


@pytest.mark.parametrize("shape", [(30, 50), (50, 30), (40, 40)])
def test_the_smallest_value(shape):
    A = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    kept = A.clone()
    assert arpack.smallest_value(A, 2.0, CPU) == pytest.approx(torch.linalg.svdvals(A)[-1].item() / 2, rel=1e-10)
    assert torch.equal(A, kept)  # factored in place, but in a copy
    A[3] = A[4]
    A[:, 3] = A[:, 4]
    assert arpack.smallest_value(A, 2.0, CPU) < 1e-12


def test_the_largest_values_and_their_vectors():
    A = torch.randn(60, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gram = A.T @ A
    values, vectors = arpack.largest(torch.tril(gram), 5)
    assert values == pytest.approx(torch.linalg.eigvalsh(gram).flip(0)[:5].numpy())
    assert gram.numpy() @ vectors == pytest.approx(vectors * values)
    assert np.linalg.norm(vectors, axis=0) == pytest.approx(1)


MEASURE = """
import torch
from netaudit.numerics.arpack import smallest_value
from netaudit.numerics.memory import peak_memory

cpu = torch.device("cpu")
weight = torch.randn(2000, 4000)
smallest_value(weight[:300, :300], 1.0, cpu)
before = peak_memory()
smallest_value(weight, 1.0, cpu)
print(peak_memory() - before)
"""


def test_the_smallest_value_takes_one_copy_of_the_matrix():
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1.25 * 8 * 2000 * 4000

"""A network as a stack of matrices with ReLU between them, whatever it was written as."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from netaudit.geometry.reading import piecewise_linear
from netaudit.geometry.steps import Affine, Entrywise, Largest, NotPiecewiseLinearError, PiecewiseLinear

if TYPE_CHECKING:
    from netaudit.geometry.reading import Layers

LARGEST = 2**25
"""Entries of a matrix that is made of a convolution, 256 MiB: that of a small network for small images."""
BLOCK = 256
"""Unit vectors that are sent through a chain together: a value of 100,000 numbers then takes 200 MiB."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One affine map of a stack."""

    name: str
    weight: Tensor
    """``[m, n]``, of any floating dtype."""
    bias: Tensor
    """``[m]``, float64 on the device."""
    biases: int
    """How many biases are stored: m, or 0."""


def stack(
    network: nn.Module | Layers | PiecewiseLinear, shape: Sequence[int] | None, device: torch.device
) -> list[Layer]:
    """Read a network; the last layer has no ReLU behind it.

    Args:
        network: pairs of a weight ``[m, n]`` and a bias ``[m]`` or None, bottom to top, which are kept as they are; or
            a module of linear layers, convolutions, batch norm, average pooling and ReLU, one after the other.
        shape: of one input of a module.
        device: where the biases lie.

    Raises:
        NotPiecewiseLinearError: an operation is not read, or leads past a ReLU, as a residual addition does.
        ValueError: the layers do not fit each other, or there is no shape of the inputs of a module.
    """
    if isinstance(network, (nn.Module, PiecewiseLinear)):
        if shape is None:
            raise ValueError("a module needs points, or the shape of one input")
        with torch.no_grad():
            read = piecewise_linear(network, torch.zeros(1, *shape, dtype=torch.float64), device)
            return _of_steps(read, device)
    layers = [_layer(str(number), weight, bias, device) for number, (weight, bias) in enumerate(network)]
    if not layers:
        raise ValueError("a network needs at least one layer")
    for number, (below, above) in enumerate(pairwise(layers), start=1):
        if above.weight.shape[1] != below.weight.shape[0]:
            shapes = f"{tuple(above.weight.shape)} does not fit {below.weight.shape[0]} inputs"
            raise ValueError(f"layer {number}: a weight {shapes}")
    return layers


def _layer(name: str, weight: Any, bias: Any, device: torch.device) -> Layer:
    matrix = weight.detach() if isinstance(weight, Tensor) else torch.from_numpy(np.asarray(weight, dtype=np.float64))
    if matrix.ndim != 2 or (bias is not None and len(bias) != len(matrix)):
        raise ValueError(f"layer {name}: a weight {tuple(matrix.shape)} does not fit its bias, or is no matrix")
    if bias is None:
        return Layer(name, matrix, torch.zeros(len(matrix), dtype=torch.float64, device=device), 0)
    shift = torch.as_tensor(bias, dtype=torch.float64, device=device).detach()
    return Layer(name, matrix, shift, len(matrix))


@dataclass(frozen=True, eq=False)
class _Section:
    """The affine steps from one ReLU to the next, or to the output."""

    name: str
    chain: tuple[Affine, ...]
    source: int
    target: int

    def size(self, network: PiecewiseLinear) -> tuple[int, int]:
        """``(m, n)`` of its matrix."""
        return math.prod(network.shapes[self.target]), math.prod(network.shapes[self.source])


def entries(network: PiecewiseLinear) -> int:
    """How many entries the matrices of a network that was read would have together, before any is made.

    Raises:
        NotPiecewiseLinearError: it is no stack.
    """
    return sum(math.prod(section.size(network)) for section in _sections(network))


def _of_steps(network: PiecewiseLinear, device: torch.device) -> list[Layer]:
    return [_dense(network, section, device) for section in _sections(network)]


def _sections(network: PiecewiseLinear) -> list[_Section]:
    found, source = [], 0
    chain: list[Affine] = []
    for step in network.steps:
        _check_source(step.name, step.inputs, {source, *(one.output for one in chain)})
        if isinstance(step, Affine):
            chain.append(step)
            continue
        if isinstance(step, Largest):
            raise NotPiecewiseLinearError(
                f"{step.name} is a max pooling, so that this is no stack of matrices and ReLU"
            )
        if not _is_relu(step):
            raise NotPiecewiseLinearError(f"{step.name} is no ReLU")
        found.append(_Section(_named(step.name, chain), tuple(chain), source, step.inputs[0]))
        source, chain = step.output, []
    _check_source("the output", (network.output,), {source, *(one.output for one in chain)})
    found.append(_Section("output", tuple(chain), source, network.output))
    return found


def _named(relu: str, chain: Sequence[Affine]) -> str:
    """The name of the topmost linear layer or convolution below a ReLU; without one, that of the ReLU."""
    return next((step.name for step in reversed(chain) if step.mixes and step.weight is not None), relu)


def _check_source(name: str, inputs: Sequence[int], known: set[int]) -> None:
    if not set(inputs) <= known:
        raise NotPiecewiseLinearError(
            f"{name} takes a value from below the last ReLU, as a residual addition does, so that this is no stack"
        )


def _is_relu(step: Entrywise) -> bool:
    probe = torch.tensor([[-2.0, 0.0, 3.0]], dtype=torch.float64)
    return step.weight is None and step.breaks == (0.0,) and bool((step.call(probe, None) == probe.relu()).all())


def _dense(network: PiecewiseLinear, section: _Section, device: torch.device) -> Layer:
    """The matrix of a chain of affine steps: its columns are what the unit vectors give without the biases.

    ``BLOCK`` unit vectors at a time, since values between two steps may be larger than the matrix.
    """
    shape, (m, n) = network.shapes[section.source], section.size(network)
    if n * m > LARGEST:
        raise NotPiecewiseLinearError(f"the matrix of {section.name} would have {m} x {n} entries")
    weight = torch.empty(m, n, dtype=torch.float64, device=device)
    for columns in torch.split(torch.arange(n, device=device), BLOCK):
        unit = torch.zeros(len(columns), n, dtype=torch.float64, device=device)
        unit[torch.arange(len(columns), device=device), columns] = 1
        values = {section.source: unit.view(-1, *shape)}
        for step in section.chain:
            values[step.output] = step.call([values[value] for value in step.inputs], step.weight, None)
        weight[:, columns] = values[section.target].flatten(1).T
    shifts = {section.source: torch.zeros(1, *shape, dtype=torch.float64, device=device)}
    for step in section.chain:
        shifts[step.output] = step([shifts[value] for value in step.inputs])
    biases = m if any(one.bias is not None for one in section.chain) else 0
    return Layer(section.name, weight, shifts[section.target].flatten(), biases)

"""The residual blocks of a module on data: how far each moves its input, and what leaving out the last ones changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from netaudit.geometry.depth.blocks import Block, residual_blocks
from netaudit.geometry.depth.norms import spectral_norm
from netaudit.geometry.depth.stack import from_here_on, relative
from netaudit.geometry.evaluating import evaluating

Norms = list[tuple[float, float]]
"""For each Linear of a branch, ||A|| from above and ||b||."""


@dataclass(frozen=True, eq=False)
class Stage:
    """K residual blocks, each of which takes what the one before gives, on N inputs; x_k is the input of block k."""

    blocks: tuple[Block, ...]
    """The blocks, bottom to top."""
    steps: Tensor
    """||x_{k+1} - x_k|| / ||x_k||, ``[N, K]``; 0 where x_k is 0."""
    errors: Tensor
    """||x_K - x_m||, what leaving out the blocks from m on changes at the end of the stage, ``[N, K]``."""
    paths: Tensor
    """The sum of the measured steps ||x_{k+1} - x_k|| over k >= m, which no error exceeds, ``[N, K]``."""
    bounds: Tensor | None
    """The same with a bound from the weights in place of each step, ``[N, K]``; None where a branch is no chain of
    Linear and ReLU: then the steps are measured only."""
    lengths: Tensor
    """||x_K||, ``[N]``."""


@dataclass(frozen=True, eq=False)
class Cut:
    """The module without the last blocks of a stage, on the same inputs."""

    stage: int
    """The number of the stage."""
    kept: int
    """Blocks of the stage that are kept."""
    outputs: Tensor
    """What the module gives then, ``[N, outputs]``."""


@dataclass(frozen=True, eq=False)
class ResidualDepth:
    """A module with residual blocks."""

    stages: tuple[Stage, ...]
    """In the order of the forward pass."""
    outputs: Tensor
    """What the whole module gives, ``[N, outputs]``."""
    cuts: tuple[Cut, ...]
    """One a stage and number of blocks that were left out."""


def residual_depth(
    module: nn.Module, inputs: Tensor, *, most_cuts: int | None = None, batch: int = 32, seed: int = 0
) -> ResidualDepth:
    """Find the residual blocks, run the module, and run it again without the last blocks of each stage.

    The module runs in eval mode, in its own dtype and on its own device, and is left as it was. Norms are float64.

    Args:
        module: takes one tensor and gives one.
        inputs: ``[N, ...]``.
        most_cuts: how many passes without blocks there are at most, spread over all and with the last block alone
            among them; None for every one.
        batch: inputs of one pass.
        seed: the power iteration starts from it.

    Raises:
        ValueError: the module has no residual block that runs once in a pass and keeps the shape of its input, or it
            does not give one tensor.
    """
    found = {block: branch_norms(block, seed) for block in residual_blocks(module)}
    with evaluating(module), torch.no_grad():
        parts = [_recorded(module, found, x) for x in torch.split(inputs, batch)]
        if not parts or not parts[0][0]:
            raise ValueError("no residual block of the module runs once in a pass and keeps the shape of its input")
        stages = [_joined([stages[place] for stages, _ in parts]) for place in range(len(parts[0][0]))]
        wanted = [(number, kept) for number, stage in enumerate(stages) for kept in range(len(stage.blocks))]
        cuts = [
            Cut(number, kept, without(module, stages[number].blocks[kept:], inputs, batch))
            for number, kept in _spread(wanted, most_cuts)
        ]
    return ResidualDepth(tuple(stages), torch.cat([outputs for _, outputs in parts]), tuple(cuts))


def without(module: nn.Module, blocks: Sequence[Block], inputs: Tensor, batch: int = 32) -> Tensor:
    """What the module gives, ``[N, outputs]``, with some blocks handing on their input; it is in the caller's mode."""
    with ExitStack() as stack, torch.no_grad():
        for block in blocks:
            stack.enter_context(_bypassed(block.module))
        return torch.cat([_numbers(module(x)) for x in torch.split(inputs, batch)])


def _spread(wanted: list[tuple[int, int]], most: int | None) -> list[tuple[int, int]]:
    if most is None or len(wanted) <= most:
        return wanted
    return [wanted[(place + 1) * len(wanted) // most - 1] for place in range(most)]


def _recorded(module: nn.Module, blocks: Mapping[Block, Norms | None], x: Tensor) -> tuple[list[Stage], Tensor]:
    """One pass, with what goes into and comes out of each block."""
    entered: dict[int, Tensor] = {}
    passes: list[tuple[Block, Tensor, Tensor]] = []
    calls: dict[int, int] = {}

    def before(block: Block) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...]) -> None:
            if args and isinstance(args[0], Tensor):
                entered[id(block)] = args[0].clone()  # a ReLU in place may overwrite it

        return hook

    def after(block: Block) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            calls[id(block)] = calls.get(id(block), 0) + 1
            into = entered.pop(id(block), None)
            if into is not None and isinstance(output, Tensor) and output.shape == into.shape:
                passes.append((block, into, output.clone()))

        return hook

    with ExitStack() as stack:
        for block in blocks:
            stack.callback(block.module.register_forward_pre_hook(before(block)).remove)
            stack.callback(block.module.register_forward_hook(after(block)).remove)
        outputs = _numbers(module(x))
    stages: list[list[tuple[Block, Tensor, Tensor]]] = []
    for one in passes:
        if calls[id(one[0])] > 1:
            continue
        if stages and stages[-1][-1][2].shape == one[1].shape and torch.equal(stages[-1][-1][2], one[1]):
            stages[-1].append(one)
        else:
            stages.append([one])
    return [_stage(stage, blocks) for stage in stages], outputs


def _stage(passes: Sequence[tuple[Block, Tensor, Tensor]], norms: Mapping[Block, Norms | None]) -> Stage:
    blocks = tuple(block for block, _, _ in passes)
    last = passes[-1][2]
    moved = torch.stack([_size(after - before) for _, before, after in passes], 1)
    lengths = torch.stack([_size(before) for _, before, _ in passes], 1)
    errors = torch.stack([_size(last - before) for _, before, _ in passes], 1)
    bounds = [branch_bound(block, norms[block], before) for block, before, _ in passes]
    whole = None
    if all(bound is not None for bound in bounds):
        whole = from_here_on(torch.stack([bound for bound in bounds if bound is not None], 1))
    return Stage(blocks, relative(moved, lengths), errors, from_here_on(moved), whole, _size(last))


def branch_norms(block: Block, seed: int = 0) -> Norms | None:
    """||A|| from above and ||b|| of each Linear of a branch of Linear and ReLU, in order; None for another branch."""
    if block.branch is None:
        return None
    layers = [layer for layer in block.branch if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        return [
            (spectral_norm(one.weight, seed)[1], 0.0 if one.bias is None else float(one.bias.double().norm()))
            for one in layers
        ]


def branch_bound(block: Block, norms: Norms | None, x: Tensor) -> Tensor | None:
    """A number, ``[N]``, that the step of the block at x is never longer than, from the norms of its weights.

    It is u with u = ||x||, then u <- ||A|| u + ||b|| for each Linear: ReLU is 1-Lipschitz and keeps 0. A ReLU behind
    the sum adds ||r(-x)||. An input with more than one axis is a row of vectors that the layers act on one by one, for
    which the same holds with ||b|| sqrt(rows). None for a branch without norms.
    """
    if norms is None:
        return None
    size = _size(x)
    rows = x[0].numel() // x.shape[-1]
    for norm, shift in norms:
        size = norm * size + shift * rows**0.5
    return size + _size((-x).relu()) if block.relu else size


def _joined(parts: Sequence[Stage]) -> Stage:
    """The batches of one stage together."""
    tensors: dict[str, Any] = {
        name: torch.cat([getattr(part, name) for part in parts])
        for name in ("steps", "errors", "paths", "bounds", "lengths")
        if getattr(parts[0], name) is not None
    }
    return replace(parts[0], **tensors)


def _size(x: Tensor) -> Tensor:
    lengths: Tensor = x.flatten(1).double().norm(dim=1).cpu()
    return lengths


def _numbers(output: Any) -> Tensor:
    if not isinstance(output, Tensor):
        raise ValueError(f"the module gives {type(output).__name__}, not one tensor")
    return output.flatten(1).double().cpu()


@contextmanager
def _bypassed(module: nn.Module) -> Iterator[None]:
    """The module hands on its first argument."""
    had = module.__dict__.get("forward")
    module.__dict__["forward"] = lambda x, *_, **__: x
    try:
        yield
    finally:
        del module.__dict__["forward"]
        if had is not None:
            module.__dict__["forward"] = had

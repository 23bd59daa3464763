"""The public door: audit a network. The report that it gives is in :mod:`netaudit.audit_report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.table import chosen, installed, with_unique_names
from netaudit.audit_report import AuditReport as AuditReport
from netaudit.auditing.kept import KeptLayers as KeptLayers
from netaudit.auditing.torch_settings import settled
from netaudit.vocabulary import NULL_LEVELS, SPECTRUM_METHODS, NullLevel, SpectrumMethod

if TYPE_CHECKING:
    from torch import Tensor, nn

    from netaudit.network.cells import CellActivation
    from netaudit.network.network import Progress


@settled
def audit(
    target: str | Path | nn.Module | Mapping[str, Tensor],
    *,
    weights: str | Path | None = None,
    layers: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    state: str | None = None,
    order: Sequence[str] | None = None,
    as_layer: Sequence[str] | None = None,
    not_layer: Sequence[str] | None = None,
    cell_activation: CellActivation | None = None,
    base: str | Path | None = None,
    analyses: Sequence[str | Analysis] | None = None,
    device: str = "auto",
    seed: int = 0,
    data: str | Path | None = None,
    init: str | Path | nn.Module | Mapping[str, Tensor] | None = None,
    example: Any = None,
    nulls: NullLevel = "quick",
    spectrum: SpectrumMethod = "auto",
    deterministic: bool = False,
    hash_files: bool = True,
    progress: Progress | None = None,
    keep: str | Path | KeptLayers | None = None,
) -> AuditReport:
    """Audit a model: how random-like are its fully connected layers, and can it be run in reverse?

    Args:
        target: a file, a folder of shards, a bundled, torchvision or timm name, a repository of the Hugging Face hub
            (``hf:owner/name`` or ``hf:owner/name@revision``), an ``nn.Module``, a program of torch.export, or a state
            dict.
        weights: a file with a state dict for a named architecture, instead of its pretrained weights.
        layers: globs of layer names to audit (all, by default); ``*`` and ``?``, case-sensitive.
        exclude: globs of layer names to leave out.
        state: of several networks in a file or a state dict the one under this key or prefix: ``"model_ema"``.
        order: the layers of the head from bottom to top, where names and shapes leave their order open.
        as_layer: globs of tensors that are tables by their names, or 1 x 1 convolutions, and layers all the same.
        not_layer: globs of tensors that are layers by their names, and are none.
        cell_activation: ``tanh`` or ``relu``: what follows a simple recurrent cell, where a file or a state dict does
            not say it. Without it such a cell is not looked at for fixed points.
        base: where the target is an adapter (LoRA, DoRA, LoHa, LoKr), the model that it is added to: a file, a folder,
            a name or a repository. The merged weights are audited then, and ``state`` is of the base.
        analyses: names of installed analyses (`netaudit analyses` lists them), or your own; all installed ones by
            default.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        seed: every random number follows from it.
        data: real inputs: an ``.npz`` with ``x [N, ...]`` as the model takes them (uint8 is scaled to [0, 1]) and
            labels ``y [N]``; an ``.npy`` with inputs alone; a ``.csv`` with an input a row and a column ``label``; or a
            folder of images, for an architecture whose preprocessing is known. A bundled network brings its own.
        init: the first weights of the training run, before or early in it: what ``target`` may be, or a file for a
            named architecture. The report then says what changed since.
        example: an input that a module takes, where its shape cannot be guessed: a tensor, a tuple of positional
            arguments or a dict of keyword arguments. The first axis counts inputs; one forward pass on it is recorded.
        nulls: what each layer's statistics are set beside, apart from a Gaussian layer: ``quick``, one draw of its own
            entries permuted and one with random signs, on at most 1024 x 1024 of them; ``full``, ten of each at full
            size; ``none``. No verdict depends on it.
        spectrum: how the singular values are computed: ``exact``; ``lanczos``, their distribution with an error bound
            that the verdict allows for; ``auto``, exact up to a smaller side of 2048, up to 8192 with those of the
            weights without their mean right to two ranks, above that by Lanczos.
        deterministic: compute in one thread on the CPU, slower: the same bytes on the same machine whatever its
            settings. On another number of threads the last digits differ, see
            :attr:`netaudit.results.report.Provenance.threads`.
        hash_files: whether the SHA-256 of the files goes into the report. It reads them whole, which takes longer than
            the audit of a few layers of a large file. That of the audited weights is there in any case.
        progress: called with (message, done, total).
        keep: a folder for the result of each layer, and of each analysis of the network, as it comes. The same call
            with the same folder goes on after an interruption; what was kept of other weights, settings or versions is
            not used.

    Raises:
        ValueError: no such level of nulls, or way to the singular values.
        NetauditError: the target cannot be read, no analysis has a name, or no layer has a claim that can be judged.
    """
    from netaudit.analyses.context import Settings
    from netaudit.auditing.loop import Auditor
    from netaudit.auditing.selection import Selection
    from netaudit.network.fingerprint import unchanged_files
    from netaudit.numerics import device as devices
    from netaudit.sources.data import load_data
    from netaudit.sources.first import from_first, open_first
    from netaudit.sources.open import open_network
    from netaudit.sources.planners.choices import Choices
    from netaudit.sources.planners.example_inputs import described

    if nulls not in NULL_LEVELS:
        raise ValueError(f"nulls must be one of {', '.join(NULL_LEVELS)}, got {nulls!r}")
    if spectrum not in SPECTRUM_METHODS:
        raise ValueError(f"spectrum must be one of {', '.join(SPECTRUM_METHODS)}, got {spectrum!r}")
    used = resolve(analyses)
    tell = progress or _silent
    kept = KeptLayers(Path(keep)) if isinstance(keep, (str, Path)) else keep
    auditor = Auditor(Settings(devices.choose(device), seed, nulls, spectrum), used, tell, kept)
    choices = Choices(state, tuple(order or ()), tuple(as_layer or ()), tuple(not_layer or ()), cell_activation)
    file = None if weights is None else Path(weights)
    network = open_network(target, weights=file, progress=tell, choices=choices, base=base, example=example)
    first = None if init is None else open_first(target, init, progress=tell)
    sample = network.sample if data is None else load_data(Path(data), network, seed, tell)
    below = network.base
    with (
        unchanged_files(network.files, tell, hashed=hash_files) as file_sha256,
        unchanged_files(below.files if below else (), tell, hashed=hash_files) as base_sha256,
    ):
        settings = choices.settings | ({"base": below.settings(base_sha256)} if below else {})
        settings |= {} if example is None else {"example": described(example)}
        settings |= from_first(first, hashed=hash_files) | ({} if hash_files else {"hash": False})
        selection = Selection(tuple(layers or ()), tuple(exclude or ()), settings)
        report = auditor.run(network, sample, file_sha256, selection, first)
    return AuditReport.of(report, used)


def resolve(analyses: Sequence[str | Analysis] | None) -> tuple[Analysis, ...]:
    """The analyses that a user asks for: installed ones by their names in the order of the report, then their own.

    Raises:
        NetauditError: no analysis has one of the names, or two have the same.
    """
    if analyses is None:
        return installed()
    names = [each for each in analyses if isinstance(each, str)]
    return with_unique_names((*chosen(names), *(each for each in analyses if isinstance(each, Analysis))))


def _silent(message: str, done: float, total: float) -> None:
    """The default progress: nothing."""

"""A named architecture and a weights file: what torchvision, timm and the bundled networks have in common."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from netaudit.errors import SourceError
from netaudit.formats.plain_names import COUNTERS
from netaudit.formats.weights_file import WeightsFile
from netaudit.network.inputs import Preprocessing, Sample
from netaudit.network.network import ModelInfo, Network, TensorStore
from netaudit.sources.cut_store import cut_store
from netaudit.sources.live import live_weights
from netaudit.sources.planners import backbone, example_inputs, meta_tracing
from netaudit.sources.planners.module import plan
from netaudit.sources.stores import RenamedStore, module_store
from netaudit.text import printable


class MismatchError(SourceError):
    """A weights file does not fit the architecture it was given for."""


@dataclass(frozen=True)
class Architecture:
    """How to build a network, and what it takes."""

    info: ModelInfo
    make: Callable[[], nn.Module]
    """Builds it with random weights."""
    input_shape: tuple[int, ...] | None = None
    """The shape of one input, without the batch; None to guess it."""
    versions: Mapping[str, str] = field(default_factory=dict)
    rename: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict
    """Renames the tensors of old published files to the present names."""
    sample: Sample | None = None
    preprocessing: Callable[[], Preprocessing | None] | None = None
    """How the model takes pictures; made only when there are pictures to be read."""


def open_architecture(architecture: Architecture, file: WeightsFile | None, *, published: bool = False) -> Network:
    """Open the architecture with the tensors of a file; without a file it can be planned, not read.

    A ``published`` file may hold more than the architecture has, as torchvision's googlenet does.

    Raises:
        MismatchError: the file's names or shapes are not the architecture's.
    """
    module = meta_tracing.build(architecture.make)
    shape = architecture.input_shape
    calls = example_inputs.guess_inputs(module) if shape is None else [example_inputs.zeros(1, *shape)]
    graph = meta_tracing.trace(module, calls).graph
    planned = plan(module, graph, live_weights(module, module_store(module)))
    store: TensorStore = module_store(module)
    info = architecture.info
    if file is not None:
        store = _bind(module, file, architecture, allow_more=published)
        info = replace(info, weights=info.weights or file.path.name)

    def make_module() -> nn.Module:
        return _filled(architecture.make, store)

    return Network(
        info=info,
        layers=planned.layers,
        store=cut_store(live_weights(module, store).store, planned.parts),
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        graph=graph,
        head=planned.head,
        backbone=backbone.below(planned, graph, make_module),
        make_module=make_module,
        files=() if file is None else file.files,
        sample=architecture.sample,
        input_shape=architecture.input_shape,
        preprocessing=architecture.preprocessing,
        notes=() if file is None else file.notes,
        versions=dict(architecture.versions),
    )


def _bind(module: nn.Module, file: WeightsFile, architecture: Architecture, *, allow_more: bool) -> TensorStore:
    """The file's tensors under the architecture's names, as its own ``load_state_dict`` assigns them.

    Architectures rename old keys while they load. So tensors without data are loaded, and each is recognised
    afterwards by its storage, which the module keeps.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    # A tensor that cannot be read has no dtype here, perhaps; it is refused when it is read.
    blank = {
        name: torch.empty(declared.shape, dtype=getattr(torch, declared.dtype, None), device="meta")
        for name, declared in file.declared.items()
    }
    origin = {_storage(tensor): name for name, tensor in blank.items()}
    state = OrderedDict(architecture.rename(blank))
    if file.metadata is not None:
        state._metadata = file.metadata  # type: ignore[attr-defined]
    wrong = [
        f"{printable(name, 80)} is {list(tensor.shape)}, not {list(expected[name])}"
        for name, tensor in state.items()
        if name in expected and tuple(tensor.shape) != expected[name]
    ]
    try:
        missing, unexpected = module.load_state_dict(state, strict=False, assign=True)
    except Exception as error:  # a module's own loading code may raise anything
        raise _mismatch(
            file, architecture, wrong or [printable(str(error).strip().rpartition("\n")[2], 120)]
        ) from error
    problems = [
        *_some("missing", missing),
        *([] if allow_more else _some("unexpected", sorted({*unexpected} - COUNTERS))),
    ]
    if problems:
        raise _mismatch(file, architecture, problems)
    bound = {name: origin.get(_storage(tensor)) for name, tensor in module.state_dict().items()}
    converted = [name for name, _ in module.named_parameters() if bound[name] is None]
    if converted:
        raise _mismatch(file, architecture, _some("converted while it is loaded:", converted))
    return RenamedStore(file.store, {name: old for name, old in bound.items() if old is not None})


def _filled(make: Callable[[], nn.Module], store: TensorStore) -> nn.Module:
    """Build the network with its weights, for real: inputs can be run through it."""
    with torch.random.fork_rng(devices=[]):
        module = make().eval()
    own: dict[str, Tensor] = module.state_dict()
    for name in store.names():
        own[name].copy_(store.read(name))
    return module


def _mismatch(file: WeightsFile, architecture: Architecture, problems: Sequence[str]) -> MismatchError:
    name = f"{printable(file.path.name)} does not fit {printable(architecture.info.name)}"
    return MismatchError(
        f"{name}: {'; '.join(problems[:3])}", hint="the names and shapes must be those of its state_dict()"
    )


def _some(word: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [f"{word} {', '.join(printable(name, 80) for name in names[:3])}{more}"]


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)

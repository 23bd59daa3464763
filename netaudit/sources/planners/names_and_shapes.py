"""Plan a bare state dict: names, shapes and dtypes are all there is, so what a tensor is must be told from its name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from netaudit.formats.weights_file import Declared
from netaudit.network.cells import cells_among
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners import pointwise, recurrent_names
from netaudit.sources.planners.cell_activation import with_activation
from netaudit.sources.planners.choices import UNSAID, Choices
from netaudit.sources.planners.gates import RECURRENT, gates
from netaudit.sources.planners.head import FoundHead, find_head, with_adapters
from netaudit.sources.planners.networks import Networks, copy_entry, networks
from netaudit.sources.planners.partial import partial
from netaudit.sources.planners.plan import IN_PROJECTIONS, Group, Plan, assemble, in_projections
from netaudit.sources.planners.tables import matches, table_by_name
from netaudit.sources.planners.transformer_head import transformer_head

_WEIGHT = re.compile(r"(?P<stem>(?:.*_)?)(?P<word>weights?|kernel|w)(?P<number>_?\d*)", re.IGNORECASE)
_BIASES = {"weight": ("bias",), "weights": ("biases", "bias"), "kernel": ("bias",), "w": ("b", "bias")}
_RECURRENT = re.compile(r"(weight|bias)_(ih|hh|hr)")
_NORM = re.compile(r"(^|[._])(norm|bn|ln|batchnorm|layernorm)", re.IGNORECASE)
_BUFFER = re.compile(
    r"running_(mean|var)|num_batches_tracked|relative_position_index|relative_coords_table|position_ids|inv_freq|final_logits_bias|.*mask"
)
_LONGEST_KERNEL = 32  # of a convolution in one dimension, which nothing but its last axis tells from a bilinear layer
_OPTIMISER = re.compile(
    r"(^|\.)(optim\w*|opt_state|exp_avg\w*|max_exp_avg\w*|momentum_buffer|square_avg|lr_schedulers?)(\.|$)"
)


def plan(
    declared: Mapping[str, Declared],
    origin: str = "2-D weight",
    *,
    ordered: bool = True,
    model_type: str | None = None,
    choices: Choices = UNSAID,
) -> Plan:
    """What to audit among named tensors, in their order.

    Weights are taken as ``[out, in]``. Where a bias says otherwise (GPT-2's Conv1D, Flax), or the name is ``kernel``,
    they are taken as ``[in, out]``. Copies of a network (averages, targets) are listed and not audited.

    Args:
        declared: the tensors.
        origin: where they come from, in words.
        ordered: whether their order is that of the network's definition.
        model_type: the kind of model of the transformers library, where it is known.
        choices: what the user says of the file.

    Raises:
        SourceError: the user says the activation of cells, and none leaves it open.
    """
    side_by_side = networks({key: tensor.shape for key, tensor in declared.items() if _is_parameter(key, tensor)})
    declared, copies = _apart(declared, side_by_side.copies)
    own = {key for key, tensor in declared.items() if _is_parameter(key, tensor)}
    of_cells = recurrent_names.recurrent(declared)
    weights = (key for key in declared if key not in of_cells and (key in own or matches(key, choices.as_layer)))
    biases = {key: bias for key in weights for bias in _bias(key, declared, choices)}
    turned = _turned(declared, biases)
    numbers = {key: tensor.shape for key, tensor in declared.items() if tensor.floating and not tensor.refusal}
    found_cells = (*cells_among(numbers), *recurrent_names.cells(numbers))
    cells = with_activation(found_cells, choices.cell_activation)
    parameters = {key: (tensor.identity, tensor.size) for key, tensor in declared.items() if key in own}
    chosen = (key for key in parameters if key in biases or matches(key, choices.not_layer))
    of_gates = gates(cells, parameters, chosen)
    specs: dict[str, Sequence[LayerSpec]] = {key: list(_specs(key, declared, biases, turned, origin)) for key in biases}
    used = {key for layers in specs.values() for spec in layers for key in (spec.weight, spec.bias)} | of_gates.cut
    specs |= of_gates.layers
    modules: dict[str, list[str]] = {}
    for key in declared:
        modules.setdefault(key.rpartition(".")[0] or key, []).append(key)
    parts = []
    for keys in modules.values():
        rest = [key for key in keys if key not in used]
        together = [rest] if len(rest) == len(keys) else [[key] for key in rest]
        audited = [spec for key in keys for spec in specs.get(key, ())]
        parts.append((audited, [_group(group, declared, own, of_cells, choices) for group in together]))
    entries, total = assemble(parts, of_gates.parameters)
    found = with_adapters(_head(of_gates.hidden(entries), side_by_side, ordered, model_type), entries)
    return Plan((*entries, *copies), total, found.head, cells, found.gap, of_gates.parts)


def _apart(
    declared: Mapping[str, Declared], copies: Mapping[str, str]
) -> tuple[dict[str, Declared], list[SkippedLayer]]:
    """The tensors that are in no copy of a network, and one entry for each copy."""
    held = {prefix: [key for key in declared if key.startswith(f"{prefix}.")] for prefix in copies}
    entries = [
        copy_entry(prefix, copies[prefix], len(keys), sum(declared[key].size for key in keys))
        for prefix, keys in held.items()
    ]
    left_out = {key for keys in held.values() for key in keys}
    return {key: tensor for key, tensor in declared.items() if key not in left_out}, entries


def _head(
    entries: Sequence[LayerSpec | SkippedLayer], side_by_side: Networks, ordered: bool, model_type: str | None
) -> FoundHead:
    """The head of the one network; none of several."""
    main = side_by_side.main
    if len(main) > 1:
        shown = f"{', '.join(main[:4])}{', ...' if len(main) > 4 else ''}"
        return FoundHead(None, f"the file holds several networks ({shown}): --state {main[0]} audits one")
    if main:
        entries = [entry for entry in entries if entry.name == main[0] or entry.name.startswith(f"{main[0]}.")]
    if model_type is not None:
        return transformer_head([entry for entry in entries if isinstance(entry, LayerSpec)], model_type)
    return find_head(entries, ordered=ordered)


def _bias(key: str, declared: Mapping[str, Declared], choices: Choices) -> Iterator[str | None]:
    """The bias (or None) of a tensor that is a fully connected weight; nothing for any other tensor."""
    tensor, last = declared[key], key.rpartition(".")[2]
    match = _WEIGHT.fullmatch(last)
    asked = matches(key, choices.as_layer)
    matrix = len(tensor.shape) == 2 or (asked and pointwise.kernel(tensor.shape))
    if not matrix or not tensor.size or not tensor.floating or tensor.refusal:
        return
    if not (match or asked) or matches(key, choices.not_layer):
        return
    if not match:
        yield None
        return
    stem = key.removesuffix(last) + match["stem"]
    for word in _BIASES[match["word"].lower()]:
        for bias in (stem + word + match["number"], stem + word.upper() + match["number"]):
            candidate = declared.get(bias)
            if (
                candidate
                and candidate.floating
                and not candidate.refusal
                and candidate.shape in [(length,) for length in tensor.shape[:2]]
            ):
                yield bias
                return
    if table_by_name(key, choices) is None:  # an nn.Embedding has no bias
        yield None


def _turned(declared: Mapping[str, Declared], biases: Mapping[str, str | None]) -> set[str]:
    """The weights that are stored as ``[in, out]``: their bias tells; a square one is taken like the others."""
    votes = {}
    for key, bias in biases.items():
        rows, columns, *kernel = declared[key].shape
        if bias is not None and rows != columns and not declared[key].origin and not kernel:
            votes[key] = declared[bias].shape[0] == columns
    others = bool(votes) and all(votes.values())
    kernels = {key for key in biases if key.rpartition(".")[2] == "kernel"}
    stored = {  # what was made, and what is of a convolution, is [out, in]
        key: bias for key, bias in biases.items() if not declared[key].origin and len(declared[key].shape) == 2
    }
    return {key for key, bias in stored.items() if votes.get(key, key in kernels or (others and bias is not None))}


def _specs(
    key: str, declared: Mapping[str, Declared], biases: Mapping[str, str | None], turned: set[str], origin: str
) -> Iterator[LayerSpec]:
    """The layers whose weight is stored under ``key``: one, or the parts of an attention's in_proj."""
    prefix, dot, last = key.rpartition(".")
    origin = declared[key].origin or origin
    if re.fullmatch(r"(in|q|k|v)_proj_weight", last):
        own = {short: declared.get(prefix + dot + short) for short in IN_PROJECTIONS}
        parts = in_projections(prefix, {short: tensor.shape for short, tensor in own.items() if tensor})
        if parts:
            yield from (part for part in parts if part.weight == key)
            return
    rows, columns, *kernel = declared[key].shape
    origin = f"weight of {pointwise.kernel(declared[key].shape)}, {pointwise.EACH_POSITION}" if kernel else origin
    origin += f", {declared[key].note}" if declared[key].note else ""
    if key in turned:
        yield LayerSpec(
            _layer(key), (columns, rows), key, biases[key], origin=f"{origin}, stored as [in, out]", transposed=True
        )
    else:
        yield LayerSpec(_layer(key), (rows, columns), key, biases[key], origin=origin)


def _group(
    keys: Sequence[str],
    declared: Mapping[str, Declared],
    own: Collection[str],
    of_cells: Collection[str],
    choices: Choices,
) -> Group:
    parameters = sorted((key for key in keys if key in own), key=lambda key: -declared[key].size)
    main = parameters[0] if parameters else max(keys, key=lambda key: declared[key].size)
    main = next((key for key in parameters if partial(key, declared[key].shape)), main)
    refusal = declared[main].refusal
    reason = RECURRENT if main in of_cells and not refusal else _reason(main, keys, declared[main], choices)
    return Group(_layer(main), declared[main].shape, reason, tuple(parameters))


def _is_parameter(key: str, tensor: Declared) -> bool:
    counter = not tensor.floating and len(tensor.shape) < 2
    return not (counter or _BUFFER.fullmatch(key.rpartition(".")[2]) or _OPTIMISER.search(key))


def _layer(key: str) -> str:
    return key.removesuffix(".weight").removesuffix(".kernel")


def _reason(key: str, group: Sequence[str], tensor: Declared, choices: Choices) -> str:
    prefix, _, last = key.rpartition(".")
    dimensions = len(tensor.shape)
    if _OPTIMISER.search(key):
        return "optimiser state, not a parameter"
    if not _is_parameter(key, tensor):
        return "buffer, not a parameter"
    if tensor.refusal:
        return tensor.refusal
    if tensor.dtype.startswith("complex"):
        return f"{tensor.dtype}: complex weights are not covered"
    if tensor.dtype == "bool":
        return "a mask of true and false, not a weight"
    if broken := partial(key, tensor.shape):
        return broken
    if not tensor.floating:
        packed = "" if tensor.dtype == "int8" else "; counted as stored, where one number may hold several"
        return f"{tensor.dtype}, not floating point: quantised weights are not read yet{packed}"
    if _RECURRENT.search(last):
        return "recurrent"
    if any("running_" in name for name in group) or (dimensions == 1 and _NORM.search(prefix)):
        return "normalisation"
    if dimensions == 2:
        if not tensor.size:
            return "empty"
        return table_by_name(key, choices) or "2-D, but not named as a weight: --as-layer audits it"
    if dimensions > 2:
        if dimensions == 3 and last == "weight" and tensor.shape[2] > _LONGEST_KERNEL:
            return "three dimensions: a bilinear layer, or a convolution with a very long kernel"
        if dimensions == 3 and last != "weight":
            return "more than two dimensions"
        return pointwise.reason(tensor.shape) if last == "weight" else "convolution"
    return "a lone vector: normalisation, bias or scale" if dimensions else "a single number"

"""Plan a bare state dict: names, shapes and dtypes are all there is, so what a tensor is must be told from its name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from netaudit.network.cells import cells_among
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.plan import IN_PROJECTIONS, Group, Plan, assemble, in_projections, inferred_head
from netaudit.sources.planners.recurrent_names import recurrent
from netaudit.sources.weights_file import Declared

_WEIGHT = re.compile(r"(?P<stem>(?:.*_)?)(?P<word>weights?|kernel|w)(?P<number>_?\d*)", re.IGNORECASE)
_BIASES = {"weight": ("bias",), "weights": ("biases", "bias"), "kernel": ("bias",), "w": ("b", "bias")}
_RECURRENT = re.compile(r"(weight|bias)_(ih|hh|hr)")
_EMBEDDING = re.compile(r"embed|(^|_)emb($|_)|^w[tp]e$|position|(^|_)pos($|_)|token|^shared$", re.IGNORECASE)
_NORM = re.compile(r"(^|[._])(norm|bn|ln|batchnorm|layernorm)", re.IGNORECASE)
_BUFFER = re.compile(
    r"running_(mean|var)|num_batches_tracked|relative_position_index|relative_coords_table|position_ids|inv_freq|.*mask"
)
_LONGEST_KERNEL = 32  # of a convolution in one dimension, which nothing but its last axis tells from a bilinear layer
_OPTIMISER = re.compile(
    r"(^|\.)(optim\w*|opt_state|exp_avg\w*|max_exp_avg\w*|momentum_buffer|square_avg|lr_schedulers?)(\.|$)"
)


def plan(declared: Mapping[str, Declared], origin: str = "2-D weight") -> Plan:
    """What to audit among named tensors, in their order; ``origin`` says where they come from.

    Weights are taken as ``[out, in]``. Where a bias says otherwise (GPT-2's Conv1D, Flax), or the name is ``kernel``,
    they are taken as ``[in, out]``.
    """
    of_cells = recurrent(declared)
    biases = {key: bias for key in declared if key not in of_cells for bias in _bias(key, declared)}
    turned = _turned(declared, biases)
    specs = {key: list(_specs(key, declared, biases, turned, origin)) for key in biases}
    used = {key for layers in specs.values() for spec in layers for key in (spec.weight, spec.bias)}
    modules: dict[str, list[str]] = {}
    for key in declared:
        modules.setdefault(key.rpartition(".")[0] or key, []).append(key)
    parts = []
    for keys in modules.values():
        rest = [key for key in keys if key not in used]
        together = [rest] if len(rest) == len(keys) else [[key] for key in rest]
        audited = [spec for key in keys for spec in specs.get(key, ())]
        parts.append((audited, [_group(group, declared, of_cells) for group in together]))
    parameters = {key: (tensor.identity, tensor.size) for key, tensor in declared.items() if _is_parameter(key, tensor)}
    entries, total = assemble(parts, parameters)
    numbers = {key: tensor.shape for key, tensor in declared.items() if tensor.floating and not tensor.refusal}
    return Plan(tuple(entries), total, inferred_head(entries), cells_among(numbers))


def _bias(key: str, declared: Mapping[str, Declared]) -> Iterator[str | None]:
    """The bias (or None) of a tensor that is a fully connected weight; nothing for any other tensor."""
    tensor, last = declared[key], key.rpartition(".")[2]
    match = _WEIGHT.fullmatch(last)
    if not match or len(tensor.shape) != 2 or not tensor.size or not tensor.floating or tensor.refusal:
        return
    if not _is_parameter(key, tensor):
        return
    stem = key.removesuffix(last) + match["stem"]
    for word in _BIASES[match["word"].lower()]:
        for bias in (stem + word + match["number"], stem + word.upper() + match["number"]):
            candidate = declared.get(bias)
            if (
                candidate
                and candidate.floating
                and not candidate.refusal
                and candidate.shape in [(length,) for length in tensor.shape]
            ):
                yield bias
                return
    if not _is_embedding(key):  # an nn.Embedding has no bias
        yield None


def _is_embedding(key: str) -> bool:
    """By the tensor's own name and its module's; numbers say nothing, so of "embed.0.weight" it is "embed"."""
    *modules, last = key.split(".")
    return any(_EMBEDDING.search(part) for part in [*[part for part in modules if not part.isdigit()][-1:], last])


def _turned(declared: Mapping[str, Declared], biases: Mapping[str, str | None]) -> set[str]:
    """The weights that are stored as ``[in, out]``: their bias tells; a square one is taken like the others."""
    votes = {}
    for key, bias in biases.items():
        rows, columns = declared[key].shape
        if bias is not None and rows != columns and not declared[key].origin:
            votes[key] = declared[bias].shape[0] == columns
    others = bool(votes) and all(votes.values())
    kernels = {key for key in biases if key.rpartition(".")[2] == "kernel"}
    stored = {key: bias for key, bias in biases.items() if not declared[key].origin}  # what was made is [out, in]
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
    rows, columns = declared[key].shape
    origin += f", {declared[key].note}" if declared[key].note else ""
    if key in turned:
        yield LayerSpec(
            _layer(key), (columns, rows), key, biases[key], origin=f"{origin}, stored as [in, out]", transposed=True
        )
    else:
        yield LayerSpec(_layer(key), (rows, columns), key, biases[key], origin=origin)


def _group(keys: Sequence[str], declared: Mapping[str, Declared], of_cells: Collection[str]) -> Group:
    parameters = sorted((key for key in keys if _is_parameter(key, declared[key])), key=lambda key: -declared[key].size)
    main = parameters[0] if parameters else max(keys, key=lambda key: declared[key].size)
    refusal = declared[main].refusal
    reason = "recurrent" if main in of_cells and not refusal else _reason(main, keys, declared[main])
    return Group(_layer(main), declared[main].shape, reason, tuple(parameters))


def _is_parameter(key: str, tensor: Declared) -> bool:
    counter = not tensor.floating and len(tensor.shape) < 2
    return not (counter or _BUFFER.fullmatch(key.rpartition(".")[2]) or _OPTIMISER.search(key))


def _layer(key: str) -> str:
    return key.removesuffix(".weight").removesuffix(".kernel")


def _reason(key: str, group: Sequence[str], tensor: Declared) -> str:
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
    if not tensor.floating:
        return f"{tensor.dtype}, not floating point: quantised weights are not read yet"
    if _RECURRENT.search(last):
        return "recurrent"
    if any("running_" in name for name in group) or (dimensions == 1 and _NORM.search(prefix)):
        return "normalisation"
    if dimensions == 2:
        if not tensor.size:
            return "empty"
        return "embedding" if _is_embedding(key) else "2-D, but not named as a weight"
    if dimensions > 2:
        if dimensions == 3 and last == "weight" and tensor.shape[2] > _LONGEST_KERNEL:
            return "three dimensions: a bilinear layer, or a convolution with a very long kernel"
        return "convolution" if dimensions > 3 or last == "weight" else "more than two dimensions"
    return "a lone vector: normalisation, bias or scale" if dimensions else "a single number"

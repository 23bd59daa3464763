"""What PyTorch pickles of a tensor, as data: a call of ``torch._utils._rebuild_*`` on a storage.

Nothing here loads PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netaudit.formats.inert_object import Build, Global, Inert, MalformedError, RefusedError
from netaudit.formats.stored_tensor import ITEMSIZE, Storage, StoredTensor
from netaudit.formats.torch_storages import size

_CODES = {"qint8": "int8", "quint8": "uint8", "qint32": "int32"}
_ONE_CODE_A_NUMBER = ("int8", "float8_e4m3fn", "float8_e5m2")
BROADCAST = "a broadcast view: declared larger than the data stored"


def sizes(values: Any) -> tuple[int, ...]:
    """A shape, or strides.

    Raises:
        MalformedError: the values are none.
    """
    if not isinstance(values, (tuple, list)) or len(values) > 64:
        raise MalformedError("a shape that is none")
    return tuple(map(size, values))


def _dtype(value: Any) -> str:
    if not isinstance(value, Global) or value.module != "torch" or value.name not in ITEMSIZE:
        raise MalformedError("a dtype that is none")
    return value.name


def _tensor(args: tuple[Any, ...], dtype: str | None = None) -> StoredTensor:
    """``(storage, offset, size, stride, ...)``."""
    rows, offset, shape, stride = args[0], size(args[1]), sizes(args[2]), sizes(args[3])
    if not isinstance(rows, Storage) or len(shape) != len(stride):
        raise MalformedError("a tensor without a storage")
    made = StoredTensor(dtype or rows.dtype, shape, rows, offset, stride)
    metadata = args[6 if dtype is None else 7 :]
    if metadata and isinstance(metadata[0], dict) and any(metadata[0].get(bit) for bit in ("neg", "conj")):
        return replace(made, storage=None, refusal="a view whose sign or conjugate is still to be taken: not read")
    if made.dtype.startswith("q"):
        return replace(made, storage=None, refusal="quantised tensor: not read")
    broadcast = math.prod(shape) * ITEMSIZE[made.dtype] > rows.nbytes and made.end <= rows.nbytes
    return replace(made, storage=None, refusal=BROADCAST) if broadcast else made


def _tensor_v3(args: tuple[Any, ...]) -> StoredTensor:
    return _tensor(args, _dtype(args[6]))


def _quantised(args: tuple[Any, ...]) -> StoredTensor:
    """``(storage, offset, size, stride, (scheme, scale, zero point), ...)``; read where the tensor has one scale."""
    rows = args[0]
    scheme = args[4] if len(args) > 4 and isinstance(args[4], tuple) else ()
    codes = _CODES.get(rows.dtype) if isinstance(rows, Storage) else None
    refused = StoredTensor(rows.dtype if codes else "qint8", sizes(args[2]), refusal="quantised tensor: not read")
    if codes is None or len(scheme) != 3 or not isinstance(scheme[0], Global) or scheme[0].name != "per_tensor_affine":
        return refused
    shape, stride, (_, scale, zero) = sizes(args[2]), sizes(args[3]), scheme
    usable = type(scale) is float and 0 < scale < math.inf and type(zero) is int and abs(zero) < 2**31
    made = StoredTensor("float32", shape, rows, size(args[1]), stride, codes=codes, scale=scale, zero_point=zero)
    return made if usable and len(shape) == len(stride) and made.end <= rows.nbytes and _spread(made) else refused


def _spread(tensor: StoredTensor) -> bool:
    """Whether no number of the storage stands for several of the tensor."""
    return math.prod(tensor.shape) <= tensor.extent


def _sparse(args: tuple[Any, ...]) -> StoredTensor:
    """``(layout, (indices, values, size, ...))`` or ``(layout, (indices, indices, values, size))``."""
    layout, data = args[0], args[1]
    name = layout.args[0] if isinstance(layout, Inert) and layout.args else layout
    said = name.removeprefix("torch.").replace("_", " ")[:40] if isinstance(name, str) else "sparse"
    values = next((part for part in data[1:] if isinstance(part, StoredTensor) and part.dtype != "int64"), None)
    shapes = [part for part in data[1:] if isinstance(part, tuple)]
    dtype = "float32" if values is None else values.dtype
    return StoredTensor(dtype, sizes(shapes[0]) if shapes else (), refusal=f"{said} tensor: not read")


def _meta(args: tuple[Any, ...]) -> StoredTensor:
    return StoredTensor(_dtype(args[0]), sizes(args[1]), refusal="has no data")


def _wrapper(args: tuple[Any, ...]) -> StoredTensor:
    """``(class, dtype, size, ...)``."""
    name = args[0].name if isinstance(args[0], Global) else "a subclass of Tensor"
    return StoredTensor(_dtype(args[1]), sizes(args[2]), refusal=f"{name[:60]}: not read")


def _nested(args: tuple[Any, ...]) -> StoredTensor:
    dtype = args[0].dtype if isinstance(args[0], StoredTensor) else "float32"
    return StoredTensor(dtype, (), refusal="a nested tensor: not read")


def _restated(made: Any, state: Any) -> Any:
    """A tensor with a state: attributes of the user's own. PyTorch sets each, and these would set its numbers."""
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, dict) and not part.keys().isdisjoint(("data", "real", "imag")):
            raise RefusedError("a tensor whose state has other numbers than itself")
    return made


def _typed(args: tuple[Any, ...]) -> Any:
    """``_rebuild_from_type_v2(function, class, args, state)``: a tensor of a class of its own.

    Of a DTensor that one rank holds whole, the local tensor is the tensor.
    """
    function, kind, inner, state = args
    build = BUILDS.get(function.path) if isinstance(function, Global) else None
    made = build(inner) if build is not None and isinstance(inner, tuple) else None
    if not isinstance(made, StoredTensor) or not isinstance(kind, Global):
        return Inert(kind if isinstance(kind, Global) else Global("pickle", "object"), (inner, state))
    _restated(made, state)
    states = state if isinstance(state, tuple) else (state,)
    local = next((part["_local_tensor"] for part in states if isinstance(part, dict) and "_local_tensor" in part), None)
    if kind.name == "DTensor" and isinstance(local, StoredTensor):
        if local.shape == made.shape:
            return local
        return replace(made, refusal=f"DTensor: a part {list(local.shape)} of a distributed tensor; not read")
    if kind.module.startswith("torchao.") and (parts := _codes_and_scales(made, states)):
        return Inert(kind, attributes=parts)
    plain = kind.path in ("torch.Tensor", "torch._tensor.Tensor", "torch.nn.parameter.Parameter", "torch.nn.Parameter")
    return made if plain or made.refusal else replace(made, storage=None, refusal=f"{kind.name[:60]}: not read")


def _codes_and_scales(whole: StoredTensor, states: tuple[Any, ...]) -> dict[str, Any]:
    """The tensors inside a quantised tensor of torchao that has one code a number; empty for any other.

    ``act_pre_scale`` multiplies the inputs: with it the weight is not the whole of the layer.
    """
    state = next((part for part in states if isinstance(part, dict)), {})
    codes, names = state.get("qdata"), ("qdata", "scale", "zero_point")
    alike = isinstance(codes, StoredTensor) and codes.shape == whole.shape and codes.dtype in _ONE_CODE_A_NUMBER
    usable = alike and isinstance(state.get("scale"), StoredTensor) and state.get("act_pre_scale") is None
    return {name: state[name] for name in names if isinstance(state.get(name), StoredTensor)} if usable else {}


def distributed(value: Inert) -> StoredTensor | None:
    """An object that stands for a tensor that several machines hold, named as what it is; None for any other object."""
    if value.kind.module.startswith("torch.distributed") and value.kind.name in ("ShardedTensor", "DTensor"):
        why = f"{value.kind.name}: parts of a tensor that several ranks hold; not read"
        return StoredTensor("float32", (), refusal=why)
    return None


BUILDS: Mapping[str, Build] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": lambda args: args[0],
    "torch._utils._rebuild_parameter_with_state": lambda args: _restated(args[0], args[3]),
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": lambda args: args[0],
    "torch._utils._rebuild_qtensor": _quantised,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_sparse_csr_tensor": _sparse,
    "torch._utils._rebuild_meta_tensor_no_storage": _meta,
    "torch._utils._rebuild_wrapper_subclass": _wrapper,
    "torch._utils._rebuild_nested_tensor": _nested,
    "torch._tensor._rebuild_from_type_v2": _typed,
    "torch.Size": lambda args: sizes(args[0]),
}
"""What plays the callables of PyTorch that make tensors."""

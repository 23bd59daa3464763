"""Names of tensors without what wrappers of a module, and other libraries, put into them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")

# torch.compile, FSDP and activation checkpointing put a part of their own into a name, at any depth.
_INFIX = re.compile(r"(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_fpw_module)(?=\.)")
_PATH = re.compile(r"/?(?P<path>[\w-][\w.-]*(/[\w-][\w.-]*)*)(:\d+)?", re.ASCII)  # other text with a slash is no path
_DATA_PARALLEL = "module."
COUNTERS = frozenset({"n_averaged"})  # torch.optim.swa_utils.AveragedModel keeps it beside ``module.*``


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """The plain name by the stored one. Names that would become the same stay as they are.

    Dots separate the parts of a plain name (JAX and TensorFlow have slashes), the number of a TensorFlow output is
    left out, and so is what wrappers add. The prefix of data parallelism goes only where every tensor has it.

    >>> plain_names(["model._orig_mod.fc.weight", "dense/kernel:0"])
    {'model._orig_mod.fc.weight': 'model.fc.weight', 'dense/kernel:0': 'dense.kernel'}
    >>> plain_names(["n_averaged", "module.fc.weight"])["module.fc.weight"]
    'fc.weight'
    """
    plain = {name: _without_infixes(dotted(name)) for name in names}
    while True:
        wrapped = [name for name, shown in plain.items() if shown not in COUNTERS]
        if not wrapped or not all(plain[name].startswith(_DATA_PARALLEL) for name in wrapped):
            break
        plain |= {name: _without_infixes(plain[name].removeprefix(_DATA_PARALLEL)) for name in wrapped}
    often = Counter(plain.values())
    return {name: name if often[shown] > 1 else shown for name, shown in plain.items()}


def renamed(tensors: Mapping[str, T], plain: Mapping[str, str]) -> dict[str, T]:
    """The tensors under their plain names, in the same order."""
    return {plain[name]: tensor for name, tensor in tensors.items()}


def dotted(name: str) -> str:
    """The name with dots between its parts, and without the number of a TensorFlow output.

    >>> dotted("model/dense_1/kernel:0"), dotted("fc.weight"), dotted("a path / of sorts")
    ('model.dense_1.kernel', 'fc.weight', 'a path / of sorts')
    """
    plain = _PATH.fullmatch(name)
    return plain["path"].replace("/", ".") if plain else name


def _without_infixes(name: str) -> str:
    stripped = _INFIX.sub("", name)
    return stripped if stripped == name else stripped.removeprefix(".") or name

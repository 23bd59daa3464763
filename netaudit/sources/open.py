"""From what a user names to a network: one explicit list, in one order."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.files import is_a
from netaudit.formats import folder, table
from netaudit.near import near
from netaudit.network.network import Network, Progress
from netaudit.sources.hubs import hub_names, registered, zoo
from netaudit.sources.missing import called
from netaudit.sources.named import open_named
from netaudit.sources.planners.choices import UNSAID, Choices
from netaudit.sources.tensor_file import Found, fetched, local, open_found
from netaudit.sources.weights import locate, open_weights
from netaudit.text import folder_name, names, printable

if TYPE_CHECKING:
    from torch import nn


KINDS = ("zoo", "torchvision", "timm")  # the prefixes that settle a clash, in the order in which names are looked up


def open_network(
    target: str | Path | nn.Module | Mapping[str, Any],
    *,
    weights: str | Path | None = None,
    pretrained: bool = True,
    progress: Progress | None = None,
    choices: Choices = UNSAID,
    base: str | Path | None = None,
    example: Any = None,
) -> Network:
    """Open what a user names, without reading a layer.

    In this order: a module or a state dict; a file, or anything with a separator or a known suffix (a path, which may
    be a folder's); a bundled network; a name of torchvision; a name of timm; last a folder without a separator.
    ``zoo:``, ``torchvision:`` and ``timm:`` settle a clash, and have the library itself asked; ``hf:OWNER/NAME`` is a
    repository of the Hugging Face hub. Named architectures get their published weights, fetched once into the
    library's cache. A file with a card beside it, as ``netaudit train``
    writes them, has its architecture and its sample from there.

    Args:
        target: the name, path, module or state dict.
        weights: a state dict for a named architecture instead of its published weights.
        pretrained: False to plan only: no weights are read or fetched, and reading a layer raises.
        progress: told how far a download is, as ``progress(message, bytes done, bytes in all)``.
        choices: what the user says of a file or a state dict whose network is not known.
        base: the model that the target, an adapter, is added to: anything that has a name or a path.
        example: an input that a module takes: a tensor, a tuple of positional arguments, a dict of named ones.

    Raises:
        SourceError: nothing has that name (the closest ones are hinted at), or it could not be fetched or read.
        UnsafeFileError: a file asks for something a weights file has no business asking for.
    """
    kind, name = _look_up(target) if isinstance(target, str) else ("file", "")
    held = kind in ("file", hub_names.PREFIX)
    if held and weights is not None:
        raise SourceError(
            "--weights goes with the name of an architecture", hint="for instance: alexnet --weights FILE"
        )
    if base is not None:
        if not held or not isinstance(target, (str, Path)):
            raise SourceError("--base goes with the file of an adapter", hint="for instance: lora/ --base FILE")
        return _on_base(_found(kind, target, progress), base, choices, pretrained, progress)
    if not held and choices.given:
        raise SourceError(f"{choices.given} goes with a file or a state dict: of {name} the architecture is known")
    if not isinstance(target, (str, Path)):
        from netaudit.sources.memory import open_memory

        return open_memory(target, choices, example)
    if example is not None:
        raise SourceError("example= goes with a module: of anything else no forward pass is recorded")
    if held:
        return open_found(_found(kind, target, progress), choices)
    file = None if weights is None else open_weights(Path(weights))
    return open_named(kind, name, file, pretrained=pretrained, progress=progress)


def _found(kind: str, target: str | Path, progress: Progress | None) -> Found:
    if kind == hub_names.PREFIX:
        return fetched(str(target).partition(":")[2], progress)
    return local(Path(target))


def _on_base(
    adapter: Found, base: str | Path, choices: Choices, pretrained: bool, progress: Progress | None
) -> Network:
    from netaudit.sources.on_base import on_file, on_named

    kind, name = _look_up(base) if isinstance(base, str) else ("file", "")
    if kind in ("file", hub_names.PREFIX):
        return on_file(adapter, _found(kind, base, progress), choices)
    if choices.given:
        raise SourceError(f"{choices.given} goes with a base that is a file: of {name} the architecture is known")
    return on_named(adapter, kind, name, pretrained=pretrained, progress=progress)


def _is_path(target: str) -> bool:
    if target.partition(":")[0] in (*KINDS, hub_names.PREFIX):
        return False
    separated = any(separator in target for separator in (os.sep, os.altsep, "/") if separator)
    return (
        separated
        or target in (os.curdir, os.pardir)
        or target.lower().endswith(table.suffixes())
        or is_a(Path.is_file, Path(target))
    )


def require(target: str) -> None:
    """What can be said of a target before a library is loaded.

    Raises:
        SourceError: nothing has that name, there is no such file, or it is an address on the web.
    """
    if _look_up(target)[0] == "file":
        locate(Path(target))


def report_folder(target: str, base: str | None = None, weights: Path | None = None) -> str:
    """What the folder of a target's report is called: the name without its prefix or suffix, safe in a path.

    A file that lies elsewhere goes by its folder's name and its own, so that files of one name have a report each;
    one of a name that says nothing of the model (``pytorch_model.bin``) by its folder's alone.

    >>> report_folder("zoo:mnist-mlp"), report_folder("my net.ckpt"), report_folder("llama/pytorch_model.bin")
    ('mnist-mlp', 'my-net', 'llama')
    >>> report_folder("run1/last.ckpt"), report_folder("hf:org/net"), report_folder("lora.safetensors", "alexnet")
    ('run1-last', 'org--net', 'lora--on--alexnet')
    >>> report_folder("alexnet", weights=Path("mine.pt"))
    'alexnet--with--mine'
    """
    if weights is not None:
        return f"{report_folder(target, base)}--with--{report_folder(str(weights))}"
    if base is not None:
        return f"{report_folder(target)}--on--{report_folder(base)}"
    prefix, _, rest = target.partition(":")
    if prefix == hub_names.PREFIX:
        return hub_names.report_folder(rest)
    if prefix in KINDS:
        return folder_name(rest)
    path = Path(target)
    name = table.without_suffix(path.name)
    if name == path.name:
        return folder_name(name)
    lies_in = path.absolute().parent.resolve()
    above = path.parent.name if path.parent.name not in ("", "..") else lies_in.name
    if name.lower() in folder.USUAL:
        return folder_name(above)
    return folder_name(name if lies_in == Path.cwd() else f"{above}-{name}")


def _look_up(target: str) -> tuple[str, str]:
    """A path, else the first that knows the name; without a prefix no library is imported for it."""
    if not target.strip():
        raise SourceError("the name of the target is empty", hint="`netaudit .` audits the folder that you are in")
    prefix, _, rest = target.partition(":")
    if prefix == hub_names.PREFIX:
        hub_names.split(rest)
        return hub_names.PREFIX, rest
    if re.match(r"[a-z][a-z0-9+]*://", target, re.IGNORECASE):
        if prefix.lower() == "file":
            raise SourceError(f"{printable(target, 200)}: a URL", hint="name the file by its path, without file://")
        on_hub = hub_names.in_address(target)
        raise SourceError(
            f"{printable(target, 200)}: an address on the web, and netaudit fetches no URL",
            hint=f"{on_hub} fetches that repository" if on_hub else "download the file, and name it",
        )
    if hub_names.could_be(target) and not os.path.lexists(target) and not target.lower().endswith(table.suffixes()):
        raise SourceError(
            f"{printable(target, 200)}: no such file or directory",
            hint=f"a repository of the Hugging Face hub has a prefix: hf:{printable(target, 200)}",
        )
    if (name := table.without_suffix(target)) in zoo.bundled() and name != target and not os.path.lexists(target):
        raise SourceError(f"{target}: no such file or directory", hint=f"a bundled network has no suffix: {name}")
    if _is_path(target):
        return "file", target
    kinds, name = ((prefix,), rest) if prefix in KINDS else (KINDS, target)
    ask = len(kinds) == 1
    for kind in kinds:
        if name in zoo.bundled() if kind == "zoo" else registered.knows(kind, name, ask=ask):
            return kind, name
    if is_a(Path.is_dir, Path(target)):
        return "file", target
    known = (zoo.bundled() if kind == "zoo" else registered.names(kind, ask=ask) for kind in kinds)
    close = near(name, chain.from_iterable(known))
    shown, alike = printable(name, 80), [f"close to it: {', '.join(close)}"] if close else []
    if prefix in KINDS:
        raise SourceError(f"no {prefix} model is called '{shown}'", hint=alike)
    here = called(name)
    hints = [f"this folder has {names(here)}"] if here else alike
    hint = (*hints, f"a file needs a suffix, or a separator before its name; netaudit reads {table.readable()}")
    what = "no bundled network, torchvision or timm model is called"
    raise SourceError(f"{what} '{shown}', and there is no such file", hint=hint)

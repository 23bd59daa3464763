"""Which file of a folder holds the weights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from netaudit.errors import SourceError
from netaudit.files import in_words, is_a
from netaudit.formats import subfolders, table
from netaudit.formats.slices import JOIN, PARAMS, slices_among
from netaudit.text import names as shown_names
from netaudit.text import printable

# As the Hugging Face hub has them. A single file beside an index is often a copy in another precision: the index comes
# first. Beside a .bin others are usual (training_args.bin, optimizer.bin), so that one of another name may be anything.
_SAFETENSORS = ("model.safetensors.index.json", "model.safetensors")
_PYTORCH = ("pytorch_model.bin.index.json", "pytorch_model.bin", "adapter_model.bin")
_OTHERS = ("diffusion_pytorch_model", "consolidated", "consolidated.00", "adapter_model", "flax_model", "tf_model")
USUAL = frozenset((*map(table.without_suffix, (*_SAFETENSORS, *_PYTORCH)), *_OTHERS))
"""Names without a suffix that a model's file has by convention, whatever the model: the folder's name says more."""
_INDEX = ".safetensors.index.json"
_CACHED = re.compile(r"models--.+")
BARE = re.compile(r"[A-Za-z0-9_][\w.+-]{0,200}", re.ASCII)
"""The name of a file, without a folder, that may be fetched."""


def weights_in(folder: Path) -> Path:
    """The index of shards in a folder, else its one .safetensors file; of several, the usual name.

    Without any, a ``pytorch_model.bin`` or the index of its shards, else the one file of another format that stands
    alone. A folder of the Hugging Face hub's cache stands for the snapshot to which its ``refs/main`` points.

    Raises:
        SourceError: none, several, slices of a model-parallel run, or a folder that cannot be listed.
    """
    folder = snapshot(folder) or folder
    shown = printable(str(folder))
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise SourceError(f"{shown}: {in_words(error)}") from error

    found = candidates(names)
    if len(found) == 1:
        return folder / found[0]
    if not found and PARAMS in names and (sliced := [name for name in names if slices_among(names, like=name)]):
        return folder / sliced[0]
    if not found and (whole := subfolders.of_many_files(names)):
        raise SourceError(f"{shown}: {whole[0]}", hint=whole[1])
    inner = [] if found else subfolders.holding_weights(folder)
    if not found and slices_among(names):
        what = f"{shown}: a folder with slices of a model-parallel checkpoint, not a whole model"
        raise SourceError(what, hint=f"name one, and all are joined where that can be: {inner[0]}" if inner else JOIN)
    read = [known for known in table.FORMATS if known.open]
    alone = [suffix for known in read if known.alone for suffix in known.suffixes if _ending(names, suffix)]
    kind = "indices of shards" if _ending(names, _INDEX) else f"{' or '.join(alone)} files and no index"
    what = f"with {len(found)} {kind}" if found else "without a weights file of a known name"
    single = [suffix for known in read if not (known.alone or known.index) for suffix in known.suffixes]
    files = [*found, *subfolders.weights_among(_ending(names, *single))]
    if files and not inner:
        hint = f"name one file in it: {subfolders.shown(files)}"
    elif inner:
        hint = f"name what holds them, in it: {subfolders.shown([*inner, *files])}"
    else:
        only = f", only {shown_names(names)}" if names else ""
        hint = f"it holds none{only}; netaudit reads {table.readable()}"
    raise SourceError(f"{shown}: a folder {what}", hint=hint)


def candidates(names: Sequence[str]) -> list[str]:
    """Of the names in a folder those that stand for its model: one where it is clear, several where it is not."""

    def usual(known: tuple[str, ...]) -> list[str]:
        return [name for name in known if name in names][:1]

    usually = usual(_SAFETENSORS) or _ending(names, _INDEX) or _ending(names, ".safetensors") or usual(_PYTORCH)
    alone = [known for known in table.FORMATS if known.open and known.alone]
    return usually or next((found for known in alone if (found := _ending(names, *known.suffixes))), [])


def _ending(names: Sequence[str], *suffixes: str) -> list[str]:
    return [name for name in names if name.lower().endswith(suffixes)]


def revision(file: Path) -> str | None:
    """The commit of a file in the Hugging Face hub's cache, ``models--OWNER--NAME/snapshots/COMMIT/...``."""
    parts = file.absolute().parts
    for place in range(len(parts) - 3):
        if _CACHED.fullmatch(parts[place]) and parts[place + 1] == "snapshots":
            return parts[place + 2]
    return None


def snapshot(folder: Path, revision: str = "main") -> Path | None:
    """The snapshot that a folder of the hub's cache stands for; None for any other folder.

    ``revision`` is a branch, a tag or a commit.

    Raises:
        SourceError: there is none, or there are several and no ``refs/main``.
    """
    snapshots = folder / "snapshots"
    if not _CACHED.fullmatch(folder.resolve().name) or not is_a(Path.is_dir, snapshots):
        return None
    shown = printable(str(folder))
    try:
        names = sorted(path.name for path in snapshots.iterdir())
        ref = folder / "refs" / revision
        wanted = ref.read_text("ascii")[:100].strip() if is_a(Path.is_file, ref) else ""
    except (OSError, ValueError) as error:
        raise SourceError(f"{shown}: {in_words(error) if isinstance(error, OSError) else 'a damaged cache'}") from error
    wanted = wanted or (revision if revision in names else "")
    if wanted in names or (not wanted and len(names) == 1 and revision == "main"):
        return snapshots / (wanted or names[0])
    shown_ref = f"refs/{printable(revision, 60)}"
    what = (
        f"{shown_ref} points to {printable(wanted, 60)}, which is not there" if wanted else f"there is no {shown_ref}"
    )
    hint = f"name one snapshot: {', '.join(printable(name, 60) for name in names[:3])}" if names else "fetch it again"
    raise SourceError(f"{shown}: a cache of the Hugging Face hub, and {what}", hint=hint)

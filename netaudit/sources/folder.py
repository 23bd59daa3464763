"""Which file of a folder holds the weights."""

from __future__ import annotations

from pathlib import Path

from netaudit.errors import SourceError
from netaudit.names import printable
from netaudit.sources.weights import CHECKPOINTS, INDEX, READ, SAFETENSORS, in_words

# As the Hugging Face hub has them, in the order in which transformers looks for them.
_USUAL = (f"model{SAFETENSORS}", f"model{INDEX}")


def weights_in(folder: Path) -> Path:
    """The index of shards in a folder, else its one .safetensors file; of several, the one with the usual name.

    Raises:
        SourceError: none, several, or a folder that cannot be listed.
    """
    shown = printable(str(folder))
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise SourceError(f"{shown}: {in_words(error)}") from error
    indices = [name for name in names if name.lower().endswith(INDEX)]
    files = [name for name in names if name.lower().endswith(SAFETENSORS)]
    found = [name for name in _USUAL if name in names][:1] or indices or files
    if len(found) == 1:
        return folder / found[0]
    kind = "indices of shards" if indices else f"{SAFETENSORS} files and no index"
    what = f"with {len(found)} {kind}" if found else f"without {SAFETENSORS} files"
    others = [name for name in names if name.lower().endswith(CHECKPOINTS)]
    shown_names = ", ".join(printable(name, 80) for name in [*found, *others][:5])
    hint = f"name one file in it: {shown_names}" if shown_names else f"it holds none that can be named: {READ}"
    raise SourceError(f"{shown}: a folder {what}", hint=hint)

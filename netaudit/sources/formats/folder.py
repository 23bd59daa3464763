"""Which file of a folder holds the weights."""

from __future__ import annotations

from pathlib import Path

from netaudit.errors import SourceError
from netaudit.sources.weights import CHECKPOINTS, INDEX, READ, SAFETENSORS, in_words
from netaudit.text import printable

# As the Hugging Face hub has them, in the order in which transformers looks for them. Beside a .bin others are usual
# (training_args.bin, optimizer.bin), so that one of another name may be anything.
_USUAL = (f"model{SAFETENSORS}", f"model{SAFETENSORS}{INDEX}")
_USUAL_BIN = ("pytorch_model.bin", f"pytorch_model.bin{INDEX}")


def weights_in(folder: Path) -> Path:
    """The index of shards in a folder, else its one .safetensors file; of several, the one with the usual name.

    Without any, a ``pytorch_model.bin`` or the index of its shards.

    Raises:
        SourceError: none, several, or a folder that cannot be listed.
    """
    shown = printable(str(folder))
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise SourceError(f"{shown}: {in_words(error)}") from error

    def ending(*suffixes: str) -> list[str]:
        return [name for name in names if name.lower().endswith(suffixes)]

    def usual(known: tuple[str, ...]) -> list[str]:
        return [name for name in known if name in names][:1]

    found = usual(_USUAL) or ending(f"{SAFETENSORS}{INDEX}") or ending(SAFETENSORS) or usual(_USUAL_BIN)
    if len(found) == 1:
        return folder / found[0]
    kind = "indices of shards" if ending(INDEX) else f"{SAFETENSORS} files and no index"
    what = f"with {len(found)} {kind}" if found else "without a weights file of a known name"
    shown_names = ", ".join(printable(name, 80) for name in [*found, *ending(*CHECKPOINTS)][:5])
    hint = f"name one file in it: {shown_names}" if shown_names else f"it holds none that can be named: {READ}"
    raise SourceError(f"{shown}: a folder {what}", hint=hint)

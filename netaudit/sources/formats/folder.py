"""Which file of a folder holds the weights."""

from __future__ import annotations

from pathlib import Path

from netaudit.errors import SourceError
from netaudit.files import in_words
from netaudit.sources.formats import table
from netaudit.text import printable

# As the Hugging Face hub has them, in the order in which transformers looks for them. Beside a .bin others are usual
# (training_args.bin, optimizer.bin), so that one of another name may be anything.
_SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
_PYTORCH = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_OTHERS = ("diffusion_pytorch_model", "consolidated", "consolidated.00", "adapter_model", "flax_model", "tf_model")
USUAL = frozenset((*map(table.without_suffix, (*_SAFETENSORS, *_PYTORCH)), *_OTHERS))
"""Names without a suffix that a model's file has by convention, whatever the model: the folder's name says more."""
_INDEX = ".safetensors.index.json"


def weights_in(folder: Path) -> Path:
    """The index of shards in a folder, else its one .safetensors file; of several, the usual name.

    Without any, a ``pytorch_model.bin`` or the index of its shards, else the one file of another format that stands
    alone.

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

    read = [known for known in table.FORMATS if known.open]
    alone = [suffix for known in read if known.alone for suffix in known.suffixes if ending(suffix)]
    usually = usual(_SAFETENSORS) or ending(_INDEX) or ending(".safetensors") or usual(_PYTORCH)
    candidates = usually or next((found for known in read if known.alone and (found := ending(*known.suffixes))), [])
    if len(candidates) == 1:
        return folder / candidates[0]
    kind = "indices of shards" if ending(_INDEX) else f"{' or '.join(alone)} files and no index"
    what = f"with {len(candidates)} {kind}" if candidates else "without a weights file of a known name"
    single = [suffix for known in read if not (known.alone or known.index) for suffix in known.suffixes]
    shown_names = ", ".join(printable(name, 80) for name in [*candidates, *ending(*single)][:5])
    hint = f"name one file in it: {shown_names}" if shown_names else f"it holds none; netaudit reads {table.readable()}"
    raise SourceError(f"{shown}: a folder {what}", hint=hint)

"""Look-up tables and masks among 2-D weights, told by their names; and the user's word against a name."""

from __future__ import annotations

import re

from netaudit.network import globs as of_names
from netaudit.sources.planners.choices import Choices

_TABLE = re.compile(
    r"embed|(^|_)emb($|_)|^w[tp]e$|position|(^|_)pos($|_)|token|^shared$|relative_attention_bias|rel_pos|"
    r"(^|_)(quer(y|ies)_(feat|pos)|label_enc|codebooks?|code_book|(user|item)_factors?|lookup)($|_)",
    re.IGNORECASE,
)
_MASK = re.compile(r"(^|.*_)masks?", re.IGNORECASE)
# Called after what they project or mix, and fully connected.
_LAYER = re.compile(r"embed_out|(.*_)?(proj|projs|projection|projector|mixer|mixing)_?\d*", re.IGNORECASE)


def table_by_name(key: str, choices: Choices) -> str | None:
    """Why a tensor is a table or a mask by its name, or its module's; None for one that may be a layer.

    Numbers say nothing, so of ``embed.0.weight`` it is ``embed``. The user's globs, of tensors or of their modules,
    have the last word.
    """
    if matches(key, choices.not_layer):
        return "not a layer, by --not-layer"
    if matches(key, choices.as_layer):
        return None
    *modules, last = key.split(".")
    parts = [*[part for part in modules if not part.isdigit()][-1:], last]
    if any(_MASK.fullmatch(part) for part in parts):
        return "mask, by its name"
    if any(_TABLE.search(part) and not _LAYER.fullmatch(part) for part in parts):
        return "embedding or another table, by its name"
    return None


def matches(key: str, globs: tuple[str, ...]) -> bool:
    """Whether a glob names the tensor or its layer."""
    if not globs:
        return False
    layer = key.removesuffix(".weight").removesuffix(".kernel")
    return of_names.matches(key, globs) or of_names.matches(layer, globs)

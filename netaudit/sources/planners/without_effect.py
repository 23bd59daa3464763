"""What a user says of a file, and what changes nothing: a wish that cannot be granted is refused, never ignored."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netaudit.errors import SourceError
from netaudit.near import near
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.choices import Choices
from netaudit.sources.planners.tables import matches
from netaudit.text import names, printable


def refuse_without_effect(
    choices: Choices, tensors: Collection[str], entries: Sequence[LayerSpec | SkippedLayer]
) -> None:
    """Look for a glob of ``--as-layer`` or ``--not-layer`` that names no tensor, or none that can be a layer.

    Args:
        choices: what the user says.
        tensors: the names of all tensors.
        entries: what has become of them.

    Raises:
        SourceError: there is such a glob.
    """
    for option, glob in choices.globs:
        if not any(matches(key, (glob,)) for key in tensors):
            modules = list(dict.fromkeys(key.removesuffix(".weight").removesuffix(".kernel") for key in tensors))
            close = near(glob, modules)
            hint = f"close to it: {names(close)}" if close else f"there are: {names(modules, 8)}"
            raise SourceError(f"{option} {printable(glob, 80)} matches no tensor", hint=hint)
        if option == "--as-layer" and not any(isinstance(entry, LayerSpec) and _is(entry, glob) for entry in entries):
            skipped = (f": {entry.reason}" for entry in entries if isinstance(entry, SkippedLayer) and _is(entry, glob))
            why = printable(next(skipped, ""), 200)
            raise SourceError(
                f"{option} {printable(glob, 80)} matches nothing that can be audited{why}",
                hint="a fully connected layer is a matrix of floating-point numbers, or a convolution of kernel size 1",
            )


def _is(entry: LayerSpec | SkippedLayer, glob: str) -> bool:
    return any(matches(name, (glob,)) for name in (entry.name, f"{entry.name}.weight", getattr(entry, "weight", "")))

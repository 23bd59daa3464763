"""Which arrays of an HDF5 file Keras takes for the weights of a model.

Keras (``legacy_h5_format.py``) looks into ``model_weights`` where there is such a group, and of the group of a layer it
takes the arrays that the attribute ``weight_names`` lists. What an array is called says nothing to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netaudit.formats.hdf5 import Contents, Dataset

_MODEL = "model_weights/"


def is_optimiser(path: str) -> bool:
    """Whether a path leads to what the optimiser keeps."""
    return path.partition("/")[0] in ("optimizer", "optimizer_weights")


def as_keras_takes(contents: Contents) -> Iterator[Dataset]:
    """The arrays, refused where Keras would not take them: it goes by a layer's list of weights, and not by names."""
    whole = any(array.path.startswith(_MODEL) for array in contents.datasets)
    listed = {group: frozenset(names) for group, names in contents.listed.items()}
    for array in contents.datasets:
        groups = array.path.split("/")
        within = ["/".join(groups[:number]) for number in range(1, len(groups))]
        owner = next((group for group in within if group in listed), None)
        why = array.refusal
        if is_optimiser(array.path):
            pass
        elif whole and not array.path.startswith(_MODEL):
            why = why or "lies beside model_weights, where Keras does not look"
        elif owner is not None and array.path.removeprefix(f"{owner}/") not in listed[owner]:
            why = why or "is none of the weights that its layer lists"
        yield replace(array, refusal=why)

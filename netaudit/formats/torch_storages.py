"""What stands in the index of a file of PyTorch for a storage: a persistent id. Nothing here loads PyTorch.

``torch.load`` reads a storage where its name comes first, and takes what it read for every later persistent id of that
name, whatever that one declares. So a name that is declared in two ways is refused: its numbers would be read in one
way by PyTorch, and in another by a reader that believes each declaration.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netaudit.formats.inert_object import Global, MalformedError, RefusedError
from netaudit.formats.stored_tensor import ITEMSIZE, STORAGES, Storage

_LARGEST = 2**62


class Storages:
    """Gives what a persistent id stands for, and keeps what was declared."""

    def __init__(self) -> None:
        self.declared: dict[str, Storage] = {}
        """The storages, and the views of them, by their own names: each whole storage, or the view."""
        self.records: dict[str, Storage] = {}
        """The last declaration of each storage, by its key."""

    def __call__(self, key: Any) -> Any:
        """A storage, or of the class of a module that class.

        ``("storage", class, key, location, count)``, in files before PyTorch 1.6 with ``(name, offset, count)`` of a
        view or None behind, or ``("module", class, file, source)``.

        Raises:
            MalformedError: it is neither, or a storage that was declared in another way before.
        """
        if isinstance(key, tuple) and len(key) == 4 and key[0] == "module":
            return key[1]
        if not isinstance(key, tuple) or len(key) not in (5, 6) or key[0] != "storage":
            raise MalformedError("a persistent id of no storage")
        kind, name = key[1], key[2]
        if not isinstance(kind, Global) or not isinstance(name, str):
            raise MalformedError("a persistent id of no storage")
        dtype = STORAGES.get(kind.name.removesuffix("Storage"))
        if dtype is None or kind.module not in ("torch", "torch.storage", "torch.cuda"):
            raise MalformedError("a storage of an unknown kind")
        whole = self._once(name, Storage(name, dtype, size(key[4])))
        view = key[5] if len(key) == 6 else None
        if view is None:
            found = whole
        elif isinstance(view, tuple) and len(view) == 3 and isinstance(view[0], str):
            start, count = size(view[1]) * ITEMSIZE[dtype], size(view[2])
            found = self._once(view[0], replace(whole, count=count, skipped=start, whole=whole.nbytes))
        else:
            raise MalformedError("a view of no storage")
        if found.skipped + found.nbytes > found.record:
            raise MalformedError("a view beyond its storage")
        self.records[found.key] = found
        return found

    def _once(self, name: str, storage: Storage) -> Storage:
        if self.declared.setdefault(name, storage) != storage:
            raise RefusedError("a storage that is declared in two ways")
        return storage


def size(value: Any) -> int:
    """A number of elements.

    Raises:
        MalformedError: it is none.
    """
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise MalformedError("a size that is none")
    return value

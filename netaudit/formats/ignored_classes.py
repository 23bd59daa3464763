"""Which of the classes that a pickle names were ignored, for the note that says so."""

from __future__ import annotations

from netaudit.formats.inert_object import PLAIN, Global
from netaudit.formats.stored_tensor import ITEMSIZE, STORAGES
from netaudit.formats.torch_objects import BUILDS

_EXPECTED = frozenset(
    f"{module}.{name}"
    for module, names in (
        ("numpy", ("dtype", "ndarray")),
        *((f"numpy.{core}.multiarray", ("scalar", "_reconstruct")) for core in ("core", "_core")),
        *((f"numpy.{core}.numeric", ("_frombuffer",)) for core in ("core", "_core")),
        *((path, ("PosixPath", "WindowsPath", "PurePosixPath")) for path in ("pathlib", "pathlib._local")),
        ("torch", ("device", "Tensor", "per_tensor_affine", "per_channel_affine")),
        *(
            ("torch.serialization", ("_get_layout",)),
            ("torch.storage", ("_load_from_bytes",)),
            ("torch.nn.parameter", ("Parameter",)),
        ),
        *(("argparse", ("Namespace",)), ("copyreg", ("_reconstructor",)), ("builtins", ("object",))),
    )
    for name in names
)
"""What training scripts keep beside the weights, and what is said of tensors: no class of it is missed."""


def classes(named: tuple[Global, ...]) -> list[str]:
    """The classes and functions that a pickle names and that were ignored; not those that are played or expected."""
    played = {*PLAIN, *BUILDS, *_EXPECTED}
    kinds = {f"{module}.{kind}Storage" for module in ("torch", "torch.storage", "torch.cuda") for kind in STORAGES}
    dtypes = {f"torch.{name}" for name in ITEMSIZE}
    return [one.path for one in named if one.path not in played | kinds | dtypes]

"""Files that people mistake for weights, or whose format is not read: named by content, with what to do about them."""

from __future__ import annotations

from collections.abc import Callable

from netaudit.formats.format import Beginning, Format

Sniff = Callable[[Beginning], bool]


def starts(*signatures: bytes, at: int = 0) -> Sniff:
    """A file that holds one of the signatures at an offset."""
    return lambda file: file.head.startswith(signatures, at)


def text_starts(*words: str) -> Sniff:
    """A text file that begins with one of the words, in lower case."""
    return lambda file: file.text.startswith(words)


def zipped(*endings: str) -> Sniff:
    """A zip file with a record whose name has one of the endings."""
    return lambda file: any(name.endswith(endings) for name in file.zip_names or ())


def by_name(file: Beginning) -> bool:
    """A format without a signature: only its suffix tells."""
    return False


_EXPORT = "pass torch.export.load(FILE) to netaudit.audit, or save its state_dict with torch.save or safetensors"
_SAVE = "save its state dict with torch.save(model.state_dict(), FILE), or with safetensors"
_CONVERT = "convert it to safetensors, or pass its arrays as a state dict to netaudit.audit"
_UNPACK = "unpack it, and name the weights file in it"

# (name, suffixes, how it is told, what such a file is, what to do); the first that tells a file has it.
_ROWS: tuple[tuple[str, tuple[str, ...], Sniff, str, str], ...] = (
    ("TensorFlow graph", (".pb",), by_name, "a TensorFlow graph", _CONVERT),
    ("TensorFlow checkpoint", (".index",), by_name, "the index of a TensorFlow checkpoint", _CONVERT),
    ("TensorFlow Lite", (".tflite",), starts(b"TFL3", at=4), "a TensorFlow Lite model", _CONVERT),
    ("Core ML", (".mlmodel",), by_name, "a Core ML model", _CONVERT),
    ("joblib", (".joblib",), by_name, "a file of joblib, which may run code when it is loaded", _SAVE),
    ("Torch7", (".t7",), by_name, "a file of Torch7 (Lua)", "load it in Lua, or with torchfile, and save its arrays"),
    (
        *("torch.export", (".pt2",), zipped("archive_format", "serialized_exported_program.json")),
        *("a program of torch.export", _EXPORT),
    ),
    ("tar", (".tar",), by_name, "a tar archive", _UNPACK),
    ("zip", (".zip",), starts(b"PK\x03\x04"), "a zip file, but not one of torch.save (it has no data.pkl)", _UNPACK),
    (
        *("compressed file", (".gz", ".xz", ".zst", ".bz2")),
        starts(b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"BZh"),
        *("a compressed file", "unpack it first"),
    ),
    (
        *("Git LFS pointer", (), text_starts("version https://git-lfs.github.com/spec/")),
        *("a Git LFS pointer, which stands for the file", "`git lfs pull` in its repository fetches the file itself"),
    ),
    (
        *("web page", (".html", ".htm"), text_starts("<!doctype html", "<html", "<?xml")),
        *("a web page, not a weights file", "the download gave a page in its place: a login, or an error"),
    ),
    ("JSON", (".json",), text_starts("{", "["), "a JSON file, but not an index of shards", "name the weights file"),
)

UNREAD = tuple(Format(name, suffixes, sniff, reason=what, hint=hint) for name, suffixes, sniff, what, hint in _ROWS)

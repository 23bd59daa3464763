"""Files of torch.save: zip files since PyTorch 1.6, a row of pickles before, tar archives before 0.4 (refused)."""

from __future__ import annotations

from pathlib import Path

from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.weights_file import WeightsFile


def sniff(file: Beginning) -> bool:
    """A zip file with a ``data.pkl`` (or a damaged one, which is then named as that), a pickle, or a tar archive."""
    if file.zip_names is not None:
        return not file.zip_names or any(name.rpartition("/")[2] == "data.pkl" for name in file.zip_names)
    pickled = file.head[:1] == b"\x80" and file.head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    return pickled or file.head[257:262] == b"ustar"


def _open(path: Path, open_file: OpenFile) -> WeightsFile:
    from netaudit.formats.torch_save import open_checkpoint

    return open_checkpoint(path)


FORMAT = Format("PyTorch", (".pt", ".pth", ".bin", ".ckpt", ".th", ".pkl", ".pickle", ".pth.tar", ".jit"), sniff, _open)

"""The table of formats: files told by content, what is said of those that are not read, and what is derived from it."""

from __future__ import annotations

import ast
import gzip
import io
import json
import os
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import netaudit
from netaudit.cli.main import main
from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import table
from netaudit.formats.format import Beginning, Format
from netaudit.sources.open import open_network, report_folder
from netaudit.sources.weights import open_weights

STATE = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.zeros(2)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for name, tensor in open_weights(path).declared.items()}


@pytest.mark.parametrize("name", ["model.bin", "net.pt", "net.onnx", "net.gguf", "net.h5", "net", "net.unknown"])
def test_a_safetensors_file_is_one_whatever_its_name(here: Path, name: str) -> None:
    save_file(STATE, here / name)
    assert shapes(here / name) == {"fc.bias": (2,), "fc.weight": (2, 3)}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "name", ["weights.safetensors", "checkpoint", "best.pth.tar", "net.th", "net.model", "net.pkl", "net.npz", "net.t7"]
)
def test_a_file_of_torch_save_is_one_whatever_its_name(here: Path, name: str, legacy: bool) -> None:
    torch.save(STATE, here / name, _use_new_zipfile_serialization=not legacy)
    assert shapes(here / name) == {"fc.weight": (2, 3), "fc.bias": (2,)}


@pytest.mark.parametrize("name", ["weights.json", "index", "model.safetensors"])
def test_an_index_of_shards_is_one_whatever_its_name(here: Path, name: str) -> None:
    save_file({"fc.weight": STATE["fc.weight"]}, here / "one")
    torch.save({"fc.bias": STATE["fc.bias"]}, here / "two.safetensors")
    index = {"metadata": {}, "weight_map": {"fc.weight": "one", "fc.bias": "two.safetensors"}}
    (here / name).write_text(json.dumps(index))
    assert shapes(here / name) == {"fc.bias": (2,), "fc.weight": (2, 3)}
    assert len(open_weights(here / name).files) == 3


def test_an_index_cannot_lead_to_another(here: Path) -> None:
    for name, other in (("a.json", "b.json"), ("b.json", "a.json")):
        (here / name).write_text(json.dumps({"weight_map": {"w": other}}))
    with pytest.raises(SourceError, match=r"^b.json: an index of other files, where a file with tensors is needed$"):
        open_weights(here / "a.json")


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return file.getvalue()


def saved(save: object, *arguments: object) -> bytes:
    file = io.BytesIO()
    save(file, *arguments)  # type: ignore[operator]
    return file.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 497\n"


@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (LFS, "a Git LFS pointer, which stands for the file", "git lfs pull"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><html>", "a web page, not a weights file", "download"),
        (b"<html lang='en'>", "a web page, not a weights file", "download"),
        (gzip.compress(b"weights", mtime=0), "a compressed file", "unpack"),
        (b"\x20\0\0\0TFL3", "a TensorFlow Lite model", "safetensors"),
        (zipped("net/archive_format", "net/models/model.json"), "a program of torch.export", "torch.save"),
        (zipped("word/document.xml"), "a zip file, but not one of torch.save", "unpack"),
        (b'{"model_type": "llama"}', "a JSON file, but not an index of shards", "name the weights file"),
    ],
)
@pytest.mark.parametrize("name", ["model.safetensors", "net.pt", "model"])
def test_what_is_no_weights_file_is_named_by_its_content(
    here: Path, name: str, content: bytes, what: str, hint: str
) -> None:
    (here / name).write_bytes(content)
    with pytest.raises(SourceError, match=f"^{re.escape(name)}: {re.escape(what)}.*; not read$") as caught:
        open_weights(here / name)
    assert hint in caught.value.hints[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89HDF\r\n\x1a\n....", "not an HDF5 file, or a damaged one"),
        (b"GGUF\x03\0\0\0", "not a GGUF file, or a damaged one (it ends early)"),
        (b"\x08\x07\x12\x7f", "not an ONNX model, a damaged one"),
        (zipped("config.json", "model.weights.h5"), "not an HDF5 file, or a damaged one"),
        (b"\x93NUMPY", "weight is not a NumPy array, or damaged"),
        (zipped("w.npy"), "w is not a NumPy array, or damaged"),
    ],
)
@pytest.mark.parametrize("name", ["model.safetensors", "net.pt", "model"])
def test_a_format_with_a_signature_is_told_by_it(here: Path, name: str, content: bytes, what: str) -> None:
    (here / name).write_bytes(content)
    with pytest.raises(SourceError, match=f"^{re.escape(name)}: {re.escape(what)}"):
        open_weights(here / name)


@pytest.mark.parametrize(("save", "key"), [(np.save, "weight"), (np.savez, "arr_0")])
def test_arrays_are_read_whatever_their_name(here: Path, save: object, key: str) -> None:
    (here / "net.pt").write_bytes(saved(save, np.ones((2, 3))))
    assert shapes(here / "net.pt") == {key: (2, 3)}


@pytest.mark.parametrize(
    ("content", "package", "extra"),
    [(b"GGUF", "gguf", "gguf"), (b"\x08\x07\x12", "onnx", "onnx"), (b"\x89HDF\r\n\x1a\n", "h5py", "keras")],
)
def test_a_missing_library_is_named_with_its_extra(
    here: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (here / "net").write_bytes(content)
    with pytest.raises(SourceError, match=f"^net: reading it needs the package {package}, which is not") as caught:
        open_weights(here / "net")
    assert f"netaudit-dnn[{extra}]" in caught.value.hints[0]


@pytest.mark.parametrize("name", ["model.safetensors", "net"])
def test_an_empty_file_and_a_tar_archive_are_named(here: Path, name: str) -> None:
    (here / name).write_bytes(b"")
    with pytest.raises(SourceError, match=r"an empty file$"):
        open_weights(here / name)
    (here / name).write_bytes(b"\0" * 257 + b"ustar\x0000" + b"\0" * 300)
    with pytest.raises(SourceError, match=f"^{name}: "):
        open_weights(here / name)


def test_a_cut_file_is_said_to_be_damaged(here: Path) -> None:
    torch.save(STATE, here / "net.safetensors")
    content = (here / "net.safetensors").read_bytes()
    (here / "net.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"^net.safetensors: a damaged or cut zip file"):
        open_weights(here / "net.safetensors")


def test_the_notes_of_a_file_reach_the_list_of_layers_and_the_report(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the module of this test has no source beside it
        torch.save({"model": torch.nn.Sequential(torch.nn.Linear(40, 50))}, here / "net.pt")
    notes = open_network("net.pt").notes
    assert notes == (
        "Read without its classes, none of whose code was run: torch.nn.modules.container.Sequential, "
        "torch.nn.modules.linear.Linear.",
    )
    assert netaudit.audit("net.pt", nulls="none").notes == notes
    with pytest.raises(SystemExit):
        main(["layers", "net.pt"])
    assert " ".join(notes[0].split()) in " ".join(capsys.readouterr().out.split())


def test_code_is_refused_under_any_name(here: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ("touch ran",)

    torch.save({"w": Hostile()}, here / "net.safetensors")
    with pytest.raises(UnsafeFileError, match=r"asks to run `(posix|nt).system`"):
        open_weights(here / "net.safetensors")
    assert not (here / "ran").exists()


TOY = """
from netaudit.formats.format import Format
from netaudit.sources.stores import MemoryStore, declare
from netaudit.formats.weights_file import WeightsFile

import torch


def open_toy(path, open_file):
    lines = [line.split() for line in path.read_text().splitlines()[1:]]
    tensors = {name: torch.tensor(list(map(float, numbers))).reshape(-1, 2) for name, *numbers in lines}
    return WeightsFile(path, MemoryStore(tensors), declare(tensors))


FORMAT = Format("toys", (".toy",), lambda file: file.head.startswith(b"TOY"), open_toy, alone=True)
"""


def test_a_format_is_one_module_and_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = ModuleType("netaudit.formats.toy")
    exec(TOY, toy.__dict__)
    monkeypatch.setitem(sys.modules, toy.__name__, toy)
    monkeypatch.setattr(table, "FORMATS", (table.load("toy"), *table.FORMATS))
    for name in ("net.toy", "net.pt"):  # by its content, whatever its name
        (here / name).write_text("TOY\nfc.weight 1 2 3 4 5 6\n")
        network = open_network(name)
        assert [(spec.name, spec.shape) for spec in network.specs()] == [("fc", (3, 2))]
        assert network.read(next(network.specs())).weight.tolist() == [[1, 2], [3, 4], [5, 6]]
    (here / "folder").mkdir()
    (here / "net.toy").rename(here / "folder" / "net.toy")
    assert [spec.name for spec in open_network("folder").specs()] == ["fc"]
    with pytest.raises(SourceError, match=r"^absent.toy: no such file or directory$"):  # its suffix makes it a path
        open_network("absent.toy")
    assert report_folder("some/net.toy") == "some-net"
    (here / "net.unknown").write_bytes(b"?")
    with pytest.raises(SourceError, match="not a weights file of a known format") as caught:
        open_network("net.unknown")
    assert "toys (.toy)" in caught.value.hints[0]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        *(("alexnet", "alexnet"), ("a/b/net.safetensors", "b-net"), ("timm:vgg16.tv_in1k", "vgg16.tv_in1k")),
        *(("..", "audit"), ("a/folder/", "folder"), ("x.ckpt", "x"), ("x.BIN", "x"), ("best.pth.tar", "best")),
        *(("llama/pytorch_model.bin", "llama"), ("llama/model.safetensors", "llama"), ("llama/model.onnx", "llama")),
        *(("llama/model.safetensors.index.json", "llama"), ("llama/pytorch_model.bin.index.json", "llama")),
        *(("llama/consolidated.00.pth", "llama"), ("unet/diffusion_pytorch_model.safetensors", "unet")),
        *(("llama/model", "model"), ("zoo:model", "model"), ("model", "model"), ("net.index.json", "net.index")),
        *(("llama/../bert/model.safetensors", "bert"), ("my net.pt", "my-net"), ("../../etc/passwd", "passwd")),
    ],
)
def test_what_a_report_s_folder_is_called(target: str, name: str) -> None:
    assert report_folder(target) == name


def test_files_of_one_name_have_a_report_each(here: Path) -> None:
    assert (report_folder("run1/last.ckpt"), report_folder("run2/last.ckpt")) == ("run1-last", "run2-last")
    assert (
        report_folder(str(here / "last.ckpt")) == report_folder("./last.ckpt") == report_folder("last.ckpt") == "last"
    )


def test_a_report_is_written_into_that_folder(here: Path) -> None:
    (here / "llama").mkdir()
    torch.save({"fc.weight": torch.randn(40, 50)}, here / "llama" / "pytorch_model.bin")
    arguments = ["llama/pytorch_model.bin", "--format", "json", "--nulls", "none", "--quiet"]
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 0
    assert (here / "reports" / "llama" / "audit.json").is_file()


def test_a_usual_name_without_a_folder_goes_by_the_folder_it_lies_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "llama" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "llama")
    assert report_folder("model.safetensors") == report_folder("./model.safetensors") == "llama"
    assert report_folder("deep/../model.safetensors") == "llama"


def test_every_format_can_be_told_or_is_named_by_a_suffix() -> None:
    nothing = Beginning(Path("none"), b"", 0)
    assert not any(known.sniff(nothing) for known in table.FORMATS)
    assert all(known.open or (known.reason and known.hint) for known in table.FORMATS)
    suffixes = [suffix for known in table.FORMATS for suffix in known.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in suffixes)


def test_looking_up_and_telling_a_file_loads_no_torch(here: Path) -> None:
    torch.save(STATE, here / "net.bin")
    save_file(STATE, here / "net.safetensors")
    program = (
        "import sys; from pathlib import Path; from netaudit.sources.open import report_folder, require;"
        "from netaudit.formats import table;"
        "require('net.bin'); report_folder('net.bin'); table.readable();"
        "print([table.format_of(Path(name)).name for name in ('net.bin', 'net.safetensors')], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['PyTorch', 'safetensors'] False"


def test_a_format_s_module_needs_no_more_than_the_types() -> None:
    """What a new format is written against stays small: no format imports another, or the table."""
    folder = Path(table.__file__).parent
    for module in table.READ:
        tree = ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        others = {f"netaudit.formats.{other}" for other in (*table.READ, "table")}
        assert not imported & others
    assert isinstance(table.FORMATS[0], Format)

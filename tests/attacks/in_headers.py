"""safetensors, indices of shards, NumPy, ONNX and HDF5: headers that lie, and files that lead to other files."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from attack import GOOD, RAN, Attack, written
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save, save_file

SECRET = "secret.bin"
"""A file beside the folder, of as many bytes as the good weight."""


def safetensors(header: Mapping[str, Any] | bytes, data: bytes = GOOD.tobytes()) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def entry(shape: tuple[int, ...] = (5, 4), start: int = 0, end: int = 80, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


ONE = json.dumps(entry())
HEADERS: Mapping[str, tuple[bytes, str]] = {
    "two tensors of one name": (safetensors(f'{{"a": {ONE}, "a": {ONE}}}'.encode()), "two tensors of one name"),
    "a header of 2^63 bytes": ((2**63).to_bytes(8, "little") + b"{}", "longer than the file|not a weights file"),
    "numbers beyond the file": (safetensors({"a": entry((5, 40), 0, 800)}), "damaged"),
    "numbers before the file": (safetensors(f'{{"a": {ONE}}}'.replace("[0, 80]", "[-80, 0]").encode()), "damaged"),
    "numbers that overlap": (safetensors({"a": entry(), "b": entry((4, 4), 16, 80)}), "damaged"),
    "a hole": (safetensors({"a": entry((4, 4), 16, 80)}), "damaged"),
    "a shape that overflows": (safetensors({"a": entry((2**62, 4))}), "damaged"),
    "other bytes than its shape": (safetensors({"a": entry((5, 5))}), "damaged"),
    "an unknown type": (safetensors({"a": entry(dtype="EVIL")}), "damaged"),
    "100,000 lists in each other": (safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b""), "damaged"),
    "text behind the header": (safetensors(json.dumps({"a": entry()}).encode() + b"{}"), "damaged"),
}


def index(folder: Path, name: str) -> Path:
    save_file({"good.weight": GOOD}, folder / "model-1.safetensors")
    save_file({"evil.weight": GOOD}, folder.parent / "outside.safetensors")
    if name == "link.safetensors":
        (folder / name).symlink_to(folder / "loop.safetensors")
        (folder / "loop.safetensors").symlink_to(folder / name)
    if name == "pipe.safetensors":
        os.mkfifo(folder / name)
    weights = {"good.weight": "model-1.safetensors", "evil.weight": name.replace("FOLDER", str(folder.parent))}
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": weights}))
    return path


SHARDS = {
    "../outside.safetensors": "names the shard",
    "FOLDER/outside.safetensors": "names the shard",
    "..\\outside.safetensors": "names the shard",
    "C:outside.safetensors": "names the shard",
    "\x1b[2Jmodel.safetensors": "names the shard",
    "model.safetensors.index.json": "names the shard",
    "link.safetensors": "loop.safetensors|symbolic links|no such file",
    "pipe.safetensors": "not a regular file",
}


def onnx(folder: Path, change: Callable[[Any, Any], None] = lambda model, evil: None) -> Path:
    """A model of a good layer and an evil one, changed."""
    (folder.parent / SECRET).write_bytes(GOOD.tobytes())
    nodes = [helper.make_node("Gemm", [f"x{n}", f"{n}.weight"], [f"y{n}"], transB=1) for n in ("good", "evil")]
    values = [
        [helper.make_tensor_value_info(f"{letter}{n}", TensorProto.FLOAT, [1, size]) for n in ("good", "evil")]
        for letter, size in (("x", 4), ("y", 5))
    ]
    tensors = [numpy_helper.from_array(GOOD, f"{n}.weight") for n in ("good", "evil")]
    model = helper.make_model(helper.make_graph(nodes, "g", *values, tensors))
    change(model, model.graph.initializer[1])
    (folder / "a.onnx").write_bytes(model.SerializeToString())
    return folder / "a.onnx"


def external(model: Any, evil: Any, **place: str) -> None:
    evil.ClearField("raw_data")
    evil.data_location = TensorProto.EXTERNAL
    for key, value in place.items():
        evil.external_data.add(key=key, value=value)


def deep(model: Any, evil: Any) -> None:
    """Graphs in graphs."""
    graph = model.graph
    for _ in range(40):
        node = graph.node.add(op_type="If", input=["xgood"], output=["z"])
        attribute = node.attribute.add(name="then_branch", type=5)
        graph = attribute.g


def linked(folder: Path, target: str) -> Path:
    (folder / "link").symlink_to(target)
    return onnx(folder, partial(external, location="link"))


def piped(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return onnx(folder, partial(external, location="pipe"))


EXTERNAL: Mapping[str, tuple[str, dict[str, str]]] = {
    "outside by dots": ("CVE-2022-25882", {"location": f"../{SECRET}"}),
    "outside by dots within": ("CVE-2024-27318", {"location": f"a/../../{SECRET}"}),
    "outside from the root": ("CVE-2022-25882", {"location": "/etc/passwd"}),
    "outside by a drive": ("CVE-2024-27318", {"location": "C:\\secret"}),
    "nowhere": ("ours", {"location": ""}),
    "a key of Python": ("CVE-2026-34445", {"location": "", "__class__": "evil"}),
    "a place before the file": ("onnx", {"location": "a.onnx", "offset": "-80"}),
    "a place beyond the file": ("onnx", {"location": "a.onnx", "offset": str(2**62)}),
    "a place that is no number": ("onnx", {"location": "a.onnx", "offset": "x"}),
}


def hdf5(folder: Path, change: Callable[[Any, Path], None]) -> Path:
    with h5py.File(folder.parent / "outside.h5", "w") as file:
        file["evil/kernel"] = GOOD.T
    (folder.parent / SECRET).write_bytes(GOOD.tobytes())
    with h5py.File(folder / "a.h5", "w") as file:
        file["model_weights/good/kernel"] = GOOD.T
        change(file, folder)
    return folder / "a.h5"


def virtual(file: Any, folder: Path) -> None:
    layout = h5py.VirtualLayout((4, 5), "f4")
    layout[:] = h5py.VirtualSource(str(folder.parent / "outside.h5"), "evil/kernel", (4, 5))
    file.create_virtual_dataset("model_weights/evil/kernel", layout)


def config(code: Any) -> Callable[[Any, Path], None]:
    layers = [{"class_name": "Dense", "config": {"name": "good", "activation": "relu"}}, code]
    text = json.dumps({"class_name": "Sequential", "config": {"layers": layers}})

    def change(file: Any, folder: Path) -> None:
        file.attrs["model_config"] = text

    return change


def plugin(file: Any, folder: Path) -> None:
    """A chunk under the filter of LZ4, which would be loaded from a folder."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((4, 5))
    properties.set_filter(32004, h5py.h5z.FLAG_OPTIONAL, ())
    space = h5py.h5s.create_simple((4, 5))
    h5py.h5d.create(file["model_weights"].create_group("evil").id, b"kernel", h5py.h5t.IEEE_F32LE, space, properties)


def unlisted(file: Any, folder: Path) -> None:
    """Keras would take another array for the kernel of the layer."""
    file["model_weights/evil/kernel"] = file["model_weights/evil/other"] = GOOD.T
    file["model_weights/evil"].attrs["weight_names"] = [b"other"]


HDF5: Mapping[str, tuple[str, Callable[[Any, Path], Any], str]] = {
    "a link to another file": (
        *(
            "CVE-2026-1669",
            lambda f, _: f.__setitem__("model_weights/evil", h5py.ExternalLink("../outside.h5", "evil")),
        ),
        "",
    ),
    "a link to nothing": ("HDF5", lambda f, _: f.__setitem__("model_weights/evil", h5py.SoftLink("/nowhere")), ""),
    "a group that holds itself": ("HDF5", lambda f, _: f["model_weights"].__setitem__("loop", f["model_weights"]), ""),
    "numbers in another file": (
        "CVE-2026-1669",
        lambda f, d: f.create_dataset(
            "model_weights/evil/kernel", (4, 5), "f4", external=[(str(d.parent / SECRET), 0, 80)]
        ),
        "in other files",
    ),
    "numbers of another file": ("HDF5", virtual, "in other files"),
    "numbers beside the model": (
        "ours",
        lambda f, _: f.__setitem__("good/kernel", 7 * GOOD.T),
        "lies beside model_weights",
    ),
    "numbers under a name that is not listed": ("ours", unlisted, "none of the weights that its layer lists"),
    "numbers that were never written": (
        *("HDF5", lambda f, _: f.create_dataset("model_weights/evil/kernel", (10**7, 10**7), "f4")),
        "declared larger",
    ),
    "a filter that is a plugin": ("HDF5", plugin, "compressed by a plugin"),
    "code of a Lambda layer": (
        "CVE-2024-3660",
        config({"class_name": "Lambda", "config": {"name": "l", "function": {"code": "4wEAAAA"}}}),
        "",
    ),
    "a class of any module": (
        "CVE-2025-1550",
        config({"module": "os", "class_name": "system", "config": {"name": f"touch ../{RAN}"}}),
        "",
    ),
    "a configuration of 2,000 models in each other": (
        "ours",
        lambda f, _: f.attrs.__setitem__("model_config", '{"class_name":"Model","config":' * 2000 + "1" + "}" * 2000),
        "",
    ),
}


def slipped(folder: Path) -> Path:
    """A .keras archive whose members lead out of the folder that Keras would unpack them in."""
    hdf5(folder, lambda file, _: None)
    with zipfile.ZipFile(folder / "a.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({"module": "os", "class_name": "system", "config": {}}))
        archive.write(folder / "a.h5", "model.weights.h5")
        archive.writestr(f"../../{RAN}", "x")
    (folder / "a.h5").unlink()
    return folder / "a.keras"


def npz(folder: Path, header: str, data: bytes = b"") -> Path:
    np.savez(folder / "a.npz", **{"good.weight": GOOD})
    raw = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header.encode() + b"\n" + data
    with zipfile.ZipFile(folder / "a.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("evil.npy", raw)
    return folder / "a.npz"


SHAPE = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,)}"


def attacks() -> Iterator[Attack]:
    for name, (data, refused) in HEADERS.items():
        yield Attack(f"safetensors: {name}", "Trail of Bits, 2023", written("a.safetensors", data), refused)
    code = save({"good.weight": GOOD}, {"format": f"__import__('os').system('touch ../{RAN}')"})
    yield Attack("safetensors: code in the metadata", "ours", written("a.safetensors", code))
    for name, refused in SHARDS.items():
        yield Attack(f"shards: {name!r}", "path traversal", partial(index, name=name), refused)
    for name, header in {
        "a shape of 10^19 numbers": SHAPE % 10**19,
        "code": f"__import__('os').system('touch {RAN}')",
    }.items():
        yield Attack(f"NumPy: {name}", "NumPy's eval", partial(npz, header=header), "other bytes than|damaged")
    for name, (known, place) in EXTERNAL.items():
        yield Attack(f"ONNX: numbers {name}", known, partial(onnx, change=partial(external, **place)), "refused")
    yield Attack("ONNX: numbers behind a link", "CVE-2026-27489", partial(linked, target=f"../{SECRET}"), "link out of")
    yield Attack("ONNX: numbers of a device", "onnx", partial(linked, target="/dev/zero"), "link out of the folder")
    yield Attack("ONNX: numbers of a pipe", "onnx", piped, "not a regular file")
    for dims in ([10**9, 10**9], [-5, -4], [5, 5]):

        def declare(model: Any, evil: Any, dims: list[int] = dims) -> None:
            evil.dims[:] = dims

        yield Attack(f"ONNX: a tensor of {dims}", "onnx", partial(onnx, change=declare), "declares")
    yield Attack("ONNX: 40 graphs in each other", "stack", partial(onnx, change=deep), "graphs in each other|damaged")
    for name, (known, change, said) in HDF5.items():
        yield Attack(f"HDF5: {name}", known, partial(hdf5, change=change), said=said)
    yield Attack("HDF5: an archive that leaves its folder", "CVE-2025-8747", slipped)

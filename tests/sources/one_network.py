"""One small ReLU network as files of every format, written by hand."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import h5py
import msgspec
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

SIZES = (64, 96, 80, 10)
NAMES = ("fc1", "fc2", "fc3")
Arrays = dict[str, np.ndarray]


def network(seed: int = 0) -> Arrays:
    """fc1, fc2 and fc3, each with a weight ``[out, in]`` and a bias, as float32."""
    generator = np.random.default_rng(seed)
    arrays = {}
    for name, inputs, out in zip(NAMES, SIZES[:-1], SIZES[1:], strict=True):
        weight = generator.normal(size=(out, inputs)) / np.sqrt(inputs)
        arrays[f"{name}.weight"] = weight.astype("f")
        arrays[f"{name}.bias"] = (0.1 * generator.normal(size=out)).astype("f")
    return arrays


def tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def pt(folder: Path, arrays: Arrays) -> Path:
    torch.save(tensors(arrays), folder / "net.pt")
    return folder / "net.pt"


def legacy_pt(folder: Path, arrays: Arrays) -> Path:
    torch.save(tensors(arrays), folder / "old.pt", _use_new_zipfile_serialization=False)
    return folder / "old.pt"


def safetensors(folder: Path, arrays: Arrays) -> Path:
    save_file(tensors(arrays), folder / "net.safetensors")
    return folder / "net.safetensors"


def shards(folder: Path, arrays: Arrays) -> Path:
    for number, name in enumerate(NAMES):
        save_file(
            {key: value for key, value in tensors(arrays).items() if key.startswith(name)},
            folder / f"{number}.safetensors",
        )
    places = {key: f"{NAMES.index(key.partition('.')[0])}.safetensors" for key in arrays}
    path = folder / "net.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": places}))
    return path


def onnx_model(nodes: list[Any], constants: Arrays, inputs: int = SIZES[0], outputs: int = SIZES[-1]) -> Any:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", outputs])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def onnx_gemm(folder: Path, arrays: Arrays) -> Path:
    nodes, value = [], "x"
    for name in NAMES:
        out = "y" if name == "fc3" else f"{name}_out"
        operands = [value, f"{name}.weight", f"{name}.bias"]
        nodes.append(helper.make_node("Gemm", operands, [out], name=f"/{name}/Gemm", transB=1))
        if out != "y":
            nodes.append(helper.make_node("Relu", [out], [value := f"{name}_relu"]))
    onnx.save(onnx_model(nodes, arrays), folder / "gemm.onnx")
    return folder / "gemm.onnx"


def onnx_matmul(folder: Path, arrays: Arrays) -> Path:
    nodes, constants, value = [], {}, "x"
    for number, name in enumerate(NAMES):
        weight, out = f"onnx::MatMul_{number}", "y" if name == "fc3" else f"{name}_out"
        constants |= {weight: arrays[f"{name}.weight"].T.copy(), f"{name}.bias": arrays[f"{name}.bias"]}
        nodes.append(helper.make_node("MatMul", [value, weight], [f"{name}_product"], name=f"/{name}/MatMul"))
        nodes.append(helper.make_node("Add", [f"{name}.bias", f"{name}_product"], [out], name=f"/{name}/Add"))
        if out != "y":
            nodes.append(helper.make_node("Relu", [out], [value := f"{name}_relu"]))
    onnx.save(onnx_model(nodes, constants), folder / "matmul.onnx")
    return folder / "matmul.onnx"


def keras_config() -> dict[str, Any]:
    layers: list[dict[str, Any]] = [{"class_name": "InputLayer", "config": {"batch_shape": [None, SIZES[0]]}}]
    for name, units in zip(NAMES, SIZES[1:], strict=True):
        activation = "linear" if name == "fc3" else "relu"
        config = {"name": name, "units": units, "activation": activation}
        layers.append({"class_name": "Dense", "config": config})
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}


def keras_h5(folder: Path, arrays: Arrays) -> Path:
    with h5py.File(folder / "net.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(keras_config())
        for name in NAMES:
            file[f"model_weights/{name}/{name}/kernel:0"] = arrays[f"{name}.weight"].T
            file[f"model_weights/{name}/{name}/bias:0"] = arrays[f"{name}.bias"]
            file[f"optimizer_weights/Adam/{name}/kernel/m:0"] = np.full_like(arrays[f"{name}.weight"].T, 9)
    return folder / "net.h5"


def keras_archive(folder: Path, arrays: Arrays) -> Path:
    inner = folder / "inner.h5"
    with h5py.File(inner, "w") as file:
        for number, name in enumerate(NAMES):
            group = file.create_group(f"layers/dense_{number}" if number else "layers/dense").create_group("vars")
            group.attrs["name"] = name
            group["0"], group["1"] = arrays[f"{name}.weight"].T, arrays[f"{name}.bias"]
        file["optimizer/vars/0"] = np.full((64, 96), 9.0, "f")
    with zipfile.ZipFile(folder / "net.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(keras_config()))
        archive.write(inner, "model.weights.h5")
    inner.unlink()
    return folder / "net.keras"


def npz(folder: Path, arrays: Arrays) -> Path:
    np.savez(folder / "net.npz", **{name.replace(".", "/") + ":0": array for name, array in arrays.items()})
    return folder / "net.npz"


def gguf_file(folder: Path, arrays: Arrays, kind: gguf.GGMLQuantizationType | None = None) -> Path:
    writer = gguf.GGUFWriter(folder / "net.gguf", "mlp")
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc"])
    for name, array in arrays.items():
        if kind is None or array.ndim < 2:
            writer.add_tensor(name, array)
        else:
            writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "net.gguf"


def flax_array(array: np.ndarray) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(1, msgspec.msgpack.encode((array.shape, array.dtype.name, array.tobytes())))


def flax(folder: Path, arrays: Arrays) -> Path:
    params = {
        name: {"kernel": flax_array(arrays[f"{name}.weight"].T.copy()), "bias": flax_array(arrays[f"{name}.bias"])}
        for name in NAMES
    }
    (folder / "net.msgpack").write_bytes(msgspec.msgpack.encode({"params": params, "step": 3}))
    return folder / "net.msgpack"


WRITERS: tuple[Callable[[Path, Arrays], Path], ...] = (
    *(pt, legacy_pt, safetensors, shards, onnx_gemm, onnx_matmul, keras_h5, keras_archive, npz, gguf_file, flax),
)
ORDERED = (onnx_gemm, onnx_matmul, keras_h5, keras_archive)
"""Those that tell the order and the activations."""

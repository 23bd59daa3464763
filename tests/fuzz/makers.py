"""Valid files to be damaged: of each format some that differ in how they are laid out."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
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
from torch import nn

SIZES = (12, 8, 6, 4)
NAMES = ("fc1", "fc2", "fc3")
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Valid:
    """A valid file, with what lies beside it."""

    files: dict[str, bytes]
    target: str
    """The file that netaudit is asked to open."""
    damaged: tuple[str, ...]
    """Those that are damaged."""

    @classmethod
    def of(cls, folder: Path, target: str, *damaged: str) -> Valid:
        """What was just written into a folder, which is emptied."""
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for name in files:
            (folder / name).unlink()
        return cls(files, target, damaged or (target,))


def network(seed: int = 0) -> Arrays:
    """fc1, fc2 and fc3, each with a weight ``[out, in]`` and a bias, as float32. No two numbers are the same."""
    generator = np.random.default_rng(seed)
    arrays = {}
    for name, inputs, out in zip(NAMES, SIZES[:-1], SIZES[1:], strict=True):
        arrays[f"{name}.weight"] = generator.normal(size=(out, inputs)).astype("f")
        arrays[f"{name}.bias"] = generator.normal(size=out).astype("f")
    return arrays


def tensors(seed: int = 0) -> dict[str, torch.Tensor]:
    """The same as tensors."""
    return {name: torch.from_numpy(array) for name, array in network(seed).items()}


def _odd_tensors() -> dict[str, Any]:
    """Other dtypes, views of one storage, parameters, and numbers beside the weights."""
    whole = torch.arange(200.0)
    state = OrderedDict(tensors(1))
    state["half.weight"] = nn.Parameter(torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).half())
    state["bf.weight"] = torch.randn(5, 3, generator=torch.Generator().manual_seed(2)).bfloat16()
    state["view.weight"] = whole[10:40].view(5, 6).T
    state["other.weight"] = whole[100:112].view(3, 4)
    state["counts"] = torch.tensor(7)
    state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    return {
        "state_dict": state,
        "epoch": 3,
        "lr": 0.1,
        "optimizer": {"state": {0: {"m": torch.zeros(3)}}, "param_groups": []},
    }


def _module() -> nn.Module:
    net = nn.Sequential(OrderedDict(fc1=nn.Linear(12, 8), relu=nn.ReLU(), fc2=nn.Linear(8, 6)))
    net.load_state_dict({name: tensor for name, tensor in tensors(2).items() if "fc3" not in name})
    return net


def torch_zip(folder: Path) -> list[Valid]:
    """Files of torch.save, and a TorchScript archive."""
    found = []
    for value in (tensors(), _odd_tensors()):
        torch.save(value, folder / "net.pt")
        found.append(Valid.of(folder, "net.pt"))
    return found


def torchscript(folder: Path) -> list[Valid]:
    """An archive with its code."""
    torch.jit.trace(_module(), torch.zeros(1, 12)).save(str(folder / "net.pt"))
    return [Valid.of(folder, "net.pt")]


def torch_legacy(folder: Path) -> list[Valid]:
    """Files of torch.save before version 1.6."""
    found = []
    for value in (tensors(), _odd_tensors(), _module()):
        torch.save(value, folder / "old.pt", _use_new_zipfile_serialization=False)
        found.append(Valid.of(folder, "old.pt"))
    return found


def plain_pickle(folder: Path) -> list[Valid]:
    """Pickles of NumPy's arrays and of tensors."""
    values = (network(), tensors(1), {"weights": [network()["fc1.weight"], np.float64(3)]})
    return [
        Valid({"net.pkl": pickle.dumps(value, protocol)}, "net.pkl", ("net.pkl",))
        for value, protocol in zip(values, (2, 4, 5), strict=True)
    ]


def safetensors(folder: Path) -> list[Valid]:
    """With metadata; with other dtypes."""
    save_file(tensors(), folder / "net.safetensors", metadata={"format": "pt"})
    found = [Valid.of(folder, "net.safetensors")]
    kinds = (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool, torch.float8_e4m3fn)
    generator = torch.Generator().manual_seed(0)
    odd = {f"{kind}.weight": (3 * torch.randn(4, 5, generator=generator)).to(kind) for kind in kinds}
    save_file({**odd, "empty": torch.zeros(0, 3), "number": torch.tensor(1.5)}, folder / "net.safetensors")
    return [*found, Valid.of(folder, "net.safetensors")]


def shards(folder: Path) -> list[Valid]:
    """An index and three shards, of safetensors and of torch.save."""
    found = []
    for suffix in ("safetensors", "bin"):
        for number, name in enumerate(NAMES):
            part = {key: value for key, value in tensors().items() if key.startswith(name)}
            path = folder / f"{number}.{suffix}"
            save_file(part, path) if suffix == "safetensors" else torch.save(part, path)
        places = {key: f"{NAMES.index(key.partition('.')[0])}.{suffix}" for key in tensors()}
        index = f"model.{suffix}.index.json"
        (folder / index).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
        found.append(Valid.of(folder, index, index, index, f"0.{suffix}"))
    return found


def slices(folder: Path) -> list[Valid]:
    """Two slices of a model-parallel run, with what Llama keeps beside them."""
    for number in range(2):
        part = {
            "layers.0.attention.wo.weight": torch.full((8, 4), 1.0 + number),
            "layers.0.attention.wq.weight": torch.full((4, 8), 3.0 + number),
            "norm.weight": torch.ones(8),
        }
        torch.save(part, folder / f"consolidated.0{number}.pth")
    (folder / "params.json").write_text(json.dumps({"dim": 8, "n_heads": 2, "n_layers": 1}))
    return [Valid.of(folder, "consolidated.00.pth", "params.json", "consolidated.01.pth", "consolidated.00.pth")]


def configured(folder: Path) -> list[Valid]:
    """Fused projections with the configuration that tells how they are cut; scales of float8; tied outputs."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    fused = {"transformer.h.0.attn.c_attn.weight": draw(8, 24), "transformer.h.0.attn.c_attn.bias": draw(24)}
    fused |= {"transformer.h.0.mlp.c_fc.weight": draw(8, 32), "transformer.wte.weight": draw(20, 8)}
    gpt2 = {"model_type": "gpt2", "n_head": 2, "n_embd": 8, "architectures": ["GPT2LMHeadModel"], "vocab_size": 20}
    qwen = {f"model.layers.0.self_attn.{part}_proj.weight": draw(8, 8).to(torch.float8_e4m3fn) for part in "qkv"}
    qwen |= {f"{name}_scale_inv": draw(2, 2).abs() for name in list(qwen)}
    quantised = {"model_type": "qwen3", "num_attention_heads": 2, "num_key_value_heads": 2, "hidden_size": 8}
    quantised |= {"quantization_config": {"quant_method": "fp8", "weight_block_size": [4, 4]}}
    experts = {
        "model.layers.0.mlp.experts.gate_up_proj": draw(3, 8, 12),
        "model.layers.0.mlp.experts.down_proj": draw(3, 6, 8),
    }
    experts |= {"model.layers.0.self_attn.qkv_proj.weight": draw(16, 8)}
    phi = {
        "model_type": "phi3",
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "hidden_size": 8,
        "num_local_experts": 3,
    }
    phi |= {"intermediate_size": 6}
    packed = {"fc.qweight": torch.randint(0, 2**31 - 1, (2, 8), dtype=torch.int32, generator=generator)}
    packed |= {"fc.qzeros": torch.zeros(2, 1, dtype=torch.int32), "fc.scales": draw(2, 8).half()}
    packed |= {"fc.g_idx": torch.arange(16, dtype=torch.int32) // 8}
    gptq = {
        "model_type": "llama",
        "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 8, "sym": True},
    }
    found = []
    for state, config in ((fused, gpt2), (qwen, quantised), (experts, phi), (packed, gptq)):
        save_file(state, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(config))
        found.append(Valid.of(folder, "model.safetensors", "config.json", "config.json", "model.safetensors"))
    return found


def adapters(folder: Path) -> list[Valid]:
    """LoRA, DoRA, LoKr and LoHa, with their configurations."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    base = "base_model.model.fc1"
    lora = {f"{base}.lora_A.weight": draw(2, 12), f"{base}.lora_B.weight": draw(8, 2)}
    lokr = {f"{base}.lokr_w1": draw(2, 3), f"{base}.lokr_w2_a": draw(4, 2), f"{base}.lokr_w2_b": draw(2, 4)}
    loha = {f"{base}.hada_w1_a": draw(8, 2), f"{base}.hada_w1_b": draw(2, 12)}
    loha |= {f"{base}.hada_w2_a": draw(8, 2), f"{base}.hada_w2_b": draw(2, 12)}
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "alpha_pattern": {"fc2": 3}, "rank_pattern": {}}
    config |= {"use_rslora": False, "use_dora": False, "target_modules": ["fc1"], "base_model_name_or_path": "x"}
    kinds = (
        (lora, config),
        ({**lora, f"{base}.lora_magnitude_vector": draw(8)}, {**config, "use_dora": True}),
        (lokr, {"peft_type": "LOKR", "r": 2, "alpha": 4}),
        (loha, {"peft_type": "LOHA", "r": 2, "alpha": 4, "rank_pattern": {"fc1": 2}}),
    )
    found = []
    for state, settings in kinds:
        save_file(state, folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text(json.dumps(settings))
        names = ("adapter_config.json", "adapter_model.safetensors")
        found.append(Valid.of(folder, "adapter_model.safetensors", *names))
    return found


def gguf_file(folder: Path) -> list[Valid]:
    """Numbers as they are, and in blocks of two quantised types."""
    found = []
    generator = np.random.default_rng(0)
    for kind in (None, gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0):
        writer = gguf.GGUFWriter(folder / "net.gguf", "llama")
        writer.add_array("tokenizer.ggml.tokens", ["a", "bc"])
        writer.add_uint32("general.alignment", 32)
        for name, array in network().items():
            writer.add_tensor(name, array)
        if kind is not None:
            blocks = gguf.quants.quantize(generator.normal(size=(4, 64)).astype("f"), kind)
            writer.add_tensor("blk.0.attn_q.weight", blocks, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        found.append(Valid.of(folder, "net.gguf"))
    return found


def onnx_model(folder: Path) -> list[Valid]:
    """Gemm; MatMul and Add with constants in nodes, an LSTM and dequantisation; external data."""
    arrays, nodes, value = network(), [], "x"
    for name in NAMES:
        nodes.append(helper.make_node("Gemm", [value, f"{name}.weight", f"{name}.bias"], [f"{name}_out"], transB=1))
        nodes.append(helper.make_node("Relu", [f"{name}_out"], [value := f"{name}_relu"], name=f"/{name}/Relu"))
    held = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    gemm = _model(nodes, held, value)
    found = [Valid({"net.onnx": gemm.SerializeToString()}, "net.onnx", ("net.onnx",))]
    generator = np.random.default_rng(3)
    constants = {
        "w": arrays["fc1.weight"].T.copy(), "s": np.float32(0.5),
        "q": generator.integers(-9, 9, (8, 6)).astype(np.int8),
        "W": generator.normal(size=(1, 16, 6)).astype("f"), "R": generator.normal(size=(1, 16, 4)).astype("f"),
    }  # fmt: skip
    bias = helper.make_tensor("b", TensorProto.FLOAT, [8], [float(number) for number in arrays["fc1.bias"]])
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], name="/fc1/MatMul"),
        helper.make_node("Constant", [], ["b"], value=bias),
        helper.make_node("Add", ["b", "a"], ["c"], name="/fc1/Add"),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("DequantizeLinear", ["q", "s"], ["dq"]),
        helper.make_node("MatMul", ["d", "dq"], ["e"], name="/fc2/MatMul"),
        helper.make_node("LSTM", ["e", "W", "R"], ["y"], hidden_size=4, name="/lstm/LSTM"),
    ]
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    odd = _model(nodes, held, "y")
    found.append(Valid({"net.onnx": odd.SerializeToString()}, "net.onnx", ("net.onnx",)))
    return found


def onnx_external(folder: Path) -> list[Valid]:
    """The numbers in a file beside the model."""
    nodes = [helper.make_node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["y"], transB=1)]
    held = [numpy_helper.from_array(array, name) for name, array in network().items() if name.startswith("fc1")]
    onnx.save_model(
        _model(nodes, held, "y"), folder / "net.onnx", save_as_external_data=True, location="net.data", size_threshold=0
    )
    return [Valid.of(folder, "net.onnx", "net.onnx", "net.onnx", "net.onnx", "net.data")]


def _model(nodes: list[Any], held: list[Any], output: str) -> Any:
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", SIZES[0]])]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    return helper.make_model(helper.make_graph(nodes, "net", inputs, outputs, held))


def _keras_config() -> str:
    layers: list[dict[str, Any]] = [{"class_name": "InputLayer", "config": {"batch_shape": [None, SIZES[0]]}}]
    for name, units in zip(NAMES, SIZES[1:], strict=True):
        layers.append({"class_name": "Dense", "config": {"name": name, "units": units, "activation": "relu"}})
    return json.dumps({"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}})


def keras_h5(folder: Path) -> list[Valid]:
    """Keras 2: contiguous, chunked and packed, and in the newest layout of HDF5 with links of every kind."""
    found = []
    for libver, settings in (
        ("earliest", {}),
        ("earliest", {"chunks": True, "compression": "gzip", "shuffle": True, "fletcher32": True}),
        ("latest", {"chunks": True}),
    ):
        with h5py.File(folder / "net.h5", "w", libver=libver) as file:
            file.attrs["model_config"] = _keras_config()
            for name in NAMES:
                group = file.create_group(f"model_weights/{name}/{name}")
                group.create_dataset("kernel:0", data=network()[f"{name}.weight"].T, **settings)
                group.create_dataset("bias:0", data=network()[f"{name}.bias"], **settings)
            if libver == "latest":
                file["model_weights/soft"] = h5py.SoftLink("/model_weights/fc1")
                file["model_weights/far"] = h5py.ExternalLink("/etc/passwd", "/")
                file["model_weights/again"] = file["model_weights/fc1"]
        found.append(Valid.of(folder, "net.h5"))
    return found


def keras_archive(folder: Path) -> list[Valid]:
    """Keras 3."""
    with h5py.File(folder / "inner.h5", "w") as file:
        for number, name in enumerate(NAMES):
            group = file.create_group(f"layers/dense_{number}" if number else "layers/dense").create_group("vars")
            group.attrs["name"] = name
            group["0"], group["1"] = network()[f"{name}.weight"].T, network()[f"{name}.bias"]
    inner = (folder / "inner.h5").read_bytes()
    (folder / "inner.h5").unlink()
    members = {"metadata.json": b"{}", "config.json": _keras_config().encode(), "model.weights.h5": inner}
    return [Valid({"net.keras": _zip(members)}, "net.keras", ("net.keras",))]


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)  # with a date that is always the same
    return buffer.getvalue()


def npz(folder: Path) -> list[Valid]:
    """Stored and packed."""
    found = []
    for save in (np.savez, np.savez_compressed):
        save(folder / "net.npz", **{name.replace(".", "/"): array for name, array in network().items()})
        found.append(Valid.of(folder, "net.npz"))
    return found


def npy(folder: Path) -> list[Valid]:
    """By rows and by columns."""
    weight = network()["fc1.weight"]
    found = []
    for array in (weight, np.asfortranarray(weight.astype("<f8"))):
        np.save(folder / "net.npy", array)
        found.append(Valid.of(folder, "net.npy"))
    return found


def flax(folder: Path) -> list[Valid]:
    """As flax.serialization.to_bytes writes it, and with an array in pieces."""

    def array(value: np.ndarray) -> msgspec.msgpack.Ext:
        return msgspec.msgpack.Ext(1, msgspec.msgpack.encode((value.shape, value.dtype.name, value.tobytes())))

    arrays = network()
    params = {n: {"kernel": array(arrays[f"{n}.weight"].T.copy()), "bias": array(arrays[f"{n}.bias"])} for n in NAMES}
    flat = arrays["fc1.weight"].T.reshape(-1)
    pieces = {"__msgpack_chunked_array__": True, "shape": {"0": 12, "1": 8}}
    pieces["chunks"] = {"0": array(flat[:50]), "1": array(flat[50:])}
    values = ({"params": params, "step": 3}, {"params": {"fc1": {"kernel": pieces}}, "rest": [1, None]})
    return [Valid({"net.msgpack": msgspec.msgpack.encode(value)}, "net.msgpack", ("net.msgpack",)) for value in values]


MAKERS: dict[str, Callable[[Path], list[Valid]]] = {
    made.__name__: made
    for made in (
        *(torch_zip, torchscript, torch_legacy, plain_pickle, safetensors, shards, slices, configured, adapters),
        *(gguf_file, onnx_model, onnx_external, keras_h5, keras_archive, npz, npy, flax),
    )
}

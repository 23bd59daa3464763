"""Keras files: names, classes and order from the configuration, recurrent kernels, and HDF5 that leads elsewhere."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from one_network import keras_archive, network

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import hdf5
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import Network
from netaudit.sources.open import open_network
from netaudit.sources.weights import open_weights

KERNEL = np.arange(12, dtype="f").reshape(4, 3)


def layer(kind: str, name: str = "", inbound: list[str] | None = None, **config: Any) -> dict[str, Any]:
    entry = {"class_name": kind, "name": name, "config": {"name": name, **config}}
    if inbound is not None:
        entry["inbound_nodes"] = [[[other, 0, 0, {}] for other in inbound]] if inbound else []
    return entry


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "net", "layers": list(layers)}}


def saved(folder: Path, arrays: dict[str, np.ndarray], config: Any = None) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        for name, array in arrays.items():
            file[f"model_weights/{name}"] = array
    return folder / "a.h5"


def dense(*sizes: int, names: str = "abc") -> dict[str, np.ndarray]:
    arrays = {}
    for name, inputs, out in zip(names, sizes[:-1], sizes[1:], strict=False):
        arrays |= {f"{name}/{name}/kernel:0": np.ones((inputs, out), "f"), f"{name}/{name}/bias:0": np.zeros(out, "f")}
    return arrays


def head(opened: Network) -> list[tuple[str, str]] | None:
    return None if opened.head is None else [(step.name, step.activation) for step in opened.head.layers]


def reasons(opened: Network) -> dict[str, str]:
    return {entry.name: entry.reason for entry in opened.layers if isinstance(entry, SkippedLayer)}


def test_the_configuration_gives_the_order_and_names_do_not(tmp_path: Path) -> None:
    config = sequential(
        layer("InputLayer", "in", batch_shape=[None, 4]),
        layer("Dense", "c", activation="tanh"),
        layer("Dropout", "d"),
        layer("Dense", "b", activation="linear"),
        layer("Activation", "act", activation="relu"),
        layer("Dense", "a", activation="softmax"),
    )
    opened = open_network(saved(tmp_path, dense(4, 6, 5, 3, names="cba"), config))
    assert [spec.name for spec in opened.specs()] == ["c", "b", "a"]
    assert [spec.activation for spec in opened.specs()] == ["tanh", "relu", "softmax"]
    assert head(opened) == [("c", "tanh"), ("b", "relu"), ("a", "linear")]
    assert opened.head is not None
    assert not opened.head.inferred


def test_without_a_configuration_the_head_is_inferred(tmp_path: Path) -> None:
    opened = open_network(saved(tmp_path, dense(4, 6, 3)))
    assert head(opened) == [("a", "relu"), ("b", "linear")]
    assert opened.head is not None
    assert opened.head.inferred


def test_a_functional_chain(tmp_path: Path) -> None:
    layers = [
        layer("InputLayer", "in", [], batch_input_shape=[None, 4]),
        layer("Dense", "a", ["in"], activation="relu"),
        layer("LeakyReLU", "slope", ["a"], negative_slope=0.01),
        layer("Dense", "b", ["slope"], activation="sigmoid"),
    ]
    config = {"class_name": "Functional", "config": {"layers": layers, "output_layers": [["b", 0, 0]]}}
    opened = open_network(saved(tmp_path, dense(4, 6, 3), config))
    assert head(opened) == [("b", "sigmoid")]  # ReLU and then a leaky ReLU is not one activation
    layers[1]["config"]["activation"] = "linear"
    assert head(open_network(saved(tmp_path, dense(4, 6, 3), config))) == [("a", "leaky_relu"), ("b", "sigmoid")]


@pytest.mark.parametrize("outputs", [[["a", 0, 0], ["b", 0, 0]], []])
def test_several_outputs_have_no_head(tmp_path: Path, outputs: list[Any]) -> None:
    layers = [layer("InputLayer", "in", [], batch_shape=[None, 4])]
    layers += [layer("Dense", name, ["in"], activation="relu") for name in "ab"]
    config = {"class_name": "Functional", "config": {"layers": layers, "output_layers": outputs}}
    arrays = dense(4, 3, names="a") | dense(4, 3, names="b")
    opened = open_network(saved(tmp_path, arrays, config))
    assert [spec.name for spec in opened.specs()] == ["a", "b"]
    assert head(opened) is None


def test_a_dense_of_each_step_is_a_layer_but_no_head(tmp_path: Path) -> None:
    config = sequential(layer("InputLayer", "in", batch_shape=[None, 7, 4]), layer("Dense", "a"))
    opened = open_network(saved(tmp_path, dense(4, 3), config))
    assert [spec.shape for spec in opened.specs()] == [(3, 4)]
    assert head(opened) is None


@pytest.mark.parametrize("configured", [False, True])
def test_kernels_of_other_layers_are_no_dense_layers(tmp_path: Path, configured: bool) -> None:
    arrays = {
        "conv/conv/kernel:0": np.ones((3, 3, 2, 4), "f"),
        "lstm/lstm/lstm_cell/kernel:0": np.ones((4, 32), "f"),
        "lstm/lstm/lstm_cell/recurrent_kernel:0": np.ones((8, 32), "f"),
        "lstm/lstm/lstm_cell/bias:0": np.ones(32, "f"),
        "table/table/embeddings:0": np.ones((9, 4), "f"),
        "norm/norm/gamma:0": np.ones(4, "f"),
        "norm/norm/moving_mean:0": np.ones(4, "f"),
    }
    kinds = {"conv": "Conv2D", "lstm": "LSTM", "table": "Embedding", "norm": "BatchNormalization"}
    config = sequential(*[layer(kind, name) for name, kind in kinds.items()]) if configured else None
    opened = open_network(saved(tmp_path, arrays, config))
    assert {spec.name.partition("[")[0] for spec in opened.specs()} == {
        "lstm.lstm_cell.kernel", "lstm.lstm_cell.recurrent_kernel",
    }  # fmt: skip
    assert {name.partition(".")[0]: reason for name, reason in reasons(opened).items()} == {
        "conv": "convolution",
        "table": "embedding",
        "norm": "normalisation",
    }
    assert opened.parameters_total == sum(array.size for array in arrays.values()) - 4


def test_lambda_and_custom_layers_are_names_alone(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA"}}
    config = sequential(
        layer("InputLayer", "in", batch_shape=[None, 4]),
        layer("Lambda", "evil", function=code),
        layer("Mine>Special", "a", activation=code),
        layer("Dense", "b", activation=code),
    )
    opened = open_network(saved(tmp_path, dense(4, 6, 3), config))
    assert [(spec.name, spec.activation) for spec in opened.specs()] == [("b", None)]
    assert reasons(opened) == {"a": "a parameter of Mine>Special"}
    assert head(opened) is None


def test_the_variables_of_keras_3_have_numbers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        for name, array in {
            "layers/dense/vars/0": KERNEL,
            "layers/dense/vars/1": np.zeros(3, "f"),
            "layers/gru/cell/vars/0": np.ones((4, 18), "f"),
            "layers/gru/cell/vars/1": np.ones((6, 18), "f"),
            "layers/embedding/vars/0": np.ones((9, 4), "f"),
        }.items():
            file[name] = array
        file["layers/dense/vars"].attrs["name"] = "hidden"
    opened = open_network(tmp_path / "a.weights.h5")
    spec = opened.spec("hidden")
    assert {one.name.partition("[")[0] for one in opened.specs()} == {
        "hidden", "gru.cell.kernel", "gru.cell.recurrent_kernel",
    }  # fmt: skip
    assert torch.equal(opened.read(spec).weight, torch.from_numpy(KERNEL.T.copy()))
    assert reasons(opened) == {"embedding.embeddings": "embedding"}


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["model_weights/x/kernel"] = KERNEL
    (tmp_path / "raw").write_bytes(KERNEL.tobytes())
    path = saved(tmp_path, dense(4, 3))
    with h5py.File(path, "a") as file:
        weights = file["model_weights"]
        weights["external/kernel"] = h5py.ExternalLink("secret.h5", "/model_weights/x/kernel")
        weights["soft"] = h5py.SoftLink("/model_weights/a")
        weights["loop"] = weights  # a group that holds itself
        files = [(str(tmp_path / "raw"), 0, KERNEL.nbytes)]
        weights.create_dataset("e/kernel", KERNEL.shape, "f4", external=files)
        layout = h5py.VirtualLayout(KERNEL.shape, "f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "model_weights/x/kernel", KERNEL.shape)
        weights.create_virtual_dataset("v/kernel", layout)
    opened = open_network(path)
    assert [spec.name for spec in opened.specs()] == ["a"]
    assert set(reasons(opened).values()) == {"its numbers lie in other files, which are not followed"}


def test_the_weights_are_those_that_keras_takes(tmp_path: Path) -> None:
    """Keras reads model_weights alone, and of a layer's group the arrays that its list names."""
    path = saved(tmp_path, dense(4, 3) | {"b/b/kernel:0": 2 * KERNEL, "b/b/decoy:0": KERNEL})
    with h5py.File(path, "a") as file:
        for place in ("a/a/kernel:0", "x/kernel", "model_weights_b/kernel"):
            file[place] = 7 * KERNEL
        file["model_weights/a"].attrs["weight_names"] = [b"a/kernel:0", b"a/bias:0"]
        file["model_weights/b"].attrs["weight_names0"] = [b"b/decoy:0"]
        file.create_group("model_weights/dropout")  # a layer without weights
        file["model_weights/dropout"].attrs["weight_names"] = np.zeros(0)
    opened = open_network(path)
    assert [spec.name for spec in opened.specs()] == ["a"]
    assert torch.equal(opened.read(opened.spec("a")).weight, torch.ones(3, 4))
    assert sorted(set(reasons(opened).values())) == [
        "is none of the weights that its layer lists",
        "lies beside model_weights, where Keras does not look",
        "not named as a weight",
    ]
    assert len(opened.layers) == 6


@pytest.mark.parametrize("settings", [{}, {"chunks": (1000, 1000)}, {"chunks": (1000, 1000), "compression": "gzip"}])
def test_numbers_that_were_never_written_are_not_read(tmp_path: Path, settings: dict[str, Any]) -> None:
    path = saved(tmp_path, dense(4, 3))
    with h5py.File(path, "a") as file:
        file.create_dataset("model_weights/b/kernel", (1_000_000, 1_000_000), "f4", **settings)
    opened = open_network(path)
    assert [spec.name for spec in opened.specs()] == ["a"]
    assert reasons(opened) == {"b": "declared larger than the data stored"}


def test_compressed_kernels_are_read(tmp_path: Path) -> None:
    path = saved(tmp_path, {})
    with h5py.File(path, "a") as file:
        file.create_dataset("model_weights/a/kernel", data=KERNEL, chunks=(2, 3), compression="gzip", shuffle=True)
    assert torch.equal(open_weights(path).store.read("a.kernel"), torch.from_numpy(KERNEL))


def test_an_endless_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, {"/".join("a" * 60): KERNEL})
    with pytest.raises(UnsafeFileError, match="in each other"):
        open_weights(path)
    monkeypatch.setattr(hdf5, "BUDGET", 3)
    with pytest.raises(UnsafeFileError, match="more than 3 groups"):
        hdf5.opened(str(saved(tmp_path, dense(4, 3))), None)


@pytest.mark.parametrize("cut", [0.2, 0.6, 0.95])
def test_a_cut_file_is_one_line(tmp_path: Path, cut: float) -> None:
    path = saved(tmp_path, dense(40, 60))
    os.truncate(path, int(cut * path.stat().st_size))
    with pytest.raises(SourceError, match="not an HDF5 file, or a damaged one"):
        open_weights(path)


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(keras_archive(tmp_path, network())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    with pytest.raises(UnsafeFileError, match="compressed or encrypted"):
        open_weights(tmp_path / "b.keras")


def test_a_file_of_another_program_holds_no_layers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["spikes/times"] = np.ones((3, 4))
        file["spikes/names"] = np.array([b"a", b"b"])
    opened = open_network(tmp_path / "a.h5")
    assert list(opened.specs()) == []
    assert len(reasons(opened)) == 2


def deflated_zeros(length: int) -> bytes:
    """So many MiB of zeros, deflated some 1,000 times smaller, without making them."""
    packer = zlib.compressobj(9)
    start = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = b"\x03\x00" + struct.pack(">HH", (length * 2**20) % 65521, 1)  # Adler's checksum of zeros
    return start + again * (length - 1) + end


def bomb(folder: Path, kind: str) -> Path:
    """Files of less than 2 MB that HDF5 would unpack to 400 MB and more, or fill up with zeros."""
    path = folder / "bomb.h5"
    with h5py.File(path, "w") as file:
        settings: dict[str, Any] = {"dtype": "f4", "compression": "gzip"}
        if kind == "a chunk of 1 MiB that unpacks to 400":
            kernel = file.create_dataset("a/kernel", (512, 512), chunks=(512, 512), **settings)
            kernel.id.write_direct_chunk((0, 0), deflated_zeros(400))
        elif kind == "a chunk of 4 KiB that unpacks to 400 MiB":
            kernel = file.create_dataset("a/kernel", (32, 32), chunks=(32, 32), **settings)
            kernel.id.write_direct_chunk((0, 0), deflated_zeros(400))
        elif kind == "a chunk of 512 MiB for one number":
            file.create_dataset("a/kernel", (1, 1), maxshape=(None, None), chunks=(2**14, 2**13), **settings)[:] = 1
        else:  # one chunk of a hundred
            kernel = file.create_dataset("a/kernel", (1000, 1000), chunks=(10, 1000), **settings)
            kernel[:10] = np.random.default_rng(0).normal(size=(10, 1000))
    return path


BOMBS = {
    "a chunk of 1 MiB that unpacks to 400": "unpacks to other bytes",
    "a chunk of 4 KiB that unpacks to 400 MiB": "more bytes than it declares",
    "a chunk of 512 MiB for one number": "far larger than its numbers",
    "one chunk of a hundred": "chunks are missing",
}


def test_packed_numbers_take_no_more_memory_than_they_declare(tmp_path: Path) -> None:
    paths = []
    for number, kind in enumerate(BOMBS):
        (tmp_path / str(number)).mkdir()
        paths.append(bomb(tmp_path / str(number), kind))
        assert paths[-1].stat().st_size < 2e6
    script = """
import resource, sys
import h5py, numpy
from netaudit.errors import UnsafeFileError
from netaudit.formats import hdf5
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    contents, read = hdf5.opened(path, None)
    said = [array.refusal for array in contents.datasets]
    try:
        for array in contents.datasets:
            if not array.refusal:
                read(array.path)
    except UnsafeFileError as error:
        said.append(str(error))
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, *said)
"""
    run = [sys.executable, "-c", script, *map(str, paths)]
    lines = subprocess.run(run, check=True, capture_output=True, text=True).stdout.splitlines()
    for line, what in zip(lines, BOMBS.values(), strict=True):
        megabytes, _, said = line.partition(" ")
        assert what in said
        assert int(megabytes) < 100

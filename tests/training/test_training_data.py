import gzip
import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest
import torch
from torchvision import datasets

from netaudit.errors import SourceError
from netaudit.training.data import load


def silent(message, done, total):
    pass


@pytest.fixture
def npz(tmp_path):
    """A cifar10.npz of 20 and 10 images."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, size in (("train", 20), ("test", 10)):
        arrays[f"x_{part}"] = random.integers(0, 256, (size, 3, 32, 32), dtype=np.uint8)
        arrays[f"y_{part}"] = np.arange(size) % 10
    np.savez(tmp_path / "cifar10.npz", **arrays)
    return arrays


def test_mnist_from_its_files(mnist_root):
    found = load("mnist", mnist_root, silent)
    assert (found.train.x.shape, found.test.x.shape) == ((300, 1, 28, 28), (100, 1, 28, 28))
    assert (found.train.x.dtype, found.train.y.dtype) == (torch.uint8, torch.int64)
    assert found.train.y[:12].tolist() == [*range(10), 0, 1]
    bars = found.train.x.reshape(-1, 28, 28)[:, :, 0].max(1).indices
    assert torch.equal(bars, 2 * found.train.y + 3)  # the pixels belong to their labels
    assert found.description.startswith("MNIST (")


def test_mnist_is_fetched_once(mnist_root, tmp_path, server, monkeypatch):
    resources = []
    for file in sorted((mnist_root / "MNIST" / "raw").iterdir()):
        packed = gzip.compress(file.read_bytes())
        server.files[f"/second/{file.name}.gz"] = packed
        resources.append((f"{file.name}.gz", hashlib.md5(packed).hexdigest()))
    order = ("train-images", "train-labels", "t10k-images", "t10k-labels")
    resources.sort(key=lambda resource: [resource[0].startswith(name) for name in order], reverse=True)
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"{server.url}/first/", f"{server.url}/second/"])
    told = []
    fetched = load("mnist", tmp_path / "empty", lambda *args: told.append(args))
    assert fetched.train.sha256() == load("mnist", mnist_root, silent).train.sha256()
    assert any(message.startswith("downloading train-images") for message, *_ in told)
    asked = len(server.requests)
    load("mnist", tmp_path / "empty", silent)
    assert len(server.requests) == asked == 8  # the first mirror has none of the four


def test_cifar10_from_an_npz(tmp_path, npz):
    found = load("cifar10", tmp_path, silent)
    assert np.array_equal(found.train.x.numpy(), npz["x_train"])
    assert np.array_equal(found.test.y.numpy(), npz["y_test"])
    assert (found.test.x.dtype, found.test.y.dtype) == (torch.uint8, torch.int64)


def test_cifar10_through_torchvision_is_the_same(tmp_path, npz, server, monkeypatch):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:

        def put(name, content):
            data = pickle.dumps(content)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
            return [name, hashlib.md5(data).hexdigest()]

        def batch(name, part, rows):
            x, y = npz[f"x_{part}"][rows], npz[f"y_{part}"][rows]
            return put(name, {"data": x.reshape(len(x), -1), "labels": y.tolist()})

        train = [batch("data_batch_1", "train", slice(12)), batch("data_batch_2", "train", slice(12, None))]
        test = [batch("test_batch", "test", slice(None))]
        meta = put("batches.meta", {"label_names": list("abcdefghij")})
    server.files["/cifar-10-python.tar.gz"] = packed.getvalue()
    monkeypatch.setattr(datasets.CIFAR10, "url", f"{server.url}/cifar-10-python.tar.gz")
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(packed.getvalue()).hexdigest())
    monkeypatch.setattr(datasets.CIFAR10, "train_list", train)
    monkeypatch.setattr(datasets.CIFAR10, "test_list", test)
    monkeypatch.setattr(datasets.CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]})
    fetched, local = load("cifar10", tmp_path / "empty", silent), load("cifar10", tmp_path, silent)
    assert fetched.train.sha256() == local.train.sha256()
    assert fetched.test.sha256() == local.test.sha256()


@pytest.mark.parametrize(("name", "shown"), [("mnist", "MNIST"), ("cifar10", "CIFAR-10")])
def test_no_data_and_no_network_is_one_error_that_says_what_to_do(name, shown, tmp_path):
    with pytest.raises(SourceError, match=f"^{shown} is not there, and: cannot download ") as caught:
        load(name, tmp_path, silent)
    [hint] = caught.value.hints
    assert "--data-root DIR with" in hint
    assert "or a network" in hint


def test_damaged_files_are_told(mnist_root):
    file = mnist_root / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(b"\0" * 100)
    with pytest.raises(SourceError, match=r"MNIST in .* cannot be read: ") as caught:
        load("mnist", mnist_root, silent)
    assert "--data-root" in caught.value.hints[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x_test": None}, "no x_test and y_test in it, or damaged"),
        ({"x_train": np.zeros((20, 32, 32, 3), np.uint8)}, r"x_train must be uint8 \[N, 3, 32, 32\], not uint8 \(20"),
        ({"x_train": np.zeros((20, 3, 32, 32))}, "not float64"),
        ({"y_train": np.zeros(19, int)}, "y_train must hold one label 0 to 9 an image"),
        ({"y_test": np.full(10, 10)}, "y_test must hold one label"),
        ({"y_test": np.zeros(10)}, "y_test must hold one label"),
        ({"y_test": np.array([None] * 10)}, "no x_test and y_test in it, or damaged"),
    ],
)
def test_an_npz_that_is_not_cifar10(tmp_path, npz, change, reason):
    arrays = {name: array for name, array in (npz | change).items() if array is not None}
    np.savez(tmp_path / "cifar10.npz", **arrays)
    with pytest.raises(SourceError, match=reason):
        load("cifar10", tmp_path, silent)

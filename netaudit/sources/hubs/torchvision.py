"""Architectures and published weights of torchvision."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torchvision
from torch import Tensor, nn
from torchvision import models

from netaudit.errors import SourceError
from netaudit.formats.weights_file import WeightsFile
from netaudit.network.inputs import Preprocessing
from netaudit.network.network import ModelInfo, Network, Progress
from netaudit.sources.hubs import download
from netaudit.sources.hubs.architecture import Architecture, open_architecture
from netaudit.sources.weights import open_weights

_QUANTISED = "quantized_"


def names() -> list[str]:
    """Every model of torchvision's registry."""
    return list(models.list_models())


def knows(name: str) -> bool:
    """Whether torchvision has the architecture."""
    return name in names()


def open_torchvision(
    name: str, file: WeightsFile | None, *, pretrained: bool = True, progress: Progress | None = None
) -> Network:
    """A model of the registry with the weights of ``file``, else with torchvision's own (its DEFAULT ones).

    Raises:
        SourceError: a quantised model, no weights published, no network and no cached file, or one that does not fit.
    """
    if name.startswith(_QUANTISED):
        plain = name.removeprefix(_QUANTISED)
        raise SourceError(
            f"{name} has int8 weights, which are not read", hint=f"the model before quantisation: {plain}"
        )
    weights = getattr(models.get_model_weights(name), "DEFAULT", None)
    crop = (
        None if weights is None else getattr(weights.transforms(), "crop_size", None)
    )  # [224] for images; clips have two sides, detectors none
    architecture = Architecture(
        ModelInfo(name, "torchvision", architecture=name),
        lambda: _make(name, weights),
        (3, crop[0], crop[0]) if isinstance(crop, (list, tuple)) and len(crop) == 1 else None,
        {"torchvision": torchvision.__version__},
        _densenet if name.startswith("densenet") else dict,
        preprocessing=None if weights is None else lambda: _preprocessing(weights),
    )
    if file is not None or not pretrained:
        return open_architecture(architecture, file)
    if weights is None:
        raise SourceError(f"torchvision publishes no weights for {name}", hint="give a file: --weights FILE")
    path = download.fetch(weights.url, download.cache_folder(), progress=progress)
    return open_architecture(architecture, open_weights(path), published=True)


def _preprocessing(weights: Any) -> Preprocessing:
    """The transforms that torchvision publishes with the weights, and what the outputs stand for."""
    return Preprocessing(weights.transforms(), weights.meta.get("categories", ()))


def _make(name: str, weights: Any) -> nn.Module:
    """The architecture as torchvision builds it for its own weights, without asking for them."""
    builder: Callable[..., nn.Module] = models.get_model_builder(name)
    accepted = inspect.signature(builder).parameters
    arguments: dict[str, Any] = {}
    if "weights_backbone" in accepted:
        arguments["weights_backbone"] = None
    if "aux_loss" in accepted:
        arguments["aux_loss"] = True
    if name in ("googlenet", "inception_v3"):
        arguments |= {"transform_input": True, "init_weights": False, "aux_logits": name == "inception_v3"}
    if name.startswith("vit_") and weights is not None:
        arguments["image_size"] = weights.meta["min_size"][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return builder(weights=None, **arguments)


def _densenet(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The published DenseNets have "norm.1" where the module has "norm1", as torchvision's own loader knows."""
    old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
    return {old.sub(r"\1\2", name): tensor for name, tensor in tensors.items()}

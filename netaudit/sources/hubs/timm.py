"""Architectures and published weights of timm."""

from __future__ import annotations

from typing import Any

import timm
import torch
from timm.models import get_pretrained_cfg
from torch import nn

from netaudit.errors import SourceError
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.network.inputs import Preprocessing
from netaudit.network.network import ModelInfo, Network, Progress
from netaudit.sources.hubs import download, hugging_face
from netaudit.sources.hubs.architecture import Architecture, MismatchError, open_architecture
from netaudit.sources.stores import module_store
from netaudit.sources.weights import open_weights
from netaudit.text import printable

_HUB_FILES = ("model.safetensors", "pytorch_model.bin")  # timm's own order


def names() -> list[str]:
    """Every architecture of timm, without tags."""
    return list(timm.list_models())


def knows(name: str) -> bool:
    """Whether timm has the architecture, whatever the tag after the dot."""
    return bool(timm.is_model(name))


def open_timm(
    name: str, file: WeightsFile | None, *, pretrained: bool = True, progress: Progress | None = None
) -> Network:
    """A model of timm with the weights of ``file``, else with the published ones of its tag (the default without one).

    Raises:
        SourceError: no such tag, no weights published, no network and no cached file, or a file that does not fit.
    """
    try:
        config = get_pretrained_cfg(name)
    except RuntimeError as error:
        tags = ", ".join(timm.list_pretrained(f"{name.partition('.')[0]}.*")[:8])
        raise SourceError(f"timm has no weights {printable(name)}", hint=f"it has {tags}") from error
    weights = None
    if file is None and pretrained:
        file, weights = _published(name, config, progress)
    info = ModelInfo(name, "timm", architecture=name.partition(".")[0], weights=weights)
    architecture = Architecture(
        info, lambda: _make(name), versions={"timm": timm.__version__}, preprocessing=lambda: _preprocessing(config)
    )
    try:
        return open_architecture(architecture, file, published=weights is not None)
    except MismatchError:
        converted = None if file is None else _converted(name, file)
        if converted is None:
            raise
        return open_architecture(architecture, converted)


def _preprocessing(config: Any) -> Preprocessing | None:
    """timm's own transform for evaluation."""
    if config is None:
        return None
    from timm.data.config import resolve_data_config
    from timm.data.transforms_factory import create_transform

    settings = resolve_data_config(pretrained_cfg=config.to_dict())  # type: ignore[no-untyped-call]
    return Preprocessing(create_transform(**settings, is_training=False))


def _make(name: str) -> nn.Module:
    module: nn.Module = timm.create_model(name, pretrained=False)
    return module


def _published(name: str, config: Any, progress: Progress | None) -> tuple[WeightsFile, str]:
    """The published file, and what to call it."""
    if config is None or not (config.hf_hub_id or config.url):
        raise SourceError(f"timm publishes no weights for {name}", hint="give a file: --weights FILE")
    if config.custom_load and not config.hf_hub_id:
        raise SourceError(f"the weights of {name} are in a format of their own, which is not read yet")
    if config.hf_hub_id:
        wanted = (config.hf_hub_filename,) if config.hf_hub_filename else _HUB_FILES
        path = hugging_face.fetch(config.hf_hub_id, wanted, progress=progress)
        return open_weights(path), f"{config.hf_hub_id}/{path.name}"
    path = download.fetch(config.url, download.cache_folder(), progress=progress)
    return open_weights(path), path.name


def _converted(name: str, file: WeightsFile) -> WeightsFile | None:
    """The file as timm itself converts it (older names, other layouts), in memory; None when timm cannot either."""
    tensors = {key: file.store.read(key) for key, declared in file.declared.items() if not declared.refusal}
    try:
        with torch.random.fork_rng(devices=[]):
            module = timm.create_model(name, pretrained=True, pretrained_cfg_overlay={"state_dict": tensors})
    except Exception:  # noqa: BLE001 - its converters index names that another network's file does not have
        return None
    store = module_store(module)
    declared = {key: Declared(store.shape(key), store.dtype(key), key) for key in module.state_dict()}
    return WeightsFile(file.path, store, declared)

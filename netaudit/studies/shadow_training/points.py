"""The points of a run: labelled ones by the seed, the held-out ones and the test set; pixels, or a trunk's outputs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file

from netaudit.numerics import device as devices
from netaudit.sources.hubs import sequential, zoo
from netaudit.studies.shadow_training.plan import HELD_OUT, Setting, Stage
from netaudit.training.data import DataSet, Images, load
from netaudit.training.loop import inputs


def labelled(setting: Setting, root: Path, seed: int) -> Images:
    """The labelled points of a seed: the same ones for every arm."""
    train = _data(setting.recipe.data, root).train
    generator = devices.generator(seed, "shadow-study", setting.recipe.data, str(setting.labels), "points")
    rows = torch.randperm(len(train.y) - HELD_OUT, generator=generator)[: setting.labels]
    return _through(setting.trunk, Images(train.x[rows], train.y[rows]))


def judged_on(setting: Setting, root: Path, stage: Stage) -> Images:
    """The test set for what is reported; held-out training images for the choice of rates and of better shadows."""
    return _judged_on(setting.recipe.data, setting.trunk, root, stage == "test")


@cache
def _judged_on(data: str, trunk: str | None, root: Path, test: bool) -> Images:
    found = _data(data, root)
    if test:
        return _through(trunk, found.test)
    return _through(trunk, Images(found.train.x[-HELD_OUT:], found.train.y[-HELD_OUT:]))


@cache
def _data(name: str, root: Path) -> DataSet:
    return load(name, root, lambda message, done, total: None)


def _through(trunk: str | None, images: Images) -> Images:
    """What comes out of the bundled network's layers below its fully connected ones, float32."""
    if trunk is None:
        return images
    layers = _trunk(trunk)
    with torch.no_grad():
        parts = [layers(inputs(x, torch.device("cpu"))) for x in torch.split(images.x, 500)]
    return Images(torch.cat(parts), images.y)


@cache
def _trunk(name: str) -> torch.nn.Sequential:
    card = zoo.bundled()[name]
    net = sequential.build(card["architecture"])
    net.load_state_dict({key: value.float() for key, value in load_file(zoo.root() / name / card["weights"]).items()})
    place = next(place for place, part in enumerate(net) if isinstance(part, torch.nn.Flatten))
    return net[:place].eval()

"""The untrained twin of a network: layers of its shapes, drawn as a usual initialisation draws them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.initialisation.measure import measure
from netaudit.analyses.layer.initialisation.payload import Initialisation
from netaudit.network.layers import FCLayer
from netaudit.network.network import LayerSpec, ModelInfo, Network, Progress
from netaudit.numerics import device as devices
from netaudit.numerics.laws.initialisation.families import CUT, Law, families
from netaudit.sources.stores import MemoryStore
from netaudit.text import printable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

DEFAULT = "torch_default"
"""The family of a layer whose start is not recognised: that of ``nn.Linear``."""


def twin(network: Network, seed: int, progress: Progress) -> tuple[Network, dict[str, str]]:
    """Draw a network like one that is open, layer by layer, with the seed.

    A layer that is as drawn gets the family that it was drawn from; a trained one no longer says it, and gets that of
    the nearest scale, or else PyTorch's default. Biases are drawn as PyTorch draws them.

    Returns:
        The twin, and the family of each layer.
    """
    import torch

    tensors: dict[str, Tensor] = {}
    chosen: dict[str, str] = {}
    specs = list(network.specs())
    layers = []
    for place, spec in enumerate(specs):
        progress(f"{printable(spec.name, 60)}: drawing its untrained twin", place, len(specs))
        layer = network.read(spec)
        name, law = _family(layer, network.blocks(spec.name))
        generator = devices.generator(seed, "twin", spec.name)
        weight, bias = f"{place}.weight", f"{place}.bias"
        tensors[weight] = drawn(law, spec.shape, generator)
        if layer.bias is not None:
            bound = spec.shape[1] ** -0.5
            tensors[bias] = torch.empty(spec.shape[0]).uniform_(-bound, bound, generator=generator)
        kept = bias if layer.bias is not None else None
        layers.append(LayerSpec(spec.name, spec.shape, weight, kept, activation=spec.activation, origin=spec.origin))
        chosen[spec.name] = name
    made = replace(
        network,
        info=ModelInfo(f"untrained twin of {network.info.name}", "twin"),
        layers=tuple(layers),
        store=MemoryStore(tensors),
        parameters_total=sum(spec.parameters for spec in layers),
        cells=(), graph=None, backbone=None, make_module=None, sample=None, files=(), base=None, notes=(), about={},
    )  # fmt: skip
    return made, chosen


def drawn(law: Law, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """One draw of a law ``[m, n]``, as PyTorch makes it."""
    import torch
    from torch import nn

    weight = torch.empty(shape)
    if law.kind == "uniform":
        return weight.uniform_(-law.scale, law.scale, generator=generator)
    if law.kind == "normal":
        return weight.normal_(0, law.scale, generator=generator)
    return nn.init.trunc_normal_(weight, 0, law.scale, -CUT * law.scale, CUT * law.scale, generator)


def _family(layer: FCLayer, blocks: int) -> tuple[str, Law]:
    import torch

    found = measure(LayerContext(layer, 0, torch.device("cpu"), blocks=blocks))
    known = {family.name: family.law for family in families(*layer.shape, layer.fan_out, blocks)}
    asked = (found.family, found.closest) if isinstance(found, Initialisation) else ()
    name = next((each for each in asked if each in known), DEFAULT)
    return name, known[name]

"""A network in memory that counts the reads of its store, and the context that its analyses get."""

from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import torch

from netaudit.analyses.context import HeadInputs, NetworkContext, Settings
from netaudit.analyses.head_inputs import head_inputs
from netaudit.errors import SourceError
from netaudit.network.inputs import Sample
from netaudit.network.layers import FCLayer, Head, HeadLayer, SkippedLayer

CPU = torch.device("cpu")


def quiet(message, done, total):
    """No progress."""


def gaussian_layers(*sizes, seed=0, bias=0.0):
    """Gaussian layers of these widths, bottom to top, called "0", "1", ..."""
    generator = torch.Generator().manual_seed(seed)
    return [
        FCLayer(str(i), torch.randn(m, n, generator=generator), torch.full((m,), bias))
        for i, (n, m) in enumerate(pairwise(sizes))
    ]


def head_of(names, activation="relu", top="linear", inferred=False):
    names = list(names)
    return Head(tuple(HeadLayer(n, top if n == names[-1] else activation) for n in names), inferred)


class FakeNetwork:
    """Keeps the promises of :class:`netaudit.network.network.Network` that analyses of the head rely on."""

    def __init__(self, layers, head=None, skipped=(), backbone=None):
        self._layers = {layer.name: layer for layer in layers}
        reasons = dict(skipped)
        self.head, self.backbone, self.make_module = head, backbone, None
        self.layers = tuple(
            SkippedLayer(name, layer.shape, reasons[name])
            if name in reasons
            else SimpleNamespace(name=name, shape=layer.shape)
            for name, layer in self._layers.items()
        )
        self.reads = Counter()
        self._reasons = reasons

    def spec(self, name):
        if name in self._reasons or name not in self._layers:
            raise SourceError(f"the layer {name} is skipped: {self._reasons.get(name)}")
        return next(layer for layer in self.layers if layer.name == name)

    def read(self, spec):
        self.spec(spec.name)
        self.reads[spec.name] += 1
        return self._layers[spec.name]

    def head_gap(self):
        if self.head is None:
            return "no head of fully connected layers at the top was found"
        for layer in self.head.layers:
            if layer.name in self._reasons:
                return f"the head's layer {layer.name} is skipped: {self._reasons[layer.name]}"
        return None


def reader(network, keep=()):
    """Reads by name; what is named in ``keep`` is read once."""
    kept = {}

    def read(name):
        if name not in kept:
            layer = network.read(network.spec(name))
            if name not in keep:
                return layer
            kept[name] = layer
        return kept[name]

    return read


def sample_of(x, y=None):
    return Sample(x, y, "0" * 64, "sample.npz")


def context_of(network, sample=None, *, keep=(), known_scales=None):
    """The context after the real inputs, if there are some, were sent up the head."""
    read = reader(network, keep)
    inputs = HeadInputs() if sample is None else head_inputs(network, read, sample, CPU, quiet)
    return NetworkContext(network, read, Settings(CPU), inputs, sample, (), known_scales or {}, quiet)

"""What a layer's analyses share is kept, but no copy of the weights that the next analysis has no use for."""

import torch

import netaudit
from netaudit.report.document.model import Presentation
from netaudit.results import Payload


class Number(Payload, frozen=True):
    """One number."""

    value: float


def tensors(thing):
    """Every tensor that can be reached from an object through its fields."""
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, tuple):
        for part in thing:
            yield from tensors(part)
    elif hasattr(thing, "__dict__"):
        yield from tensors(tuple(vars(thing).values()))


def test_no_copy_of_the_weights_is_kept_from_one_analysis_to_the_next():
    weight = torch.randn(40, 3000)  # longer than the part that permuted entries are drawn on
    held = []

    def measure(context):
        assert "spectrum" in vars(context)  # the decomposition is kept
        others = {id(each): each for each in tensors(context) if each.data_ptr() != context.layer.weight.data_ptr()}
        held.append(sum(each.numel() for each in others.values()))
        return Number(float(context.standardised().std()))

    def mine(name):
        return netaudit.Analysis(name, name, "?", "layer", (), Number, measure, lambda payload, place: Presentation())

    chosen = ["singular_law", "shadow_inversion", mine("first"), "random_likeness", mine("second")]
    report = netaudit.audit({"a.weight": weight}, analyses=chosen)
    assert 0 < held[0] < weight.numel() / 2  # the Gram matrix and that part
    assert held[1] == held[0]
    assert report.layers[0].analyses["second"].value == report.layers[0].analyses["first"].value

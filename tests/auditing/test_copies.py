"""What a layer's analyses share is kept, but no copy of the weights that the next analysis has no use for."""

import torch

import netaudit
from netaudit.report.document.model import Presentation
from netaudit.results import Payload


class Number(Payload, frozen=True):
    """One number."""

    value: float


def test_no_copy_of_the_weights_is_kept_from_one_analysis_to_the_next():
    held = []

    def measure(context):
        assert "spectrum" in vars(context)  # the decomposition is kept
        tensors = [value for value in vars(context).values() if isinstance(value, torch.Tensor)]
        held.append(sum(tensor.numel() for tensor in tensors))
        return Number(float(context.standardised().std()))

    def mine(name):
        return netaudit.Analysis(name, name, "?", "layer", (), Number, measure, lambda payload, place: Presentation())

    weights = {"a.weight": torch.randn(60, 80)}
    report = netaudit.audit(weights, analyses=["singular_law", "shadow_inversion", mine("first"), mine("second")])
    assert held == [0, 0]
    assert report.layers[0].analyses["second"].value == report.layers[0].analyses["first"].value

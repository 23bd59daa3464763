"""What is left of a layer without its special weights: one context, on which H3 and the ladder are judged alike."""

import gc
import weakref

import numpy as np
import pytest
import torch

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer import random_likeness, singular_law
from netaudit.network.layers import FCLayer

CPU = torch.device("cpu")


def gaussian(m, n, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed))


def context(weight, **more):
    return LayerContext(FCLayer("layer", weight, **more), 0, CPU, method="auto")


def test_an_ordinary_layer_is_its_own_remainder_and_does_not_keep_itself_in_memory():
    layer = context(gaussian(40, 50))
    assert layer.remainder is layer
    gone = weakref.ref(layer.layer.weight)
    gc.disable()
    try:
        del layer
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.float8_e4m3fn])
def test_rows_and_columns_are_left_out_in_every_dtype(dtype):
    weight = gaussian(60, 80)
    weight[7], weight[11], weight[13] = 0, 0.5, weight[12]
    weight[:, 9] = weight[:, 8]
    weight = weight.to(dtype)
    left = context(weight).remainder.layer.weight
    rows, columns = np.setdiff1d(np.arange(60), [7, 11, 13]), np.setdiff1d(np.arange(80), [9])
    assert torch.equal(left.double(), weight.double()[rows][:, columns])


def test_a_heavy_weight_counts_as_zero_and_the_layer_keeps_it():
    weight = gaussian(60, 80)
    weight[3, 4] = 100.0
    layer = context(weight)
    assert layer.remainder.layer.weight[3, 4] == 0
    assert layer.layer.weight[3, 4] == 100


def test_the_factors_of_a_product_lose_the_same_rows_and_columns():
    left, right = gaussian(60, 3).double(), gaussian(3, 80, 1).double()
    left[5], right[:, 6:8] = 0, 0
    remainder = context((left @ right).float(), factors=(left, right)).remainder
    assert remainder.shape == (59, 78)
    assert remainder.spectrum.factored
    dense = torch.linalg.svdvals(remainder.layer.weight.double())[:3] / remainder.entries.std
    assert remainder.spectrum.uncentred[::-1][:3] == pytest.approx(dense.numpy())


@pytest.mark.parametrize("make", ["dead", "duplicate", "heavy", "ordinary"])
def test_the_law_and_the_ladder_are_judged_on_the_same_singular_values(make):
    weight = gaussian(150, 200)
    if make == "dead":
        weight[100:] = 0
    elif make == "duplicate":
        weight[100:] = weight[:50]
    elif make == "heavy":
        weight[0, 0] = 60.0
    layer = context(weight)
    law, ladder = (analysis.ANALYSIS.measure(layer) for analysis in (singular_law, random_likeness))
    as_drawn = ladder.rungs[0]
    assert (law.verdict, as_drawn.verdict) == ("holds", "holds")
    assert as_drawn.distance == pytest.approx(law.metrics["ks_marchenko_pastur"], rel=1e-5)


def test_the_spikes_and_the_surrogates_are_those_of_what_is_left():
    weight = gaussian(100, 200)
    weight += (
        5.0 * (100 * 200) ** 0.25 * torch.outer(torch.ones(100) / 10, torch.sign(gaussian(1, 200, 3)[0]) / 200**0.5)
    )
    dead = torch.cat([torch.zeros(40, 200), weight])
    alone, found = (
        singular_law.ANALYSIS.measure(LayerContext(FCLayer("layer", each), 0, CPU, nulls="full"))
        for each in (weight, dead)
    )
    assert len(found.spikes) == 1
    assert found.spikes[0].strength == pytest.approx(alone.spikes[0].strength, rel=1e-5)
    assert found.spikes[0].top_rows_share == pytest.approx(alone.spikes[0].top_rows_share, rel=1e-5)
    assert [null.median for null in found.nulls[1:]] == pytest.approx(
        [null.median for null in alone.nulls[1:]], rel=1e-5
    )

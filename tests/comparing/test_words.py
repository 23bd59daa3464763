"""Every word of a comparison, on changes that are planted."""

import copy

import pytest
import torch
from torch import nn

import netaudit
from netaudit.comparing.roundings import explained, noise, rounded
from netaudit.errors import NetauditError


def compared(*targets, **options):
    return netaudit.compare(*targets, ladder=False, **options)


def rules(found):
    return {layer.rule for layer in found.pairs[-1].layers}


def test_the_same_numbers_in_a_wider_format_are_identical(net, change):
    half = copy.deepcopy(net).half()
    found = compared(half, copy.deepcopy(half).float())
    assert found.words == ("identical",)
    assert rules(found) == {"every_number_equal"}
    assert [layer.update for layer in found.pairs[0].layers] == ["none"] * 3
    assert not found.raises("changed")


def test_another_bias_is_a_change(net):
    other = copy.deepcopy(net)
    with torch.no_grad():
        other[2].bias += 1e-3
    found = compared(net, other)
    assert found.words == ("fine_tuned",)
    assert [layer.rule for layer in found.pairs[0].layers] == [
        "every_number_equal", "only_the_bias", "every_number_equal",
    ]  # fmt: skip
    assert found.raises("changed")


@pytest.mark.parametrize("rescaled", [False, True])
def test_units_in_another_order_are_the_same_network(net, reordered, rescaled):
    other = reordered(net, rescaled)
    x = torch.randn(5, 60)
    torch.testing.assert_close(net(x), other(x), rtol=1e-4, atol=1e-5)
    found = compared(net, other)
    assert found.words == ("same_reordered",)
    assert rules(found) == {"same_after_alignment"}
    assert not found.raises("changed")
    first, middle, last = (layer.aligned for layer in found.pairs[0].layers)
    assert first.moved > 70
    assert first.matched > 0.999 > 0.6 > first.matched_null
    assert (last.moved, last.matched) == (0, None)
    assert max(each.relative for each in (first, middle, last)) < 4e-7


def test_scales_alone_are_no_change_either(net):
    other = copy.deepcopy(net)
    with torch.no_grad():
        other[0].weight *= 3
        other[0].bias *= 3
        other[2].weight /= 3
    found = compared(net, other)
    assert [layer.word for layer in found.pairs[0].layers] == ["same_reordered", "same_reordered", "identical"]
    assert found.words == ("same_reordered",)


def test_a_scale_that_no_other_layer_takes_back_is_a_change(net):
    other = copy.deepcopy(net)
    with torch.no_grad():
        other[4].weight *= 3
    found = compared(net, other)
    assert found.pairs[0].layers[-1].rule == "related_and_large"
    assert found.words == ("retrained",)


def test_units_before_an_activation_that_is_not_homogeneous_are_not_rescaled(net, reordered):
    made = [nn.Sequential(*(nn.GELU() if isinstance(part, nn.ReLU) else part for part in each))
            for each in (net, reordered(net, rescaled=True))]  # fmt: skip
    assert compared(*made).words[0] != "same_reordered"
    made[1] = nn.Sequential(*(nn.GELU() if isinstance(p, nn.ReLU) else p for p in reordered(net, rescaled=False)))
    assert compared(*made).words == ("same_reordered",)


def test_a_network_in_another_order_that_was_changed_a_little_is_fine_tuned(net, reordered, change):
    other = reordered(change(net, lambda W: W + 0.05 * W.std() * torch.randn_like(W)), rescaled=False)
    found = compared(net, other)
    assert found.words == ("fine_tuned",)
    assert [layer.reordered for layer in found.pairs[0].layers] == [True, True, True]


SCHEMES = ("float16", "bfloat16", "float8_e4m3fn", "int8 per tensor", "int8 per row", "4 bits per row")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_rounding_is_requantised_in_both_directions(net, change, scheme):
    other = change(net, lambda W: rounded(W.double(), scheme).float())
    for one, two, back in ((net, other, False), (other, net, True)):
        found = compared(one, two)
        assert found.words == ("requantised",)
        assert {(layer.rounding.scheme, layer.rounding.reversed) for layer in found.pairs[0].layers} == {(scheme, back)}


def test_groups_of_a_row_are_seen_in_four_bits(change):
    W = torch.randn(50, 256).double()
    by_group = rounded(W.reshape(-1, 32), "4 bits per row").reshape(50, 256)
    assert explained(W, by_group).scheme == "4 bits per group of 32"


def test_int8_that_is_kept_in_float16_is_still_int8():
    W = torch.randn(60, 100)
    assert explained(W.double(), rounded(W.double(), "int8 per row").half().double()).scheme == "int8 per row"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_noise_of_the_same_size_is_not_rounding(net, change, scheme):
    def noisy(W):
        error = (rounded(W.double(), scheme) - W.double()).square().mean().sqrt().float()
        return W + error * torch.randn_like(W)

    found = compared(net, change(net, noisy))
    assert found.words == ("fine_tuned",)
    assert all(layer.rounding is None for layer in found.pairs[0].layers)


def test_a_grid_alone_is_not_enough_the_weights_must_be_near(net, another, change):
    other = change(another, lambda W: rounded(W.double(), "int8 per row").float())
    assert compared(net, other).words == ("unrelated",)


def test_what_rounding_would_change_is_that_of_its_errors():
    """A step s of a uniform error: s / sqrt 12. Of int8 a tensor the step is max / 127."""
    W = torch.randn(200, 300).double()
    expected = float(W.abs().max()) / 127 / 12**0.5
    sizes = {each.scheme: each.relative for each in noise(W)}
    assert sizes["int8 per tensor"] == pytest.approx(expected, rel=0.05)
    assert sizes["int8 per row"] < sizes["int8 per tensor"] < sizes["4 bits per row"]


def test_a_low_rank_change_is_told_from_a_full_one(net, change):
    def adapted(W):
        return W + 0.005 * torch.randn(W.shape[0], 2) @ torch.randn(2, W.shape[1])

    low = compared(net, change(net, adapted)).pairs[0].layers
    assert [(layer.word, layer.update, layer.rank) for layer in low] == [("fine_tuned", "low_rank", 2)] * 3
    full = compared(net, change(net, lambda W: W + 0.01 * torch.randn_like(W))).pairs[0].layers
    assert [(layer.update, layer.rank) for layer in full] == [("full", 60), ("full", 64), ("full", 40)]
    assert [layer.change.spikes for layer in full] == [0, 0, 0]


def test_a_change_that_is_kept_in_half_precision_has_the_rank_of_the_change(net, change):
    half = copy.deepcopy(net).half()

    def adapted(W):
        return (W.float() + 0.02 * torch.randn(W.shape[0], 1) @ torch.randn(1, W.shape[1])).half()

    for layer in compared(half, change(half, adapted)).pairs[0].layers:
        assert layer.update == "low_rank"
        assert layer.rank < 5


def test_one_start_and_another_way_is_retrained(net, change):
    other = change(net, lambda W: 0.5 * W + 0.8 * W.std() * torch.randn_like(W))
    found = compared(net, other)
    assert found.words == ("retrained",)
    assert rules(found) == {"related_and_large"}


def test_networks_of_two_seeds_are_unrelated(net, another):
    found = compared(net, another)
    assert found.words == ("unrelated",)
    for layer in found.pairs[0].layers:
        assert abs(layer.cosine) < 4 * layer.cosine_null
        assert layer.cosine_null == pytest.approx((layer.shape[0] * layer.shape[1]) ** -0.5, rel=0.1)
        assert layer.overlap.left < 2 * layer.overlap.left_null
    assert found.raises("unrelated")


def test_a_layer_that_was_replaced_is_named(net, another):
    other = copy.deepcopy(net)
    other[4] = another[4]
    [pair] = compared(net, other).pairs
    assert (pair.word, pair.replaced) == ("fine_tuned", ("4",))


def test_too_few_weights_are_undecided():
    one, two = (nn.Sequential(nn.Linear(8, 6)) for _ in range(2))
    [layer] = compared(one, two).pairs[0].layers
    assert (layer.word, layer.rule) == ("undecided", "interval_over_a_limit")


def test_weights_that_are_not_finite_are_undecided(net):
    other = copy.deepcopy(net)
    with torch.no_grad():
        other[0].weight[0, 0] = float("nan")
    found = compared(net, other).pairs[0].layers
    assert [layer.word for layer in found] == ["undecided", "identical", "identical"]
    assert found[0].note == "A weight is not a finite number."


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_the_unit_of_the_weights_does_not_count(net, change, unit):
    first, second = (change(each, lambda W: W * unit) for each in (net, change(net, lambda W: W + 0.01)))
    plain = compared(net, change(net, lambda W: W + 0.01)).pairs[0].layers
    for layer, other in zip(compared(first, second).pairs[0].layers, plain, strict=True):
        assert layer.word == other.word
        assert layer.cosine == pytest.approx(other.cosine, abs=1e-6)
        assert layer.change.relative == pytest.approx(other.change.relative, rel=1e-4)


def test_networks_without_a_common_layer_are_refused(net):
    with pytest.raises(NetauditError, match=r"no layer of .* has the name and shape of one of"):
        compared(net, nn.Sequential(nn.Linear(9, 9)))


def test_one_network_is_not_compared(net):
    with pytest.raises(NetauditError, match="two networks or more are compared"):
        compared(net)
    with pytest.raises(NetauditError, match="an untrained twin is set beside one network"):
        compared(net, net, vs_init=True)


def test_a_small_layer_that_was_replaced_makes_the_network_no_identical_one():
    """The cosine of so few weights does not say whether they are unrelated; that they changed is sure."""
    one = nn.Sequential(nn.Linear(60, 80), nn.ReLU(), nn.Linear(80, 4))
    other = copy.deepcopy(one)
    other[2] = nn.Linear(80, 4)
    [pair] = compared(one, other).pairs
    assert [layer.word for layer in pair.layers] == ["identical", "undecided"]
    assert pair.word == "fine_tuned"


def test_a_layer_that_cannot_be_compared_leaves_open_whether_the_network_is_the_same(net):
    one, other = copy.deepcopy(net), copy.deepcopy(net)
    for each in (one, other):
        with torch.no_grad():
            each[0].weight[0, 0] = float("inf")
    assert compared(one, other).words == ("undecided",)

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from netaudit.errors import NetauditError
from netaudit.training import loop
from netaudit.training.data import DataSet

CPU = torch.device("cpu")


def silent(message, done, total):
    pass


def trained(recipe, images, seed=0, epochs=3, precision="float32", **options):
    run = loop.start(recipe, seed, epochs, CPU, precision)
    loop.train(run, images, silent, **({"after": lambda run: None} | options))
    return run


def weights(run):
    return {name: tensor.clone() for name, tensor in run.model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns(tiny, images):
    run = trained(tiny, images, epochs=12)
    assert [entry["epoch"] for entry in run.history] == list(range(13))
    first, *_, last = run.history
    assert (first["loss"], first["rate"]) == (None, None)
    assert run.history[1]["loss"] > 2 * last["loss"]
    assert first["test_accuracy"] < 0.6 < 0.9 < last["test_accuracy"]
    assert [entry["rate"] for entry in run.history[1:]] == [tiny.rate_at(epoch, 12) for epoch in range(12)]


def test_the_seed_decides_and_the_callers_random_numbers_do_not(tiny, images):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one = trained(tiny, images)
    assert torch.equal(torch.rand(3), expected)  # neither read nor moved
    assert same(weights(one), weights(trained(tiny, images)))
    assert not same(weights(one), weights(trained(tiny, images, seed=1)))


def test_gaussian_initialisation(tiny):
    wide = replace(tiny, architecture=({"type": "Linear", "in": 400, "out": 300},), input=(400,))
    layer = loop.start(wide, 0, 1, CPU).model[0]
    assert float(layer.weight.detach().std()) == pytest.approx(math.sqrt(2 / 400), rel=0.01)
    assert not layer.bias.any()
    uniform = loop.start(replace(wide, initialisation="pytorch"), 0, 1, CPU).model[0]
    assert float(uniform.weight.detach().abs().max()) <= 1 / 20
    assert uniform.bias.any()


def test_the_branches_of_a_residual_network_begin_small(tiny):
    branch = [{"type": "Linear", "in": 300, "out": 300}, {"type": "ReLU"}, {"type": "Linear", "in": 300, "out": 300}]
    blocks = ({"type": "Residual", "branch": branch},) * 5
    model = loop.start(replace(tiny, architecture=blocks, input=(300,)), 0, 1, CPU).model
    for block in model:
        first, _, last = block.branch
        assert float(first.weight.detach().std()) == pytest.approx(math.sqrt(2 / 300), rel=0.02)
        assert float(last.weight.detach().std()) == pytest.approx(math.sqrt(2 / 300 / 5), rel=0.02)


def test_the_first_step_is_sgd_with_momentum_and_decay(plain, images):
    """One step of a recipe against the update written out in float64."""
    linear = replace(
        plain, architecture=({"type": "Flatten"}, {"type": "Linear", "in": 192, "out": 4}), batch=200, epochs=1
    )
    run = loop.start(linear, 0, 1, CPU)
    A, b = (parameter.detach().double() for parameter in run.model[1].parameters())
    x, y = images.train.x.flatten(1).double() / 255, images.train.y
    p = (x @ A.T + b).softmax(1)
    slope = (p - nn.functional.one_hot(y, 4)) / len(y)
    loop.train(run, images, silent, after=lambda run: None)
    expected = A - linear.rate * (slope.T @ x + linear.weight_decay * A)
    assert torch.allclose(run.model[1].weight.double(), expected, atol=1e-6)
    loss = -(p[torch.arange(len(y)), y]).log().mean()
    assert run.history[1]["loss"] == pytest.approx(float(loss), rel=1e-5)


def test_a_loss_can_be_handed_in_and_sees_the_same_batches(tiny, images):
    seen = {"plain": [], "noisy": []}

    def plain_loss(model, x, y, generator):
        assert model.training
        seen["plain"].append(x.clone())
        return loop.cross_entropy(model, x, y, generator)

    def noisy_loss(model, x, y, generator):
        seen["noisy"].append(x.clone())
        noise = torch.randn(x.shape, generator=generator)
        return loop.cross_entropy(model, x + noise, y, generator)

    by_hand, default = trained(tiny, images, loss=plain_loss), trained(tiny, images)
    noisy = trained(tiny, images, loss=noisy_loss)
    assert same(weights(by_hand), weights(default))
    assert not same(weights(noisy), weights(default))
    assert len(seen["plain"]) == 3 * math.ceil(200 / 16)
    assert all(torch.equal(a, b) for a, b in zip(seen["plain"], seen["noisy"], strict=True))
    assert seen["plain"][0].min() >= 0
    assert seen["plain"][0].max() <= 1


def test_progress_counts_every_step(tiny, images):
    told = []
    run = loop.start(tiny, 0, 2, CPU)
    loop.train(run, images, lambda *args: told.append(args), after=lambda run: None)
    assert [done for _, done, _ in told] == list(range(26))
    assert {total for *_, total in told} == {26}
    assert (told[0][0], told[-1][0]) == ("epoch 1 of 2", "epoch 2 of 2")


def test_a_loss_that_is_not_finite_stops_the_run(tiny, images):
    def exploding(model, x, y, generator):
        return loop.cross_entropy(model, x, y, generator) * math.inf

    with pytest.raises(NetauditError, match="tiny: the loss is no longer finite in epoch 1"):
        trained(tiny, images, loss=exploding)


def test_every_image_is_seen_once_an_epoch(plain, images):
    rows = []

    def loss(model, x, y, generator):
        rows.append((x * 255).round().to(torch.uint8))
        return loop.cross_entropy(model, x, y, generator)

    trained(plain, DataSet(images.train, images.test, ""), epochs=1, loss=loss)
    seen, all_ = torch.cat(rows).flatten(1), images.train.x.flatten(1)
    assert not torch.equal(seen, all_)  # shuffled
    assert sorted(map(tuple, seen.tolist())) == sorted(map(tuple, all_.tolist()))


def test_bfloat16_is_of_the_products_alone(tiny, images):
    def loss(model, x, y, generator):
        found = model(x)
        seen.add((found.dtype, model.fc1.weight.dtype))
        return nn.functional.cross_entropy(found, y)

    seen = set()
    half = trained(tiny, images, epochs=12, precision="bfloat16", loss=loss)
    assert seen == {(torch.bfloat16, torch.float32)}
    assert all(tensor.dtype == torch.float32 for tensor in weights(half).values())
    assert half.history[-1]["test_accuracy"] > 0.9

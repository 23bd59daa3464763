"""The loss itself: its numbers against the formulas written out, its place in a loop, and what it refuses."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from netaudit.training import ShadowLoss
from netaudit.training.shadow_loss import _linear, find_stack


def net(dropout=0.0, inputs=12):
    torch.manual_seed(0)
    half = [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(nn.Linear(inputs, 30), nn.ReLU(), *half, nn.Linear(30, 20), nn.ReLU(), *half, nn.Linear(20, 5))


def batch(n=16, inputs=12):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(n, inputs, generator=generator), torch.randint(5, (n,), generator=generator)


def layers(model):
    return [part for part in model if isinstance(part, nn.Linear)]


def down(model, h, reals, scale="match"):
    """The shadow without dropout, layer by layer, in float64."""
    h = h.double()
    for layer, real in zip(reversed(layers(model)), reversed(reals), strict=True):
        A = layer.weight.detach().double()
        x = (h @ A).clamp_min(0)
        if scale == "match":
            x = x / x.norm(dim=1, keepdim=True) * real.double().norm(dim=1, keepdim=True)
        else:
            x = x * 2 / (A.shape[1] * A.var(correction=0))
        if scale == "gain":
            x = x / (((x @ A.T) * h).sum(1, keepdim=True) / h.square().sum(1, keepdim=True))
        h = x
    return h


def real_inputs(model, x):
    found = []
    for part in model:
        if isinstance(part, nn.Linear):
            found.append(x.detach())
        x = part(x)
    return found


@pytest.mark.parametrize("scale", ["match", "theory", "gain"])
def test_the_loss_is_the_formula(scale):
    model, (x, y) = net(), batch()
    logits = model(x)
    expected = down(model, logits.softmax(1).detach(), real_inputs(model, x), scale)
    again = model.double()(expected)
    wanted = functional.cross_entropy(logits.double(), y) + 0.7 * functional.cross_entropy(again, y)
    model.float()
    criterion = ShadowLoss(model, rho=1.0, weight=0.7, scale=scale)
    assert criterion(model(x), y).item() == pytest.approx(wanted.item(), rel=1e-5)


@pytest.mark.parametrize("start", ["softmax", "label", "hidden"])
def test_where_the_shadow_starts(start):
    model, (x, y) = net(), batch()
    reals = real_inputs(model, x)
    criterion = ShadowLoss(model, rho=1.0, start=start)
    logits = model(x)
    shadows, labels = criterion.draw(logits.detach(), y)
    if start == "hidden":
        expected = down(model[:-1], reals[2], reals[:2])
    else:
        expected = down(model, logits.softmax(1).detach() if start == "softmax" else nn.functional.one_hot(y, 5), reals)
    assert torch.equal(labels, y)
    assert torch.allclose(shadows.double(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_layers_take_shadows_as_they_take_points_and_gradients_are_added_in_place(bias):
    torch.manual_seed(0)
    layer, x = nn.Linear(12, 7, bias=bias), torch.rand(9, 12, requires_grad=True)
    ours, theirs = _linear(layer, x), layer(x)
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs)
    wanted = [x, *layer.parameters()]
    for one, other in zip(*(torch.autograd.grad((z**3).sum(), wanted) for z in (ours, theirs)), strict=True):
        torch.testing.assert_close(one, other)

    def sums(up):
        loss = layer(x).sum() + up(layer, torch.rand(9, 12)).sum()
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
            loss.backward()
        return sum(event.count for event in seen.key_averages() if event.key == "aten::add")

    assert sums(_linear) < sums(lambda layer, z: layer(z))


def test_a_layer_of_its_own_kind_is_called():
    class Doubled(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    torch.manual_seed(0)
    model = nn.Sequential(Doubled(12, 5))
    x, y = batch()
    shadows, targets = torch.rand(16, 12), y
    criterion = ShadowLoss(model)
    criterion.draw = lambda logits, y: (shadows, targets)
    expected = functional.cross_entropy(model(x), y) + functional.cross_entropy(model(shadows), targets)
    torch.testing.assert_close(criterion(model(x), y), expected)


def test_no_gradient_goes_through_the_generation():
    """The gradient is that of the plain loss on (x, y) and on the shadows as fixed points."""
    model, (x, y) = net(), batch()
    criterion = ShadowLoss(model, rho=1.0)
    logits = model(x)
    shadows, _ = criterion.draw(logits.detach(), y)
    assert not shadows.requires_grad
    criterion(logits, y).backward()
    found = [p.grad.clone() for p in model.parameters()]
    criterion.remove()
    model.zero_grad()
    (functional.cross_entropy(model(x), y) + functional.cross_entropy(model(shadows), y)).backward()
    assert all(torch.allclose(a, p.grad, atol=1e-6) for a, p in zip(found, model.parameters(), strict=True))


def test_dropout_keeps_rho_of_each_layer_and_the_generator_decides():
    model, (x, y) = net(), batch(400)
    criterion = ShadowLoss(model, rho=[0.25, 0.5, 1.0], generator=torch.Generator().manual_seed(3))
    with torch.no_grad():  # every coordinate of a shadow is positive before dropout
        for layer in layers(model):
            layer.weight.abs_()
    first = criterion.draw(model(x).detach(), y)[0]
    assert (first > 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    criterion.generator.manual_seed(3)
    assert torch.equal(criterion.draw(model(x).detach(), y)[0], first)
    assert not torch.equal(criterion.draw(model(x).detach(), y)[0], first)


def test_each_shadow_has_the_norm_of_its_real_point():
    model, (x, y) = net(dropout=0.5, inputs=100), batch(inputs=100)
    criterion = ShadowLoss(model, shadows=3)
    shadows, labels = criterion.draw(model(x).detach(), y)
    assert torch.allclose(shadows.norm(dim=1), x.norm(dim=1).repeat(3), rtol=1e-5)
    assert torch.equal(labels, y.repeat(3))


def test_a_shadow_of_which_nothing_is_left_stays_0():
    model, (x, y) = net(), batch()
    with torch.no_grad():
        model[0].weight.copy_(-model[0].weight.abs())  # A^T h < 0 everywhere
    criterion = ShadowLoss(model)
    for scale in (1.0, 1e4):  # whatever the norms of the real points
        assert not criterion.draw(model(scale * x).detach(), y)[0].any()
    loss = criterion(model(1e4 * x), y)
    assert torch.isfinite(loss)


def test_shadows_of_hidden_layers_alone_leave_the_layers_below_alone():
    model, (x, y) = net(), batch()
    criterion = ShadowLoss(model, lowest=1)
    shadows, _ = criterion.draw(model(x).detach(), y)
    assert shadows.shape == (16, 30)
    below = model[0].weight
    plain = torch.autograd.grad(functional.cross_entropy(model(x), y), below)[0]
    assert torch.equal(torch.autograd.grad(criterion(model(x), y), below)[0], plain)


def test_a_signed_input_is_not_rectified():
    model, (x, y) = net(), batch()
    shadows = [ShadowLoss(model, signed=s).draw(model(x).detach(), y)[0].min() for s in (False, True)]
    assert shadows[0] == 0 > shadows[1]


def test_the_weight_can_follow_the_steps_and_none_costs_nothing():
    model, (x, y) = net(), batch()
    seen = []

    def weight(step):
        seen.append(step)
        return 0.0 if step == 2 else 1.0

    criterion = ShadowLoss(model, weight=weight)
    losses = [criterion(model(x), y).item() for _ in range(4)]
    plain = functional.cross_entropy(model(x), y).item()
    assert seen == [0, 1, 2, 2]  # steps with shadows are counted
    assert losses[2] == losses[3] == pytest.approx(plain)
    assert losses[0] > 1.5 * plain


def test_evaluation_is_plain():
    model, (x, y) = net(), batch()
    criterion = ShadowLoss(model)
    expected = functional.cross_entropy(model(x), y).item()
    model.eval()
    assert criterion(model(x), y).item() == pytest.approx(expected)
    model.train()
    with torch.no_grad():
        assert criterion(model(x), y).item() == pytest.approx(expected)


def test_figures_are_means_since_the_last_call():
    model, (x, y) = net(), batch()
    criterion = ShadowLoss(model, rho=1.0)
    assert criterion.figures() == {}
    logits = model(x)
    shadows, _ = criterion.draw(logits.detach(), y)
    total = criterion(logits, y).item()
    found = criterion.figures()
    assert found["real_error"] == pytest.approx((logits.argmax(1) != y).float().mean().item())
    assert found["shadow_error"] == pytest.approx((model(shadows).argmax(1) != y).float().mean().item())
    assert found["gap"] == pytest.approx(found["shadow_error"] - found["real_error"])
    assert found["real_loss"] + found["shadow_loss"] == pytest.approx(total, rel=1e-5)
    assert criterion.figures() == {}


def test_soft_labels():
    model, (x, y) = net(), batch()
    soft = functional.one_hot(y, 5).float()
    hard = ShadowLoss(model, rho=1.0)(model(x), y).item()
    assert ShadowLoss(model, rho=1.0)(model(x), soft).item() == pytest.approx(hard, rel=1e-6)


def test_below_convolutions_and_under_autocast():
    torch.manual_seed(0)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())
            self.classifier = nn.Sequential(
                nn.Dropout(0.5), nn.Linear(12, 30), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(30, 5)
            )

        def forward(self, x):
            return self.classifier(torch.flatten(self.features(x), 1))

    model, x, y = Net(), torch.rand(8, 1, 4, 4), torch.arange(8) % 5
    criterion = ShadowLoss(model)
    assert [type(part).__name__ for part in criterion.stack] == ["Linear", "ReLU", "Dropout", "Linear"]
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(x)
        loss = criterion(logits, y)
    loss.backward()
    assert logits.dtype == torch.bfloat16
    assert torch.isfinite(loss)
    assert all(p.grad is not None and p.dtype == torch.float32 for p in model.parameters())


def test_half_precision_weights():
    model, (x, y) = net().bfloat16(), batch()
    loss = ShadowLoss(model)(model(x.bfloat16()), y)
    loss.backward()
    assert math.isfinite(loss.item())


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(nn.Linear(4, 4), nn.Tanh()),
        lambda: nn.Conv2d(1, 1, 1),
        lambda: nn.Sequential(nn.Linear(4, 4), nn.Flatten()),
        lambda: nn.Sequential(),
    ],
)
def test_a_network_without_a_stack_is_refused_with_what_to_do(make):
    with pytest.raises(ValueError, match=r"ShadowLoss\(nn.Sequential\(model.fc1"):
        find_stack(make())


def test_the_stack_ends_where_something_else_begins():
    inner = nn.Sequential(nn.Tanh(), nn.Linear(4, 4), nn.ReLU())
    model = nn.Sequential(nn.Linear(4, 4), inner, nn.Identity(), nn.Linear(4, 2))
    assert find_stack(model) == [inner[1], inner[2], model[2], model[3]]


def test_layers_used_by_hand_can_be_named():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(12, 30), nn.Linear(30, 5)

        def forward(self, x):
            return self.fc2(functional.relu(self.fc1(x)))

    torch.manual_seed(0)
    model, (x, y) = Net(), batch()
    criterion = ShadowLoss(nn.Sequential(model.fc1, nn.ReLU(), model.fc2), rho=1.0)
    plain = functional.cross_entropy(model(x), y)
    assert criterion(model(x), y).item() > plain.item()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rho": 0.0}, {"rho": [0.5, 0.5]}, {"rho": 1.5}, {"start": "top"}, {"scale": "none"}, {"shadows": 0},
        {"lowest": 3}, {"lowest": 2, "start": "hidden"}, {"lowest": -1},
    ],
)  # fmt: skip
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ShadowLoss(net(), **wrong)


def test_called_without_a_forward_pass_or_with_tokens():
    model, (x, y) = net(), batch()
    criterion = ShadowLoss(model)
    logits = model(x)
    criterion(logits, y)
    with pytest.raises(RuntimeError, match="right after model"):
        criterion(logits, y)
    with pytest.raises(RuntimeError, match="rows"):
        criterion(model(x[None])[0], y)


def test_hooks_can_be_taken_away():
    model, (x, y) = net(), batch()
    criterion = ShadowLoss(model)
    criterion.remove()
    with pytest.raises(RuntimeError, match="did not see this batch"):
        criterion(model(x), y)

"""Residual blocks are found in the pass alone, measured, and left out as if they were the identity."""

import copy

import pytest
import torch
from torch import nn

from netaudit.geometry import residual_depth
from netaudit.geometry.depth.blocks import residual_blocks


class Block(nn.Module):
    """A residual block whose forward is handed in."""

    def __init__(self, forward, d=6, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.branch = nn.Sequential(nn.Linear(d, 9), nn.ReLU(), nn.Dropout(0.5), nn.Linear(9, d))
            self.norm, self.shortcut = nn.LayerNorm(d), nn.Identity()
        self.position = nn.Parameter(torch.ones(d))
        self.own = forward

    def forward(self, x):
        return self.own(self, x)


def in_place(block, x):
    out = block.branch(x)
    out += x
    return nn.functional.relu(out)


def twice(block, x):
    y = x + block.branch(x)
    return y + block.branch(block.norm(y))


def before_in_place(block, x):
    shortcut = x.clone()
    return shortcut + block.branch(x.relu_())


PLAIN = {
    "plus": lambda block, x: x + block.branch(x),
    "branch first": lambda block, x: block.branch(x) + block.shortcut(x),
    "torch.add": lambda block, x: torch.add(x, block.branch(x)),
    "method": lambda block, x: x.add(block.branch(x)),
}
RESIDUAL = {**PLAIN, "in place": in_place, "twice": twice, "before": lambda b, x: x + b.branch(b.norm(x))}
OTHER = {
    "chain": lambda block, x: block.branch(x),
    "position": lambda block, x: x + block.position,
    "gate": lambda block, x: x * block.branch(x),
    "scaled": lambda block, x: 0.5 * x + block.branch(x),
    "normalised after": lambda block, x: block.norm(x + block.branch(x)),
    "branches on numbers": lambda block, x: x + block.branch(x) if x.sum() > 0 else x,
    "two branches": lambda block, x: block.branch(x) + block.norm(x),
}


@pytest.mark.parametrize("name", RESIDUAL)
def test_found(name):
    [block] = residual_blocks(nn.Sequential(nn.Linear(6, 6), Block(RESIDUAL[name])))
    assert block.name == "1"
    assert block.relu == (name == "in place")
    chain = name in PLAIN or name == "in place"
    assert (block.branch is not None) == chain
    assert not chain or [type(part) for part in block.branch] == [nn.Linear, nn.ReLU, nn.Linear]


@pytest.mark.parametrize("name", OTHER)
def test_not_found(name):
    module = nn.Sequential(Block(OTHER[name]))
    assert residual_blocks(module) == []
    with pytest.raises(ValueError, match="no residual block of the module"):
        residual_depth(module, torch.ones(2, 6))


def net(forward=PLAIN["plus"], blocks=4):
    with torch.random.fork_rng():
        torch.manual_seed(100)
        bottom, top = nn.Linear(5, 6), nn.Linear(6, 3)
    return nn.Sequential(bottom, *(Block(forward, seed=k) for k in range(blocks)), top).double()


X = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", [*RESIDUAL])
def test_a_slow_twin(name):
    module = net(RESIDUAL[name]).eval()
    found = residual_depth(module, X, batch=3)
    with torch.no_grad():
        points = [module[0](X)]
        for block in module[1:-1]:
            points.append(block(points[-1].clone()))
        assert torch.allclose(found.outputs, module(X))
    [stage] = found.stages
    assert [block.name for block in stage.blocks] == ["1", "2", "3", "4"]
    for k in range(4):
        step = (points[k + 1] - points[k]).norm(dim=1)
        assert torch.allclose(stage.steps[:, k], step / points[k].norm(dim=1))
        assert torch.allclose(stage.errors[:, k], (points[4] - points[k]).norm(dim=1))
    assert torch.allclose(stage.lengths, points[4].norm(dim=1))
    assert bool((stage.errors <= stage.paths + 1e-12).all())
    assert [(cut.stage, cut.kept) for cut in found.cuts] == [(0, k) for k in range(4)]
    with torch.no_grad():
        for cut in found.cuts:
            assert torch.allclose(cut.outputs, module[-1](points[cut.kept]))


@pytest.mark.parametrize("name", [*PLAIN, "in place"])
def test_the_bound_by_the_weights_holds(name):
    [stage] = residual_depth(net(RESIDUAL[name]), X).stages
    assert bool((stage.paths <= stage.bounds).all())
    assert bool((stage.bounds <= 200 * stage.paths).all())


def test_the_bound_of_one_block():
    module = nn.Sequential(Block(PLAIN["plus"]))
    x = torch.randn(2, 4, 6)  # rows of vectors
    first, _, _, second = module[0].branch
    norms = [float(torch.linalg.svdvals(layer.weight.detach())[0]) for layer in (first, second)]
    biases = [float(layer.bias.detach().norm()) * 2 for layer in (first, second)]  # sqrt of 4 rows
    [stage] = residual_depth(module, x).stages
    truth = norms[1] * (norms[0] * x.flatten(1).norm(dim=1) + biases[0]) + biases[1]
    assert stage.bounds[:, 0].tolist() == pytest.approx(truth.tolist(), rel=0.03)
    assert bool((stage.paths <= stage.bounds).all())


@pytest.mark.parametrize("name", ["twice", "before"])
def test_other_branches_are_measured_only(name):
    assert residual_depth(net(RESIDUAL[name]), X).stages[0].bounds is None


def test_an_input_that_is_overwritten():
    module = net(before_in_place)
    [stage] = residual_depth(module, X).stages
    slow = residual_depth(net(lambda b, x: x + b.branch(x.relu())), X).stages[0]
    assert torch.allclose(stage.steps, slow.steps)
    assert torch.allclose(stage.errors, slow.errors)


def test_the_module_is_left_as_it_was():
    module = net()
    module.train()
    module[2].eval()
    state, modes = copy.deepcopy(module.state_dict()), [part.training for part in module.modules()]
    residual_depth(module, X)
    assert [part.training for part in module.modules()] == modes
    for part in module.modules():
        assert not part._forward_hooks
        assert not part._forward_pre_hooks
        assert "forward" not in part.__dict__
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())


def test_stages_end_where_something_lies_between():
    module = nn.Sequential(*net(blocks=2)[:-1], nn.Tanh(), *(Block(PLAIN["plus"], seed=9),)).double()
    found = residual_depth(module, X)
    assert [[block.name for block in stage.blocks] for stage in found.stages] == [["1", "2"], ["4"]]
    assert [(cut.stage, cut.kept) for cut in found.cuts] == [(0, 0), (0, 1), (1, 0)]


def test_a_block_that_runs_twice_is_left_out():
    block = Block(PLAIN["plus"])
    module = nn.Sequential(block, Block(PLAIN["plus"], seed=1), block).double()
    found = residual_depth(module, torch.ones(2, 6, dtype=torch.float64))
    assert [[block.name for block in stage.blocks] for stage in found.stages] == [["1"]]


def test_few_passes_are_spread_over_all():
    found = residual_depth(net(blocks=9), X, most_cuts=3)
    assert [cut.kept for cut in found.cuts] == [2, 5, 8]


def test_resnet18():
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet18().eval()
    x = torch.randn(2, 3, 32, 32)
    found = residual_depth(model, x)
    assert [[block.name for block in stage.blocks] for stage in found.stages] == [
        ["layer1.0", "layer1.1"],
        ["layer2.1"],
        ["layer3.1"],
        ["layer4.1"],
    ]
    assert all(block.relu and block.branch is None for stage in found.stages for block in stage.blocks)
    with torch.no_grad():
        first = model.maxpool(model.relu(model.bn1(model.conv1(x))))
        second = model.layer1[0](first)
        step = (second - first).flatten(1).double().norm(dim=1) / first.flatten(1).double().norm(dim=1)
        assert torch.allclose(found.stages[0].steps[:, 0], step, rtol=1e-5)
        model.layer1[1] = nn.Identity()
        assert torch.allclose(found.cuts[1].outputs, model(x).double(), rtol=1e-4, atol=1e-5)
    assert bool((found.stages[0].errors <= found.stages[0].paths * (1 + 1e-6)).all())


def test_vit_b_16():
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.vit_b_16(image_size=32).eval()
    x = torch.randn(2, 3, 32, 32)
    nn.init.normal_(model.heads.head.weight)  # torchvision begins with zeros
    found = residual_depth(model, x, most_cuts=2)
    [stage] = found.stages
    assert [block.name for block in stage.blocks] == [f"encoder.layers.encoder_layer_{k}" for k in range(12)]
    assert stage.steps.shape == (2, 12)
    assert float(stage.steps.min()) > 0
    five, eleven = found.cuts
    assert (five.kept, eleven.kept) == (5, 11)
    model.encoder.layers = model.encoder.layers[:11]
    with torch.no_grad():
        assert torch.allclose(eleven.outputs, model(x).double(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "stages"),
    [("resnet18", [2, 1, 1, 1]), ("vit_tiny_patch16_224", [12]), ("convnext_atto", [2, 2, 6, 2])],
)
def test_timm(name, stages):
    import timm

    model = timm.create_model(name, **({"img_size": 32} if "vit" in name else {}))
    found = residual_depth(model, torch.randn(1, 3, 32, 32), most_cuts=1)
    assert [len(stage.blocks) for stage in found.stages] == stages

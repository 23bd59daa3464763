"""Where the head has no hidden layers the whole network is walked: batch norm, pooling and residual additions in it."""

import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of
from torch import nn

from netaudit.analyses.network.linear_regions import end_to_end, whole
from netaudit.analyses.network.linear_regions import measure as regions
from netaudit.analyses.network.linear_regions import present as words
from netaudit.analyses.network.linear_regions.pairs import pairs
from netaudit.errors import SourceError
from netaudit.geometry import exact_line
from netaudit.results.payload import NotApplicable
from netaudit.text import number

X = np.random.default_rng(0).standard_normal((30, 3, 6, 6)).astype(np.float32)
Y = np.arange(30) % 4


class Small(nn.Module):
    """Convolution, batch norm, ReLU, max pooling, a residual addition, average pooling and one linear layer."""

    def __init__(self, act=None, first=None):
        super().__init__()
        torch.manual_seed(0)
        self.first = first or nn.Identity()
        self.conv, self.norm, self.act = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), act or nn.ReLU()
        self.pool, self.branch = nn.MaxPool2d(2), nn.Conv2d(6, 6, 3, padding=1)
        self.average, self.top = nn.AvgPool2d(3), nn.Linear(6, 4)
        with torch.no_grad():
            self.norm.running_mean.normal_()
            self.norm.running_var.uniform_(0.5, 2)

    def forward(self, x):
        x = self.pool(self.act(self.norm(self.conv(self.first(x)))))
        return self.top(self.average(self.act(x + self.branch(x))).flatten(1))


def context(module, x=X, y=Y, head=True):
    layers = gaussian_layers(6, 4)
    network = FakeNetwork(layers, head_of("0") if head else None, backbone=lambda x: x.flatten(1)[:, :6])
    network.make_module = None if module is None else lambda: module
    return context_of(network, sample_of(x, y))


@pytest.mark.parametrize("head", [True, False])
def test_segments_are_those_of_the_exact_line_through_the_module(head):
    module = Small()
    found = regions.measure(context(module, head=head))
    ends = pairs(X.astype(np.float64).reshape(30, -1), Y, 0)
    assert [segment.ends for segment in found.segments] == [kind for kind in ends for _ in range(4)]
    assert set(ends) == {"same_class", "other_class", "random"}
    for kind, (a, b) in ends.items():
        for place, segment in enumerate(one for one in found.segments if one.ends == kind):
            line = exact_line(module, a[place].reshape(3, 6, 6), b[place].reshape(3, 6, 6))
            assert segment.pieces == line.pieces > 30
            assert segment.length == pytest.approx(np.linalg.norm(a[place] - b[place]))
    assert (found.layers, found.flips, found.behaviour, found.drawn, found.plane) == ((), (), (), (), None)
    assert (found.whole.layers, found.whole.neurons) == (3, 6 * 36 + 6 * 9 + 6 * 9)
    assert found.inputs == 30


def test_the_nearest_boundary_is_that_of_the_bottom_convolution():
    module = Small().double().eval()
    x = torch.from_numpy(X).double()
    with torch.no_grad():
        z = module.norm(module.conv(x)).flatten(1)
    rows = torch.func.jacrev(lambda one: module.norm(module.conv(one[None])).flatten())(x[0]).flatten(1)
    distances = (z.abs() / rows.norm(dim=1)).amin(1).detach().numpy()
    expected = np.quantile(distances, (0.05, 0.5, 0.95))
    assert regions.measure(context(Small())).nearest == pytest.approx(tuple(expected), rel=1e-5)
    assert regions.measure(context(Small(first=nn.MaxPool2d(1)))).nearest is None


def test_what_is_beyond_the_budget_is_not_walked_and_the_report_says_so(monkeypatch, place):
    monkeypatch.setattr(whole, "KNOTS", 40)
    found = regions.measure(context(Small()))
    assert found.whole.share < 0.6
    work = (
        found.whole.pieces / found.whole.share * whole.read_whole(context(Small()), torch.device("cpu")).multiplications
    )
    monkeypatch.setattr(end_to_end, "WORK", 3 * 2.5 * work)
    assert len(regions.measure(context(Small())).segments) == 3 * 2
    monkeypatch.setattr(end_to_end, "WORK", 3 * 0.9 * work)
    none = regions.measure(context(Small()))
    assert (none.segments, none.whole) == ((), found.whole)
    said = words.present(none, place("0")).blocks[0].spans[0].text
    assert f"more than the {number(words.WORK)} multiplications" in said
    assert words.present(none, place("0")).line == ""


def test_the_report_speaks_of_the_whole_network(place):
    found = words.present(regions.measure(context(Small())), place("0"))
    assert found.line.startswith("Between real inputs of two classes the whole network is a function of ")
    assert "so that the whole network was" in found.blocks[0].spans[0].text
    assert (len(found.figures), len(found.blocks)) == (0, 2)


@pytest.mark.parametrize(
    ("module", "x", "note"),
    [
        (None, X, "the head has a single layer, so that it is one linear piece, and the architecture of the whole"),
        (Small(nn.GELU()), X, "the whole network is not read: act (GELU) is not piecewise linear"),
        (Small(), X[:, :2], "the whole network does not take the real inputs as they are"),
        (nn.Sequential(nn.Flatten(), nn.Linear(108, 4)), X, "the whole network is affine"),
        (Small(), np.ones_like(X), "all real inputs are the same"),
    ],
)
def test_where_the_whole_network_is_not_walked_either(module, x, note):
    found = regions.measure(context(module, x))
    assert isinstance(found, NotApplicable)
    assert note in found.note[0].lower() + found.note[1:]
    assert found.note[0].isupper()


def test_recurrent_cells_and_a_module_that_cannot_be_made():
    given = context(Small())
    given.network.cells = ("cell",)
    assert "recurrent cells" in regions.measure(given).note

    def refuse():
        raise SourceError("no weights")

    given = context(Small())
    given.network.make_module = refuse
    assert "cannot be made: no weights" in regions.measure(given).note


def test_few_of_many_large_inputs_are_kept(monkeypatch):
    monkeypatch.setattr(end_to_end, "NUMBERS", 108 * 7)
    assert regions.measure(context(Small())).inputs == 7

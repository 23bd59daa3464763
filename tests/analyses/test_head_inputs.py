"""Real inputs sent up the head, and why they are not."""

import numpy as np
import pytest
import torch
from fake_network import CPU, FakeNetwork, gaussian_layers, head_of, quiet, reader, sample_of

from netaudit.analyses.context import HeadInputs
from netaudit.analyses.head import activate
from netaudit.analyses.head_inputs import (
    MOST_ACTIVATIONS,
    are_images,
    are_pixels,
    data_result,
    forward,
    head_inputs,
)
from netaudit.errors import SourceError


def network(backbone=torch.flatten, **other):
    layers = gaussian_layers(30, 20, 5, bias=0.1)
    return FakeNetwork(layers, head_of("01"), backbone=backbone and (lambda x: x.flatten(1)), **other)


def sent(net, x, y=None):
    return head_inputs(net, reader(net), sample_of(x, y), CPU, quiet)


def inputs(n=7, width=30):
    return np.random.default_rng(0).standard_normal((n, width)).astype(np.float32)


def test_forward_is_the_network():
    net = network()
    read = reader(net)
    x = torch.from_numpy(inputs())
    up = forward(read, net.head, x, CPU, keep=4)
    hidden = torch.relu(x @ read("0").weight.T + 0.1)
    assert up.logits == pytest.approx(hidden @ read("1").weight.T + 0.1, rel=1e-5, abs=1e-5)
    assert list(up.activations) == ["0"]  # the logits are no activations
    assert up.activations["0"] == pytest.approx(hidden[:4], rel=1e-5, abs=1e-5)
    assert up.norms["0"] == pytest.approx(float(x.square().sum(1).mean().sqrt()))
    plain = x @ read("0").weight.T  # without the bias
    assert up.preactivations["0"] == pytest.approx(float(plain.square().mean().sqrt()), rel=1e-5)
    assert up.norms["1"] == pytest.approx(float(hidden.square().sum(1).mean().sqrt()))


def test_fewer_activations_are_kept_than_inputs_are_sent():
    found = sent(network(), inputs(MOST_ACTIVATIONS + 5))
    assert len(found.logits) == MOST_ACTIVATIONS + 5
    assert len(found.activations["0"]) == MOST_ACTIVATIONS
    assert found.pixels is None  # vectors are no images
    assert not found.note


def test_a_skipped_layer_of_the_head_is_never_read():
    net = network(skipped={"1": "not selected by --layers"})
    found = sent(net, inputs())
    assert (found.logits, found.norms, found.activations) == (None, {}, {})
    assert found.note == "the real inputs were not used: the head's layer 1 is skipped: not selected by --layers"
    assert not net.reads


@pytest.mark.parametrize("net", [network(backbone=None), FakeNetwork([], backbone=lambda x: x)])
def test_without_the_way_to_the_head_the_note_says_so(net):
    found = sent(net, inputs())
    assert found.note == ("the real inputs were not used: the way from them to the fully connected head is not known")
    assert found.logits is None


def test_without_inputs_nothing_is_said():
    net = network()
    assert head_inputs(net, reader(net), None, CPU, quiet) == HeadInputs()


def test_outputs_that_are_not_finite_are_not_used():
    x = inputs()
    x[3] = np.inf
    found = sent(network(), x)
    assert found.logits is None
    assert found.note == "the network's outputs on the real inputs are not finite"


def test_labels_beyond_the_outputs_are_refused():
    with pytest.raises(SourceError, match=r"sample\.npz: y holds labels up to 5, the network has 5 outputs"):
        sent(network(), inputs(), np.array([0, 1, 2, 3, 4, 5, 0]))


def test_what_the_report_says_of_the_data():
    net, x = network(), inputs()
    answers = sent(net, x).logits.argmax(1).numpy()
    right = answers.copy()
    right[0] = (right[0] + 1) % 5
    found = data_result(sent(net, x), sample_of(x, right))
    assert (found.name, found.sha256, found.n) == ("sample.npz", "0" * 64, 7)
    assert found.accuracy == pytest.approx(6 / 7)
    assert data_result(sent(net, x), sample_of(x)).accuracy is None
    assert data_result(HeadInputs(), sample_of(x)) is None
    assert data_result(HeadInputs(), None) is None


def test_pixels_may_be_shifted_and_nothing_else():
    images = torch.rand(5, 3, 8, 8)
    flat = images.flatten(1)
    assert are_pixels(flat, images)
    assert are_pixels(flat - 0.5, images)
    assert not are_pixels(flat * 2, images)
    assert not are_pixels(flat.flip(1), images)
    assert not are_pixels(flat.relu()[:, :100], images)
    assert not are_pixels(flat.where(flat > 0.01, 0.01), images)


@pytest.mark.parametrize(
    ("backbone", "pixels"),
    [
        (lambda x: x.flatten(1), True),
        (lambda x: x.flatten(1) - 0.5, True),
        (lambda x: x.flatten(1).clamp(max=0.5), False),
        (lambda x: x.mean(1).flatten(1).repeat(1, 3), False),
    ],
)
def test_whether_the_head_takes_pixels(backbone, pixels):
    net = FakeNetwork(gaussian_layers(192, 20, 5), head_of("01"), backbone=backbone)
    x = np.random.default_rng(0).random((6, 3, 8, 8), np.float32)
    assert sent(net, x).pixels is pixels


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((9, 3, 32, 32), True), ((9, 1, 64, 8), True), ((9, 784), False), ((9, 2, 32, 32), False),
        ((9, 3, 65, 65), False), ((9, 3, 7, 32), False), ((9, 32, 32), False),
    ],
)  # fmt: skip
def test_what_can_be_shown(shape, shown):
    assert are_images(shape) is shown


def test_activations_by_name():
    z = torch.tensor([-1.0, 2.0])
    assert activate(z, "relu").tolist() == [0.0, 2.0]
    assert activate(z, "linear").tolist() == activate(z, "no such thing").tolist() == [-1.0, 2.0]
